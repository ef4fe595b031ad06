import { channel } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import type { ProgressEvent } from 'transfer-engine'
import { failureOf, until } from '../helpers/failure.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, MiB, readAll, sharedBed, withBed } from '../helpers/test-bed.ts'

const LARGE = testBytes(22 * MiB)
const OBJECT = `s3://${BUCKET}/object`

function checkContract(events: readonly ProgressEvent[], size: number, elapsedMs: number): void {
  const last = events.at(-1)
  expect(last).toMatchObject({ transferred: size, total: size })
  expect(events.reduce((sum, event) => sum + event.delta, 0)).toBe(size)
  expect(events.filter((event) => event.transferred === size)).toHaveLength(1)
  expect(Math.max(...events.map((event) => event.transferred))).toBeLessThanOrEqual(size)
  // Ten a second, and the last one.
  expect(events.length).toBeLessThanOrEqual(Math.ceil(elapsedMs / 100) + 1)
}

describe.each([2, 0])('with %i workers', (workers) => {
  const bed = sharedBed({ engine: { workers } })

  test('progress adds up, keeps to ten a second, and ends with all bytes', async () => {
    const { engine, store, path } = bed()
    await engine.upload(LARGE, OBJECT)
    // Slow enough for several reports.
    store.faults.add({
      match: { operation: 'GetObject' },
      fault: { kind: 'throttle', bytesPerSecond: 8 * MiB },
    })
    const events: ProgressEvent[] = []
    const heard: ProgressEvent[] = []
    const listener = (event: ProgressEvent): unknown => heard.push(event)
    engine.on('progress', listener)
    const onProgress = (event: ProgressEvent): unknown => events.push(event)
    const down = await engine.download(OBJECT, path('copy'), { onProgress })
    store.faults.clear()
    engine.off('progress', listener)
    expect(events.length).toBeGreaterThan(3)
    expect(heard).toEqual(events)
    checkContract(events, LARGE.length, down.elapsedMs)
    expect(heard.at(-1)?.transfer).toMatchObject({ kind: 'download', key: 'object' })
  })

  test('progress of an upload and of a read ends with all bytes too', async () => {
    const { engine } = bed()
    const events: ProgressEvent[] = []
    const up = await engine.upload(LARGE, OBJECT, { onProgress: (event) => events.push(event) })
    checkContract(events, LARGE.length, up.elapsedMs)
    events.length = 0
    await readAll(engine.read(OBJECT, { onProgress: (event) => events.push(event) }))
    checkContract(events, LARGE.length, 10_000)
  })

  test('bytes of a lost attempt are taken back and not counted twice', async () => {
    const { engine, store, path } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject' },
      fault: { kind: 'throttle', bytesPerSecond: 8 * MiB },
    })
    store.faults.add({
      match: { operation: 'GetObject', rangeStart: 5 * MiB },
      fault: { kind: 'flip-response', offset: 0 },
      times: 1,
    })
    store.faults.add({
      match: { operation: 'GetObject', rangeStart: 0 },
      fault: { kind: 'drop-response', afterBytes: 3 * MiB },
      times: 1,
    })
    const events: ProgressEvent[] = []
    const onProgress = (event: ProgressEvent): unknown => events.push(event)
    const transfer = engine.download(OBJECT, path('copy'), { onProgress })
    await transfer.then(
      () => checkContract(events, LARGE.length, 60_000),
      () => {
        // The flipped byte is found at the end, when nothing may say 100 % any more.
        expect(events.every((event) => event.transferred < LARGE.length)).toBe(true)
      },
    )
    store.faults.clear()
    expect(transfer.progress.transferred).toBeLessThanOrEqual(LARGE.length)
  })
})

