import net, { type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { get, getOnce, makePool, until, type PoolFixture } from './pool-fixture.ts'

const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** A server that answers everything with its path, and stays quiet for `/silent`. */
async function echoServer(): Promise<RawServer> {
  const server = await startRawServer({
    onRequest: ({ socket, target }) => {
      if (target === '/silent') return
      if (target === '/close') socket.end(answer('200 OK', { connection: 'close' }, 'bye'))
      else socket.write(answer('200 OK', {}, target))
    },
  })
  cleanUps.push(() => server.close())
  return server
}

async function poolOf(
  overrides: Parameters<typeof makePool>[1] = {},
): Promise<PoolFixture & { readonly server: RawServer }> {
  const server = await echoServer()
  const fixture = makePool(server.origin, overrides)
  cleanUps.push(() => fixture.pool.close())
  return { ...fixture, server }
}

/** The clock and the sweep are the test's; sockets go on as they are. */
function fakeClock(): void {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
}

describe('setting up', () => {
  it('opens connections before the first request, which then pays for none', async () => {
    const { pool, counters, server } = await poolOf()
    await pool.prewarm(3)
    await until(() => server.accepted === 3, 'three connections stand')
    expect(counters()).toMatchObject({ open: 3, opened: 3, busy: 0, requests: 0 })
    await getOnce(pool)
    expect(server.accepted).toBe(3)
    expect(counters()).toMatchObject({ opened: 3, requests: 1, reused: 0 })
  })

  it('opens no more than may be open', async () => {
    const { pool, counters } = await poolOf({ maxConnections: 2 })
    await pool.prewarm(10)
    expect(counters()).toMatchObject({ open: 2, opened: 2 })
  })

  it('gets over an origin that refuses connections', async () => {
    const { pool, counters } = makePool(`http://127.0.0.1:${await closedPort()}`)
    await pool.prewarm(3)
    await until(() => counters().open === 0, 'all attempts are over')
    expect(counters()).toMatchObject({ open: 0, opened: 3, closed: { total: 3 } })
    await expect(getOnce(pool)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    pool.close()
  })
})

describe('acquiring', () => {
  it('hands out the connection that was used last', async () => {
    const { pool } = await poolOf()
    const [first, second, third] = await Promise.all([
      pool.acquire(),
      pool.acquire(),
      pool.acquire(),
    ])
    for (const connection of [second, third, first]) {
      await get(pool, connection)
      pool.release(connection, true)
    }
    expect(await pool.acquire()).toBe(first)
    expect(await pool.acquire()).toBe(third)
    expect(await pool.acquire()).toBe(second)
  })

  it('never opens more than allowed, and serves those who wait in their order', async () => {
    const { pool, counters, server } = await poolOf({ maxConnections: 2 })
    const served: number[] = []
    let most = 0
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const connection = await pool.acquire()
        served.push(index)
        most = Math.max(most, counters().open)
        await get(pool, connection, `/${index}`)
        pool.release(connection, true)
      }),
    )
    expect(served).toEqual(Array.from({ length: 20 }, (_, index) => index))
    expect(most).toBe(2)
    expect(server.accepted).toBe(2)
    expect(counters()).toMatchObject({ open: 2, busy: 0, opened: 2, requests: 20, reused: 18 })
  })

  it('gives one who waits a new connection when another is cut', async () => {
    const { pool, counters } = await poolOf({ maxConnections: 1 })
    const held = await pool.acquire()
    const waiting = pool.acquire()
    pool.release(held, false)
    const fresh = await waiting
    expect(fresh).not.toBe(held)
    expect(held.closed).toBe(true)
    expect((await get(pool, fresh, '/again')).text).toBe('/again')
    expect(counters()).toMatchObject({ open: 1, opened: 2, closed: { total: 1 } })
  })
})

