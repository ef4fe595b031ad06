// Computes a native checksum of so many bytes of memory, and nothing else: what a transfer that
// sends or signs it pays at least. argv: algorithm (`crc32`, `sha256`), bytes.

import { crc32 } from '@node-rs/crc32'
import { createHash, randomFillSync } from 'node:crypto'

/** Bytes hashed at a time: they stay in the cache, as those of a transfer do. */
const STEP = 256 * 1024

const [, , algorithm, size] = process.argv
const bytes = randomFillSync(Buffer.alloc(STEP))
let left = Number(size)
let crc = 0
const hash = createHash('sha256')
while (left > 0) {
  const step = left < STEP ? bytes.subarray(0, left) : bytes
  if (algorithm === 'crc32') crc = crc32(step, crc)
  else hash.update(step)
  left -= step.length
}
if (left !== 0) throw new Error('a whole number of bytes is hashed')
process.stdout.write(`${algorithm === 'crc32' ? crc : hash.digest('hex')}\n`)
