import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { verifyFile, writeContentFile } from '../../../bench/server/content-file.ts'
import { BLOCK_LENGTH, contentSlices, crcOf, nameOf } from '../../../bench/server/content.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()

/** Longer than two blocks, and no multiple of one. */
const SIZE = 2 * BLOCK_LENGTH + 12_345

describe('content of the benchmark', () => {
  it('is the same however it is cut', () => {
    const whole = Buffer.concat(contentSlices('a/key', 0, SIZE))
    expect(whole).toHaveLength(SIZE)
    for (const [offset, length] of [
      [0, 1],
      [BLOCK_LENGTH - 7, 20],
      [BLOCK_LENGTH, BLOCK_LENGTH],
      [SIZE - 1, 1],
      [123, BLOCK_LENGTH + 1],
    ] as const) {
      const part = Buffer.concat(contentSlices('a/key', offset, length))
      expect(part.equals(whole.subarray(offset, offset + length)), `${offset}+${length}`).toBe(true)
    }
  })

  it('differs between keys, and between the parts of one', () => {
    const [a, b] = ['a', 'b'].map((key) => Buffer.concat(contentSlices(key, 0, 4096)))
    expect(a?.equals(b as Buffer)).toBe(false)
    const part = Buffer.concat(contentSlices('a', 8 * 1024 * 1024, 4096))
    expect(a?.equals(part)).toBe(false)
  })

  it('has a checksum that is told without reading it', () => {
    for (const size of [0, 1, 4096, BLOCK_LENGTH - 1, BLOCK_LENGTH, BLOCK_LENGTH + 1, SIZE]) {
      const read = contentSlices('some key', 0, size).reduce((crc, view) => crc32(view, crc), 0)
      expect(crcOf('some key', size), `${size} bytes`).toBe(read)
    }
  })

  it('has names in a hundred directories', () => {
    expect([0, 17, 100, 9999, 10_000].map(nameOf)).toEqual([
      '00/000000.bin',
      '00/000017.bin',
      '01/000100.bin',
      '99/009999.bin',
      '00/010000.bin',
    ])
  })
})

describe('files of that content', () => {
  it('hold it, byte for byte', () => {
    for (const size of [0, 5, SIZE, 11 * BLOCK_LENGTH]) {
      const path = join(directory(), `file-${size}`)
      writeContentFile(path, 'key', size)
      expect(readFileSync(path).equals(Buffer.concat(contentSlices('key', 0, size)))).toBe(true)
      verifyFile(path, 'key', size)
    }
  })

  it('are refused at the first byte that differs, or for their size', () => {
    const path = join(directory(), 'file')
    writeContentFile(path, 'key', SIZE)
    const bytes = readFileSync(path)
    const at = BLOCK_LENGTH + 4321
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(path, bytes)
    expect(() => verifyFile(path, 'key', SIZE)).toThrow(`at offset ${at}`)
    expect(() => verifyFile(path, 'key', SIZE + 1)).toThrow(`instead of ${SIZE + 1}`)
  })
})
