/**
 * The few statistics a handful of runs allows: median, range, and a ratio taken run by run. Pure.
 */

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

/** The middle value, or the mean of the two in the middle; NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/**
 * How many times `reference` the `values` are. Runs of the same index were neighbours in time, so
 * they are divided pair by pair: what disturbed both at once then cancels out.
 */
export function ratioOf(values: readonly number[], reference: readonly number[]): Ratio {
  const pairs = values.slice(0, reference.length)
  const ratios = pairs.map((value, run) => value / (reference[run] ?? Number.NaN))
  const { median, min, max } = summarize(ratios)
  return { value: median, spread: (max - min) / 2 }
}

/** `0.31 ± 0.02`. */
export function formatRatio({ value, spread }: Ratio): string {
  return `${value.toFixed(2)} ± ${spread.toFixed(2)}`
}

/** `0.64 (0.61 – 0.70)`; the range is left out for a single run. */
export function formatSummary({ median, min, max }: Summary, digits: number): string {
  const middle = median.toFixed(digits)
  return min === max ? middle : `${middle} (${min.toFixed(digits)} – ${max.toFixed(digits)})`
}
