import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { TransferEngine } from '../../src/index.ts'
import { failureOf, until } from '../helpers/failure.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import {
  BUCKET,
  fileBytes,
  MiB,
  readAll,
  sharedBed,
  storedBytes,
  storedKeys,
  temporaryFiles,
  withBed,
} from '../helpers/test-bed.ts'

const LARGE = testBytes(12 * MiB)
const OBJECT = `s3://${BUCKET}/object`
const CUTS = ['rst', 'fin'] as const
const PARTS = [1, 2, 3] as const
const READ_TIMEOUT_MS = 400

describe.each([2, 0])('with %i workers', (workers) => {
  const bed = sharedBed({ engine: { workers } })
  /** For stalls alone: on a busy machine it may give up a request that would have come. */
  let impatient: TransferEngine
  beforeAll(() => {
    impatient = bed().another({ workers, readTimeoutMs: READ_TIMEOUT_MS })
  })
  afterEach(() => bed().store.reset())

  /** Uploads in three parts; returns the attempts. */
  async function upload(engine = bed().engine): Promise<number> {
    const result = await engine.upload(LARGE, OBJECT)
    expect(result).toMatchObject({ verified: 'checksum', parts: 3 })
    expect(differenceOf(storedBytes(bed().store, 'object'), LARGE)).toBeUndefined()
    return result.attempts
  }

  /** Downloads in three ranges; returns the attempts. */
  async function download(engine = bed().engine): Promise<number> {
    const { store, path } = bed()
    store.requests.clear()
    const result = await engine.download(OBJECT, path('copy'))
    expect(result).toMatchObject({ verified: 'checksum', parts: 3 })
    expect(differenceOf(await fileBytes(path('copy')), LARGE)).toBeUndefined()
    return result.attempts
  }

  describe.each(CUTS)('a connection that ends by %s', (how) => {
    test.each(PARTS)('before part %i is answered costs one attempt', async (partNumber) => {
      const { store } = bed()
      store.faults.add({
        match: { operation: 'UploadPart', partNumber },
        fault: { kind: 'drop', at: 'before-body', how },
        times: 1,
      })
      expect(await upload()).toBe(4)
    })

    test.each(PARTS)('in the middle of part %i costs one attempt', async (partNumber) => {
      const { store } = bed()
      store.faults.add({
        match: { operation: 'UploadPart', partNumber },
        fault: { kind: 'drop-request', afterBytes: 1 * MiB, how },
        times: 1,
      })
      expect(await upload()).toBe(4)
    })

    test('before the head of an answer makes the range be asked again', async () => {
      const { engine, store } = bed()
      await engine.upload(LARGE, OBJECT)
      store.faults.add({
        match: { operation: 'GetObject', rangeStart: 5 * MiB },
        fault: { kind: 'drop', at: 'after-operation', how },
        times: 1,
      })
      expect(await download()).toBe(4)
    })

    test.each(PARTS)('in the body of range %i goes on behind the last good byte', async (part) => {
      const { engine, store } = bed()
      await engine.upload(LARGE, OBJECT)
      const rangeStart = (part - 1) * 5 * MiB
      store.faults.add({
        match: { operation: 'GetObject', rangeStart },
        fault: { kind: 'drop-response', afterBytes: 1_500_000, how },
        times: 1,
      })
      expect(await download()).toBe(4)
      const gets = store.requests.entries({ operation: 'GetObject' })
      const continued = gets.filter(({ range }) => {
        const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1])
        return start > rangeStart && start <= rangeStart + 1_500_000
      })
      expect(continued).toHaveLength(1)
      // A reset may discard bytes on their way; nothing that arrived is asked for again.
      const asked = gets.reduce((sum, { range }) => sum + lengthOf(range), 0)
      const again = asked - LARGE.length
      expect(again).toBe(lengthOf(continued[0]?.range))
      if (how === 'fin')
        expect(again).toBe(Math.min(5 * MiB, LARGE.length - rangeStart) - 1_500_000)
    })
  })

  test('the attempt after a failed one uses another connection', async () => {
    const { engine, store, path } = bed()
    await engine.upload(LARGE, OBJECT)
    store.requests.clear()
    store.faults.add({
      match: { operation: 'GetObject', rangeStart: 0 },
      fault: { kind: 'drop-response', afterBytes: 0 },
      times: 2,
    })
    await engine.download(OBJECT, path('copy'))
    const tries = store.requests
      .entries({ operation: 'GetObject' })
      .filter(({ range }) => range?.startsWith('bytes=0-'))
    expect(tries).toHaveLength(3)
    expect(new Set(tries.map(({ connection }) => connection)).size).toBe(3)
  })

  test('a bad line that lets something through each time is outlasted', async () => {
    const { engine, store, path } = bed()
    await engine.upload(LARGE, OBJECT)
    // More cuts in one range than there are attempts without progress.
    store.faults.add({
      match: { operation: 'GetObject' },
      fault: { kind: 'drop-response', afterBytes: 400_000, how: 'fin' },
      times: 20,
    })
    const result = await engine.download(OBJECT, path('copy'))
    expect(result).toMatchObject({ verified: 'checksum', parts: 3 })
    // A cut behind the last byte of a range costs nothing.
    expect(result.attempts).toBeGreaterThanOrEqual(20)
    expect(differenceOf(await fileBytes(path('copy')), LARGE)).toBeUndefined()
  })

  test('a store that always cuts is given up after the attempts allowed', async () => {
    const { another, store } = bed()
    const engine = another({ maxAttempts: 3 })
    store.faults.add({
      match: { operation: 'UploadPart', partNumber: 2 },
      fault: { kind: 'drop', at: 'before-operation' },
    })
    const error = await failureOf(engine.upload(LARGE, OBJECT))
    expect(error).toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      context: { partNumber: 2, attempt: 3 },
    })
    // Three, and the one that costs nothing where the connection may have been stale.
    const tries = store.requests.entries({ operation: 'UploadPart', partNumber: 2 }).length
    expect([3, 4]).toContain(tries)
    expect(store.uploads()).toEqual([])
    expect(storedKeys(store)).toEqual([])
  })

  test.each(PARTS)(
    'a stall while part %i is sent is noticed and the part sent again',
    async (n) => {
      const { store } = bed()
      store.faults.add({
        match: { operation: 'UploadPart', partNumber: n },
        fault: { kind: 'stall-request', afterBytes: 0 },
        times: 1,
      })
      const startedAt = Date.now()
      expect(await upload(impatient)).toBeGreaterThanOrEqual(4)
      expect(Date.now() - startedAt).toBeGreaterThanOrEqual(READ_TIMEOUT_MS)
    },
  )

  test('a first byte that does not come is noticed', async () => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject', rangeStart: 5 * MiB },
      fault: { kind: 'delay', ms: 10_000 },
      times: 1,
    })
    expect(await download(impatient)).toBeGreaterThanOrEqual(4)
  })

  test('a stall inside a body is noticed, and the range goes on behind it', async () => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject', rangeStart: 5 * MiB },
      fault: { kind: 'stall-response', afterBytes: 2 * MiB },
      times: 1,
    })
    expect(await download(impatient)).toBeGreaterThanOrEqual(4)
    const ranges = store.requests.entries({ operation: 'GetObject' }).map(({ range }) => range)
    expect(ranges).toContain(`bytes=${7 * MiB}-${10 * MiB - 1}`)
  })

  test('a store that never answers is reported as that', async () => {
    const { another, store, path, dir } = bed()
    const engine = another({ workers, maxAttempts: 2, readTimeoutMs: READ_TIMEOUT_MS })
    await bed().engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject', rangeStart: 5 * MiB },
      fault: { kind: 'stall-response', afterBytes: 0 },
    })
    const error = await failureOf(engine.download(OBJECT, path('none')))
    expect(error).toMatchObject({ code: 'ERR_READ_TIMEOUT', context: { attempt: 2 } })
    expect(await temporaryFiles(dir)).toEqual([])
    const read = await failureOf(readAll(engine.read(OBJECT)))
    expect(read.code).toBe('ERR_READ_TIMEOUT')
  })

  test('a slow body that keeps moving is no stall', async () => {
    const { another, engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject' },
      fault: { kind: 'throttle', bytesPerSecond: 2 * MiB },
    })
    // Each range takes longer than the time-out, and no pause in it comes near.
    expect(await download(another({ workers, readTimeoutMs: 1800 }))).toBe(3)
  })

  test('a port closed for a moment is waited for', async () => {
    const { another, store } = bed()
    const engine = another({ retryDelayMs: 100, retryDelayMaxMs: 1000, maxAttempts: 10 })
    store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'refuse', ms: 200 },
      times: 1,
    })
    const result = await engine.upload(Buffer.from('x'), OBJECT)
    expect(result.attempts).toBeGreaterThan(1)
    expect(storedKeys(store)).toEqual(['object'])
  })
})

describe('hundreds of failing requests', () => {
  test('leave no socket and no memory behind', async () => {
    await withBed({ engine: { maxAttempts: 2 } }, async ({ engine, store }) => {
      store.faults.add({
        match: { operation: 'PutObject' },
        fault: { kind: 'drop', at: 'before-body' },
      })
      const calls = Array.from({ length: 300 }, (_, n) =>
        failureOf(engine.upload(testBytes(1000), `s3://${BUCKET}/${n}`)),
      )
      for (const error of await Promise.all(calls)) {
        expect(['ERR_CONNECTION_LOST']).toContain(error.code)
      }
      const { pool, memory } = engine.stats()
      expect(pool).toMatchObject({ requests: 600, failed: 600, busy: 0 })
      expect(memory.taken).toBe(0)
      await until(() => engine.stats().pool.open === 0, 'cut connections are forgotten')
      await until(() => store.connections.open === 0, 'the store sees them closed')
    })
  })
})

function lengthOf(range: string | undefined): number {
  const match = /^bytes=(\d+)-(\d+)$/.exec(range ?? '')
  return match === null ? 0 : Number(match[2]) - Number(match[1]) + 1
}
