import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { TransferEngine } from 'transfer-engine'
import { failureOf, until, wait } from '../helpers/failure.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import {
  BUCKET,
  engineOptions,
  fileBytes,
  MiB,
  readAll,
  sharedBed,
  storedKeys,
  temporaryFiles,
  withBed,
} from '../helpers/test-bed.ts'

const LARGE = testBytes(30 * MiB)
const OBJECT = `s3://${BUCKET}/object`

/** A cut must not wait for what the store does. Milliseconds. */
const PROMPT_MS = 5000

describe.each([2, 0])('with %i workers', (workers) => {
  const bed = sharedBed({ engine: { workers } })
  afterEach(() => bed().store.reset())

  test('an abort while the first thread is still starting is not lost', async () => {
    await withBed({ engine: { workers } }, async ({ engine, store }) => {
      store.faults.add({
        match: { operation: 'PutObject' },
        fault: { kind: 'stall-request', afterBytes: 0 },
      })
      // Warms up what is loaded once, so that the job is with the thread when the abort comes.
      await failureOf(engine.download(OBJECT, '/does/not/matter'))
      for (const delayMs of [0, 5, 20, 60]) {
        const transfer = engine.upload(testBytes(5 * MiB), OBJECT)
        const failure = failureOf(transfer)
        await wait(delayMs)
        const startedAt = Date.now()
        await transfer.abort()
        expect((await failure).code).toBe('ERR_ABORTED')
        expect(Date.now() - startedAt).toBeLessThan(PROMPT_MS)
      }
    })
  })

  test.each(['signal', 'handle'] as const)(
    'an upload aborted by %s is cut while its parts are sent, and removed before it rejects',
    async (means) => {
      const { engine, store, file } = bed()
      store.requests.clear()
      // The store reads a little of each part and then no more.
      store.faults.add({
        match: { operation: 'UploadPart' },
        fault: { kind: 'stall-request', afterBytes: 1 * MiB },
      })
      const controller = new AbortController()
      const reason = new Error('enough')
      const transfer = engine.upload(await file('large', LARGE), OBJECT, {
        signal: controller.signal,
      })
      const failure = failureOf(transfer)
      await until(() => store.requests.entries({ operation: 'UploadPart' }).length >= 2, 'parts go')
      const startedAt = Date.now()
      if (means === 'signal') controller.abort(reason)
      else await transfer.abort(reason)
      const error = await failure
      expect(Date.now() - startedAt).toBeLessThan(PROMPT_MS)
      expect(error).toMatchObject({ code: 'ERR_ABORTED', cause: reason })
      expect(store.uploads()).toEqual([])
      expect(storedKeys(store)).toEqual([])
      await until(() => engine.stats().pool.busy === 0, 'no request is under way')
    },
  )

  test('a single PUT is cut as well', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'stall-request', afterBytes: 0 },
    })
    store.requests.clear()
    const transfer = engine.upload(LARGE.subarray(0, 8 * MiB), OBJECT)
    const failure = failureOf(transfer)
    await until(() => store.requests.entries().length === 1, 'it is sent')
    await transfer.abort()
    expect((await failure).code).toBe('ERR_ABORTED')
    expect(storedKeys(store)).toEqual([])
  })

  test('a download is cut in the middle of its parts; the old file stays', async () => {
    const { engine, store, file, dir } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject' },
      fault: { kind: 'stall-response', afterBytes: 1 * MiB },
    })
    store.requests.clear()
    const target = await file('target', Buffer.from('old'))
    const transfer = engine.download(OBJECT, target)
    const failure = failureOf(transfer)
    await until(() => transfer.progress.transferred >= 2 * MiB, 'bytes arrive')
    const startedAt = Date.now()
    await transfer.abort()
    expect((await failure).code).toBe('ERR_ABORTED')
    expect(Date.now() - startedAt).toBeLessThan(PROMPT_MS)
    expect((await fileBytes(target)).toString()).toBe('old')
    expect(await temporaryFiles(dir)).toEqual([])
  })

  test('other transfers of the engine are not disturbed', async () => {
    const { engine, store } = bed()
    const one = engine.upload(LARGE, `s3://${BUCKET}/one`)
    const two = engine.upload(LARGE, `s3://${BUCKET}/two`)
    const failure = failureOf(one)
    await until(() => store.requests.entries({ operation: 'UploadPart' }).length > 0, 'parts go')
    await one.abort()
    expect((await failure).code).toBe('ERR_ABORTED')
    expect((await two).verified).toBe('checksum')
    expect(storedKeys(store)).toEqual(['two'])
  })
})

