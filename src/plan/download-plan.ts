/**
 * How an object of known size comes down: not at all, in one GET, or in ranges. Pure; bytes.
 *
 * Invariants of a plan of ranges: at least two and at most `DOWNLOAD_RANGES_MAX` of them; all but
 * the last have `partSize` bytes; where the stored part size is known, `partSize` is a multiple
 * or a divisor of it, so that no range straddles the edge of a stored part it does not cover.
 */

import { assert } from '../assert.ts'
import { MiB } from '../units.ts'
import { PART_SIZE_DEFAULT } from './part-size.ts'
import { rangeAt, splitIntoRanges, type ByteRange } from './ranges.ts'

/**
 * Most ranges of one download. Each has a row in the part table and a checksum to combine, so
 * this bounds memory; the largest object then has ranges of 512 MiB, a size worth retrying.
 * Source: none, reasonable default. S3 has no limit here.
 */
export const DOWNLOAD_RANGES_MAX = 100_000

/**
 * How far below the wanted size a divisor of the stored part size may be: a quarter.
 * Source: none, reasonable default; a smaller range spends too much on requests.
 */
const DIVISOR_SHRINK_MAX = 4

export interface DownloadPlanInput {
  readonly size: number
  /** Range size asked for; the plan may take another one. @default 8 MiB */
  readonly partSize?: number | undefined
  /** Size of the parts (but the last) the object was uploaded in, when known. */
  readonly storedPartSize?: number | undefined
}

export type DownloadPlan =
  | { readonly kind: 'empty' }
  | { readonly kind: 'single'; readonly size: number }
  | {
      readonly kind: 'ranges'
      readonly size: number
      readonly partSize: number
      readonly parts: number
    }

/** Plans the download of `size` bytes. */
export function planDownload(input: DownloadPlanInput): DownloadPlan {
  const { size, storedPartSize } = input
  const wanted = input.partSize ?? PART_SIZE_DEFAULT
  assert(Number.isSafeInteger(size) && size >= 0, `a size is a count of bytes, not ${size}`)
  assert(Number.isSafeInteger(wanted) && wanted > 0, `a range has bytes, not ${wanted}`)
  if (size === 0) return { kind: 'empty' }

  const floor = Math.ceil(size / DOWNLOAD_RANGES_MAX)
  const target = wanted >= floor ? wanted : Math.ceil(floor / MiB) * MiB
  if (size <= target) return { kind: 'single', size }
  // One stored part has no inner edge to align to.
  const hasEdges = storedPartSize !== undefined && storedPartSize > 0 && storedPartSize < size
  const partSize = hasEdges ? align(target, floor, storedPartSize) : target
  return { kind: 'ranges', size, partSize, parts: splitIntoRanges(size, partSize).count }
}

/** Bytes of range `index` (from 0). A single GET counts as range 0; an empty object has none. */
export function rangeOf(plan: DownloadPlan, index: number): ByteRange {
  assert(plan.kind !== 'empty', 'an empty object has no ranges')
  const partSize = plan.kind === 'ranges' ? plan.partSize : plan.size
  return rangeAt(splitIntoRanges(plan.size, partSize), index)
}

/** The multiple or divisor of `stored` nearest below `target`, and never below `floor`. */
function align(target: number, floor: number, stored: number): number {
  if (stored <= target) {
    const below = Math.floor(target / stored) * stored
    return below >= floor ? below : Math.ceil(floor / stored) * stored
  }
  return largestDivisor(stored, target, Math.max(floor, target / DIVISOR_SHRINK_MAX)) ?? stored
}

/** Largest divisor of `stored` from `lowest` to `highest`, or undefined if it has none there. */
function largestDivisor(stored: number, highest: number, lowest: number): number | undefined {
  const most = Math.floor(stored / lowest)
  for (let pieces = Math.ceil(stored / highest); pieces <= most; pieces += 1) {
    if (stored % pieces === 0) return stored / pieces
  }
  return undefined
}
