/** Statistics of a handful of runs. */

import { describe, expect, it } from 'vitest'
import { median, pairedRatios } from '../../../../bench/harness/statistics.ts'

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

describe('ratios', () => {
  it('are taken run by run, so that a slow moment of the machine cancels out', () => {
    // The second pair ran while everything took three times as long.
    expect(pairedRatios([1, 3, 1], [2, 6, 2])).toEqual([0.5, 0.5, 0.5])
  })

  it('leave out a run that has no partner', () => {
    expect(pairedRatios([1, 1, 100], [2, 2])).toEqual([0.5, 0.5])
  })
})
