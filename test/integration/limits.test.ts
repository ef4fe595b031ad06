/**
 * The limits over real threads and sockets. That they are exact is proved on a fake clock
 * (`property/bandwidth.test.ts`); here the clock is that of a busy machine, which may take long but
 * never gives time back.
 */

import { describe, expect, test } from 'vitest'
import type { EngineOptions, TransferEngine } from 'transfer-engine'
import { failureOf } from '../helpers/failure.ts'
import {
  BUCKET,
  fileBytes,
  MiB,
  readAll,
  storedBytes,
  withBed,
  type Bed,
} from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const RATE = 8 * MiB
const OBJECT = testBytes(16 * MiB + 5)
const SOURCE = `s3://${BUCKET}/source`

/** What may be ahead of the limit at any moment: bursts and steps, 0.4 s of it. Seconds. */
const AHEAD = 0.4

/** Share of the limit that a busy machine must reach. */
const LEAST = 0.6

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}

/** Bytes moved in so many seconds are within the limit, and not far below it. */
function expectPace(bytes: number, seconds: number, rate = RATE): void {
  expect(bytes).toBeLessThanOrEqual(rate * (1.05 * seconds + AHEAD))
  expect(bytes / seconds).toBeGreaterThan(rate * LEAST)
}

/** A bed whose store holds the object; the engine's threads run already. */
async function bedWith(options: EngineOptions, use: (bed: Bed) => Promise<void>): Promise<void> {
  await withBed({ engine: { ...options, maxBandwidth: 0 } }, async (bed) => {
    await bed.engine.ready()
    await bed.engine.upload(OBJECT, SOURCE)
    bed.engine.setLimits({ maxBandwidth: options.maxBandwidth })
    await use(bed)
  })
}

