import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestLimit, type RequestEnd } from '../../src/adapt/request-limit.ts'

const ENDS: readonly RequestEnd[] = ['done', 'refused', 'timed-out', 'failed']

type Step =
  | { readonly kind: 'start' }
  | { readonly kind: 'end'; readonly how: RequestEnd; readonly which: number }
  | { readonly kind: 'tick'; readonly partial: number }

const step: fc.Arbitrary<{ readonly afterMs: number; readonly step: Step }> = fc.record({
  afterMs: fc.oneof(fc.nat(20), fc.nat(2000), fc.constant(3_600_000)),
  step: fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: 'start' as const }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        how: fc.constantFrom(...ENDS),
        which: fc.nat(1000),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('tick' as const), partial: fc.nat(1e9) }),
    },
  ),
})

describe('RequestLimit', () => {
  it('stays within its bounds and allows a finite wait at most, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 512 }),
        fc.array(step, { maxLength: 400 }),
        (max, steps) => {
          const limit = new RequestLimit(max)
          const started: number[] = []
          let now = 0
          for (const { afterMs, step: each } of steps) {
            now += afterMs
            if (each.kind === 'start') {
              if (limit.waitMs(now) === 0) {
                limit.start(now)
                started.push(now)
                expect(limit.inFlight).toBeLessThanOrEqual(limit.limit)
              }
            } else if (each.kind === 'tick') limit.tick(now, each.partial)
            else if (started.length > 0) {
              const [startedAt = 0] = started.splice(each.which % started.length, 1)
              limit.end(startedAt, each.how, 1000, now)
            }
            expect(limit.inFlight).toBe(started.length)
            expect(Number.isInteger(limit.limit)).toBe(true)
            expect(limit.limit).toBeGreaterThanOrEqual(Math.min(4, max))
            expect(limit.limit).toBeLessThanOrEqual(max)
            const waitMs = limit.waitMs(now)
            if (limit.inFlight < limit.limit) expect(waitMs).toBeLessThanOrEqual(1000)
            else expect(waitMs).toBe(Number.POSITIVE_INFINITY)
            const rate = limit.rate(now)
            if (rate !== undefined) expect(rate).toBeGreaterThanOrEqual(1)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
