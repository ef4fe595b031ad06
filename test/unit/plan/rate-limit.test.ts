import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { RateLimit } from '../../../src/plan/rate-limit.ts'

/** Starts of requests which come at `arrivals`, each as soon as it may. */
function startsOf(pace: RateLimit, arrivals: readonly number[]): number[] {
  let now = 0
  return arrivals.map((arrival) => {
    now = Math.max(now, arrival)
    now += pace.waitMs(now)
    pace.start(now)
    return now
  })
}

describe('the pace of requests', () => {
  it('is no limit with 0', () => {
    const pace = new RateLimit(0)
    expect(startsOf(pace, [5, 5, 5])).toEqual([5, 5, 5])
  })

  it('lets requests start one interval apart', () => {
    const pace = new RateLimit(10)
    pace.start(0)
    expect(pace.waitMs(40)).toBe(60)
    expect(startsOf(new RateLimit(4), [0, 0, 0])).toEqual([0, 250, 500])
  })

  it('is the new one for who waits, faster at once and slower from the next on', () => {
    const pace = new RateLimit(0.1)
    pace.start(0)
    pace.set(10, 0)
    expect(pace.waitMs(0)).toBeLessThanOrEqual(100)
    pace.set(1, 0)
    expect(pace.waitMs(0)).toBeLessThanOrEqual(100)
    pace.start(100)
    expect(pace.waitMs(100)).toBeGreaterThanOrEqual(900)
  })

  it('never lets more than 5 % and one above the limit start in ten seconds', () => {
    const gap = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(gap, { minLength: 50, maxLength: 4000 }),
        (perSecond, gaps) => {
          let at = 0
          const arrivals = gaps.map((ms) => (at += ms))
          const starts = startsOf(new RateLimit(perSecond), arrivals)
          for (const [index, start] of starts.entries()) {
            const before = starts.findIndex((each) => each > start - 10_000)
            expect(index - before + 1).toBeLessThanOrEqual(10 * perSecond * 1.05 + 1)
          }
        },
      ),
      { numRuns: 20 },
    )
  })
})
