/**
 * What one part in flight costs in memory. Pure; sizes are bytes.
 *
 * A part up to `HELD_PART_MAX` is held whole, so that a retry sends bytes hashed once. A larger
 * one is read twice through one small buffer; its size then no longer matters.
 */

import { KiB, MiB } from '../units.ts'

/**
 * Largest part a worker holds in memory as a whole. Bytes.
 * Source: none, reasonable default; twice the default part size.
 */
export const HELD_PART_MAX = 16 * MiB

/**
 * The buffer of a part that streams, and the step in which all bytes are read and hashed: small
 * enough to still lie in the cache when hashed. Bytes.
 * Source: none, reasonable default; the cost of a read is spread over enough bytes.
 */
export const STREAM_BUFFER_SIZE = 256 * KiB

/** Most bytes of memory one part in flight takes. */
export function partBufferSize(partSize: number): number {
  return partSize <= HELD_PART_MAX ? partSize : STREAM_BUFFER_SIZE
}
