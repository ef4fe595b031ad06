import { closeSync, constants, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openDirectly } from '../../helpers/direct-disk.ts'
import { DirectWriter, readDirect, type DirectFile } from '../../../workers/direct-io.ts'
import { alignDown, alignUp, DIRECT_ALIGNMENT, pageBuffer } from '../../../workers/page-buffer.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'

const KiB = 1024
const SIZE = 300 * KiB + 77
const BYTES = testBytes(SIZE)
const directory = useTemporaryDirectory()
const opened: number[] = []

/** A file of zeros (or what is given) of the full size, opened both ways where that is possible. */
function openBoth(
  content: Uint8Array = Buffer.alloc(SIZE),
): DirectFile & { readonly path: string } {
  const path = join(directory(), 'file')
  writeFileSync(path, content)
  const fd = openSync(path, 'r+')
  const direct = openDirectly(path, constants.O_RDWR)
  opened.push(fd, ...(direct === undefined ? [] : [direct]))
  return { path, fd, direct }
}

/** A file whose direct descriptor takes only what is aligned: any file, on a system that checks. */
function isStrict(file: DirectFile): boolean {
  if (file.direct === undefined) return false
  try {
    readSync(file.direct, Buffer.alloc(100), 0, 100, 1)
    return false
  } catch {
    return true
  }
}

/** Lengths of chunks that cut `length` bytes oddly. */
function chunksOf(bytes: Buffer): Buffer[] {
  const lengths = [1, 4095, 4096, 4097, 70_000, 13, 65_536]
  const chunks: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1
    chunks.push(bytes.subarray(at, at + length))
    at += length
  }
  return chunks
}

afterEach(() => {
  for (const fd of opened.splice(0)) closeSync(fd)
})

describe('a buffer of pages', () => {
  it('has whole pages, and starts at one', () => {
    for (const length of [1, 4096, 4097, 256 * KiB]) {
      const buffer = pageBuffer(length)
      expect(buffer.length).toBe(alignUp(length))
      const file = openBoth(Buffer.alloc(alignUp(length)))
      // The file system tells: it refuses an address that is not aligned.
      if (isStrict(file)) expect(readSync(file.direct ?? -1, buffer)).toBe(buffer.length)
    }
  })

  it('counts in blocks', () => {
    expect([alignDown(4095), alignDown(4096), alignUp(0), alignUp(1), alignUp(4096)]).toEqual([
      0, 4096, 0, 4096, 4096,
    ])
    // Offsets pass 32 bits.
    expect(alignDown(2 ** 40 + 5)).toBe(2 ** 40)
  })
})

describe('direct writing', () => {
  const RANGES = [
    ['the whole file', 0, SIZE],
    ['whole blocks', 8 * KiB, 64 * KiB],
    ['a range that begins and ends within blocks', 1000, 200_000],
    ['less than a block', 5000, 100],
    ['a range over the edge of a block', 4090, 12],
    ['the odd end', SIZE - 5000, 5000],
  ] as const

  it.each(RANGES)('puts %s in its place, and touches nothing else', (_, offset, length) => {
    for (const size of [4 * KiB, 64 * KiB, 512 * KiB]) {
      const file = openBoth()
      const had = file.direct
      const writer = new DirectWriter(file, offset, pageBuffer(size))
      for (const chunk of chunksOf(BYTES.subarray(offset, offset + length))) writer.write(chunk)
      writer.flush()
      const expected = Buffer.alloc(SIZE)
      BYTES.copy(expected, offset, offset, offset + length)
      expect(differenceOf(readFileSync(file.path), expected)).toBeUndefined()
      // Nothing was refused on the way.
      expect(file.direct).toBe(had)
      for (const fd of opened.splice(0)) closeSync(fd)
    }
  })

  it('takes bytes where they were put, without a copy', () => {
    const file = openBoth()
    const writer = new DirectWriter(file, 100, pageBuffer(16 * KiB))
    for (let at = 100; at < SIZE;) {
      const place = writer.place(Math.min(5000, SIZE - at))
      BYTES.copy(place, 0, at, at + place.length)
      writer.write(place)
      at += place.length
    }
    writer.flush()
    const expected = Buffer.concat([Buffer.alloc(100), BYTES.subarray(100)])
    expect(differenceOf(readFileSync(file.path), expected)).toBeUndefined()
  })

  it('goes on behind a flush in the middle of a block, as after a body that broke', () => {
    const file = openBoth()
    const writer = new DirectWriter(file, 0, pageBuffer(32 * KiB))
    writer.write(BYTES.subarray(0, 10_001))
    writer.flush()
    const next = new DirectWriter(file, 10_001, pageBuffer(32 * KiB))
    next.write(BYTES.subarray(10_001, 20_002))
    next.flush()
    next.write(BYTES.subarray(20_002))
    next.flush()
    expect(differenceOf(readFileSync(file.path), BYTES)).toBeUndefined()
  })

  it('falls back where a call is refused, for good and without a word', () => {
    const file = openBoth()
    // Read only: a descriptor that refuses to write says EBADF, which is no refusal of the mode.
    const writer = new DirectWriter({ ...file, direct: -1 }, 0, pageBuffer(8 * KiB))
    expect(() => writer.write(BYTES)).toThrow()
    if (!isStrict(file)) return
    // Not at a page: the file system says EINVAL.
    const odd = Buffer.from(pageBuffer(64 * KiB).buffer, 16, 32 * KiB)
    const other = new DirectWriter(file, 0, odd)
    other.write(BYTES)
    other.flush()
    expect(file.direct).toBeUndefined()
    expect(differenceOf(readFileSync(file.path), BYTES)).toBeUndefined()
  })
})

describe('direct reading', () => {
  it.each([
    ['from the start', 0, 64 * KiB],
    ['from within a block', 1000, 64 * KiB - DIRECT_ALIGNMENT],
    ['to the odd end', SIZE - 77, 77],
    ['less than a block', 5000, 10],
  ])('gives the bytes %s', (_, offset, length) => {
    const file = openBoth(BYTES)
    const read = readDirect(file, pageBuffer(64 * KiB), offset, length)
    expect(differenceOf(read, BYTES.subarray(offset, offset + length))).toBeUndefined()
  })

  it('gives what there is, and nothing at the end', () => {
    const file = openBoth(BYTES)
    const buffer = pageBuffer(64 * KiB)
    expect(readDirect(file, buffer, 10, SIZE)).toHaveLength(64 * KiB - 10)
    expect(readDirect(file, buffer, SIZE - 10, 100)).toHaveLength(10)
    expect(readDirect(file, buffer, SIZE, 100)).toHaveLength(0)
    expect(readDirect(file, buffer, SIZE + 5000, 100)).toHaveLength(0)
  })

  it('gives the same the usual way', () => {
    const file: DirectFile = { ...openBoth(BYTES), direct: undefined }
    const read = readDirect(file, pageBuffer(64 * KiB), 1001, 20_000)
    expect(differenceOf(read, BYTES.subarray(1001, 21_001))).toBeUndefined()
  })

  it('falls back where a call is refused', () => {
    const file = openBoth(BYTES)
    if (!isStrict(file)) return
    const odd = Buffer.from(pageBuffer(64 * KiB).buffer, 16, 32 * KiB)
    const read = readDirect(file, odd, 4096, 20_000)
    expect(file.direct).toBeUndefined()
    expect(differenceOf(read, BYTES.subarray(4096, 24_096))).toBeUndefined()
  })
})
