/** The few statistics a handful of runs allows. Pure. */

/** The middle value, or the mean of the two in the middle; NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * Each run of `values` divided by the run of `reference` beside it. They were neighbours in time,
 * so what disturbed both at once cancels out. A run without a partner is left out.
 */
export function pairedRatios(values: readonly number[], reference: readonly number[]): number[] {
  const pairs = values.slice(0, reference.length)
  return pairs.map((value, run) => value / (reference[run] ?? Number.NaN))
}
