/**
 * Why a connection was closed, as the counters tell it: each reason brought about over a real socket.
 */

import { afterEach, describe, expect, it } from 'vitest'
import { CLOSE_REASONS, type CloseReason } from '../../../src/pool/worker-counters.ts'
import { TransferError } from '../../../src/errors.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { get, getOnce, makePool, until, type PoolFixture } from './pool-fixture.ts'

const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function serve(): Promise<RawServer> {
  const server = await startRawServer({
    onRequest: ({ socket, target }) => {
      if (target === '/close') socket.end(answer('200 OK', { connection: 'close' }, 'bye'))
      else if (target === '/reset') socket.resetAndDestroy()
      else if (target !== '/silent') socket.write(answer('200 OK', {}, 'x'))
    },
  })
  cleanUps.push(() => server.close())
  return server
}

interface Scene {
  readonly options?: Parameters<typeof makePool>[1]
  /** Brings it about that one connection is closed, by `reason`. */
  readonly act: (fixture: PoolFixture, server: RawServer) => Promise<unknown>
}

/** A request that gets no answer, and fails when it is cut. */
async function silently({ pool }: PoolFixture, error?: Error): Promise<void> {
  const connection = await pool.acquire()
  const failing = get(pool, connection, '/silent').catch(() => undefined)
  if (error !== undefined) connection.destroy(error)
  await failing
  pool.release(connection, false)
}

async function twoIdle({ pool }: PoolFixture): Promise<void> {
  const both = [await pool.acquire(), await pool.acquire()]
  for (const connection of both) {
    await get(pool, connection)
    pool.release(connection, true)
  }
}

const SCENES: readonly (readonly [string, CloseReason, Scene])[] = [
  ['idled too long', 'idle', { options: { idleTimeoutMs: 40 }, act: ({ pool }) => getOnce(pool) }],
  [
    'is one idle connection too many',
    'surplus',
    { options: { maxIdleConnections: 1, idleTimeoutMs: 2000 }, act: twoIdle },
  ],
  [
    'is too old',
    'age',
    {
      options: { connectionMaxAgeMs: 20 },
      act: async ({ pool }) => {
        const connection = await pool.acquire()
        await get(pool, connection)
        await new Promise((resolve) => setTimeout(resolve, 30))
        pool.release(connection, true)
      },
    },
  ],
  [
    'makes way for another origin',
    'room',
    {
      options: { maxConnections: 1 },
      act: async ({ pool, another }) => {
        await getOnce(pool)
        const other = another((await serve()).origin)
        cleanUps.push(() => other.close())
        await getOnce(other)
      },
    },
  ],
  [
    'is ended by the server while idle',
    'server',
    {
      act: async ({ pool }, server) => {
        await getOnce(pool)
        for (const socket of server.sockets) socket.end()
      },
    },
  ],
  [
    'is reset by the server while idle',
    'server',
    {
      act: async ({ pool }, server) => {
        await getOnce(pool)
        for (const socket of server.sockets) socket.resetAndDestroy()
      },
    },
  ],
  [
    'is ended by the server before its first request',
    'server',
    {
      act: async ({ pool }, server) => {
        await pool.prewarm(1)
        await until(() => server.sockets.size === 1, 'the server has it')
        for (const socket of server.sockets) socket.end()
      },
    },
  ],
  [
    'was to be closed, the server said',
    'server',
    {
      act: async ({ pool }) => {
        const connection = await pool.acquire()
        await get(pool, connection, '/close')
        pool.release(connection, false, 'server')
      },
    },
  ],
  [
    'breaks under a request',
    'failed',
    { act: ({ pool }) => getOnce(pool, '/reset').catch(() => undefined) },
  ],
  [
    'cannot be opened',
    'failed',
    {
      act: async ({ pool }, server) => {
        await server.close()
        await getOnce(pool).catch(() => undefined)
      },
    },
  ],
  [
    'is silent for too long',
    'timeout',
    { options: { readTimeoutMs: 50 }, act: (fixture) => silently(fixture) },
  ],
  [
    'is cut by an abort',
    'aborted',
    { act: (fixture) => silently(fixture, new TransferError('ERR_ABORTED', 'enough')) },
  ],
  [
    'is open when all ends',
    'shutdown',
    {
      act: async ({ pool }) => {
        await getOnce(pool)
        pool.close()
      },
    },
  ],
]

describe('a connection that', () => {
  it.each(SCENES)('%s is counted as %s', async (_, reason, { options, act }) => {
    const server = await serve()
    const fixture = makePool(server.origin, options)
    cleanUps.push(() => fixture.pool.close())
    await act(fixture, server)
    await until(() => fixture.counters().closed.total === 1, 'one connection is closed')
    const { closed, open, opened } = fixture.counters()
    const expected = Object.fromEntries(CLOSE_REASONS.map((each) => [each, 0]))
    expect(closed).toEqual({ ...expected, total: 1, [reason]: 1 })
    expect(opened).toBe(open + 1)
  })
})

describe('the counters of connections', () => {
  it('tell what each is at', async () => {
    const server = await serve()
    const { pool, counters } = makePool(server.origin, { maxConnections: 2 })
    cleanUps.push(() => pool.close())
    const warming = pool.prewarm(2)
    expect(counters()).toMatchObject({ open: 2, connecting: 2, idle: 0, busy: 0 })
    await warming
    expect(counters()).toMatchObject({ open: 2, connecting: 0, idle: 2, busy: 0 })
    const connection = await pool.acquire()
    const answered = get(pool, connection)
    expect(counters()).toMatchObject({ open: 2, idle: 1, busy: 1, waiting: 0 })
    const [second, third] = [pool.acquire(), pool.acquire()]
    expect(counters()).toMatchObject({ open: 2, idle: 0, busy: 1, waiting: 1 })
    await answered
    pool.release(connection, true)
    pool.release(await third, true)
    pool.release(await second, true)
    expect(counters()).toMatchObject({ open: 2, idle: 2, busy: 0, waiting: 0, opened: 2 })
    pool.close()
    expect(counters()).toMatchObject({ open: 0, idle: 0, closed: { total: 2, shutdown: 2 } })
  })

  it('tell how long handshakes took, those that succeeded', async () => {
    const server = await serve()
    const { pool, counters, another } = makePool(server.origin)
    const silent = await startRawServer({ onConnection: () => undefined })
    cleanUps.push(
      () => pool.close(),
      () => silent.close(),
    )
    await pool.prewarm(2)
    const secure = another(silent.origin.replace('http:', 'https:'))
    const warming = secure.prewarm(1)
    secure.close()
    await warming
    const { handshakeMs, connecting, closed } = counters()
    expect(handshakeMs.count).toBe(2)
    expect(handshakeMs.sum).toBeGreaterThan(0)
    expect({ connecting, closed: closed.shutdown }).toEqual({ connecting: 0, closed: 1 })
  })
})