describe('events', () => {
  const bed = sharedBed()

  test('tell of the start, each part and the end, with what belongs to them', async () => {
    await withBed({}, async ({ engine }) => {
      const names: string[] = []
      const parts: number[] = []
      engine.on('start', (event) => {
        names.push('start')
        expect(event).toMatchObject({ size: LARGE.length, parts: 5, partSize: 5 * MiB })
      })
      engine.on('part', ({ partNumber, bytes, attempt, workerId }) => {
        parts.push(partNumber)
        expect(bytes).toBe(partNumber === 5 ? 2 * MiB : 5 * MiB)
        expect(attempt).toBe(1)
        expect(workerId).toBeGreaterThan(0)
      })
      engine.on('end', ({ error, elapsedMs }) => {
        names.push('end')
        expect(error).toBeUndefined()
        expect(elapsedMs).toBeGreaterThan(0)
      })
      await engine.upload(LARGE, OBJECT)
      expect(names).toEqual(['start', 'end'])
      expect(parts.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5])
    })
  })

  test('tell of a retry and why, and of a failure at the end', async () => {
    await withBed({}, async ({ engine, store }) => {
      store.faults.add({
        match: { operation: 'UploadPart', partNumber: 2 },
        fault: { kind: 'answer', status: 500 },
        times: 1,
      })
      store.faults.add({
        match: { operation: 'UploadPart', partNumber: 3 },
        fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
      })
      const heard: unknown[] = []
      engine.on('retry', ({ partNumber, attempt, delayMs, error }) =>
        heard.push({ partNumber, attempt, code: error.code, inBounds: delayMs <= 200 }),
      )
      engine.on('end', ({ error }) => heard.push(error?.code))
      // The store lets part 3 fail only after part 2 had its turn.
      store.faults.add({
        match: { operation: 'UploadPart', partNumber: 3 },
        fault: { kind: 'delay', ms: 300, at: 'before-body' },
      })
      await failureOf(engine.upload(LARGE, OBJECT))
      expect(heard).toEqual([
        { partNumber: 2, attempt: 1, code: 'ERR_STORE_UNAVAILABLE', inBounds: true },
        'ERR_ACCESS_DENIED',
      ])
    })
  })

  test('are published on diagnostics channels as well', async () => {
    const heard: unknown[] = []
    const listener = (message: unknown): unknown => heard.push(message)
    channel('transfer-engine:end').subscribe(listener)
    try {
      await bed().engine.upload(Buffer.from('x'), OBJECT)
    } finally {
      channel('transfer-engine:end').unsubscribe(listener)
    }
    expect(heard).toMatchObject([{ transfer: { kind: 'upload', key: 'object' } }])
  })

  test('may be heard by a listener that throws: a warning, and the transfer goes on', async () => {
    await withBed({}, async ({ engine, path }) => {
      const warnings: Error[] = []
      const onWarning = (warning: Error): unknown => warnings.push(warning)
      process.on('warning', onWarning)
      const fail = (): never => {
        throw new Error('listener trouble')
      }
      for (const name of ['start', 'part', 'progress', 'end'] as const) engine.on(name, fail)
      await engine.upload(LARGE, OBJECT, { onProgress: fail })
      const down = await engine.download(OBJECT, path('copy'), { onProgress: fail })
      expect(down.verified).toBe('checksum')
      await until(() => warnings.length > 0, 'the warning is emitted')
      process.off('warning', onWarning)
      expect(warnings).toHaveLength(1)
      expect(warnings[0]?.message).toContain('listener trouble')
    })
  })
})

describe('results', () => {
  test('are plain data that survives JSON', async () => {
    await withBed({}, async ({ engine, path }) => {
      const up = await engine.upload(LARGE, OBJECT)
      const down = await engine.download(OBJECT, path('copy'))
      for (const result of [up, down]) {
        const { versionId: _, ...defined } = { versionId: undefined, ...result }
        expect(JSON.parse(JSON.stringify(defined))).toEqual(JSON.parse(JSON.stringify(result)))
        expect(result).toMatchObject({
          object: { bucket: BUCKET, key: 'object' },
          size: LARGE.length,
          parts: 5,
          attempts: 5,
          verified: 'checksum',
        })
        expect(result.elapsedMs).toBeGreaterThan(0)
      }
      expect(down.path).toBe(path('copy'))
    })
  })

  test('and errors do too, with code, sentence and place', async () => {
    await withBed({}, async ({ engine, path }) => {
      const error = await failureOf(engine.download(`s3://${BUCKET}/none`, path('none')))
      expect(JSON.parse(JSON.stringify(error))).toMatchObject({
        code: 'ERR_OBJECT_NOT_FOUND',
        context: { bucket: BUCKET, key: 'none', status: 404 },
      })
    })
  })

  test('stats count bytes, requests and transfers', async () => {
    await withBed({}, async ({ engine, path }) => {
      const running = engine.upload(LARGE, OBJECT)
      expect(engine.stats().transfers).toBe(1)
      await running
      await engine.download(OBJECT, path('copy'))
      const { pool, transfers, requests, memory, workers } = engine.stats()
      expect(pool).toMatchObject({
        bytesSent: LARGE.length,
        bytesReceived: LARGE.length,
        requests: 10,
        failed: 0,
        busy: 0,
      })
      expect({ transfers, requests, memory: memory.taken }).toEqual({
        transfers: 0,
        requests: { inFlight: 0, waiting: 0 },
        memory: 0,
      })
      expect(workers.reduce((sum, worker) => sum + worker.requests, 0)).toBe(10)
    })
  })
})
