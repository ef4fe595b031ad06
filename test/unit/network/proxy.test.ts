/**
 * Connections of a pool through a proxy, over real sockets.
 */

import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { findProxies } from '../../../src/network/proxy-rules.ts'
import {
  startConnectProxy,
  type ConnectProxy,
  type ConnectProxyOptions,
} from '../../helpers/connect-proxy.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { certificateAuthority } from '../../helpers/self-signed.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
import { get, getOnce, makePool, until, type PoolFixture } from '../workers/pool-fixture.ts'

const { ca, server: identity, client } = certificateAuthority()
const LARGE = testBytes(3_000_000)
const CREDENTIALS = 'user:canary'
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function serve(isSecure: boolean, mutual = false): Promise<RawServer> {
  const server = await startRawServer({
    secure: isSecure ? { ...identity, ca, requestCert: mutual } : undefined,
    onRequest: ({ socket, target }) =>
      socket.write(answer('200 OK', {}, target.endsWith('/large') ? LARGE : 'hello')),
  })
  cleanUps.push(() => server.close())
  return server
}

async function proxyWith(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(options)
  cleanUps.push(() => proxy.close())
  return proxy
}

function poolThrough(
  proxy: string,
  origin: string,
  overrides: Parameters<typeof makePool>[1] = {},
): PoolFixture {
  const { proxies, authorization } = findProxies(proxy, {})
  const fixture = makePool(origin, {
    tls: { ca, rejectUnauthorized: true },
    proxies,
    secrets: { proxyAuthorization: authorization },
    ...overrides,
  })
  cleanUps.push(() => fixture.pool.close())
  return fixture
}

function withCredentials(url: string, credentials = CREDENTIALS): string {
  return url.replace('://', `://${credentials}@`)
}

const WIRES = [
  ['https through http', true, undefined],
  ['https through https', true, identity],
  ['http through http', false, undefined],
  ['http through https', false, identity],
] as const

describe.each(WIRES)('a proxy: %s', (_, isSecure, secure) => {
  it('is gone through by all requests of a connection, which is reused', async () => {
    const server = await serve(isSecure)
    const proxy = await proxyWith({ secure })
    const { pool, counters } = poolThrough(proxy.url, server.origin)
    for (let request = 0; request < 3; request += 1) {
      expect((await getOnce(pool, '/small')).text).toBe('hello')
    }
    expect(proxy.accepted).toBe(1)
    expect(server.requests).toHaveLength(3)
    expect(counters()).toMatchObject({ open: 1, opened: 1, requests: 3, reused: 2 })
    const { host } = new URL(server.origin)
    expect(proxy.requests.map(({ method, target }) => `${method} ${target}`)).toEqual(
      isSecure ? [`CONNECT ${host}`] : Array(3).fill(`GET ${server.origin}/small`),
    )
    expect(server.requests[0]?.target).toBe('/small')
  })

  it('lets a large answer come whole into memory of ours', async () => {
    const server = await serve(isSecure)
    const proxy = await proxyWith({ secure })
    const { pool } = poolThrough(proxy.url, server.origin)
    for (let round = 0; round < 2; round += 1) {
      const received: Buffer[] = []
      const connection = await pool.acquire()
      await get(pool, connection, '/large', {
        accept: () => true,
        write: (chunk) => received.push(Buffer.from(chunk)),
      })
      expect(connection.bypass.passed, 'led around undici').toBe(LARGE.length)
      pool.release(connection, true)
      expect(Buffer.concat(received).equals(LARGE)).toBe(true)
    }
    expect(proxy.accepted).toBe(1)
  })

  it('is told its credentials, and the server is not', async () => {
    const server = await serve(isSecure)
    const proxy = await proxyWith({ secure, credentials: CREDENTIALS })
    const { pool } = poolThrough(withCredentials(proxy.url), server.origin)
    await getOnce(pool)
    expect(proxy.requests[0]?.headers['proxy-authorization']).toBe(`Basic ${btoa(CREDENTIALS)}`)
    expect(server.requests[0]?.headers).not.toHaveProperty('proxy-authorization')
  })

  it('has connections that are opened ahead, and closed when they have idled', async () => {
    const server = await serve(isSecure)
    const proxy = await proxyWith({ secure })
    const { pool, counters } = poolThrough(proxy.url, server.origin, { idleTimeoutMs: 500 })
    await pool.prewarm(3)
    expect(counters()).toMatchObject({ open: 3, idle: 3, handshakeMs: { count: 3 } })
    await until(() => proxy.accepted === 3, 'the proxy has them')
    if (isSecure) await until(() => server.accepted === 3, 'the handshakes are done')
    await until(() => proxy.sockets.size === 0, 'all are closed')
    expect(counters()).toMatchObject({ open: 0, closed: { idle: 3 } })
  })

  it('has connections that are cut when they hardly move, and none beyond its age', async () => {
    const server = await startRawServer({
      secure: isSecure ? identity : undefined,
      onRequest: ({ socket, target }) => {
        if (target !== '/trickle') {
          socket.write(answer('200 OK'))
          return
        }
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n')
        const timer = setInterval(() => socket.write('x'), 20)
        socket.on('close', () => clearInterval(timer))
      },
    })
    cleanUps.push(() => server.close())
    const proxy = await proxyWith({ secure })
    const { pool, counters } = poolThrough(proxy.url, server.origin, {
      minThroughput: 65_536,
      minThroughputWindowMs: 200,
      connectionMaxAgeMs: 100,
    })
    await expect(getOnce(pool, '/trickle')).rejects.toMatchObject({ code: 'ERR_TOO_SLOW' })
    expect(counters().closed).toMatchObject({ total: 1, timeout: 1 })
    await getOnce(pool)
    await until(() => counters().closed.age === 1, 'the second has grown old')
    await until(() => proxy.sockets.size === 0, 'nothing is left open')
  })
})

