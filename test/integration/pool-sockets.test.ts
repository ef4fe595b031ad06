/**
 * The pool of the whole engine, watched at the sockets of the store.
 */

import { describe, expect, test } from 'vitest'
import type { EngineStats, TransferEngine } from 'transfer-engine'
import { failureOf, until, wait } from '../helpers/failure.ts'
import { selfSigned } from '../helpers/self-signed.ts'
import { BUCKET, withBed } from '../helpers/test-bed.ts'

const OBJECT = `s3://${BUCKET}/object`
const tls = selfSigned()

async function uploadMany(engine: TransferEngine, count: number): Promise<void> {
  const uploads = Array.from({ length: count }, (_, index) =>
    engine.upload(Buffer.from(`body ${index}`), `s3://${BUCKET}/many/${index}`),
  )
  await Promise.all(uploads)
}

/** What must hold of any statistics of a pool. */
function expectConsistent({ pool, workers }: EngineStats): void {
  for (const { open, opened, closed, busy, idle, requests, reused } of [pool, ...workers]) {
    const { total, ...reasons } = closed
    expect(Object.values(reasons).reduce((sum, count) => sum + count, 0)).toBe(total)
    expect(opened - total).toBe(open)
    expect(busy + idle).toBeLessThanOrEqual(open)
    expect(requests - reused).toBeLessThanOrEqual(opened)
  }
}

describe('connections opened ahead', () => {
  test.each([
    ['plain', 2, undefined],
    ['TLS', 2, tls],
    ['TLS, in the calling thread', 0, tls],
  ])('stand after ready(), and the first transfer opens none: %s', async (_, workers, wire) => {
    const engineOptions = { workers, prewarmConnections: 3, tlsCa: tls.cert }
    const store = wire === undefined ? {} : { tls: wire }
    await withBed({ store, engine: engineOptions }, async ({ engine, store }) => {
      const count = 3 * Math.max(1, workers)
      await engine.ready()
      // A plain connection stands before the server has had time to accept it.
      await until(() => store.connections.total === count, 'the store has accepted them')
      expect(store.connections.open).toBe(count)
      const { pool } = engine.stats()
      expect(pool).toMatchObject({ open: count, idle: count, connecting: 0, requests: 0 })
      expect(pool.handshakeMs.count).toBe(count)
      await engine.upload(Buffer.from('x'), OBJECT)
      expect(store.connections.total).toBe(count)
      expect(engine.stats().pool).toMatchObject({ opened: count, requests: 1, reused: 0 })
    })
  })
})

describe('the connections of all workers together', () => {
  test('never exceed `maxConnections`, and few are opened for a thousand parts', async () => {
    await withBed({ engine: { maxConnections: 8, maxInFlight: 8 } }, async ({ engine, store }) => {
      let most = 0
      engine.on('part', () => (most = Math.max(most, store.connections.open)))
      await uploadMany(engine, 1000)
      expect(most).toBeGreaterThan(0)
      expect(most).toBeLessThanOrEqual(8)
      const stats = engine.stats()
      expectConsistent(stats)
      expect(stats.pool).toMatchObject({ requests: 1000, failed: 0, busy: 0, waiting: 0 })
      expect(stats.pool.opened).toBeLessThanOrEqual(8)
      expect(store.connections.total).toBe(stats.pool.opened)
      expect(stats.pool.acquireMs.count).toBe(1000)
      expect(JSON.parse(JSON.stringify(stats))).toEqual(stats)
    })
  })

  test('are not waited for longer than `acquireTimeoutMs`', async () => {
    // Each of the two threads has one connection; one of the threads gets two of the requests.
    const engineOptions = { maxConnections: 3, maxInFlight: 3, acquireTimeoutMs: 200 }
    await withBed({ engine: engineOptions }, async ({ engine, store }) => {
      const retries: unknown[] = []
      engine.on('retry', (event) => retries.push(event))
      store.faults.add({ fault: { kind: 'delay', ms: 1500 }, times: 3 })
      const uploads = Array.from({ length: 3 }, (_, index) =>
        engine.upload(Buffer.from('x'), `s3://${BUCKET}/${index}`),
      )
      const outcomes = await Promise.allSettled(uploads)
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
      expect(failed.length).toBeGreaterThanOrEqual(1)
      for (const { reason } of failed as readonly PromiseRejectedResult[]) {
        expect(reason).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', retryable: false })
        expect((reason as Error).message).toContain('`maxConnections`')
      }
      expect(retries, 'what a new setting must mend is not tried again').toEqual([])
      expect(engine.stats().pool).toMatchObject({ waiting: 0, failed: failed.length })
    })
  })
})

