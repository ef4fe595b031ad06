import { afterEach, describe, expect, it } from 'vitest'
import type { Connection } from '../../../workers/connection.ts'
import type { ConnectionPool } from '../../../workers/connection-pool.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { get, getOnce, makePool, until, type PoolFixture } from './pool-fixture.ts'
import { failedOf, makeRunner, putJob, routeTo, sharedBytes } from './runner-fixture.ts'

const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function serve(): Promise<RawServer> {
  const server = await startRawServer({
    onRequest: ({ socket, target }) => {
      if (!target.endsWith('/silent')) socket.write(answer('200 OK', { etag: '"e"' }, ''))
    },
  })
  cleanUps.push(() => server.close())
  return server
}

interface TwoOrigins extends PoolFixture {
  readonly other: ConnectionPool
  /** Sockets that the two servers see. */
  sockets(): [number, number]
}

async function twoOrigins(options: Parameters<typeof makePool>[1]): Promise<TwoOrigins> {
  const [first, second] = [await serve(), await serve()]
  const fixture = makePool(first.origin, options)
  const other = fixture.another(second.origin)
  cleanUps.push(
    () => fixture.pool.close(),
    () => other.close(),
  )
  return { ...fixture, other, sockets: () => [first.sockets.size, second.sockets.size] }
}

/** Acquires and says so; the connection is used once, so that its socket stands. */
function waitFor(pool: ConnectionPool, name: string, served: string[]): Promise<Connection> {
  return pool.acquire().then(async (connection) => {
    served.push(name)
    await get(pool, connection)
    return connection
  })
}

describe('the limit over several origins', () => {
  it('is never exceeded, and everybody is served', async () => {
    const { pool, other, counters, sockets } = await twoOrigins({ maxConnections: 3 })
    let most = 0
    const work = Array.from({ length: 60 }, async (_, index) => {
      await getOnce(index % 3 === 0 ? other : pool)
      most = Math.max(most, counters().open)
    })
    await Promise.all(work)
    expect(most).toBe(3)
    const { open, opened, closed, requests, waiting } = counters()
    expect({ open, requests, waiting }).toEqual({ open: 3, requests: 60, waiting: 0 })
    expect(closed).toMatchObject({ total: opened - open, room: opened - open })
    await until(() => sockets()[0] + sockets()[1] === 3, 'the servers see no more')
  })

  it('closes few connections to open others while both origins are busy', async () => {
    const { pool, other, counters } = await twoOrigins({ maxConnections: 4 })
    await Promise.all(Array.from({ length: 400 }, (_, index) => getOnce(index % 2 ? pool : other)))
    expect(counters().requests).toBe(400)
    expect(counters().opened).toBeLessThanOrEqual(12)
  })

  it('lets the connection that idled longest make way, of whatever origin', async () => {
    const { pool, other, counters, sockets } = await twoOrigins({ maxConnections: 2 })
    const [older, newer] = [await pool.acquire(), await pool.acquire()]
    for (const connection of [older, newer]) {
      await get(pool, connection)
      await new Promise((resolve) => setTimeout(resolve, 5))
      pool.release(connection, true)
    }
    const third = await other.acquire()
    await get(other, third)
    expect([older.closed, newer.closed]).toEqual([true, false])
    expect(counters()).toMatchObject({ open: 2, idle: 1, closed: { total: 1, room: 1 } })
    await until(() => sockets().join() === '1,1', 'the servers see it')
    other.release(third, true)
  })

  it('serves those who wait in the order in which they came, over all origins', async () => {
    const { pool, other } = await twoOrigins({ maxConnections: 1 })
    const served: string[] = []
    let held = await waitFor(pool, 'first', served)
    let owner = pool
    const queue = [
      ['b1', other],
      ['a1', pool],
      ['b2', other],
      ['b3', other],
      ['a2', pool],
    ] as const
    const waiting = queue.map(([name, from]) => waitFor(from, name, served))
    for (const [index, next] of waiting.entries()) {
      owner.release(held, true)
      held = await next
      owner = queue[index]?.[1] ?? pool
    }
    owner.release(held, true)
    expect(served).toEqual(['first', 'b1', 'a1', 'b2', 'b3', 'a2'])
  })

  it('keeps a connection with its origin while that is wanted and both have their share', async () => {
    const { pool, other, counters } = await twoOrigins({ maxConnections: 4 })
    const served: string[] = []
    const mine = [await pool.acquire(), await pool.acquire()] as const
    const theirs = [await other.acquire(), await other.acquire()] as const
    const waiting = [
      waitFor(other, 'theirs', served),
      waitFor(pool, 'mine', served),
      waitFor(pool, 'mine too', served),
    ]
    pool.release(mine[0], true)
    expect(await waiting[1]).toBe(mine[0])
    other.release(theirs[0], true)
    expect(await waiting[0]).toBe(theirs[0])
    expect(counters().closed.total).toBe(0)
    // Nobody waits for the other origin any more: its next free connection makes way.
    other.release(theirs[1], true)
    await waiting[2]
    expect(theirs[1].closed).toBe(true)
    expect(served).toEqual(['mine', 'theirs', 'mine too'])
    expect(counters()).toMatchObject({ open: 4, waiting: 0, closed: { total: 1, room: 1 } })
  })

  it('opens nothing ahead at the cost of others', async () => {
    const { pool, other, counters } = await twoOrigins({ maxConnections: 3 })
    await pool.prewarm(2)
    await other.prewarm(2)
    expect([pool.size, other.size]).toEqual([2, 1])
    expect(counters()).toMatchObject({ open: 3, idle: 3, connecting: 0, closed: { total: 0 } })
  })
})

