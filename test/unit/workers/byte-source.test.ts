import { createHash } from 'node:crypto'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  fileSlices,
  hashBytes,
  memorySlices,
  memoryView,
  READ_STEP,
  readAndHash,
} from '../../../workers/byte-source.ts'
import { PartBuffers } from '../../../workers/part-buffers.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import { sharedBytes } from './runner-fixture.ts'

const directory = useTemporaryDirectory()
const open: number[] = []

afterEach(() => {
  for (const fd of open.splice(0)) closeSync(fd)
})

function fileWith(bytes: Uint8Array): number {
  const path = join(directory(), 'source.bin')
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r')
  open.push(fd)
  return fd
}

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('readAndHash', () => {
  it.each([1, READ_STEP - 1, READ_STEP, READ_STEP + 1, 3 * READ_STEP + 17])(
    'reads %i bytes at an offset and feeds all of them to every hash',
    (length) => {
      const bytes = testBytes(length + 10)
      const buffer = Buffer.alloc(length)
      const hashes = [createHash('sha256'), createHash('sha256')]
      readAndHash(fileWith(bytes), 10, length, buffer, hashes)
      expect(differenceOf(buffer, bytes.subarray(10))).toBeUndefined()
      const digest = sha(bytes.subarray(10))
      expect(hashes.map((hash) => hash.digest('hex'))).toEqual([digest, digest])
    },
  )

  it('names the offset at which a truncated file ends', () => {
    const fd = fileWith(testBytes(READ_STEP + 5))
    const buffer = Buffer.alloc(2 * READ_STEP)
    expect(() => readAndHash(fd, 3, 2 * READ_STEP, buffer, [])).toThrow(
      expect.objectContaining({
        code: 'ERR_SOURCE_CHANGED',
        context: expect.objectContaining({ offset: READ_STEP + 5 }),
      }),
    )
  })

  it('says that a directory is no source', () => {
    const fd = openSync(directory(), 'r')
    open.push(fd)
    expect(() => readAndHash(fd, 0, 1, Buffer.alloc(1), [])).toThrow(
      expect.objectContaining({ code: 'ERR_SOURCE_NOT_FILE' }),
    )
  })
})

describe('hashBytes', () => {
  it.each(['file', 'memory'] as const)('hashes bytes in %s at an offset', async (kind) => {
    const bytes = testBytes(18 * 1024 * 1024 + 3)
    const length = bytes.length - 7
    const source =
      kind === 'file'
        ? { kind, fd: fileWith(bytes), offset: 7 }
        : { kind, buffer: sharedBytes(bytes), offset: 7 }
    const hash = createHash('sha256')
    await hashBytes(source, length, Buffer.alloc(READ_STEP), [hash], () => undefined)
    expect(hash.digest('hex')).toBe(sha(bytes.subarray(7)))
  })
})

describe('slices', () => {
  it('of a file are all its bytes through one buffer', async () => {
    const bytes = testBytes(1_000_003)
    const buffer = Buffer.alloc(65_536)
    const sent: number[] = []
    const got: Buffer[] = []
    const onSlice = (count: number): void => void sent.push(count)
    for await (const slice of fileSlices(fileWith(bytes), 3, 1_000_000, buffer, onSlice)) {
      expect(slice.buffer).toBe(buffer.buffer)
      got.push(Buffer.from(slice))
    }
    expect(differenceOf(Buffer.concat(got), bytes.subarray(3))).toBeUndefined()
    expect(sent.at(-1)).toBe(1_000_000)
    expect(sent).toHaveLength(16)
  })

  it('of memory are views on it, none larger than the step', async () => {
    const bytes = memoryView(sharedBytes(testBytes(1000)), 0, 1000)
    const sent: number[] = []
    const got: Buffer[] = []
    for await (const slice of memorySlices(bytes, 300, (count) => sent.push(count))) {
      expect(slice.buffer).toBe(bytes.buffer)
      got.push(slice)
    }
    expect(got.map(({ length }) => length)).toEqual([300, 300, 300, 100])
    expect(differenceOf(Buffer.concat(got), bytes)).toBeUndefined()
    expect(sent).toEqual([300, 600, 900, 1000])
  })
})

describe('PartBuffers', () => {
  it('gives a buffer of at least the length, and the same one again', () => {
    const buffers = new PartBuffers()
    const first = buffers.take(300_000)
    expect(first.length).toBeGreaterThanOrEqual(300_000)
    const second = buffers.take(300_000)
    expect(second).not.toBe(first)
    buffers.give(first)
    expect(buffers.take(400_000)).toBe(first)
  })

  it('never gives a smaller one, and forgets all when cleared', () => {
    const buffers = new PartBuffers()
    const small = buffers.take(1)
    buffers.give(small)
    expect(buffers.take(small.length + 1)).not.toBe(small)
    buffers.clear()
    expect(buffers.take(1)).not.toBe(small)
  })
})
