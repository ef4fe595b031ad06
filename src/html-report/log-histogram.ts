/** How often values of which magnitude came. Pure. */

import { quantileOf } from '../pool/histogram.ts'
import { GiB, KiB, MiB, TiB } from '../units.ts'

/** Powers of four, up to the largest object of S3. Bytes. */
export const SIZE_BOUNDS = [
  0,
  KiB,
  4 * KiB,
  16 * KiB,
  64 * KiB,
  256 * KiB,
  MiB,
  4 * MiB,
  16 * MiB,
  64 * MiB,
  256 * MiB,
  GiB,
  4 * GiB,
  16 * GiB,
  64 * GiB,
  256 * GiB,
  TiB,
  5 * TiB,
] as const

const SECOND = 1000
const MINUTE = 60 * SECOND

/** From what one request takes to what a day holds. Milliseconds. */
export const DURATION_BOUNDS = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  60 * MINUTE,
  240 * MINUTE,
  1440 * MINUTE,
] as const

/** Values above `low`, or from it on in the first one, up to and with `high`. */
export interface Bucket {
  readonly low: number
  /** `Infinity` for what is above all bounds. */
  readonly high: number
  readonly count: number
  readonly sum: number
}

export class LogHistogram {
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  readonly #sums: Float64Array

  /** @param bounds upper ones, inclusive, ascending */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
    this.#sums = new Float64Array(bounds.length + 1)
  }

  add(value: number): void {
    let bucket = 0
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket += 1
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#sums[bucket] = (this.#sums[bucket] as number) + value
  }

  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0)
  }

  /** From the first that has any to the last. */
  get buckets(): readonly Bucket[] {
    const all = Array.from(this.#counts, (count, index) => ({
      low: this.#bounds[index - 1] ?? 0,
      high: this.#bounds[index] ?? Infinity,
      count,
      sum: this.#sums[index] ?? 0,
    }))
    const first = all.findIndex(({ count }) => count > 0)
    return first < 0 ? [] : all.slice(first, all.findLastIndex(({ count }) => count > 0) + 1)
  }

  /** The value a share of all does not exceed, as far as buckets tell; `undefined` without values. */
  quantile(share: number): number | undefined {
    let count = 0
    const buckets = this.#bounds.map((le, index) => {
      count += this.#counts[index] ?? 0
      return { le, count }
    })
    return quantileOf({ count: this.count, sum: 0, buckets }, share)
  }
}
