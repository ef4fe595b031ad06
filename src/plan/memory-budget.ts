/**
 * What one part in flight costs in memory. Pure; sizes are bytes.
 *
 * A part up to `HELD_PART_MAX` is held whole: one read, one write. A larger one is read twice
 * through one small buffer, once to hash it and once to send it; its size then no longer matters.
 */

import { KiB, MiB } from '../units.ts'

/**
 * Largest part a worker holds in memory as a whole. Bytes.
 * Source: measured 2026-11, parts of 8 MiB: reading twice through a buffer that stays in the cache
 * costs as much (± 5 %) as passing through 8 MiB of memory once, and 16 parts take 4 MiB, not 128.
 */
export const HELD_PART_MAX = MiB

/**
 * The buffer of a part that streams, and the step in which all bytes are read and hashed: small
 * enough to still lie in the cache when hashed. Bytes.
 * Source: none, reasonable default; the cost of a read is spread over enough bytes.
 */
export const STREAM_BUFFER_SIZE = 256 * KiB

/**
 * The pages in which a range is gathered before it is written past the page cache, and what is
 * read past it at a time. Bytes.
 * Source: measured on ext4, Linux 6.18, downloads of 512 MiB: 256 KiB cost 1.15 times as much as buffered
 * writes, 512 KiB 1.04, 1 MiB 0.94, 2 MiB 0.96 (± 0.14).
 */
export const DIRECT_STEP = MiB

/**
 * Parts of a file that must fit into the memory for parts at once: a part that is read past the
 * page cache is held whole, since reading it twice would ask the disk twice. A larger part is read
 * through the cache. Source: none, reasonable default.
 */
const DIRECT_PARTS_MIN = 4

/**
 * Largest file a worker opens and sends without being told its size. Bytes.
 * Source: the size of the smallest buffer a worker keeps; above it, what the coordinator spends on
 * a file is little beside what its bytes cost.
 */
export const SMALL_FILE_MAX = 256 * KiB

/** Whether a part of a file may be read past the page cache. @param memory for parts in flight */
export function mayReadDirect(partSize: number, memory: number): boolean {
  return partSize * DIRECT_PARTS_MIN <= memory
}

/** Most bytes of memory one part in flight takes, read the usual way. */
export function partBufferSize(partSize: number): number {
  return partSize <= HELD_PART_MAX ? partSize : STREAM_BUFFER_SIZE
}
