/**
 * Median, range and ratio of a handful of runs, and how such numbers are written. Pure.
 */

import { median, pairedRatios } from '../harness/statistics.ts'

/** Median and range of some runs. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** `value ± spread`, where the spread is half of the range. */
export interface Ratio {
  readonly value: number
  readonly spread: number
}

/** What stands where there is no number. */
export const NOTHING = '–'

/** Of no values, all three are NaN. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) return { median: Number.NaN, min: Number.NaN, max: Number.NaN }
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** How many times `reference` the `values` are, run by run. */
export function ratioOf(values: readonly number[], reference: readonly number[]): Ratio {
  const { median, min, max } = summarize(pairedRatios(values, reference))
  return { value: median, spread: (max - min) / 2 }
}

/** Three figures or so: `0.31`, `7.49`, `31.4`, `1,402`. */
export function formatAmount(value: number): string {
  return withDigits(value, digitsFor(value))
}

/** `0.31 ± 0.02`; the spread is left out where it would be written as zero. */
export function formatRatio({ value, spread }: Ratio): string {
  if (!Number.isFinite(value)) return NOTHING
  const digits = digitsFor(value)
  const middle = withDigits(value, digits)
  const around = withDigits(spread, digits)
  return Number(around) === 0 ? middle : `${middle} ± ${around}`
}

/**
 * `0.64 (0.61 – 0.70)`; the range is left out where both ends read the same. Without `digits`, as
 * many as the median deserves.
 */
export function formatSummary(
  { median, min, max }: Summary,
  digits: number = digitsFor(median),
): string {
  const middle = withDigits(median, digits)
  const [least, most] = [withDigits(min, digits), withDigits(max, digits)]
  return least === most ? middle : `${middle} (${least} – ${most})`
}

function digitsFor(value: number): number {
  const size = Math.abs(value)
  return size >= 100 ? 0 : size >= 10 ? 1 : 2
}

function withDigits(value: number, digits: number): string {
  if (!Number.isFinite(value)) return NOTHING
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
