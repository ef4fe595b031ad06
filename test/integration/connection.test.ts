import dns from 'node:dns'
import { afterEach, describe, expect, test } from 'vitest'
import type { TransferEngine } from 'transfer-engine'
import { failureOf, until, wait } from '../helpers/failure.ts'
import { selfSigned } from '../helpers/self-signed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, fileBytes, MiB, readAll, storedBytes, withBed } from '../helpers/test-bed.ts'
import { startWireTap } from '../helpers/wire-tap.ts'

const LARGE = testBytes(11 * MiB)
const OBJECT = `s3://${BUCKET}/object`

async function thereAndBack(engine: TransferEngine, path: string): Promise<void> {
  await engine.upload(LARGE, OBJECT)
  await engine.download(OBJECT, path)
  expect(differenceOf(await fileBytes(path), LARGE)).toBeUndefined()
  expect(differenceOf(await readAll(engine.read(OBJECT)), LARGE)).toBeUndefined()
}

describe('credentials', () => {
  const temporary = {
    accessKeyId: 'TEMPORARY',
    secretAccessKey: 'temporary-secret',
    sessionToken: 'token+/=='.repeat(20),
  }

  test('of a session are signed with their token, in workers and outside', async () => {
    await withBed({ store: { credentials: temporary } }, async ({ another, path }) => {
      await thereAndBack(another({ workers: 2 }), path('a'))
      await thereAndBack(another({ workers: 0 }), path('b'))
    })
  })

  test('of a provider are fetched once for many requests, and again before they expire', async () => {
    const second = { accessKeyId: 'SECOND', secretAccessKey: 'second-secret' }
    await withBed({ store: { credentials: temporary } }, async ({ another, store }) => {
      let calls = 0
      const hour = () => new Date(Date.now() + 3_600_000)
      const expiration = hour()
      const credentials = async () => {
        calls += 1
        return calls === 1 ? { ...temporary, expiration } : { ...second, expiration: hour() }
      }
      const engine = another({ credentials })
      await engine.upload(LARGE, OBJECT)
      expect(calls).toBe(1)
      // The SDK renews what has less than five minutes to live.
      expiration.setTime(Date.now() + 200_000)
      store.setCredentials([temporary, second])
      store.requests.clear()
      // What is about to expire may serve once more while its successor is fetched.
      await engine.upload(LARGE, OBJECT)
      await until(() => calls === 2, 'there are others')
      await wait(100)
      store.setCredentials(second)
      await engine.upload(LARGE, OBJECT)
      expect(calls).toBe(2)
      expect(store.requests.entries().filter((entry) => entry.status !== 200)).toEqual([])
    })
  })

  test('that are wrong, unknown or missing are reported as such, at once', async () => {
    await withBed({}, async ({ another, store }) => {
      const { accessKeyId } = store.credentials
      const wrong = another({ credentials: { accessKeyId, secretAccessKey: 'wrong' } })
      expect((await failureOf(wrong.upload(LARGE, OBJECT))).code).toBe('ERR_ACCESS_DENIED')
      const unknown = another({ credentials: { accessKeyId: 'NOBODY', secretAccessKey: 'x' } })
      const refused = await failureOf(unknown.upload(Buffer.from('x'), OBJECT))
      expect(refused).toMatchObject({
        code: 'ERR_ACCESS_DENIED',
        context: { storeCode: 'InvalidAccessKeyId' },
      })
      expect(store.requests.entries()).toHaveLength(2)
      const failing = another({
        credentials: () => Promise.reject(new Error('the vault is sealed')),
      })
      const error = await failureOf(failing.upload(LARGE, OBJECT))
      expect(error.code).toBe('ERR_CREDENTIALS')
      expect(error.message).toContain('the vault is sealed')
    })
  })
})

describe('the address of a bucket', () => {
  const { lookup } = dns

  afterEach(() => {
    dns.lookup = lookup
  })

  test('is in the path for an IP address and for localhost', async () => {
    await withBed({ store: { host: 'localhost' } }, async ({ store, engine, path }) => {
      expect(store.endpoint).toContain('localhost')
      await thereAndBack(engine, path('copy'))
      for (const { target } of store.requests.entries()) {
        expect(target).toMatch(new RegExp(`^/${BUCKET}/object`))
      }
    })
  })

  test('is in the host name when path style is off', async () => {
    // Resolvers differ about names below localhost; RFC 6761 says they are this machine.
    const toLoopback = (name: string, ...rest: unknown[]): void =>
      Reflect.apply(lookup, dns, [name.endsWith('.localhost') ? '127.0.0.1' : name, ...rest])
    dns.lookup = toLoopback as typeof dns.lookup
    await withBed({ store: { host: 'localhost' } }, async ({ store, another, path }) => {
      // In this thread, where the resolver was changed.
      const engine = another({ workers: 0, pathStyle: false })
      await thereAndBack(engine, path('copy'))
      expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
      for (const { target } of store.requests.entries()) expect(target).toMatch(/^\/object/)
    })
  })
})

