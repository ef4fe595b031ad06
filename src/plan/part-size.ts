/**
 * The part size where nobody chose one. Pure; sizes are bytes.
 *
 * A request costs the same whatever it carries, so large objects go in large parts. Three things
 * speak against them: at the end of an object requests run out of parts, a part that breaks is
 * sent again whole, and on a slow line both take long.
 */

import { MiB } from '../units.ts'

/**
 * Smallest part size that is chosen, and that of parts held in memory.
 * Source: none, reasonable default; the one the AWS CLI uses.
 */
export const PART_SIZE_DEFAULT = 8 * MiB

/**
 * Largest part size that is chosen.
 * Source: measured, download of 4 GiB in user CPU seconds per GiB: 0.50 in parts of 8 MiB, 0.35 in
 * parts of 32 MiB, no less in larger ones.
 */
export const PART_SIZE_CHOSEN_MAX = 32 * MiB

/**
 * Parts per request in flight, so that the last ones keep all requests busy nearly to the end.
 * Source: none, reasonable default.
 */
const PARTS_PER_REQUEST = 4

/** Longest time a part should take. Seconds. Source: none, reasonable default. */
const PART_SECONDS = 10

export interface PartSizeInput {
  /** Of the object. */
  readonly size: number
  /** Requests that share it. */
  readonly inFlight: number
  /** What one request moves, as far as measured. Bytes per second. */
  readonly throughput?: number | undefined
}

/** A power of two from `PART_SIZE_DEFAULT` to `PART_SIZE_CHOSEN_MAX`. */
export function choosePartSize({ size, inFlight, throughput }: PartSizeInput): number {
  const bySize = size / (inFlight * PARTS_PER_REQUEST)
  const byRate = throughput === undefined ? bySize : throughput * PART_SECONDS
  const wanted = Math.min(bySize, byRate, PART_SIZE_CHOSEN_MAX)
  let chosen = PART_SIZE_DEFAULT
  while (2 * chosen <= wanted) chosen *= 2
  return chosen
}
