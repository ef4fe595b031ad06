import { describe, expect, it } from 'vitest'
import {
  addHistograms,
  HISTOGRAM_CELLS,
  histogramAt,
  noteValue,
} from '../../../src/pool/histogram.ts'

function histogramOf(values: readonly number[]): ReturnType<typeof histogramAt> {
  const cells = new Float64Array(HISTOGRAM_CELLS + 2).fill(7, 0, 1).fill(7, -1)
  for (const value of values) noteValue(cells, 1, value)
  expect([cells[0], cells.at(-1)], 'neighbours are left alone').toEqual([7, 7])
  return histogramAt(cells, 1)
}

describe('a histogram', () => {
  it('counts each value in the bucket it is not above, and in all larger ones', () => {
    const { buckets, count, sum } = histogramOf([0, 1, 1.001, 50, 9999, 10_000, 10_001])
    expect(count).toBe(7)
    expect(sum).toBeCloseTo(30_052.001)
    const counts = Object.fromEntries(buckets.map(({ le, count }) => [le, count]))
    expect(counts).toEqual({
      1: 2,
      2: 3,
      5: 3,
      10: 3,
      20: 3,
      50: 4,
      100: 4,
      200: 4,
      500: 4,
      1000: 4,
      2000: 4,
      5000: 4,
      10_000: 6,
    })
  })

  it('adds up to what one histogram of all values says', () => {
    const [first, second] = [
      [1, 3, 77],
      [0, 20_000, 400],
    ] as const
    const added = addHistograms([histogramOf(first), histogramOf(second), histogramOf([])])
    expect(added).toEqual(histogramOf([...first, ...second]))
    expect(addHistograms([])).toEqual(histogramOf([]))
  })
})
