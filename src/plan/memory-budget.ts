/**
 * How many parts may be in flight without passing the memory budget. Pure; sizes are bytes.
 *
 * A part up to `HELD_PART_MAX` is held whole, so that a retry sends bytes hashed once. A larger
 * one streams through two buffers, one being filled while the other is sent; its size then no
 * longer matters.
 */

import { assert } from '../assert.ts'
import { MiB } from '../units.ts'

/**
 * Largest part a worker holds in memory as a whole. Bytes.
 * Source: none, reasonable default; twice the default part size.
 */
export const HELD_PART_MAX = 16 * MiB

/**
 * One of the two buffers of a part that streams. Bytes.
 * Source: none, reasonable default; the cost of a read is spread over enough bytes.
 */
export const STREAM_BUFFER_SIZE = MiB

export interface MemoryBudgetInput {
  /** Bytes all part buffers together may take. */
  readonly memoryBudget: number
  readonly partSize: number
  /** Parts in flight when memory is no concern. */
  readonly maxInFlight: number
}

/** Most bytes of memory one part in flight takes. */
export function partBufferSize(partSize: number): number {
  return partSize <= HELD_PART_MAX ? partSize : 2 * STREAM_BUFFER_SIZE
}

/** Parts that may be in flight: at least 1, so that a small budget is slow and never stuck. */
export function partsInFlight(input: MemoryBudgetInput): number {
  const { memoryBudget, partSize, maxInFlight } = input
  assert(partSize > 0, 'a part has at least one byte')
  assert(maxInFlight >= 1, 'at least one part is in flight')
  const affordable = Math.floor(memoryBudget / partBufferSize(partSize))
  return Math.max(1, Math.min(affordable, maxInFlight))
}