describe('an abort', () => {
  const bed = sharedBed()
  afterEach(() => bed().store.reset())

  test('before the start sends nothing', async () => {
    const { engine, store, path } = bed()
    store.requests.clear()
    const signal = AbortSignal.abort(new Error('never mind'))
    const up = await failureOf(engine.upload(LARGE, OBJECT, { signal }))
    const down = await failureOf(engine.download(OBJECT, path('copy'), { signal }))
    const read = await failureOf(readAll(engine.read(OBJECT, { signal })))
    expect([up.code, down.code, read.code]).toEqual(['ERR_ABORTED', 'ERR_ABORTED', 'ERR_ABORTED'])
    expect(store.requests.entries()).toEqual([])
  })

  test('while it waits for its turn takes it out of the queue', async () => {
    await withBed({ engine: { maxTransfers: 1 } }, async ({ engine, store }) => {
      const first = engine.upload(LARGE, OBJECT)
      const second = engine.upload(LARGE, `s3://${BUCKET}/second`)
      const third = engine.upload(LARGE, `s3://${BUCKET}/third`)
      const failure = failureOf(second)
      await second.abort()
      expect((await failure).code).toBe('ERR_ABORTED')
      await Promise.all([first, third])
      expect(storedKeys(store)).toEqual(['object', 'third'])
    })
  })

  test('while a source stream stands still rejects without waiting for it', async () => {
    const { engine, store } = bed()
    const stalled = new Readable({ read: () => undefined })
    stalled.push(testBytes(7 * MiB))
    const transfer = engine.upload(stalled, OBJECT)
    const failure = failureOf(transfer)
    await until(() => store.requests.entries({ operation: 'UploadPart' }).length > 0, 'part 1 goes')
    const startedAt = Date.now()
    await transfer.abort()
    expect((await failure).code).toBe('ERR_ABORTED')
    expect(Date.now() - startedAt).toBeLessThan(PROMPT_MS)
    expect(store.uploads()).toEqual([])
    await until(() => stalled.destroyed, 'the stream is let go')
  })

  test('while an upload is being opened leaves no upload behind', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'CreateMultipartUpload' },
      fault: { kind: 'delay', ms: 300, at: 'after-operation' },
    })
    const transfer = engine.upload(LARGE, OBJECT)
    const failure = failureOf(transfer)
    await until(() => store.uploads().length === 1, 'the upload is opened')
    await transfer.abort()
    expect((await failure).code).toBe('ERR_ABORTED')
    expect(store.uploads()).toEqual([])
  })

  test('during the wait before a retry ends it at once', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'answer', status: 503, code: 'SlowDown', retryAfter: '30' },
    })
    const transfer = engine.upload(Buffer.from('x'), OBJECT)
    const failure = failureOf(transfer)
    await until(() => store.requests.entries().some((each) => each.status === 503), 'it fails')
    const startedAt = Date.now()
    await transfer.abort()
    expect((await failure).code).toBe('ERR_ABORTED')
    expect(Date.now() - startedAt).toBeLessThan(PROMPT_MS)
  })

  test('after the end changes nothing', async () => {
    const { engine } = bed()
    const transfer = engine.upload(Buffer.from('x'), OBJECT)
    const result = await transfer
    await transfer.abort()
    expect(await transfer).toBe(result)
  })
})

