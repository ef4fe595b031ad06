/** Statistics of a handful of runs. */

import { describe, expect, it } from 'vitest'
import { formatRatio, formatSummary, median, ratioOf, summarize } from '../../../bench/stats.ts'

describe('median', () => {
  it('is the middle value, whatever the order', () => {
    expect(median([9, 1, 2])).toBe(2)
  })

  it('is the mean of the two middle values of an even number', () => {
    expect(median([10, 1, 2, 4])).toBe(3)
  })

  it('leaves the values as they were', () => {
    const values = [3, 1, 2]
    median(values)
    expect(values).toEqual([3, 1, 2])
  })

  it('is not a number when there are no values', () => {
    expect(median([])).toBeNaN()
  })
})

describe('ratioOf', () => {
  it('divides run by run, so that a slow moment of the machine cancels out', () => {
    // The second pair ran while everything took three times as long.
    expect(ratioOf([1, 3, 1], [2, 6, 2])).toEqual({ value: 0.5, spread: 0 })
  })

  it('gives half of the range as spread', () => {
    const { value, spread } = ratioOf([2, 4, 5], [10, 10, 10])
    expect(value).toBeCloseTo(0.4)
    expect(spread).toBeCloseTo(0.15)
  })

  it('leaves out a run that has no partner', () => {
    expect(ratioOf([1, 1, 100], [2, 2])).toEqual({ value: 0.5, spread: 0 })
  })
})

describe('what is shown', () => {
  it('is the median with the range behind it', () => {
    expect(formatSummary(summarize([0.7, 0.61, 0.64]), 2)).toBe('0.64 (0.61 – 0.70)')
  })

  it('is the value alone when there was one run', () => {
    expect(formatSummary(summarize([143.4]), 0)).toBe('143')
  })

  it('is a ratio with its spread', () => {
    expect(formatRatio({ value: 0.314, spread: 0.0251 })).toBe('0.31 ± 0.03')
  })
})
