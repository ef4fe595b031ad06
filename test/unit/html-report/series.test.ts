import { describe, expect, it } from 'vitest'
import { Series } from '../../../src/html-report/series.ts'

const KINDS = { bytes: 'flow', failed: 'event', open: 'level' } as const

/** Steps between looks that fit no bin. */
const STEPS = [70, 250, 1, 999, 410, 3, 33, 2600, 250, 0]

function totals(series: Series<keyof typeof KINDS>): { bytes: number; failed: number } {
  const sum = (name: 'bytes' | 'failed'): number =>
    series.bins.reduce((total, { values }) => total + values[name], 0)
  return { bytes: sum('bytes'), failed: sum('failed') }
}

describe('a series', () => {
  it('keeps its sums, whatever it has to join', () => {
    const series = new Series(KINDS, 8)
    let [now, bytes, failed, area] = [0, 0, 0, 0]
    for (let look = 0; look < 3000; look += 1) {
      const step = STEPS[look % STEPS.length] ?? 0
      const values = { bytes: (look * 7919) % 1000, failed: look % 3, open: look % 5 }
      series.add(now, now + step, values)
      now += step
      bytes += values.bytes
      failed += values.failed
      area += values.open * step
      if (look % 100 !== 0) continue
      expect(series.bins.length).toBeLessThanOrEqual(8)
      expect(totals(series).bytes).toBeCloseTo(bytes, 3)
      expect(totals(series).failed).toBe(failed)
    }
    expect(series.widthMs).toBeGreaterThan(100_000)
    const seen = series.bins.reduce((total, { seenMs }) => total + seenMs, 0)
    expect(seen).toBeCloseTo(now, 3)
    const held = series.bins.reduce((total, bin) => total + bin.values.open * bin.seenMs, 0)
    expect(held).toBeCloseTo(area, 1)
    expect(Math.max(...series.bins.map(({ peaks }) => peaks.open))).toBe(4)
  })

  it('shares a flow among the bins it came in, and has an event in the last of them', () => {
    const series = new Series(KINDS, 8, 100)
    series.add(50, 250, { bytes: 200, failed: 1, open: 3 })
    expect(series.bins.map(({ values }) => values)).toEqual([
      { bytes: 50, failed: 0, open: 3 },
      { bytes: 100, failed: 0, open: 3 },
      { bytes: 50, failed: 1, open: 3 },
    ])
    expect(series.bins.map(({ seenMs }) => seenMs)).toEqual([50, 100, 50])
  })

  it('loses nothing that came in no time, or before its start', () => {
    const series = new Series(KINDS, 8, 100)
    series.add(0, 0, { bytes: 1, failed: 1, open: 2 })
    series.add(100, 100, { bytes: 2, failed: 2, open: 2 })
    series.add(-5, -1, { bytes: 4, failed: 4, open: 2 })
    expect(totals(series)).toEqual({ bytes: 7, failed: 7 })
    expect(series.bins.map(({ values }) => values.open)).toEqual([2])
  })

  it('averages levels by how long they were, and knows the most', () => {
    const series = new Series(KINDS, 8, 100)
    series.add(0, 75, { bytes: 0, failed: 0, open: 8 })
    series.add(75, 100, { bytes: 0, failed: 0, open: 20 })
    expect(series.bins[0]).toMatchObject({ values: { open: 11 }, peaks: { open: 20 } })
  })
})
