import { appendFileSync, mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkUploadInput, openSource, pathOf } from '../../../src/transfer/upload-input.ts'
import { FileSource, MemorySource, type SourcePart } from '../../../src/transfer/upload-source.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
import { makeRun, NOTHING_TAKEN, takenOf } from './run-fixture.ts'

const directory = useTemporaryDirectory()

function file(bytes: Uint8Array): string {
  const path = join(directory(), 'source.bin')
  writeFileSync(path, bytes)
  return path
}

function bytesOf(part: SourcePart | undefined): Buffer {
  if (part?.location.kind !== 'memory') throw new Error('expected bytes in memory')
  return Buffer.from(new Uint8Array(part.location.buffer, part.location.offset, part.length))
}

describe('a file', () => {
  it('is given as a row of parts, each holding its share of memory', async () => {
    const { run, env } = makeRun()
    const source = await FileSource.open(run, file(testBytes(2500)))
    expect(source.size).toBe(2500)
    const parts = [await source.next(1000), await source.next(1000), await source.next(1000)]
    expect(parts.map((part) => [part?.offset, part?.length])).toEqual([
      [0, 1000],
      [1000, 1000],
      [2000, 500],
    ])
    expect(await source.next(1000)).toBeUndefined()
    expect(takenOf(env)).toMatchObject({ memory: 2500 })
    for (const part of parts) part?.release()
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
    await source.verify()
    await source.close()
  })

  it('of no bytes has no parts', async () => {
    const { run } = makeRun()
    const source = await FileSource.open(run, file(Buffer.alloc(0)))
    expect([source.size, await source.next(1000)]).toEqual([0, undefined])
    await source.close()
  })

  it.each<[string, (path: string) => void]>([
    ['was truncated', (path) => truncateSync(path, 10)],
    ['has grown', (path) => appendFileSync(path, 'x')],
    ['was written to', (path) => utimesSync(path, 1, 1)],
  ])('that %s meanwhile fails with ERR_SOURCE_CHANGED', async (_, change) => {
    const { run } = makeRun()
    const path = file(testBytes(100))
    const source = await FileSource.open(run, path)
    change(path)
    await expect(source.verify()).rejects.toMatchObject({
      code: 'ERR_SOURCE_CHANGED',
      context: { bucket: 'bucket', key: 'key' },
    })
    await source.close()
  })

  it('must be there, and be a file', async () => {
    const { run } = makeRun()
    const missing = join(directory(), 'missing')
    await expect(FileSource.open(run, missing)).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FOUND',
      context: { path: missing },
    })
    const folder = join(directory(), 'folder')
    mkdirSync(folder)
    await expect(FileSource.open(run, folder)).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FILE',
    })
    const below = join(file(Buffer.alloc(1)), 'below')
    await expect(FileSource.open(run, below)).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FOUND',
    })
  })
})

describe('a stream', () => {
  it('is copied into parts that take what they need of the budget', async () => {
    const { run, env } = makeRun()
    const bytes = testBytes(2500)
    const chunks = Readable.from([
      bytes.subarray(0, 1),
      bytes.subarray(1, 1700),
      bytes.subarray(1700),
    ])
    const source = new MemorySource(run, chunks, undefined)
    const parts = [await source.next(1000), await source.next(1000), await source.next(1000)]
    expect(await source.next(1000)).toBeUndefined()
    expect(Buffer.concat(parts.map(bytesOf)).equals(bytes)).toBe(true)
    expect(parts.map((part) => part?.offset)).toEqual([0, 1000, 2000])
    expect(takenOf(env)).toMatchObject({ memory: 3000 })
    for (const part of parts) part?.release()
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
    await source.verify()
  })

  it('that stands still holds no memory', async () => {
    const { run, env, controller } = makeRun()
    const silent = new Readable({ read: () => undefined })
    const source = new MemorySource(run, silent, undefined)
    const waiting = source.next(1000)
    await new Promise((resolve) => setImmediate(resolve))
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    await source.close()
    expect(silent.destroyed).toBe(true)
  })

  it('that fails gives its error as the cause, and its memory back', async () => {
    const { run, env } = makeRun()
    const broken = new Error('the pipe broke')
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield testBytes(10)
      await Promise.resolve()
      throw broken
    }
    const source = new MemorySource(run, failing(), undefined)
    await expect(source.next(1000)).rejects.toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      cause: broken,
    })
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it.each([
    ['too long in its only part', [100], 99, 1000],
    ['too long by another part', [100, 1], 100, 100],
    ['too short', [99], 100, 1000],
    ['too short by a part', [100], 200, 100],
    ['empty', [], 1, 1000],
  ])(
    'that announced its size and is %s fails with ERR_SOURCE_CHANGED',
    async (_, sizes, size, step) => {
      const { run, env } = makeRun()
      const chunks = Readable.from(sizes.map((length) => testBytes(length)))
      const source = new MemorySource(run, chunks, size)
      const readAll = async (): Promise<void> => {
        for (
          let part = await source.next(step);
          part !== undefined;
          part = await source.next(step)
        ) {
          part.release()
        }
        await source.verify()
      }
      await expect(readAll()).rejects.toMatchObject({ code: 'ERR_SOURCE_CHANGED' })
      expect(takenOf(env)).toEqual(NOTHING_TAKEN)
    },
  )
})

describe('what can be uploaded', () => {
  it.each<[string, Parameters<typeof openSource>[1], number | undefined]>([
    ['bytes', new Uint8Array([1, 2, 3]), 3],
    ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer, 3],
    ['a Blob', new Blob([new Uint8Array([1, 2, 3])]), 3],
    ['a Node.js stream', Readable.from([Buffer.from([1, 2, 3])]), undefined],
    ['a web stream', new Blob([new Uint8Array([1, 2, 3])]).stream(), undefined],
  ])('is %s', async (_, input, size) => {
    const { run } = makeRun()
    expect(() => checkUploadInput(input)).not.toThrow()
    const source = await openSource(run, input, undefined)
    expect(source.size).toBe(size)
    const part = await source.next(10)
    expect([...bytesOf(part)]).toEqual([1, 2, 3])
    part?.release()
    expect(await source.next(10)).toBeUndefined()
    await source.verify()
    await source.close()
  })

  it('is a path or a file URL', async () => {
    const { run } = makeRun()
    const path = file(testBytes(5))
    for (const input of [path, pathToFileURL(path)]) {
      const source = await openSource(run, input, undefined)
      checkUploadInput(input)
      expect(source.size).toBe(5)
      await source.close()
    }
  })

  it.each([[undefined], [null], [7], [{}], [[1, 2]], [true]])('is not %j', (input) => {
    expect(() => checkUploadInput(input)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID' }),
    )
  })

  it('is not an empty path or the URL of something else', () => {
    expect(() => pathOf('')).toThrow(expect.objectContaining({ code: 'ERR_SOURCE_NOT_FOUND' }))
    expect(() => pathOf(new URL('https://example.com/a'))).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID' }),
    )
  })
})
