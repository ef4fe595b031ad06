/**
 * The throughput watchdog over real sockets: the read time-out is far away in all of these.
 */

import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { exchange } from '../../../workers/exchange.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { selfSigned } from '../../helpers/self-signed.ts'
import { getOnce, makePool, until, type PoolFixture } from './pool-fixture.ts'

const KiB = 1024
const MiB = 1024 * KiB
const secure = selfSigned()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const WIRES = [
  ['plain', undefined],
  ['TLS', secure],
] as const

async function serve(options: Parameters<typeof startRawServer>[0]): Promise<RawServer> {
  const server = await startRawServer(options)
  cleanUps.push(() => server.close())
  return server
}

function poolTo(server: RawServer, minThroughput: number, windowMs: number): PoolFixture {
  const fixture = makePool(server.origin, {
    readTimeoutMs: 60_000,
    idleTimeoutMs: 60_000,
    minThroughput,
    minThroughputWindowMs: windowMs,
    tls: { ca: secure.cert, rejectUnauthorized: true },
  })
  cleanUps.push(() => fixture.pool.close())
  return fixture
}

/** Calls `step` every so often until the socket is gone. */
function steadily(socket: Socket, everyMs: number, step: () => void): void {
  const timer = setInterval(step, everyMs)
  socket.on('close', () => clearInterval(timer))
}

/** Reads a connection at a rate, which may be changed; answers when everything has come. */
function slowReader(length: number, pace: { bytesPerSecond: number }) {
  return (socket: Socket): void => {
    let left = length
    let isHead = true
    socket.on('readable', () => undefined)
    steadily(socket, 10, () => {
      const chunk = socket.read(
        Math.min(socket.readableLength, pace.bytesPerSecond / 100),
      ) as Buffer
      if (chunk === null) return
      left -= isHead ? chunk.length - (chunk.indexOf('\r\n\r\n') + 4) : chunk.length
      isHead = false
      if (left === 0) socket.write(answer('200 OK', {}, 'taken'))
    })
  }
}

async function put(fixture: PoolFixture, body: Uint8Array): Promise<string> {
  const { pool } = fixture
  const connection = await pool.acquire()
  const headers = ['content-length', String(body.length)]
  const request = { path: '/', headers }
  let isDone = false
  try {
    const { text } = await exchange(pool, connection, 'PUT', request, body, undefined)
    isDone = true
    return text
  } finally {
    pool.release(connection, isDone)
  }
}

describe.each(WIRES)('the throughput watchdog, %s', (_, wire) => {
  it('cuts an answer of which hardly anything comes, though no time-out sees it', async () => {
    const server = await serve({
      secure: wire,
      onRequest: ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')
        steadily(socket, 20, () => socket.write('x'))
      },
    })
    // Over TLS each of these bytes is a record, which has some twenty more on the wire.
    const fixture = poolTo(server, 8 * KiB, 200)
    const startedAt = performance.now()
    await expect(getOnce(fixture.pool)).rejects.toMatchObject({ code: 'ERR_TOO_SLOW' })
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(200)
    expect(fixture.counters()).toMatchObject({ open: 0, busy: 0, closed: { total: 1, timeout: 1 } })
    await until(() => server.sockets.size === 0, 'the socket is cut')
  })

  it('cuts a request of which hardly anything is taken', async () => {
    const pace = { bytesPerSecond: 100 }
    const server = await serve({ secure: wire, onConnection: slowReader(64 * MiB, pace) })
    const fixture = poolTo(server, KiB, 200)
    await expect(put(fixture, Buffer.alloc(64 * MiB))).rejects.toMatchObject({
      code: 'ERR_TOO_SLOW',
    })
    expect(fixture.counters()).toMatchObject({ open: 0, closed: { timeout: 1 } })
    // The end lies behind all that has not been read.
    pace.bytesPerSecond = Infinity
    await until(() => server.sockets.size === 0, 'the socket is cut')
  })

  it('leaves a slow answer alone that is fast enough', async () => {
    const server = await serve({
      secure: wire,
      onRequest: ({ socket }) => {
        let left = 50
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${left}\r\n\r\n`)
        steadily(socket, 20, () => {
          if (left > 0) socket.write('x')
          left -= 1
        })
      },
    })
    const { pool, counters } = poolTo(server, 10, 300)
    expect((await getOnce(pool)).text).toHaveLength(50)
    expect(counters()).toMatchObject({ open: 1, closed: { total: 0 } })
  })

  it('leaves a request alone that is taken slowly but fast enough', async () => {
    const length = 16 * MiB
    const pace = { bytesPerSecond: 5 * MiB }
    const server = await serve({ secure: wire, onConnection: slowReader(length, pace) })
    const fixture = poolTo(server, 64 * KiB, 500)
    expect(await put(fixture, Buffer.alloc(length))).toBe('taken')
    expect(fixture.counters()).toMatchObject({ open: 1, closed: { total: 0 } })
  })

  it('leaves alone who waits long for an answer, everything being sent', async () => {
    const server = await serve({
      secure: wire,
      onRequest: ({ socket }) => void setTimeout(() => socket.write(answer('200 OK')), 500),
    })
    const fixture = poolTo(server, MiB, 150)
    await put(fixture, Buffer.alloc(100))
    await getOnce(fixture.pool)
    expect(fixture.counters()).toMatchObject({ open: 1, reused: 1, closed: { total: 0 } })
  })

  it('leaves idle connections alone', async () => {
    const server = await serve({
      secure: wire,
      onRequest: ({ socket }) => void socket.write(answer('200 OK', {}, 'x')),
    })
    const { pool, counters } = poolTo(server, MiB, 100)
    await getOnce(pool)
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(counters()).toMatchObject({ open: 1, idle: 1, closed: { total: 0 } })
  })
})

describe('the throughput watchdog', () => {
  it('cuts a head that trickles in', async () => {
    const server = await serve({
      onRequest: ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nx-long: ')
        steadily(socket, 20, () => socket.write('x'))
      },
    })
    const { pool } = poolTo(server, KiB, 200)
    await expect(getOnce(pool)).rejects.toMatchObject({ code: 'ERR_TOO_SLOW' })
  })

  it('is off when told so', async () => {
    const server = await serve({
      onRequest: ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n')
        setTimeout(() => socket.write('x'), 600)
      },
    })
    const { pool } = poolTo(server, 0, 100)
    expect((await getOnce(pool)).text).toBe('x')
  })
})
