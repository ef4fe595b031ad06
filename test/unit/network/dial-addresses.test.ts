/**
 * Connections of a pool to a name with several addresses, over real sockets: all of 127/8 is
 * loopback on Linux, so each address can have a server of its own.
 */

import { afterEach, describe, expect, it } from 'vitest'
import type { Address } from '../../../src/network/addresses.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { certificateAuthority } from '../../helpers/self-signed.ts'
import { getOnce, makePool, until, type PoolFixture } from '../workers/pool-fixture.ts'

const { ca, server: identity } = certificateAuthority()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const isLinux = process.platform === 'linux'

/** Servers at one port of several addresses; each answers with its own address. */
async function serve(hosts: readonly string[], isSecure = false): Promise<RawServer[]> {
  const servers: RawServer[] = []
  for (const host of hosts) {
    const server = await startRawServer({
      host,
      port: servers[0]?.port ?? 0,
      secure: isSecure ? identity : undefined,
      onRequest: ({ socket }) => socket.write(answer('200 OK', {}, host)),
    })
    servers.push(server)
    cleanUps.push(() => server.close())
  }
  return servers
}

function poolTo(
  origin: string,
  addresses: readonly string[],
  overrides: Parameters<typeof makePool>[1] = {},
): PoolFixture {
  const found: Address[] = addresses.map((address) => ({
    address,
    family: address.includes(':') ? 6 : 4,
  }))
  const lookup = async (): Promise<readonly Address[]> => found
  const options = { maxConnections: 16, maxIdleConnections: 16, ...overrides }
  const fixture = makePool(origin, { ...options, lookup })
  cleanUps.push(() => fixture.pool.close())
  return fixture
}

