import { describe, expect, it } from 'vitest'
import { RefusalPace } from '../../../src/adapt/refusal-pace.ts'

/** Sends as fast as the pace lets it, to a store that takes `rate` in each second. */
function drive(
  pace: RefusalPace,
  from: number,
  until: number,
  rate: number,
): { sent: number; refused: number } {
  const counts = { sent: 0, refused: 0 }
  let second = -1
  let taken = 0
  for (let now = from; now < until;) {
    const waitMs = pace.waitMs(now)
    if (waitMs > 0) {
      now += Math.max(waitMs, 0.01)
      continue
    }
    if (Math.floor(now / 1000) !== second) [second, taken] = [Math.floor(now / 1000), 0]
    pace.start(now)
    counts.sent += 1
    taken += 1
    if (taken <= rate) pace.succeeded(now + 5)
    else {
      counts.refused += 1
      pace.refused(now, now + 5)
    }
    now += 1
  }
  return counts
}

describe('RefusalPace', () => {
  it('holds nothing back while nothing is refused', () => {
    const pace = new RefusalPace()
    expect(drive(pace, 0, 5000, Infinity)).toEqual({ sent: 5000, refused: 0 })
    expect(pace.rate(5000)).toBeUndefined()
    expect(pace.waitMs(5000)).toBe(0)
  })

  it('finds the rate of a store, and then is hardly refused', () => {
    const pace = new RefusalPace()
    drive(pace, 0, 5000, 200)
    const { sent, refused } = drive(pace, 5000, 65_000, 200)
    expect((sent - refused) / 60).toBeGreaterThan(0.93 * 200)
    expect(refused / sent).toBeLessThan(0.02)
  })

  it('counts a burst of refusals once, and what was sent before a cut not at all', () => {
    const pace = new RefusalPace()
    for (let now = 0; now < 1000; now += 10) {
      pace.start(now)
      pace.succeeded(now)
    }
    // One among a hundred says nothing yet.
    const burst = Array.from({ length: 3 }, () => pace.refused(1000, 1010))
    expect(burst.filter(Boolean)).toEqual([true])
    const rate = pace.rate(1010)
    for (let ms = 0; ms < 100; ms += 1) expect(pace.refused(1010 - ms, 1011 + ms)).toBe(false)
    expect(pace.refused(1009, 5000)).toBe(false)
    expect(rate).toBeCloseTo(0.92 * 95, -1)
    expect(pace.rate(1010)).toBe(rate)
  })

  it('starts few requests at once, however long none was sent', () => {
    const pace = new RefusalPace()
    for (let now = 0; now < 1000; now += 1) pace.succeeded(now)
    for (let refusal = 0; refusal < 30; refusal += 1) pace.refused(999, 1000)
    let atOnce = 0
    while (pace.waitMs(10_000) === 0 && atOnce < 1000) {
      pace.start(10_000)
      atOnce += 1
    }
    expect(atOnce).toBeLessThanOrEqual(11)
  })

  it('slows down to almost nothing while a store refuses everything, and comes back', () => {
    const pace = new RefusalPace()
    drive(pace, 0, 20_000, 0)
    expect(pace.rate(20_000)).toBeLessThanOrEqual(10)
    drive(pace, 20_000, 80_000, 500)
    const { sent, refused } = drive(pace, 80_000, 100_000, 500)
    expect((sent - refused) / 20).toBeGreaterThan(0.85 * 500)
  })

  it('takes refusals here and there for no limit of the rate', () => {
    const pace = new RefusalPace()
    for (let now = 0; now < 10_000; now += 5) {
      pace.start(now)
      // One in a hundred, as a server in trouble among many answers.
      if (now % 500 === 0 && now > 1000) expect(pace.refused(now - 1, now)).toBe(false)
      else pace.succeeded(now)
    }
    expect(pace.rate(10_000)).toBeUndefined()
  })

  it('lets go when it is no longer in the way, and never lasts without refusals', () => {
    const pace = new RefusalPace()
    for (let now = 0; now < 1000; now += 1) pace.succeeded(now)
    for (let refusal = 0; refusal < 30; refusal += 1) pace.refused(999, 1000)
    pace.relax(2000)
    expect(pace.rate(2000)).toBeGreaterThan(800)
    pace.relax(8000)
    expect(pace.rate(8000)).toBeUndefined()

    const left = new RefusalPace()
    left.refused(999, 1000)
    expect(left.rate(50_000)).toBeDefined()
    expect(left.rate(62_000)).toBeUndefined()
    expect(left.waitMs(62_000)).toBe(0)
  })
})
