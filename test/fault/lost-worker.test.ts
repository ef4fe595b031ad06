import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runScript } from '../helpers/child-script.ts'
import { failureOf, until } from '../helpers/failure.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import {
  BUCKET,
  engineOptions,
  fileBytes,
  MiB,
  readAll,
  storedBytes,
  storedKeys,
  withBed,
} from '../helpers/test-bed.ts'

const LARGE = testBytes(22 * MiB)
const OBJECT = `s3://${BUCKET}/object`

/** Threads started in this process; Node tells of each. */
let threads: Worker[] = []
const onWorker = (worker: Worker): unknown => threads.push(worker)

beforeEach(() => {
  threads = []
  process.on('worker', onWorker)
})
afterEach(() => {
  process.off('worker', onWorker)
})

async function killAll(): Promise<void> {
  await Promise.all(threads.splice(0).map((thread) => thread.terminate()))
}

describe('a thread that is killed', () => {
  test('while parts go up is replaced, and its parts are sent again', async () => {
    await withBed({}, async ({ engine, store, file }) => {
      store.faults.add({
        match: { operation: 'UploadPart' },
        fault: { kind: 'delay', ms: 150, at: 'before-operation' },
      })
      const retries: string[] = []
      const parts: number[] = []
      engine.on('retry', ({ error }) => retries.push(error.code))
      engine.on('part', ({ partNumber }) => parts.push(partNumber))
      const transfer = engine.upload(await file('source', LARGE), OBJECT)
      await until(() => store.requests.entries({ operation: 'UploadPart' }).length >= 2, 'parts go')
      await killAll()
      const result = await transfer
      expect(result).toMatchObject({ verified: 'checksum', parts: 5 })
      expect(retries.length).toBeGreaterThan(0)
      expect(new Set(retries)).toEqual(new Set(['ERR_WORKER_LOST']))
      // Each lost part is done again once, and counted once.
      expect(result.attempts).toBe(5 + retries.length)
      expect(parts.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5])
      expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
      expect(engine.stats().pool.busy).toBe(0)
    })
  })

  test('while bytes of a stream go up finds them where they were', async () => {
    await withBed({}, async ({ engine, store }) => {
      store.faults.add({
        match: { operation: 'UploadPart' },
        fault: { kind: 'delay', ms: 150, at: 'before-operation' },
      })
      const transfer = engine.upload(LARGE, OBJECT)
      await until(() => store.requests.entries({ operation: 'UploadPart' }).length >= 2, 'parts go')
      await killAll()
      expect((await transfer).verified).toBe('checksum')
      expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
    })
  })

  test('while ranges come down is replaced, for a file and for a stream', async () => {
    await withBed({}, async ({ engine, store, path }) => {
      await engine.upload(LARGE, OBJECT)
      store.faults.add({
        match: { operation: 'GetObject' },
        fault: { kind: 'stall-response', afterBytes: 1 * MiB, ms: 300 },
      })
      const transfer = engine.download(OBJECT, path('copy'))
      await until(() => transfer.progress.transferred > MiB, 'bytes arrive')
      await killAll()
      expect((await transfer).verified).toBe('checksum')
      expect(differenceOf(await fileBytes(path('copy')), LARGE)).toBeUndefined()

      store.requests.clear()
      const read = readAll(engine.read(OBJECT))
      await until(() => store.requests.entries({ operation: 'GetObject' }).length > 1, 'bytes go')
      await killAll()
      expect(differenceOf(await read, LARGE)).toBeUndefined()
    })
  })

  test('again and again ends the transfer with its own code, and cleanly', async () => {
    await withBed({}, async ({ engine, store }) => {
      store.faults.add({
        match: { operation: 'UploadPart' },
        fault: { kind: 'delay', ms: 5000, at: 'before-operation' },
      })
      const killer = setInterval(() => {
        const isAtWork = store.requests
          .entries({ operation: 'UploadPart' })
          .some((entry) => entry.outcome === undefined)
        if (isAtWork) void killAll()
      }, 50)
      const error = await failureOf(engine.upload(LARGE, OBJECT)).finally(() =>
        clearInterval(killer),
      )
      // Two more attempts would have been left to other failures.
      expect(error).toMatchObject({ code: 'ERR_WORKER_LOST', context: { attempt: 3 } })
      expect(error.message).toContain('3 threads ended with this part in hand')
      expect(store.uploads()).toEqual([])
      expect(storedKeys(store)).toEqual([])
      store.faults.clear()
      expect((await engine.upload(LARGE, OBJECT)).verified).toBe('checksum')
    })
  })

  test('is missed only by those it has not answered, of all the small files in its tasks', async () => {
    await withBed({ engine: { workers: 1 } }, async ({ engine, store, file }) => {
      store.faults.add({
        match: { operation: 'PutObject', key: 'slow' },
        fault: { kind: 'delay', ms: 2000, at: 'before-operation' },
        times: 1,
      })
      const names = [...Array.from({ length: 40 }, (_, index) => `file-${index}`), 'slow']
      const paths = await Promise.all(names.map((name) => file(name, testBytes(1000))))
      const transfers = paths.map((path) => engine.upload(path))
      const quick = await Promise.all(transfers.slice(0, 40))
      expect(
        quick.map(({ attempts }) => attempts),
        'none waited for the slow one',
      ).toEqual(quick.map(() => 1))
      await killAll()
      expect(await transfers[40]).toMatchObject({ attempts: 2, verified: 'checksum' })
      expect(store.requests.entries({ operation: 'PutObject' })).toHaveLength(42)
    })
  })

  test('while idle is not missed', async () => {
    await withBed({}, async ({ engine }) => {
      await engine.upload(Buffer.from('x'), OBJECT)
      await killAll()
      expect((await engine.upload(LARGE, OBJECT)).verified).toBe('checksum')
    })
  })
})

