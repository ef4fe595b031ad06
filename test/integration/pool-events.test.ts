/**
 * The event `pool`: what workers tell of their connections, with threads and without.
 */

import { channel } from 'node:diagnostics_channel'
import type { PoolEvent, TransferEngine } from 'transfer-engine'
import { describe, expect, test } from 'vitest'
import { until } from '../helpers/failure.ts'
import { BUCKET, withBed } from '../helpers/test-bed.ts'

async function upload(engine: TransferEngine, count: number): Promise<void> {
  const uploads = Array.from({ length: count }, (_, index) =>
    engine.upload(Buffer.from(`body ${index}`), `s3://${BUCKET}/${index}`),
  )
  await Promise.all(uploads)
}

function count(events: readonly PoolEvent[], type: PoolEvent['type']): number {
  return events.filter((event) => event.type === type).length
}

describe.each([2, 0])('with %i workers, a listener', (workers) => {
  test('hears of each connection that is opened, stands and is closed, and why', async () => {
    const engineOptions = { workers, maxConnections: 2, maxInFlight: 16, idleTimeoutMs: 200 }
    await withBed({ engine: engineOptions }, async ({ engine, store }) => {
      const events: PoolEvent[] = []
      engine.on('pool', (event) => events.push(event))
      await upload(engine, 40)
      await until(() => engine.stats().pool.open === 0, 'idle connections are closed')
      const { pool, workers: rows } = engine.stats()
      await until(() => count(events, 'close') === pool.closed.total, 'they were told of')
      expect(count(events, 'open')).toBe(pool.opened)
      expect(count(events, 'ready')).toBe(pool.handshakeMs.count)
      expect(count(events, 'waited')).toBe(count(events, 'wait'))
      const ids = new Set(rows.map(({ threadId }) => threadId))
      for (const { type, workerId, origin, reason, elapsedMs, open } of events) {
        expect(ids).toContain(workerId)
        expect(origin).toBe(store.endpoint)
        expect(reason).toBe(type === 'close' ? 'idle' : undefined)
        expect(elapsedMs === undefined).toBe(type === 'open' || type === 'wait')
        expect(open).toBeLessThanOrEqual(2)
      }
    })
  })

  test('hears nothing before it came and after it left', async () => {
    const engineOptions = { workers, idleTimeoutMs: 100 }
    await withBed({ engine: engineOptions }, async ({ engine }) => {
      const events: PoolEvent[] = []
      const listener = (event: PoolEvent): void => void events.push(event)
      await upload(engine, 1)
      engine.on('pool', listener)
      await until(() => events.length > 0, 'the idle connection is closed')
      expect(events).toMatchObject([{ type: 'close', reason: 'idle', open: 0 }])
      engine.off('pool', listener)
      await upload(engine, 1)
      await until(() => engine.stats().pool.closed.total === 2, 'the second is closed')
      expect(events).toHaveLength(1)
    })
  })

  test('on the diagnostics channel hears the same from the next request on', async () => {
    await withBed({ engine: { workers } }, async ({ engine }) => {
      const heard: unknown[] = []
      const listener = (message: unknown): unknown => heard.push(message)
      await engine.ready()
      channel('transfer-engine:pool').subscribe(listener)
      try {
        await upload(engine, 1)
        await until(() => heard.length >= 2, 'both events have come')
      } finally {
        channel('transfer-engine:pool').unsubscribe(listener)
      }
      expect(heard).toMatchObject([
        { type: 'open', open: 1 },
        { type: 'ready', open: 1 },
      ])
    })
  })
})

test('without threads, the end of the engine tells of the connections it closed', async () => {
  await withBed({ engine: { workers: 0 } }, async ({ engine }) => {
    const events: PoolEvent[] = []
    engine.on('pool', (event) => events.push(event))
    await upload(engine, 1)
    await engine.close()
    expect(events.at(-1)).toMatchObject({ type: 'close', reason: 'shutdown', open: 0 })
  })
})
