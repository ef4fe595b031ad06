/**
 * Connections that end at a bad moment, over real sockets: what the server closes, and what has
 * grown old, costs no request.
 */

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { PutJob } from '../../../src/pool/protocol.ts'
import {
  answer,
  startRawServer,
  type RawRequest,
  type RawServer,
} from '../../helpers/raw-server.ts'
import { selfSigned } from '../../helpers/self-signed.ts'
import { getOnce, makePool, until } from './pool-fixture.ts'
import {
  doneOf,
  failedOf,
  makeRunner,
  putJob,
  routeTo,
  sharedBytes,
  type RunnerFixture,
} from './runner-fixture.ts'

const secure = selfSigned()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  vi.useRealTimers()
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const WIRES = [
  ['plain', undefined],
  ['TLS', secure],
] as const

const OK = answer('200 OK', { etag: '"e"' })
const BYTES = sharedBytes(Buffer.alloc(1000))

async function serve(
  wire: typeof secure | undefined,
  onRequest: (request: RawRequest) => void,
): Promise<RawServer & RunnerFixture> {
  const server = await startRawServer({ secure: wire, onRequest })
  const tls = { ca: secure.cert, rejectUnauthorized: true }
  const fixture = makeRunner({ tls })
  cleanUps.push(
    () => server.close(),
    () => fixture.runner.close(),
  )
  return Object.assign(Object.create(server) as RawServer, fixture)
}

function put(key: string): PutJob {
  return putJob({ key, source: { kind: 'memory', buffer: BYTES, offset: 0 }, length: 1000 })
}

async function putOne({ runner, origin }: RunnerFixture & RawServer, key: string) {
  const [result] = await runner.run({ route: routeTo(origin), jobs: [put(key)] })
  return result
}

describe.each(WIRES)('what the server closes, %s', (_, wire) => {
  it.each(['after a request', 'before the first request'])(
    'while it is idle is noticed before it is used again: %s',
    async (moment) => {
      const bed = await serve(wire, ({ socket }) => socket.write(OK))
      if (moment === 'after a request') doneOf(await putOne(bed, 'first'))
      else await bed.runner.prewarm(bed.origin, 1)
      await until(() => bed.sockets.size === 1, 'the server has the connection')
      for (const socket of bed.sockets) socket.end()
      await until(() => bed.counters().open === 0, 'the end is noticed')
      doneOf(await putOne(bed, 'second'))
      expect(bed.accepted).toBe(2)
      expect(bed.counters()).toMatchObject({ failed: 0, closed: { server: 1, total: 1 } })
    },
  )

  // Node resets no TLS connection; one that is destroyed ends without a farewell.
  it.each(['end', wire === undefined ? 'resetAndDestroy' : 'destroy'] as const)(
    'when the next request is on its way fails that as stale: %s',
    async (how) => {
      const bed = await serve(wire, ({ socket, target }) => {
        if (target.endsWith('/second')) socket[how]()
        else socket.write(OK)
      })
      doneOf(await putOne(bed, 'first'))
      const { error } = failedOf(await putOne(bed, 'second'))
      expect(error).toMatchObject({ code: 'ERR_CONNECTION_LOST', context: { stale: true } })
      doneOf(await putOne(bed, 'third'))
      expect(bed.requests.map(({ connection }) => connection)).toEqual([0, 0, 1])
      expect(bed.counters()).toMatchObject({ opened: 2, closed: { total: 1, failed: 1 } })
    },
  )

  it('may be stale without ever having been used, if it was opened ahead', async () => {
    const bed = await serve(wire, ({ socket }) => socket.end())
    await bed.runner.prewarm(bed.origin, 1)
    const { error } = failedOf(await putOne(bed, 'first'))
    expect(error).toMatchObject({ code: 'ERR_CONNECTION_LOST', context: { stale: true } })
  })

  it('at its first request is no stale connection', async () => {
    const bed = await serve(wire, ({ socket }) => socket.end())
    const { error } = failedOf(await putOne(bed, 'first'))
    expect(error.code).toBe('ERR_CONNECTION_LOST')
    expect(error.context).not.toHaveProperty('stale')
  })

  it('in the middle of an answer was no stale connection', async () => {
    const bed = await serve(wire, ({ socket, target }) => {
      if (target.endsWith('/second')) socket.end('HTTP/1.1 200 OK\r\ncontent-le')
      else socket.write(OK)
    })
    doneOf(await putOne(bed, 'first'))
    const { error } = failedOf(await putOne(bed, 'second'))
    expect(error.context).not.toHaveProperty('stale')
  })
})