describe('a thread that ends by itself', () => {
  test.each([
    ['with an exception nobody caught', 'setTimeout(() => { throw new Error("bad luck") }, 200)'],
    ['by process.exit, before it is ready', 'process.exit(3)'],
    ['by process.exit, at work', 'setTimeout(() => process.exit(3), 200)'],
    [
      'out of memory',
      'setTimeout(() => { const all = []; for (;;) all.push(new Array(1e5).fill(0.5)) }, 200)',
    ],
  ])('%s does not take the process along', async (_, misfortune) => {
    await withBed({}, async ({ store }) => {
      store.faults.add({
        match: { operation: 'UploadPart' },
        fault: { kind: 'delay', ms: 600, at: 'before-operation' },
        times: 5,
      })
      // Code loaded into every thread ahead of ours; only the first thread has the misfortune.
      const preload = `data:text/javascript,${encodeURIComponent(
        `import { isMainThread, threadId } from 'node:worker_threads'
         if (!isMainThread && threadId === 1) { ${misfortune} }`,
      )}`
      const result = await runScript(
        `const engine = new TransferEngine(options)
         let lost = 0
         engine.on('retry', ({ error }) => { if (error.code === 'ERR_WORKER_LOST') lost += 1 })
         const { verified } = await engine.upload(Buffer.alloc(${12 * MiB}, 7), '${OBJECT}')
         await engine.close()
         console.log(verified, lost > 0)`,
        {
          engine: engineOptions(store, { workers: 1 }),
          nodeArguments: ['--max-old-space-size=128', '--import', preload],
        },
      )
      expect(result).toMatchObject({ code: 0, stdout: 'checksum true\n' })
      expect(storedBytes(store, 'object').equals(Buffer.alloc(12 * MiB, 7))).toBe(true)
    })
  })
})

describe('a thread that hangs', () => {
  test('is ended after `workerTimeoutMs`, and its parts are sent again', async () => {
    await withBed({}, async ({ store }) => {
      const preload = `data:text/javascript,${encodeURIComponent(
        `import { isMainThread, threadId } from 'node:worker_threads'
         if (!isMainThread && threadId === 1) setTimeout(() => { for (;;); }, 300)`,
      )}`
      // Held until the thread hangs for certain.
      store.faults.add({
        match: { operation: 'UploadPart', partNumber: 2 },
        fault: { kind: 'delay', ms: 1500, at: 'before-operation' },
        times: 1,
      })
      const result = await runScript(
        `const engine = new TransferEngine(options)
         const lost = []
         engine.on('retry', ({ error }) => lost.push(error.code))
         const { verified } = await engine.upload(Buffer.alloc(${12 * MiB}, 7), '${OBJECT}')
         await engine.close()
         console.log(verified, [...new Set(lost)].join())`,
        {
          engine: engineOptions(store, { workers: 1, workerTimeoutMs: 2000 }),
          nodeArguments: ['--import', preload],
        },
      )
      expect(result).toMatchObject({ code: 0, stdout: 'checksum ERR_WORKER_LOST\n' })
      expect(storedBytes(store, 'object').equals(Buffer.alloc(12 * MiB, 7))).toBe(true)
    })
  })
})
