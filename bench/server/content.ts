/**
 * The bytes of the benchmark's objects: one pseudo-random block, repeated, entered at an offset
 * that the key decides. Nobody has to keep them, anybody can tell them, and no two keys agree.
 *
 * The length of the block is a prime, so that no part size is a multiple of it: a part that went
 * to a wrong place is seen. The block lies in memory twice, one behind the other, so that any
 * stretch as long as the block is one view of it. Offsets and lengths are bytes, CRCs unsigned.
 */

import { createCipheriv } from 'node:crypto'
import { crc32 } from '@node-rs/crc32'
import { combineCrc } from '../../src/checksum/combine.ts'

/** Smallest prime above 1 MiB. */
export const BLOCK_LENGTH = 1_048_583

const NAMES_PER_DIRECTORY = 100
const DIRECTORIES = 100

/** A block cipher over zeros: no compression makes it smaller, and it is the same everywhere. */
const single = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16, 2)).update(
  Buffer.alloc(BLOCK_LENGTH),
)
const twice = Buffer.concat([single, single])

/** Where the object of a key begins in the block. */
export function entryOf(key: string): number {
  return crc32(key) % BLOCK_LENGTH
}

/**
 * The bytes of an object from `offset` on, as one view: `length` of them, or a block if that is
 * less. The view is shared by everybody and must not be written to.
 *
 * @param entry what `entryOf` tells of the key.
 */
export function contentView(entry: number, offset: number, length: number): Buffer {
  const start = (entry + offset) % BLOCK_LENGTH
  return twice.subarray(start, start + Math.min(length, BLOCK_LENGTH))
}

/** Views that hold a stretch of an object one behind the other. */
export function contentSlices(key: string, offset: number, length: number): Buffer[] {
  const entry = entryOf(key)
  const slices: Buffer[] = []
  for (let done = 0; done < length; done += BLOCK_LENGTH) {
    slices.push(contentView(entry, offset + done, length - done))
  }
  return slices
}

/** Name of the object with that number, below the prefix of all: `00/000017.bin`. */
export function nameOf(index: number): string {
  const directory = Math.floor(index / NAMES_PER_DIRECTORY) % DIRECTORIES
  return `${String(directory).padStart(2, '0')}/${String(index).padStart(6, '0')}.bin`
}

/** CRC32 of a whole object, without reading more than two blocks of it. */
export function crcOf(key: string, size: number): number {
  const entry = entryOf(key)
  const whole = Math.floor(size / BLOCK_LENGTH)
  const tail = size - whole * BLOCK_LENGTH
  const repeated = whole === 0 ? 0 : repeatCrc(crc32(contentView(entry, 0, BLOCK_LENGTH)), whole)
  return joinCrc(repeated, crc32(contentView(entry, 0, tail)), tail)
}

/** The CRC32 of two adjacent pieces. */
export function joinCrc(left: number, right: number, rightLength: number): number {
  if (rightLength === 0) return left
  const digest = combineCrc('CRC32', crcBytes(left), crcBytes(right), rightLength)
  return Buffer.from(digest.buffer, digest.byteOffset, 4).readUInt32BE()
}

/** A CRC as S3 writes it, before base64: big-endian. */
export function crcBytes(crc: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(crc)
  return bytes
}

/** CRC of `count` blocks, by doubling. */
function repeatCrc(crc: number, count: number): number {
  let result = 0
  let power = crc
  let length = BLOCK_LENGTH
  for (let left = count; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = joinCrc(result, power, length)
    power = joinCrc(power, power, length)
    length *= 2
  }
  return result
}