describe('a connection on which a request', () => {
  it.each([
    ['is refused', 'ERR_STORE_UNAVAILABLE'],
    ['is not answered as S3 would', 'ERR_RESPONSE_INVALID'],
    ['gets half an answer', 'ERR_CONNECTION_LOST'],
    ['times out', 'ERR_READ_TIMEOUT'],
  ])('%s is cut, and the next goes on another', async (what, code) => {
    const server = await startRawServer({
      onRequest: ({ socket, target }) => {
        if (!target.endsWith('/bad')) socket.write(OK)
        else if (what === 'is refused') socket.write(answer('503 Service Unavailable'))
        else if (what === 'is not answered as S3 would') socket.write(answer('200 OK'))
        else if (what === 'gets half an answer') socket.end('HTTP/1.1 200 OK\r\netag: ')
      },
    })
    const { runner, counters } = makeRunner({ readTimeoutMs: 80 })
    cleanUps.push(
      () => server.close(),
      () => runner.close(),
    )
    const route = routeTo(server.origin)
    expect(failedOf((await runner.run({ route, jobs: [put('bad')] }))[0]).error.code).toBe(code)
    await until(() => server.sockets.size === 0, 'the server sees it cut')
    doneOf((await runner.run({ route, jobs: [put('good')] }))[0])
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 1])
    expect(counters()).toMatchObject({ open: 1, idle: 1, opened: 2, closed: { total: 1 } })
  })
})

describe('connections opened ahead', () => {
  it.each(WIRES)('stand before the first request, which opens none: %s', async (_, wire) => {
    const bed = await serve(wire, ({ socket }) => socket.write(OK))
    await bed.runner.prewarm(bed.origin, 3)
    await until(() => bed.accepted === 3, 'the server has shaken hands three times')
    expect(bed.counters()).toMatchObject({ open: 3, idle: 3, handshakeMs: { count: 3 } })
    const jobs = ['a', 'b', 'c'].map((key) => put(key))
    const results = await bed.runner.run({ route: routeTo(bed.origin), jobs })
    for (const result of results) doneOf(result)
    expect(new Set(bed.requests.map(({ connection }) => connection)).size).toBe(3)
    await bed.runner.prewarm(bed.origin, 3)
    expect(bed.accepted, 'what stands already is not opened again').toBe(3)
    expect(bed.counters()).toMatchObject({ opened: 3, requests: 3 })
  })
})

describe('connections that grow old', () => {
  it('end one after the other, and no request fails', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
    const AGE_MS = 10_000
    const COUNT = 20
    const acceptedAt = new Map<number, number>()
    const server = await startRawServer({
      onConnection: (_socket, connection) => acceptedAt.set(connection, Date.now()),
      onRequest: ({ socket, connection }) => {
        const ageMs = Date.now() - (acceptedAt.get(connection) ?? 0)
        socket.write(answer('200 OK', {}, String(ageMs)))
      },
    })
    cleanUps.push(() => server.close())
    const { pool, counters } = makePool(server.origin, {
      maxConnections: COUNT,
      maxIdleConnections: COUNT,
      connectionMaxAgeMs: AGE_MS,
      idleTimeoutMs: 10 * AGE_MS,
    })
    cleanUps.push(() => pool.close())
    await pool.prewarm(COUNT)
    await until(() => server.accepted === COUNT, 'all stand')
    const endedAt = new Map<number, number>()
    let oldest = 0
    for (let at = 0; at < 1.5 * AGE_MS; at += 200) {
      vi.setSystemTime(Date.now() + 200)
      const ages = await Promise.all(Array.from({ length: COUNT }, () => getOnce(pool)))
      oldest = Math.max(oldest, ...ages.map(({ text }) => Number(text)))
      const ended = counters().closed.age
      if (ended < COUNT) endedAt.set(ended, at)
    }
    expect(oldest).toBeGreaterThan(0.8 * AGE_MS)
    expect(oldest, 'none has served beyond its age').toBeLessThan(1.2 * AGE_MS)
    expect(endedAt.size, 'moments at which some ended').toBeGreaterThan(5)
    const { closed, failed, opened } = counters()
    expect(closed.total, 'nothing but age has ended one').toBe(closed.age)
    expect(closed.age).toBeGreaterThanOrEqual(COUNT)
    expect({ failed, open: opened - closed.total }).toEqual({ failed: 0, open: COUNT })
  })
})
