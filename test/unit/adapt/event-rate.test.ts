import { describe, expect, it } from 'vitest'
import { EventRate } from '../../../src/adapt/event-rate.ts'

function noteEvery(rate: EventRate, from: number, until: number, everyMs: number): void {
  for (let now = from; now < until; now += everyMs) rate.note(now)
}

describe('EventRate', () => {
  it('knows what there was in the last second', () => {
    const rate = new EventRate()
    noteEvery(rate, 0, 3000, 10)
    expect(rate.perSecond(3000)).toBeCloseTo(95, 0)
    noteEvery(rate, 3000, 5000, 100)
    expect(rate.perSecond(5000)).toBeCloseTo(9, 0)
  })

  it('takes events that began a moment ago at their rate until now', () => {
    const rate = new EventRate()
    noteEvery(rate, 10_000, 10_100, 1)
    expect(rate.perSecond(10_100)).toBeCloseTo(1000, 6)
  })

  it('does not take a single event for a storm', () => {
    const rate = new EventRate()
    rate.note(5000)
    expect(rate.perSecond(5000)).toBe(20)
  })

  it('forgets what lies further back, after any pause', () => {
    const rate = new EventRate()
    noteEvery(rate, 0, 500, 1)
    expect(rate.perSecond(1600)).toBe(0)
    rate.note(1_000_000)
    expect(rate.perSecond(1_001_000)).toBe(0)
  })
})
