import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { SharedState } from '../../../src/pool/shared-state.ts'
import { Connection } from '../../../workers/connection.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { selfSigned } from '../../helpers/self-signed.ts'
import { getOnce, makeDialler, makePool, until } from './pool-fixture.ts'

const secure = selfSigned()
const servers: RawServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(options: Parameters<typeof startRawServer>[0]): Promise<RawServer> {
  const server = await startRawServer(options)
  servers.push(server)
  return server
}

describe('a connection', () => {
  it('holds one socket in its life and never opens a second', async () => {
    const server = await serve({ onRequest: ({ socket }) => socket.write(answer('200 OK')) })
    const connection = makeConnection(server)
    await dispatch(connection)
    for (const socket of server.sockets) socket.destroy()
    await until(() => connection.closed, 'the connection is closed')
    await expect(dispatch(connection)).rejects.toBeInstanceOf(Error)
    expect(server.accepted).toBe(1)
  })

  it('tells once that it is closed, whoever closed it', async () => {
    const server = await serve({ onConnection: () => undefined })
    const connection = makeConnection(server)
    let told = 0
    connection.onClosed = () => void (told += 1)
    await connection.settled
    expect(connection.usable).toBe(true)
    connection.destroy()
    connection.destroy()
    expect(connection.usable).toBe(false)
    await until(() => server.sockets.size === 0, 'the server sees it gone')
    expect(told).toBe(1)
  })

  it('fails the exchange at work with the error it is cut with', async () => {
    const server = await serve({ onRequest: () => undefined })
    const connection = makeConnection(server)
    const failing = dispatch(connection)
    const outcome = failing.catch((error: unknown) => error)
    await until(() => server.requests.length === 1, 'the request has arrived')
    connection.destroy(new Error('cut on purpose'))
    expect(await outcome).toMatchObject({ message: 'cut on purpose' })
  })
})

describe('TLS', () => {
  it('refuses a certificate that nobody vouches for', async () => {
    const server = await serve({ secure, onRequest: () => undefined })
    const { pool, counters } = makePool(server.origin)
    await expect(getOnce(pool)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    expect(server.requests).toEqual([])
    expect(counters().open).toBe(0)
    pool.close()
  })

  it.each([
    ['trusts the certificates it is given', { ca: secure.cert, rejectUnauthorized: true }],
    ['trusts everybody when told so', { rejectUnauthorized: false }],
  ])('%s', async (_, tls) => {
    const server = await serve({
      secure,
      onRequest: ({ socket }) => socket.write(answer('200 OK', {}, 'hello')),
    })
    const { pool } = makePool(server.origin, { tls })
    expect((await getOnce(pool)).text).toBe('hello')
    pool.close()
  })

  it('resumes the session of an earlier connection and speaks HTTP/1.1', async () => {
    const reused: boolean[] = []
    const server = await serve({
      secure,
      onRequest: ({ socket }) => {
        reused.push((socket as TLSSocket).isSessionReused())
        socket.end(answer('200 OK', { connection: 'close' }))
      },
    })
    const { pool } = makePool(server.origin, { tls: { ca: secure.cert, rejectUnauthorized: true } })
    await getOnce(pool)
    await getOnce(pool)
    expect(reused).toEqual([false, true])
    pool.close()
  })
})

function makeConnection(server: RawServer): Connection {
  return new Connection(server.origin, {
    readTimeoutMs: 5000,
    idleTimeoutMs: 5000,
    minThroughput: 0,
    minThroughputWindowMs: 20_000,
    dialler: makeDialler(),
    bandwidth: new SharedState(1).bandwidth,
  })
}

function dispatch(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.client.dispatch(
      { method: 'GET', path: '/', headers: [], body: null, reset: false },
      {
        onRequestStart: () => undefined,
        onResponseStart: () => undefined,
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      },
    )
  })
}
