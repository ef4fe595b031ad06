/**
 * Large files of random bytes, and the digests of files, both with one small buffer.
 */

import { createHash, randomFillSync } from 'node:crypto'
import { open } from 'node:fs/promises'
import { MiB } from '../../units.ts'

/** Bytes made, or hashed, at a time. */
const BLOCK = 4 * MiB

/** Writes `size` random bytes. */
export async function writeRandomFile(
  path: string,
  size: number,
  signal: AbortSignal,
): Promise<void> {
  const block = Buffer.allocUnsafe(Math.min(BLOCK, size))
  const file = await open(path, 'wx', 0o600)
  try {
    for (let offset = 0; offset < size; offset += block.length) {
      signal.throwIfAborted()
      randomFillSync(block)
      await file.write(block, 0, Math.min(block.length, size - offset), offset)
    }
  } finally {
    await file.close()
  }
}

/** SHA-256 of a file, in hex. */
export async function sha256OfFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const block = Buffer.allocUnsafe(BLOCK)
  const file = await open(path, 'r')
  try {
    for (;;) {
      signal.throwIfAborted()
      const { bytesRead } = await file.read(block, 0, block.length)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(block.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}