describe('releasing', () => {
  it('cuts the connection of a failed exchange, so that the retry uses another', async () => {
    const { pool, counters, server } = await poolOf()
    const connection = await pool.acquire()
    const failing = get(pool, connection, '/silent')
    await until(() => server.requests.length === 1, 'the request has arrived')
    expect(counters().busy).toBe(1)
    connection.destroy(new Error('enough'))
    await expect(failing).rejects.toThrow('enough')
    pool.release(connection, false)
    expect((await getOnce(pool, '/retry')).text).toBe('/retry')
    expect(server.requests.map((request) => request.connection)).toEqual([0, 1])
    expect(counters()).toMatchObject({ open: 1, busy: 0, opened: 2, closed: { total: 1 } })
  })

  it('does not use a connection again that the server announced to close', async () => {
    const { pool, counters, server } = await poolOf()
    expect((await getOnce(pool, '/close')).text).toBe('bye')
    expect((await getOnce(pool, '/next')).text).toBe('/next')
    expect(server.accepted).toBe(2)
    await until(() => counters().closed.total === 1, 'the first is gone')
    expect(counters()).toMatchObject({ open: 1, busy: 0, reused: 0 })
  })

  it('forgets an idle connection that the server closes', async () => {
    const { pool, counters, server } = await poolOf()
    await getOnce(pool)
    for (const socket of server.sockets) socket.end()
    await until(() => counters().open === 0, 'the end was noticed')
    expect((await getOnce(pool, '/next')).text).toBe('/next')
    expect(counters()).toMatchObject({ open: 1, opened: 2, closed: { total: 1 }, reused: 0 })
  })
})

describe('maintaining', () => {
  it('closes what idled longer than `idleTimeoutMs`', async () => {
    fakeClock()
    const { pool, counters } = await poolOf({ idleTimeoutMs: 3500 })
    const [busy, idle] = await Promise.all([pool.acquire(), pool.acquire()])
    await get(pool, idle)
    pool.release(idle, true)
    vi.advanceTimersByTime(3000)
    expect(counters().open).toBe(2)
    vi.advanceTimersByTime(1000)
    expect(counters()).toMatchObject({ open: 1, closed: { total: 1 } })
    expect(idle.closed).toBe(true)
    expect(busy.closed).toBe(false)
    pool.release(busy, true)
  })

  it('keeps at most `maxIdleConnections`, those used last', async () => {
    fakeClock()
    const { pool, counters } = await poolOf({ maxIdleConnections: 1 })
    const all = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()])
    for (const connection of all) {
      await get(pool, connection)
      pool.release(connection, true)
    }
    vi.advanceTimersByTime(1000)
    expect(all.map((connection) => connection.closed)).toEqual([true, true, false])
    expect(counters().open).toBe(1)
  })

  it.each([
    ['earliest', 0, 8000],
    ['latest', 1, 12_000],
  ])('lets a connection age out within a fifth around its maximum: %s', async (_, dice, ageMs) => {
    fakeClock()
    vi.spyOn(Math, 'random').mockReturnValue(dice)
    const { pool, counters } = await poolOf({ connectionMaxAgeMs: 10_000, idleTimeoutMs: 60_000 })
    const [held, idle] = await Promise.all([pool.acquire(), pool.acquire()])
    for (const connection of [held, idle]) await get(pool, connection)
    pool.release(idle, true)
    vi.setSystemTime(Date.now() + ageMs - 1)
    expect(await pool.acquire(), 'still young enough').toBe(idle)
    pool.release(idle, true)
    vi.setSystemTime(Date.now() + 1)
    const next = await pool.acquire()
    expect(next, 'too old to be handed out').not.toBe(idle)
    pool.release(held, true)
    expect(held.closed, 'too old to be kept').toBe(true)
    expect(counters()).toMatchObject({ open: 1, opened: 3, closed: { total: 2 } })
  })

  it('keeps connections of any age when told so', async () => {
    fakeClock()
    const { pool } = await poolOf({ connectionMaxAgeMs: 0 })
    await getOnce(pool)
    const connection = await pool.acquire()
    vi.setSystemTime(Date.now() + 86_400_000)
    pool.release(connection, true)
    expect(connection.closed).toBe(false)
  })
})