describe('a proxy that forwards requests', () => {
  it('and wants credentials answers like a store', async () => {
    const server = await serve(false)
    const proxy = await proxyWith({ credentials: CREDENTIALS })
    const { pool } = poolThrough(proxy.url, server.origin)
    expect((await getOnce(pool)).status).toBe(407)
    expect(server.accepted).toBe(0)
  })
})

describe('a tunnel', () => {
  it('carries TLS to the server: its name is checked, and the proxy sees no request', async () => {
    const server = await serve(true)
    const proxy = await proxyWith({ upstreamPort: server.port })
    const { pool } = poolThrough(proxy.url, 'https://other.example.com')
    await expect(getOnce(pool)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    expect(server.requests).toEqual([])
    const { pool: right } = poolThrough(proxy.url, 'https://localhost')
    expect((await getOnce(right)).text).toBe('hello')
    expect(proxy.requests.map(({ target }) => target)).toEqual([
      'other.example.com:443',
      'localhost:443',
    ])
  })

  it('shows the client certificate to the server', async () => {
    const server = await serve(true, true)
    const proxy = await proxyWith()
    const { pool } = poolThrough(proxy.url, server.origin, {
      tls: { ca, cert: client.cert, rejectUnauthorized: true },
      secrets: { key: client.key },
    })
    await getOnce(pool)
  })

  it('to an IPv6 address has brackets', async () => {
    const server = await serve(true)
    const proxy = await proxyWith({ upstreamPort: server.port })
    const { pool } = poolThrough(proxy.url, 'https://[::1]:9000')
    await getOnce(pool).catch(() => undefined)
    expect(proxy.requests[0]?.target).toBe('[::1]:9000')
  })

  it.each<[string, string, object]>([
    ['407 without credentials', 'HTTP/1.1 407 No\r\n\r\n', { code: 'ERR_PROXY', message: 'wants' }],
    ['403', 'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n', { code: 'ERR_PROXY', message: '403' }],
    ['405', 'HTTP/1.0 405 No\r\n\r\n', { code: 'ERR_PROXY', message: '405' }],
    ['502', 'HTTP/1.1 502 No\r\n\r\n', { code: 'ERR_CONNECT', message: '502' }],
    ['503', 'HTTP/1.1 503 No\r\n\r\n', { code: 'ERR_CONNECT', message: '503' }],
    ['429', 'HTTP/1.1 429 No\r\n\r\n', { code: 'ERR_CONNECT', message: '429' }],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n', { code: 'ERR_PROXY', message: 'does not speak HTTP' }],
    ['no status', 'HTTP/1.1 what\r\n\r\n', { code: 'ERR_PROXY', message: 'does not speak HTTP' }],
    ['no end', `HTTP/1.1 200 OK\r\n${'a'.repeat(20_000)}`, { code: 'ERR_PROXY', message: 'HTTP' }],
    ['too much', 'HTTP/1.1 200 OK\r\n\r\nsurprise', { code: 'ERR_PROXY', message: 'more than' }],
    ['a cut head', 'HTTP/1.1 200 O', { code: 'ECONNRESET', message: 'without an answer' }],
    ['nothing', '', { code: 'ECONNRESET', message: 'without an answer' }],
  ])('that the proxy answers with %s comes to nothing', async (_, said, expected) => {
    const proxy = await proxyWith({ onConnect: (socket: Socket) => socket.end(said) })
    const { pool, counters } = poolThrough(proxy.url, 'https://store.example.com')
    const error: unknown = await getOnce(pool).catch((thrown: unknown) => thrown)
    const { code, message } = expected as { readonly code: string; readonly message: string }
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(String(error)).toContain(proxy.url)
    await until(() => proxy.sockets.size === 0, 'nothing is left open')
    expect(counters()).toMatchObject({ open: 0, connecting: 0, closed: { total: 1, failed: 1 } })
  })

  it('refused for wrong credentials does not show them', async () => {
    const proxy = await proxyWith({ credentials: 'user:other' })
    const { pool } = poolThrough(withCredentials(proxy.url), 'https://store.example.com')
    const error = (await getOnce(pool).catch((thrown: unknown) => thrown)) as Error
    expect(error).toMatchObject({ code: 'ERR_PROXY' })
    expect(error.message).toContain('does not take these credentials')
    expect(error.message).not.toMatch(/canary|user/)
  })

  it.each(['CONNECT', 'handshake'])('counts its %s towards the connect time-out', async (step) => {
    const proxy = await proxyWith({
      onConnect: (socket) => {
        if (step === 'handshake') socket.write('HTTP/1.1 200 OK\r\n\r\n')
      },
    })
    const { pool, counters } = poolThrough(proxy.url, 'https://store.example.com', {
      connectTimeoutMs: 200,
    })
    const startedAt = Date.now()
    await expect(getOnce(pool)).rejects.toMatchObject({
      code: 'UND_ERR_CONNECT_TIMEOUT',
      message: `No connection to store.example.com through the proxy ${proxy.url} within 200 ms`,
    })
    expect(Date.now() - startedAt).toBeLessThan(2000)
    await until(() => proxy.sockets.size === 0, 'nothing is left open')
    expect(counters()).toMatchObject({ open: 0, closed: { failed: 1 } })
  })

  it('that breaks in the middle of an answer fails the request, and the next has another', async () => {
    const server = await serve(true)
    const proxy = await proxyWith()
    const { pool, counters } = poolThrough(proxy.url, server.origin)
    const connection = await pool.acquire()
    const failing = get(pool, connection, '/large', {
      accept: () => {
        for (const socket of proxy.sockets) socket.destroy()
        return true
      },
      write: () => undefined,
    })
    await expect(failing).rejects.toBeInstanceOf(Error)
    pool.release(connection, false)
    expect((await getOnce(pool)).text).toBe('hello')
    expect(counters()).toMatchObject({ open: 1, opened: 2, closed: { total: 1 } })
  })
})

describe('a proxy that cannot be used', () => {
  it('fails the connection with the reason, whatever the scheme', async () => {
    const { proxies } = findProxies(undefined, { ALL_PROXY: 'socks5://127.0.0.1:1080' })
    for (const origin of ['http://127.0.0.1:1', 'https://127.0.0.1:1']) {
      const { pool } = makePool(origin, { proxies })
      await expect(getOnce(pool)).rejects.toMatchObject({
        code: 'ERR_OPTION_INVALID',
        context: { option: 'proxy' },
      })
      pool.close()
    }
  })

  it('since nobody is there is reported with its address', async () => {
    const { pool } = poolThrough('http://127.0.0.1:9', 'https://store.example.com')
    const error = (await getOnce(pool).catch((thrown: unknown) => thrown)) as Error
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(error.message).toContain('127.0.0.1:9')
  })
})