/** Waits until a transfer has moved so many bytes. */
async function untilMoved(
  transfer: { readonly progress: { readonly transferred: number } },
  bytes: number,
): Promise<void> {
  while (transfer.progress.transferred < bytes) await pause(1)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

describe.each([0, 3])('with %i workers, a bandwidth limit', (workers) => {
  const options = { workers, maxBandwidth: RATE }

  test('holds a download, a read and uploads from file and memory to it, each whole', async () => {
    await bedWith(options, async ({ engine, store, path }) => {
      expectPace(OBJECT.length, await secondsOf(() => engine.download(SOURCE, path('down'))))
      expect(differenceOf(await fileBytes(path('down')), OBJECT)).toBeUndefined()
      const up = await secondsOf(() => engine.upload(path('down'), `s3://${BUCKET}/file`))
      expectPace(OBJECT.length, up)
      expect(differenceOf(storedBytes(store, 'file'), OBJECT)).toBeUndefined()
      const memory = await secondsOf(() => engine.upload(OBJECT, `s3://${BUCKET}/memory`))
      expectPace(OBJECT.length, memory)
      expect(differenceOf(storedBytes(store, 'memory'), OBJECT)).toBeUndefined()
      let read: Uint8Array = OBJECT.subarray(1)
      const seconds = await secondsOf(async () => (read = await readAll(engine.read(SOURCE))))
      expectPace(OBJECT.length, seconds)
      expect(differenceOf(read, OBJECT)).toBeUndefined()
      expect(engine.stats().pool.heldBackMs).toBeGreaterThan(1000)
      expect(engine.stats().limits).toMatchObject({ maxBandwidth: RATE, maxRequestRate: 0 })
    })
  })

  test('is one for up and down together', async () => {
    await bedWith(options, async ({ engine, path }) => {
      const seconds = await secondsOf(() =>
        Promise.all([
          engine.download(SOURCE, path('down')),
          engine.upload(OBJECT, `s3://${BUCKET}/up`),
        ]),
      )
      expectPace(2 * OBJECT.length, seconds)
    })
  })

  test('counts small files, which go in one request each', async () => {
    await bedWith({ workers, maxBandwidth: 2 * MiB }, async ({ engine, path, file }) => {
      const bytes = testBytes(60_000)
      const names = Array.from({ length: 100 }, (_, index) => `small-${index}`)
      await Promise.all(names.map((name) => file(name, bytes)))
      const up = await secondsOf(() => Promise.all(names.map((name) => engine.upload(path(name)))))
      expectPace(100 * bytes.length, up, 2 * MiB)
      const down = await secondsOf(() =>
        Promise.all(
          names.map((name) => engine.download(`s3://${BUCKET}/${name}`, path(`${name}-down`))),
        ),
      )
      expectPace(100 * bytes.length, down, 2 * MiB)
    })
  })
})

describe('a limit that is changed while a transfer runs', () => {
  test('takes effect for what is under way, in both directions', async () => {
    await bedWith({ maxBandwidth: MiB }, async ({ engine, path }) => {
      const download = engine.download(SOURCE, path('down'))
      await untilMoved(download, 1)
      await pause(500)
      expect(download.progress.transferred).toBeLessThan(4 * MiB)
      engine.setLimits({ maxBandwidth: 1024 * MiB })
      await untilMoved(download, OBJECT.length / 2)
      engine.setLimits({ maxBandwidth: MiB })
      await pause(300)
      const before = download.progress.transferred
      const seconds = await secondsOf(() => pause(1500))
      const moved = download.progress.transferred - before
      expect(moved).toBeLessThanOrEqual(MiB * (seconds + AHEAD + 0.5))
      engine.setLimits({ maxBandwidth: 0 })
      await download
      expect(differenceOf(await fileBytes(path('down')), OBJECT)).toBeUndefined()
    })
  })

  test('is refused when it is none, and nothing changes', async () => {
    await withBed({ engine: { maxBandwidth: 5 * MiB, maxRequestRate: 9 } }, async ({ engine }) => {
      expect(() => engine.setLimits({ maxBandwidth: -1 })).toThrow('`maxBandwidth`')
      expect(() => engine.setLimits({ max_bandwidth: 1 } as object)).toThrow('`maxBandwidth`')
      const { limits } = engine.stats()
      expect(limits).toEqual({ maxBandwidth: 5 * MiB, maxRequestRate: 9, waiting: 0 })
    })
  })
})

describe('under a very low limit', () => {
  const LOW = { workers: 2, maxBandwidth: 64 * 1024, maxInFlight: 32 }
  const SHORT = { readTimeoutMs: 300, minThroughput: 16 * 1024, minThroughputWindowMs: 300 }

  test.each(['download', 'upload', 'read'] as const)(
    'nothing is cut for being slow, and an abort ends at once: %s',
    async (verb) => {
      await withBed({ engine: { ...LOW, ...SHORT } }, async (bed) => {
        const { engine, store } = bed
        const free = bed.another({ maxBandwidth: 0, ...quiet() })
        await free.upload(OBJECT, SOURCE)
        const retries: unknown[] = []
        engine.on('retry', (event) => retries.push(event.error.message))
        const before = store.requests.entries().length
        const end = startSlow(engine, verb, bed)
        await pause(4000)
        const { bytesReceived, heldBackMs, closed } = engine.stats().pool
        expect(heldBackMs).toBeGreaterThan(1000)
        expect(bytesReceived).toBeLessThan(64 * 1024 * 12)
        expect(retries).toEqual([])
        expect(closed.timeout).toBe(0)
        expect(store.requests.entries().length).toBeGreaterThan(before)
        const seconds = await secondsOf(end)
        expect(seconds).toBeLessThan(3)
      })
    },
  )
})

/** Time-outs as they are by default. */
function quiet(): EngineOptions {
  return { readTimeoutMs: 30_000, minThroughput: 0, minThroughputWindowMs: 20_000 }
}

/** Begins what cannot end soon; returns how to abort it. */
function startSlow(
  engine: TransferEngine,
  verb: 'download' | 'upload' | 'read',
  { path }: Bed,
): () => Promise<void> {
  if (verb === 'read') {
    const reader = engine.read(SOURCE)
    const first = reader.next().catch(() => undefined)
    return async () => {
      await engine.close()
      await first
    }
  }
  const transfer =
    verb === 'download'
      ? engine.download(SOURCE, path('never'))
      : engine.upload(OBJECT, `s3://${BUCKET}/never`)
  const failed = failureOf(transfer)
  return async () => {
    await transfer.abort()
    expect(await failed).toMatchObject({ code: 'ERR_ABORTED' })
  }
}

describe('a request rate', () => {
  test('holds requests of both planes to it, and may be changed while they wait', async () => {
    await withBed(
      { engine: { workers: 2, maxRequestRate: 20 } },
      async ({ engine, store, file }) => {
        const names = Array.from({ length: 60 }, (_, index) => `file-${index}`)
        const paths = await Promise.all(names.map((name) => file(name, testBytes(100))))
        await engine.ready()
        const before = store.requests.entries().length
        const startedAt = performance.now()
        const all = Promise.all(paths.map((path) => engine.upload(path)))
        await pause(1500)
        const waiting = engine.stats().limits.waiting
        const requests = store.requests.entries().length - before
        const seconds = (performance.now() - startedAt) / 1000
        expect(requests).toBeLessThanOrEqual(20 * (1.05 * seconds + 0.2) + 1)
        expect(requests).toBeGreaterThan(20 * seconds * 0.5)
        expect(waiting).toBeGreaterThan(0)
        engine.setLimits({ maxRequestRate: 0 })
        expect(await secondsOf(() => all)).toBeLessThan(5)
        expect(engine.stats().limits.waiting).toBe(0)
      },
    )
  })

  test('counts what the control plane asks as well', async () => {
    await withBed({ engine: { workers: 2, maxRequestRate: 4 } }, async ({ engine }) => {
      // Create, three parts, Complete, HEAD: the sixth cannot start before 1.25 s less the burst.
      const seconds = await secondsOf(() => engine.upload(testBytes(15 * MiB), `s3://${BUCKET}/x`))
      expect(seconds).toBeGreaterThan(1)
    })
  })

  test('does not hold up the removal of an upload, which has little time', async () => {
    await withBed({ engine: { workers: 1 } }, async ({ engine, store }) => {
      const transfer = engine.upload(testBytes(15 * MiB), `s3://${BUCKET}/removed`)
      const failed = failureOf(transfer)
      while (store.uploads().length === 0) await pause(1)
      // Whoever comes now would wait for minutes.
      engine.setLimits({ maxRequestRate: 1 })
      const others = Array.from({ length: 100 }, (_, index) =>
        engine.upload(testBytes(100), `s3://${BUCKET}/other-${index}`),
      )
      const rejections = others.map((other) => failureOf(other).catch(() => undefined))
      await pause(200)
      expect(await secondsOf(() => transfer.abort())).toBeLessThan(10)
      expect((await failed).context.leftBehind).toBeUndefined()
      expect(store.uploads()).toEqual([])
      await Promise.all(others.map((other) => other.abort()))
      await Promise.all(rejections)
    })
  })
})
