import { describe, expect, it } from 'vitest'
import {
  addHistograms,
  HISTOGRAM_CELLS,
  histogramAt,
  noteValue,
  quantileOf,
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

  it('may have bounds of its own', () => {
    const bounds = [10, 60]
    const cells = new Float64Array(5).fill(7, 4)
    for (const value of [10, 11, 60, 61]) noteValue(cells, 0, value, bounds)
    expect(histogramAt(cells, 0, bounds)).toEqual({
      count: 4,
      sum: 142,
      buckets: [
        { le: 10, count: 1 },
        { le: 60, count: 3 },
      ],
    })
    expect(cells[4], 'the neighbour is left alone').toBe(7)
  })
})

describe('a quantile', () => {
  it('lies in the bucket its value is in, in proportion', () => {
    // Two up to 1 ms, eight from 5 to 10 ms.
    const histogram = histogramOf([0.5, 1, 6, 6, 6, 7, 8, 9, 10, 10])
    expect(quantileOf(histogram, 0.1)).toBe(0.5)
    expect(quantileOf(histogram, 0.2)).toBe(1)
    expect(quantileOf(histogram, 0.6)).toBe(7.5)
    expect(quantileOf(histogram, 1)).toBe(10)
    expect(quantileOf(histogramOf([1.5]), 0)).toBe(1)
  })

  it('is unknown above the last bound, and without values', () => {
    expect(quantileOf(histogramOf([3, 20_000]), 0.5)).toBe(5)
    expect(quantileOf(histogramOf([3, 20_000]), 0.51)).toBe(Infinity)
    expect(quantileOf(histogramOf([]), 0.5)).toBeUndefined()
  })
})
