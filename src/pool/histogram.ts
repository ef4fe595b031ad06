/**
 * Histograms of times in shared memory: fixed buckets, so that noting a value is two stores and
 * workers can be added up. Cells in order: one per bucket, one for what is above all of them, the
 * sum. Milliseconds.
 */

/** Upper bounds of the buckets, inclusive. */
const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const

/** Cells of one histogram. */
export const HISTOGRAM_CELLS = BOUNDS_MS.length + 2

/** A histogram as plain data. */
export interface Histogram {
  readonly count: number
  readonly sum: number
  /** How many values were at most `le`. What was above the last bound is in `count` only. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[]
}

/** Adds a value to the histogram that lies at `start`. */
export function noteValue(cells: Float64Array, start: number, value: number): void {
  let bucket = 0
  while (bucket < BOUNDS_MS.length && value > (BOUNDS_MS[bucket] as number)) bucket += 1
  cells[start + bucket] = (cells[start + bucket] as number) + 1
  const sum = start + HISTOGRAM_CELLS - 1
  cells[sum] = (cells[sum] as number) + value
}

export function histogramAt(cells: Float64Array, start: number): Histogram {
  let count = 0
  const buckets = BOUNDS_MS.map((le, bucket) => {
    count += cells[start + bucket] as number
    return { le, count }
  })
  count += cells[start + BOUNDS_MS.length] as number
  return { count, sum: cells[start + HISTOGRAM_CELLS - 1] as number, buckets }
}

/** All values of several histograms. */
export function addHistograms(all: readonly Histogram[]): Histogram {
  const total = (pick: (histogram: Histogram) => number): number =>
    all.reduce((sum, histogram) => sum + pick(histogram), 0)
  return {
    count: total(({ count }) => count),
    sum: total(({ sum }) => sum),
    buckets: BOUNDS_MS.map((le, bucket) => ({
      le,
      count: total(({ buckets }) => buckets[bucket]?.count ?? 0),
    })),
  }
}