describe('waiting for a connection', () => {
  it('ends after `acquireTimeoutMs` in an error that names what to change', async () => {
    const { pool, counters } = await twoOrigins({ maxConnections: 2, acquireTimeoutMs: 60 })
    const held = [await pool.acquire(), await pool.acquire()] as const
    const startedAt = performance.now()
    const failure = await pool.acquire().catch((error: unknown) => error)
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(55)
    expect(failure).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', retryable: false })
    expect((failure as Error).message).toMatch(
      /2 connections .*60 ms.*`maxConnections` or `acquireTimeoutMs`/,
    )
    expect(counters()).toMatchObject({ waiting: 0, open: 2, acquireMs: { count: 3 } })
    pool.release(held[0], true)
    expect(await pool.acquire(), 'nobody is served who has gone').toBe(held[0])
  })

  it('does not end while it is shorter, and is measured', async () => {
    const { pool, counters } = await twoOrigins({ maxConnections: 1, acquireTimeoutMs: 10_000 })
    const held = await pool.acquire()
    const waiting = pool.acquire()
    await until(() => counters().waiting === 1, 'somebody waits')
    await new Promise((resolve) => setTimeout(resolve, 30))
    pool.release(held, true)
    expect(await waiting).toBe(held)
    const { acquireMs } = counters()
    expect(acquireMs.count).toBe(2)
    expect(acquireMs.sum).toBeGreaterThanOrEqual(25)
    expect(acquireMs.buckets.find(({ le }) => le === 20)?.count).toBe(1)
  })

  it('is over at once for a job that is cancelled, while others go on', async () => {
    const server = await serve()
    const { runner, counters } = makeRunner({ maxConnections: 1 })
    cleanUps.push(() => runner.close())
    const route = routeTo(server.origin)
    const source = { kind: 'memory' as const, buffer: sharedBytes(Buffer.alloc(10)), offset: 0 }
    const job = (key: string, transferId: number) => putJob({ key, transferId, source, length: 10 })
    const silent = runner.run({ route, jobs: [job('silent', 1)] })
    await until(() => server.requests.length === 1, 'the only connection is in use')
    const queued = runner.run({ route, jobs: [job('a', 2), job('b', 3)] })
    await until(() => counters().waiting === 2, 'both wait')
    runner.cancel(2)
    await until(() => counters().waiting === 1, 'one has left')
    runner.cancel(1)
    expect(failedOf((await silent)[0]).error.code).toBe('ERR_ABORTED')
    const [cancelled, done] = await queued
    expect(failedOf(cancelled).error.code).toBe('ERR_ABORTED')
    expect(done?.ok).toBe(true)
    expect(server.requests.map(({ target }) => target)).toEqual(['/bucket/silent', '/bucket/b'])
    expect(counters()).toMatchObject({ waiting: 0, closed: { total: 1, aborted: 1 } })
  })

  it('answers the job, when it took too long, with the error that says so', async () => {
    const server = await serve()
    const { runner } = makeRunner({ maxConnections: 1, acquireTimeoutMs: 50 })
    const source = { kind: 'memory' as const, buffer: sharedBytes(Buffer.alloc(10)), offset: 0 }
    const jobs = ['silent', 'a'].map((key) => putJob({ key, source, length: 10 }))
    const running = runner.run({ route: routeTo(server.origin), jobs }, (result, index) => {
      if (index === 1) runner.close()
      else expect(result.ok).toBe(false)
    })
    expect(failedOf((await running)[1]).error).toMatchObject({
      code: 'ERR_ACQUIRE_TIMEOUT',
      context: { key: 'a', origin: server.origin },
    })
  })
})