describe('timeouts', () => {
  it('gives up a TLS handshake that does not end within `connectTimeoutMs`', async () => {
    const silent = await startRawServer({ onConnection: () => undefined })
    cleanUps.push(() => silent.close())
    const origin = silent.origin.replace('http:', 'https:')
    const { pool, counters } = makePool(origin, { connectTimeoutMs: 80 })
    const startedAt = performance.now()
    await expect(getOnce(pool)).rejects.toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' })
    const elapsedMs = performance.now() - startedAt
    expect(elapsedMs).toBeGreaterThanOrEqual(75)
    expect(elapsedMs).toBeLessThan(5000)
    expect(counters()).toMatchObject({ open: 0, busy: 0, closed: { total: 1 } })
    pool.close()
  })

  it('gives up an exchange in which nothing moves for `readTimeoutMs`', async () => {
    const { pool, counters } = await poolOf({ readTimeoutMs: 300 })
    await getOnce(pool)
    const startedAt = performance.now()
    await expect(getOnce(pool, '/silent')).rejects.toMatchObject({ code: 'ERR_READ_TIMEOUT' })
    const elapsedMs = performance.now() - startedAt
    expect(elapsedMs).toBeGreaterThanOrEqual(290)
    expect(elapsedMs).toBeLessThan(3000)
    expect(counters()).toMatchObject({ open: 0, busy: 0 })
  })

  it('gives up the first exchange of a connection just the same', async () => {
    const { pool } = await poolOf({ readTimeoutMs: 100 })
    await expect(getOnce(pool, '/silent')).rejects.toMatchObject({ code: 'ERR_READ_TIMEOUT' })
  })

  it('has patience with a body that comes slowly but steadily', async () => {
    const server = await startRawServer({ onRequest: ({ socket }) => void trickle(socket, 12, 40) })
    cleanUps.push(() => server.close())
    const { pool } = makePool(server.origin, { readTimeoutMs: 150 })
    const startedAt = performance.now()
    expect((await getOnce(pool)).text).toBe('x'.repeat(12))
    expect(performance.now() - startedAt).toBeGreaterThan(300)
    pool.close()
  })

  it('does not time out an idle connection by the read timeout', async () => {
    const { pool, counters } = await poolOf({ readTimeoutMs: 50 })
    await getOnce(pool)
    await new Promise((resolve) => setTimeout(resolve, 150))
    await getOnce(pool)
    expect(counters()).toMatchObject({ opened: 1, reused: 1 })
  })
})

describe('closing', () => {
  it('fails what is at work and what waits, and leaves no socket open', async () => {
    const { pool, counters, server } = await poolOf({ maxConnections: 2 })
    await getOnce(pool)
    const connection = await pool.acquire()
    const atWork = get(pool, connection, '/silent')
    const second = await pool.acquire()
    const waiting = pool.acquire()
    await until(() => server.requests.length === 2, 'the request has arrived')
    const outcomes = Promise.allSettled([atWork, waiting])
    pool.close()
    const [failed, refused] = await outcomes
    expect(failed.status).toBe('rejected')
    expect(refused).toMatchObject({ reason: { message: 'The connection pool is closed' } })
    await expect(pool.acquire()).rejects.toThrow('closed')
    pool.release(connection, false)
    pool.release(second, true)
    await until(() => server.sockets.size === 0, 'the server sees them gone')
    expect(counters()).toMatchObject({ open: 0, busy: 0 })
    expect(counters().closed.total).toBe(counters().opened)
  })
})

async function trickle(socket: Socket, count: number, everyMs: number): Promise<void> {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${count}\r\n\r\n`)
  for (let index = 0; index < count; index += 1) {
    await new Promise((resolve) => setTimeout(resolve, everyMs))
    socket.write('x')
  }
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}
