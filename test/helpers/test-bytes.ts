/** Bytes for tests: the same for the same seed, different everywhere, and cheap to make. */

import { createCipheriv, createHash } from 'node:crypto'

/** `length` bytes that do not compress; other seeds give other bytes. */
export function testBytes(length: number, seed = 1): Buffer {
  const key = createHash('sha256').update(`test bytes ${seed}`).digest()
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return cipher.update(Buffer.alloc(length))
}

/** What differs between two buffers in one line, or `undefined`: a diff of MiBs helps nobody. */
export function differenceOf(actual: Uint8Array, expected: Uint8Array): string | undefined {
  const left = Buffer.from(actual.buffer, actual.byteOffset, actual.byteLength)
  if (left.equals(expected)) return undefined
  if (left.length !== expected.length) return `${left.length} bytes instead of ${expected.length}`
  const at = left.findIndex((byte, index) => byte !== expected[index])
  return `byte ${at} of ${left.length} differs`
}