describe.skipIf(!isLinux)('a name with several addresses', () => {
  const FOUR = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']

  it.each([
    ['http', false],
    ['https', true],
  ])('has connections to all of them: %s', async (scheme, isSecure) => {
    const servers = await serve(FOUR, isSecure)
    // The certificate is for `localhost`, not for any of these addresses.
    const { pool, counters } = poolTo(`${scheme}://localhost:${servers[0]?.port}`, FOUR, {
      tls: { ca, rejectUnauthorized: true },
    })
    await pool.prewarm(8)
    await until(() => servers.every(({ accepted }) => accepted === 2), 'two stand at each')
    expect(counters()).toMatchObject({ open: 8, idle: 8, handshakeMs: { count: 8 } })
  })

  it('does without one that refuses, and no request notices', async () => {
    const servers = await serve(FOUR.slice(1))
    const { pool, counters } = poolTo(`http://localhost:${servers[0]?.port}`, FOUR)
    const answers = await Promise.all(Array.from({ length: 16 }, () => getOnce(pool)))
    const reached = new Set(answers.map(({ text }) => text))
    expect([...reached].toSorted()).toEqual(FOUR.slice(1))
    expect(counters()).toMatchObject({ opened: 16, closed: { total: 0 } })
  })

  it('does without one that does not answer, within half the connect time-out', async () => {
    const servers = await serve(['127.0.0.3'])
    // Nobody is at an address of documentation (RFC 5737); it is unreachable, or silent.
    const { pool } = poolTo(`http://localhost:${servers[0]?.port}`, ['192.0.2.1', '127.0.0.3'], {
      connectTimeoutMs: 1000,
    })
    const answers = await Promise.all(Array.from({ length: 4 }, () => getOnce(pool)))
    expect(answers.map(({ text }) => text)).toEqual(Array(4).fill('127.0.0.3'))
  })

  it('takes a dead address again when it has come back', async () => {
    const [first] = await serve(['127.0.0.2'])
    const { pool, counters } = poolTo(`http://localhost:${first?.port}`, ['127.0.0.2'])
    expect((await getOnce(pool)).text).toBe('127.0.0.2')
    await first?.close()
    await until(() => counters().open === 0, 'the end is noticed')
    await expect(getOnce(pool)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const again = await startRawServer({
      host: '127.0.0.2',
      port: first?.port ?? 0,
      onRequest: ({ socket }) => socket.write(answer('200 OK', {}, 'again')),
    })
    cleanUps.push(() => again.close())
    expect((await getOnce(pool)).text).toBe('again')
  })

  it('is left for another address by the retry after a handshake that broke', async () => {
    const broken = await startRawServer({
      host: '127.0.0.2',
      onConnection: (each) => each.destroy(),
    })
    const good = await startRawServer({
      host: '127.0.0.3',
      port: broken.port,
      secure: identity,
      onRequest: ({ socket }) => socket.write(answer('200 OK', {}, 'good')),
    })
    cleanUps.push(
      () => broken.close(),
      () => good.close(),
    )
    const { pool } = poolTo(`https://localhost:${good.port}`, ['127.0.0.2', '127.0.0.3'], {
      tls: { ca, rejectUnauthorized: true },
    })
    let failures = 0
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const connection = pool.open()
      await connection.settled
      if (!connection.hasStood) failures += 1
    }
    expect(failures, 'one connection at most has met the broken one').toBeLessThanOrEqual(1)
    await until(() => good.accepted === 6 - failures, 'all others stand')
  })

  it('is left for another address by the retry after silence', async () => {
    const silent = await startRawServer({ host: '127.0.0.2', onRequest: () => undefined })
    const good = await startRawServer({
      host: '127.0.0.3',
      port: silent.port,
      onRequest: ({ socket }) => socket.write(answer('200 OK', {}, 'good')),
    })
    cleanUps.push(
      () => silent.close(),
      () => good.close(),
    )
    const { pool } = poolTo(`http://localhost:${good.port}`, ['127.0.0.2', '127.0.0.3'], {
      readTimeoutMs: 200,
    })
    const outcomes: boolean[] = []
    for (let request = 0; request < 6; request += 1) {
      outcomes.push(
        await getOnce(pool).then(
          () => true,
          () => false,
        ),
      )
      // Each request on a connection of its own.
      await pool.acquire()
    }
    expect(outcomes.filter((isGood) => !isGood).length).toBeLessThanOrEqual(1)
  })

  it('has its TLS certificate checked against the name', async () => {
    const [server] = await serve(['127.0.0.2'], true)
    const { pool } = poolTo(`https://other.example.com:${server?.port}`, ['127.0.0.2'], {
      tls: { ca, rejectUnauthorized: true },
    })
    await expect(getOnce(pool)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  })

  it('may have addresses of both families', async () => {
    const four = await startRawServer({
      host: '127.0.0.1',
      onRequest: ({ socket }) => socket.write(answer('200 OK')),
    })
    cleanUps.push(() => four.close())
    // Nobody listens at ::1, if it exists at all.
    const { pool, counters } = poolTo(`http://localhost:${four.port}`, ['::1', '127.0.0.1'])
    await Promise.all(Array.from({ length: 8 }, () => getOnce(pool)))
    expect(four.accepted).toBe(8)
    expect(counters().closed.total).toBe(0)
  })
})

describe('a name', () => {
  it('that is being looked up can be given up at once', async () => {
    const { pool, counters } = makePool('http://store.example.com', {
      lookup: () => new Promise(() => undefined),
    })
    const waiting = getOnce(pool).catch((error: unknown) => error)
    await until(() => counters().open === 1, 'the connection is under way')
    pool.close()
    expect(await waiting).toBeInstanceOf(Error)
    expect(counters()).toMatchObject({ open: 0, connecting: 0, closed: { shutdown: 1 } })
  })

  it('that is not found in time ends in the connect time-out', async () => {
    const { pool } = makePool('http://store.example.com', {
      lookup: () => new Promise(() => undefined),
      connectTimeoutMs: 50,
    })
    await expect(getOnce(pool)).rejects.toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' })
    pool.close()
  })

  it('that nobody knows fails as the resolver says', async () => {
    const { pool, counters } = makePool('http://store.example.com', {
      lookup: () => Promise.reject(Object.assign(new Error('who?'), { code: 'ENOTFOUND' })),
    })
    await expect(getOnce(pool)).rejects.toMatchObject({ code: 'ENOTFOUND' })
    expect(counters()).toMatchObject({ open: 0, connecting: 0, closed: { failed: 1 } })
    pool.close()
  })
})
