/**
 * Histograms of times in (shared) memory: fixed buckets, so that noting a value is two stores and
 * workers can be added up. Cells in order: one per bucket, one for what is above all of them, the
 * sum. Milliseconds.
 */

/** Upper bounds of the buckets, inclusive, where no others are named. */
const BOUNDS_MS: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]

/** Cells of a histogram with these bounds. */
export function cellsOf(bounds: readonly number[]): number {
  return bounds.length + 2
}

/** Cells of a histogram with the usual bounds. */
export const HISTOGRAM_CELLS = cellsOf(BOUNDS_MS)

/** A histogram as plain data. */
export interface Histogram {
  readonly count: number
  readonly sum: number
  /** How many values were at most `le`. What was above the last bound is in `count` only. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[]
}

/** Adds a value to the histogram that lies at `start`. */
export function noteValue(
  cells: Float64Array,
  start: number,
  value: number,
  bounds: readonly number[] = BOUNDS_MS,
): void {
  let bucket = 0
  while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1
  cells[start + bucket] = (cells[start + bucket] as number) + 1
  const sum = start + bounds.length + 1
  cells[sum] = (cells[sum] as number) + value
}

export function histogramAt(
  cells: Float64Array,
  start: number,
  bounds: readonly number[] = BOUNDS_MS,
): Histogram {
  let count = 0
  const buckets = bounds.map((le, bucket) => {
    count += cells[start + bucket] as number
    return { le, count }
  })
  count += cells[start + bounds.length] as number
  return { count, sum: cells[start + bounds.length + 1] as number, buckets }
}

/**
 * The value that a share of all values does not exceed, taking those of a bucket as spread evenly
 * over it. `Infinity` if it is above the last bound, `undefined` without values.
 *
 * @param share from 0 to 1; 0.95 for the 95th percentile
 */
export function quantileOf({ count, buckets }: Histogram, share: number): number | undefined {
  if (count === 0) return undefined
  const rank = share * count
  let [low, below] = [0, 0]
  for (const { le, count: upTo } of buckets) {
    if (upTo >= rank && upTo > below) return low + ((le - low) * (rank - below)) / (upTo - below)
    ;[low, below] = [le, upTo]
  }
  return Infinity
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
