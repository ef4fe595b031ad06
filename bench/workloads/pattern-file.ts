/**
 * Files that hold the pattern of a key, made and compared block by block. The store serves the
 * same bytes for that key without keeping them.
 */

import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { patternBytes } from '../../src/testing.ts'
import type { FileChecksums } from './stored-object.ts'

/** Bytes made or compared at a time; parts are whole multiples of it. */
const BLOCK = 4 * 1024 * 1024

/**
 * Writes the file, and waits until the disk has it, so that no later run pays for it.
 *
 * @returns the CRC32 of the file, and of each run of `partSize` bytes.
 */
export async function writePatternFile(
  path: string,
  key: string,
  size: number,
  partSize: number,
): Promise<FileChecksums> {
  let whole = 0
  const parts: number[] = []
  const block = Buffer.allocUnsafe(BLOCK)
  const file = await open(path, 'wx', 0o600)
  try {
    for (let offset = 0; offset < size; offset += BLOCK) {
      const bytes = patternBytes(key, offset, block.subarray(0, Math.min(BLOCK, size - offset)))
      const part = Math.floor(offset / partSize)
      parts[part] = crc32(bytes, parts[part])
      whole = crc32(bytes, whole)
      await file.write(bytes, 0, bytes.length, offset)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { whole, parts }
}

/** @throws Error naming the first block that is not the pattern, or a wrong size. */
export async function checkPatternFile(path: string, key: string, size: number): Promise<void> {
  const expected = Buffer.allocUnsafe(BLOCK)
  const block = Buffer.allocUnsafe(BLOCK)
  const file = await open(path, 'r')
  try {
    const { size: found } = await file.stat()
    if (found !== size) throw new Error(`The file has ${found} bytes instead of ${size}`)
    for (let offset = 0; offset < size; offset += BLOCK) {
      const length = Math.min(BLOCK, size - offset)
      const { bytesRead } = await file.read(block, 0, length, offset)
      const pattern = patternBytes(key, offset, expected.subarray(0, length))
      if (bytesRead === length && pattern.equals(block.subarray(0, length))) continue
      throw new Error(
        `The file differs from what was sent between ${offset} and ${offset + length}`,
      )
    }
  } finally {
    await file.close()
  }
}