describe('TLS', () => {
  const tls = selfSigned()

  test.each([2, 0])('carries both directions, with %i workers', async (workers) => {
    await withBed({ store: { tls } }, async ({ store, another, path }) => {
      expect(store.endpoint).toMatch(/^https:/)
      const engine = another({ workers, tlsCa: tls.cert })
      await thereAndBack(engine, path('copy'))
      const { pool } = engine.stats()
      expect(pool.reused).toBeGreaterThan(0)
    })
  })

  test('with a certificate nobody vouches for is refused, without another attempt', async () => {
    await withBed({ store: { tls } }, async ({ another, store, path, file }) => {
      for (const workers of [1, 0]) {
        const engine = another({ workers })
        const small = await failureOf(engine.upload(await file('small', Buffer.from('x'))))
        expect(small.code).toBe('ERR_TLS')
        const large = await failureOf(engine.upload(LARGE, OBJECT))
        expect(large.code).toBe('ERR_TLS')
        expect((await failureOf(engine.download(OBJECT, path('copy')))).code).toBe('ERR_TLS')
      }
      expect(store.requests.entries()).toEqual([])
    })
  })

  test('without verification is possible when asked for', async () => {
    await withBed({ store: { tls } }, async ({ another, path }) => {
      await thereAndBack(another({ tlsVerify: false }), path('copy'))
    })
  })
})

describe('connections', () => {
  test('are used again, and never more than allowed', async () => {
    await withBed({ engine: { maxConnections: 4 } }, async ({ engine, store, path }) => {
      let most = 0
      engine.on('part', () => (most = Math.max(most, engine.stats().pool.open)))
      const bytes = testBytes(40 * MiB)
      await engine.upload(bytes, OBJECT)
      await engine.download(OBJECT, path('copy'))
      const { pool } = engine.stats()
      expect(most).toBeGreaterThan(0)
      expect(most).toBeLessThanOrEqual(4)
      expect(pool.opened).toBeLessThanOrEqual(4)
      expect(pool.requests).toBe(16)
      expect(pool.reused).toBe(pool.requests - pool.opened)
      // Two more of the control plane: Create, Complete and HEAD need no third.
      expect(store.connections.total).toBeLessThanOrEqual(6)
    })
  })

  test('that the store closed while idle cost no error and no retry event', async () => {
    await withBed({ store: { keepAliveTimeoutMs: 50 } }, async ({ engine, path }) => {
      const retries: unknown[] = []
      engine.on('retry', (event) => retries.push(event))
      for (let round = 0; round < 3; round += 1) {
        await engine.upload(Buffer.from('x'), OBJECT)
        await engine.download(OBJECT, path('copy'))
        await wait(1100)
      }
      expect(retries).toEqual([])
    })
  })

  test('are closed by the client first: idle time-out and maximum age are kept', async () => {
    const engineOptions = { idleTimeoutMs: 100, connectionMaxAgeMs: 300, workers: 0 }
    await withBed({ engine: engineOptions }, async ({ engine, store }) => {
      await engine.upload(Buffer.from('x'), OBJECT)
      const [first] = store.requests.entries()
      // The sweep runs once a second.
      await wait(1300)
      expect(engine.stats().pool.open).toBe(0)
      await engine.upload(Buffer.from('x'), OBJECT)
      expect(store.requests.entries().at(-1)?.connection).not.toBe(first?.connection)
    })
  })

  test('may be opened ahead by ready()', async () => {
    await withBed({ engine: { prewarmConnections: 3 } }, async ({ engine, store }) => {
      await engine.ready()
      expect(engine.stats().pool).toMatchObject({ opened: 6, open: 6, requests: 0 })
      expect(engine.stats().workers).toHaveLength(2)
      await engine.upload(Buffer.from('x'), OBJECT)
      expect(engine.stats().pool.opened).toBe(6)
      expect(store.connections.total).toBe(6)
    })
  })
})

describe('a tap on the wire', () => {
  test('sees no secret and no session token outside its header', async () => {
    const credentials = {
      accessKeyId: 'VISIBLE',
      secretAccessKey: 'canary-secret',
      sessionToken: 'canary-token',
    }
    await withBed({ store: { credentials } }, async ({ store, another, path }) => {
      await using tap = await startWireTap(store.port)
      const engine = another({ endpoint: tap.endpoint })
      await thereAndBack(engine, path('copy'))
      for (const { target, headers } of tap.requests) {
        const { 'x-amz-security-token': token, ...others } = headers
        expect(token).toBe('canary-token')
        expect(JSON.stringify([target, others])).not.toContain('canary')
      }
      await engine.close()
    })
  })
})