describe('a reader that leaves', () => {
  const bed = sharedBed()

  test('cuts what is under way and gives the memory back', async () => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    for await (const chunk of engine.read(OBJECT)) {
      expect(differenceOf(chunk, LARGE.subarray(0, chunk.length))).toBeUndefined()
      break
    }
    expect(engine.stats()).toMatchObject({ transfers: 0, memory: { taken: 0 } })
    await until(
      () => store.requests.entries().every((entry) => entry.outcome !== undefined),
      'no request is under way',
    )
  })

  test('or only pauses is sent no more than the memory limit allows', async () => {
    await withBed({ engine: { memoryLimit: 10 * MiB } }, async ({ engine, store }) => {
      await engine.upload(LARGE, OBJECT)
      store.requests.clear()
      const iterator = engine.read(OBJECT)
      await iterator.next()
      await wait(300)
      expect(store.requests.entries({ operation: 'GetObject' }).length).toBeLessThanOrEqual(3)
      expect(engine.stats().memory.taken).toBeLessThanOrEqual(10 * MiB)
      const rest = await readAll(iterator)
      expect(rest.length).toBeGreaterThan(29 * MiB)
    })
  })
})

describe('close()', () => {
  test('waits for uploads and downloads under way, and takes no more work', async () => {
    await withBed({}, async ({ engine, path, store }) => {
      await engine.upload(LARGE, OBJECT)
      const up = engine.upload(LARGE, `s3://${BUCKET}/second`)
      const down = engine.download(OBJECT, path('copy'))
      const closed = engine.close()
      const late = await failureOf(engine.upload(LARGE, OBJECT))
      expect(late.code).toBe('ERR_CLOSED')
      expect((await failureOf(engine.download(OBJECT, path('late')))).code).toBe('ERR_CLOSED')
      expect((await failureOf(readAll(engine.read(OBJECT)))).code).toBe('ERR_CLOSED')
      await closed
      expect((await up).verified).toBe('checksum')
      expect((await down).verified).toBe('checksum')
      await until(() => store.connections.open === 0, 'its connections are closed')
      expect(engine.close()).toBe(closed)
    })
  })

  test('aborts what is not done after its grace', async () => {
    await withBed({}, async ({ engine, store }) => {
      store.faults.add({
        match: { operation: 'UploadPart' },
        fault: { kind: 'stall-request', afterBytes: 0 },
      })
      const failure = failureOf(engine.upload(LARGE, OBJECT))
      await until(() => store.uploads().length === 1, 'it has begun')
      await engine.close({ graceMs: 50 })
      expect((await failure).code).toBe('ERR_ABORTED')
      expect(store.uploads()).toEqual([])
    })
  })

  test.each([
    ['has the whole object waiting', LARGE.subarray(0, MiB)],
    ['has ranges under way', LARGE],
  ])('does not wait for a reader that %s, and hands out no more', async (_, bytes) => {
    await withBed({}, async ({ engine }) => {
      await engine.upload(bytes, OBJECT)
      const iterator = engine.read(OBJECT)
      await iterator.next()
      await engine.close()
      const error = await failureOf(readAll(iterator))
      expect(['ERR_ABORTED', 'ERR_CLOSED']).toContain(error.code)
    })
  })

  test('of an engine that did nothing is immediate', async () => {
    await withBed({}, async ({ engine, store }) => {
      await engine.close()
      expect(store.connections.total).toBe(0)
    })
  })

  test('is what `await using` does at the end of a block', async () => {
    await withBed({}, async ({ store }) => {
      let engine: TransferEngine | undefined
      {
        await using inner = new TransferEngine(engineOptions(store))
        await inner.upload(Buffer.from('x'), OBJECT)
        engine = inner
      }
      expect((await failureOf(engine.upload(Buffer.from('x'), OBJECT))).code).toBe('ERR_CLOSED')
    })
  })
})
