/** How numbers of a handful of runs are summed up and written. */

import { describe, expect, it } from 'vitest'
import {
  formatAmount,
  formatRatio,
  formatSummary,
  ratioOf,
  summarize,
} from '../../../bench/report/statistics.ts'

describe('a summary', () => {
  it('is the median with the range behind it', () => {
    expect(formatSummary(summarize([0.7, 0.61, 0.64]))).toBe('0.64 (0.61 – 0.70)')
  })

  it('is the value alone when there was one run', () => {
    expect(formatSummary(summarize([143.4]))).toBe('143')
  })

  it('is the value alone when both ends read the same', () => {
    expect(formatSummary(summarize([0.641, 0.64, 0.642]))).toBe('0.64')
  })

  it('is a dash where there was none', () => {
    expect(formatSummary(summarize([]))).toBe('–')
  })

  it('shows the range with as many digits as the median', () => {
    expect(formatSummary(summarize([99, 1402.3, 12_345]))).toBe('1,402 (99 – 12,345)')
  })
})

describe('a ratio', () => {
  it('is taken run by run, so that a slow moment of the machine cancels out', () => {
    // The second pair ran while everything took three times as long.
    expect(ratioOf([1, 3, 1], [2, 6, 2])).toEqual({ value: 0.5, spread: 0 })
  })

  it('has half of the range as spread', () => {
    const { value, spread } = ratioOf([2, 4, 5], [10, 10, 10])
    expect(value).toBeCloseTo(0.4)
    expect(spread).toBeCloseTo(0.15)
  })

  it('shows its spread unless that would be zero', () => {
    expect(formatRatio({ value: 0.314, spread: 0.0251 })).toBe('0.31 ± 0.03')
    expect(formatRatio({ value: 0.314, spread: 0.004 })).toBe('0.31')
  })

  it('to nothing at all is a dash', () => {
    expect(formatRatio(ratioOf([1], [0]))).toBe('–')
  })
})

describe('an amount', () => {
  it.each([
    [0.314, '0.31'],
    [7.494, '7.49'],
    [31.44, '31.4'],
    [1402.3, '1,402'],
    [Number.NaN, '–'],
  ])('of %d is written %s', (value, text) => {
    expect(formatAmount(value)).toBe(text)
  })
})