describe('a connection', () => {
  test('on which a request failed is destroyed, and the retry uses another', async () => {
    await withBed({ engine: { workers: 1 } }, async ({ engine, store }) => {
      await engine.upload(Buffer.from('first'), OBJECT)
      store.faults.add({ fault: { kind: 'answer', status: 503 }, times: 1 })
      await engine.upload(Buffer.from('second'), OBJECT)
      const [first, failed, retry] = store.requests.entries()
      expect([first?.status, failed?.status, retry?.status]).toEqual([200, 503, 200])
      expect(failed?.connection).toBe(first?.connection)
      expect(retry?.connection).not.toBe(failed?.connection)
      const stats = engine.stats()
      expectConsistent(stats)
      expect(stats.pool).toMatchObject({ open: 1, opened: 2, closed: { total: 1, failed: 1 } })
    })
  })

  test('that grew old ends without a failed request', async () => {
    const engineOptions = { workers: 1, connectionMaxAgeMs: 100, maxConnections: 4 }
    await withBed({ engine: engineOptions }, async ({ engine, store }) => {
      const retries: unknown[] = []
      engine.on('retry', (event) => retries.push(event))
      for (let round = 0; round < 10; round += 1) {
        await uploadMany(engine, 20)
        await wait(30)
      }
      expect(retries).toEqual([])
      const stats = engine.stats()
      expectConsistent(stats)
      expect(stats.pool.failed).toBe(0)
      expect(stats.pool.closed.age).toBeGreaterThan(0)
      expect(stats.pool.closed.total).toBe(stats.pool.closed.age)
      expect(store.connections.total).toBe(stats.pool.opened)
    })
  })

  test('that is too slow is cut, and its request tried again', async () => {
    const engineOptions = { workers: 1, minThroughput: 65_536, minThroughputWindowMs: 200 }
    await withBed({ engine: engineOptions }, async ({ engine, store, path }) => {
      await engine.upload(Buffer.alloc(1_000_000, 'x'), OBJECT)
      const retries: string[] = []
      engine.on('retry', ({ error }) => retries.push(error.code))
      store.faults.add({
        match: { operation: 'GetObject' },
        fault: { kind: 'throttle', bytesPerSecond: 2000 },
        times: 1,
      })
      await engine.download(OBJECT, path('copy'))
      expect(retries).toEqual(['ERR_TOO_SLOW'])
      expect(engine.stats().pool.closed).toMatchObject({ total: 1, timeout: 1 })
    })
  })

  test('lost with its thread counts as closed', async () => {
    await withBed({ engine: { workers: 1 } }, async ({ engine }) => {
      await engine.upload(Buffer.from('x'), OBJECT)
      expect(engine.stats().pool).toMatchObject({ open: 1, closed: { total: 0 } })
      await engine.close()
      expect((await failureOf(engine.upload(Buffer.from('x'), OBJECT))).code).toBe('ERR_CLOSED')
      const stats = engine.stats()
      expectConsistent(stats)
      expect(stats.pool).toMatchObject({ open: 0, closed: { total: 1, shutdown: 1 } })
    })
  })
})
