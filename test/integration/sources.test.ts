import { createReadStream } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, MiB, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'

/** Chunks of odd sizes, so that no chunk ends where a part does. */
async function* inPieces(bytes: Buffer, size = 700_001): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const SHORT = testBytes(1_234_567)
const LONG = testBytes(12 * MiB + 3)

const KINDS = [
  ['a Buffer', (bytes: Buffer) => bytes],
  ['a Uint8Array inside a larger ArrayBuffer', (bytes: Buffer) => offsetView(bytes)],
  ['an ArrayBuffer', (bytes: Buffer) => new Uint8Array(bytes).buffer],
  ['a Blob', (bytes: Buffer) => new Blob([new Uint8Array(bytes)])],
  ['a Node.js Readable', (bytes: Buffer) => Readable.from(inPieces(bytes))],
  ['a web ReadableStream', (bytes: Buffer) => new Blob([new Uint8Array(bytes)]).stream()],
  ['an async generator', (bytes: Buffer) => inPieces(bytes)],
] as const

function offsetView(bytes: Buffer): Uint8Array {
  const larger = new Uint8Array(bytes.length + 200)
  larger.set(bytes, 100)
  return larger.subarray(100, 100 + bytes.length)
}

describe.each([2, 0])('with %i workers', (workers) => {
  const bed = sharedBed({ engine: { workers } })

  test.each(KINDS)('uploads %s, short and long, without being told its length', async (_, make) => {
    const { engine, store } = bed()
    const small = await engine.upload(make(SHORT), `s3://${BUCKET}/short`)
    expect(small).toMatchObject({ size: SHORT.length, parts: 1, verified: 'checksum' })
    expect(differenceOf(storedBytes(store, 'short'), SHORT)).toBeUndefined()
    const large = await engine.upload(make(LONG), `s3://${BUCKET}/long`)
    expect(large).toMatchObject({ size: LONG.length, parts: 3, verified: 'checksum' })
    expect(differenceOf(storedBytes(store, 'long'), LONG)).toBeUndefined()
  })
})

describe('a stream', () => {
  const bed = sharedBed()

  test('of text arrives as UTF-8', async () => {
    const { engine, store } = bed()
    const text = async function* (): AsyncGenerator<string> {
      yield 'grüße '
      yield '🚀\n'
    }
    await engine.upload(text(), { bucket: BUCKET, key: 'text' })
    expect(storedBytes(store, 'text').toString()).toBe('grüße 🚀\n')
  })

  test('without a byte becomes an empty object', async () => {
    const { engine, store } = bed()
    await engine.upload(Readable.from([]), `s3://${BUCKET}/nothing`)
    expect(storedBytes(store, 'nothing')).toHaveLength(0)
  })

  test('that ends exactly with a part has no empty part behind it', async () => {
    const { engine, store } = bed()
    const bytes = testBytes(10 * MiB)
    const result = await engine.upload(inPieces(bytes), `s3://${BUCKET}/exact`)
    expect(result.parts).toBe(2)
    expect(differenceOf(storedBytes(store, 'exact'), bytes)).toBeUndefined()
  })

  test.each([1000, 12 * MiB])('of the %i bytes that were announced is uploaded', async (size) => {
    const { engine, store } = bed()
    const bytes = testBytes(size)
    await engine.upload(inPieces(bytes), `s3://${BUCKET}/sized`, { size })
    expect(differenceOf(storedBytes(store, 'sized'), bytes)).toBeUndefined()
  })

  test.each([
    ['shorter, in one PUT', 1000, 1001],
    ['longer, in one PUT', 1001, 1000],
    ['longer than nothing', 1, 0],
    ['shorter, in parts', 12 * MiB, 12 * MiB + 1],
    ['longer, in parts', 12 * MiB + 1, 12 * MiB],
    ['longer by a whole part', 17 * MiB, 12 * MiB],
    ['shorter by a whole part', 5 * MiB, 15 * MiB],
  ])('%s than announced makes no object', async (_, given, size) => {
    const { engine, store } = bed()
    const key = 'wrong-size'
    const source = inPieces(testBytes(given))
    const error = await failureOf(engine.upload(source, `s3://${BUCKET}/${key}`, { size }))
    expect(error.code).toBe('ERR_SOURCE_CHANGED')
    expect(error.message).toContain(String(size))
    expect(storedKeys(store)).not.toContain(key)
    expect(store.uploads()).toEqual([])
  })

  test.each([
    ['before its first byte', 0],
    ['in its first part', 2 * MiB],
    ['in its second part', 7 * MiB],
  ])('that fails %s makes no object, and the reason is the cause', async (_, after) => {
    const { engine, store } = bed()
    const reason = new Error('the tape is torn')
    const source = async function* (): AsyncGenerator<Buffer> {
      yield testBytes(after)
      throw reason
    }
    const error = await failureOf(engine.upload(source(), `s3://${BUCKET}/torn`))
    expect(error).toMatchObject({ code: 'ERR_SOURCE_FAILED', cause: reason })
    expect(storedKeys(store)).not.toContain('torn')
    expect(store.uploads()).toEqual([])
  })

  test('with chunks that are no bytes is refused', async () => {
    const { engine } = bed()
    const error = await failureOf(engine.upload(Readable.from([{ a: 1 }]), `s3://${BUCKET}/odd`))
    expect(error.code).toBe('ERR_SOURCE_FAILED')
  })

  test('is told when the upload has failed, so that it can let go of what it holds', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { key: 'refused' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const source = createReadStream(await bed().file('big', LONG))
    const closed = new Promise<void>((resolve) => source.once('close', () => resolve()))
    const error = await failureOf(engine.upload(source, `s3://${BUCKET}/refused`))
    expect(error.code).toBe('ERR_ACCESS_DENIED')
    await closed
    store.faults.clear()
  })
})

describe('the destination', () => {
  const bed = sharedBed()

  test('of a file without one is its name below the target of the engine', async () => {
    const { another, store, file } = bed()
    const engine = another({ target: `s3://${BUCKET}/some/prefix/` })
    const result = await engine.upload(await file('part-0001.bin', SHORT))
    expect(result.object).toEqual({ bucket: BUCKET, key: 'some/prefix/part-0001.bin' })
    expect(storedKeys(store)).toContain('some/prefix/part-0001.bin')
  })

  test('may be a prefix for a file, also for one given by URL', async () => {
    const { engine, file } = bed()
    const url = pathToFileURL(await file('a b.bin', SHORT))
    const result = await engine.upload(url, `s3://${BUCKET}/dir/`)
    expect(result.object.key).toBe('dir/a b.bin')
  })

  test('of a stream must be named', async () => {
    const { another, engine } = bed()
    const prefix = await failureOf(engine.upload(SHORT, `s3://${BUCKET}/dir/`))
    expect(prefix.code).toBe('ERR_URI_INVALID')
    const none = await failureOf(another({ target: undefined }).upload(SHORT))
    expect(none).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'target' } })
  })
})
