/**
 * The ways to the store, for whole transfers: names with several addresses, proxies, TLS.
 */

import dns from 'node:dns'
import type { TlsOptions } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { EngineOptions, TransferEngine } from 'transfer-engine'
import { startConnectProxy, type ConnectProxy } from '../helpers/connect-proxy.ts'
import { failureOf, until } from '../helpers/failure.ts'
import { certificateAuthority } from '../helpers/self-signed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, fileBytes, MiB, readAll, withBed, type Bed } from '../helpers/test-bed.ts'
import { startWireTap, type WireTap } from '../helpers/wire-tap.ts'

const LARGE = testBytes(11 * MiB)
const OBJECT = `s3://${BUCKET}/object`
const { ca, server: identity, client } = certificateAuthority()
const isLinux = process.platform === 'linux'

async function thereAndBack(engine: TransferEngine, path: string): Promise<void> {
  await engine.upload(LARGE, OBJECT)
  await engine.download(OBJECT, path)
  expect(differenceOf(await fileBytes(path), LARGE)).toBeUndefined()
  expect(differenceOf(await readAll(engine.read(OBJECT)), LARGE)).toBeUndefined()
}

describe.skipIf(!isLinux)('a store with several addresses', () => {
  const { lookup } = dns

  afterEach(() => {
    dns.lookup = lookup
  })

  /** Gives the name `store.test` to addresses, for the engine and its control plane. */
  function resolveTo(addresses: readonly string[]): void {
    const found = addresses.map((address) => ({ address, family: 4 }))
    const answer = (name: string, options: object, done: (...answer: unknown[]) => void): void => {
      if (name === 'store.test') process.nextTick(done, null, found)
      else Reflect.apply(lookup, dns, [name, options, done])
    }
    dns.lookup = answer as typeof dns.lookup
  }

  /** In this thread, where the resolver was changed. */
  function options(port: number): EngineOptions {
    return { workers: 0, pathStyle: true, endpoint: `http://store.test:${port}` }
  }

  test('is reached at all of them; one that is dead costs no retry', async () => {
    await withBed({}, async ({ store, another, path }) => {
      await using first = await startWireTap(store.port, { host: '127.0.0.2' })
      const { port } = first
      await using second = await startWireTap(store.port, { host: '127.0.0.3', port })
      resolveTo(['127.0.0.2', '127.0.0.3', '127.0.0.4'])
      const engine = another(options(port))
      const retries: unknown[] = []
      engine.on('retry', (event) => retries.push(event))
      await thereAndBack(engine, path('copy'))
      expect(retries).toEqual([])
      for (const { accepted, requests } of [first, second]) {
        expect(accepted).toBeGreaterThan(0)
        expect(requests.length).toBeGreaterThan(0)
      }
      await engine.close()
    })
  })

  test('that loses one in the middle of a transfer is reached at the other', async () => {
    await withBed({}, async ({ store, another, path }) => {
      const first = await startWireTap(store.port, { host: '127.0.0.2' })
      const { port } = first
      await using second = await startWireTap(store.port, { host: '127.0.0.3', port })
      resolveTo(['127.0.0.2', '127.0.0.3'])
      const engine = another(options(port))
      const attempts = new Map<number | undefined, number>()
      engine.on('retry', ({ partNumber }) =>
        attempts.set(partNumber, (attempts.get(partNumber) ?? 0) + 1),
      )
      engine.on('part', () => void first[Symbol.asyncDispose]())
      await thereAndBack(engine, path('copy'))
      expect(Math.max(0, ...attempts.values()), 'retries of one part').toBeLessThanOrEqual(1)
      expect(second.requests.length).toBeGreaterThan(0)
      await engine.close()
    })
  })
})

/** Requests of a proxy that a transfer there and back must have made. */
function expectAllThrough(proxy: ConnectProxy, { store }: Bed, isSecure: boolean): void {
  expect(store.connections.total).toBeGreaterThan(0)
  if (isSecure) {
    const tunnels = proxy.requests.filter(({ method }) => method === 'CONNECT')
    expect(tunnels).toHaveLength(proxy.requests.length)
    expect(store.connections.total).toBe(tunnels.length)
  } else {
    expect(proxy.requests).toHaveLength(store.requests.entries().length)
    const origin = `${store.endpoint}/${BUCKET}/`
    for (const { target } of proxy.requests) expect(target.startsWith(origin)).toBe(true)
  }
}

describe('a proxy', () => {
  afterEach(() => {
    for (const name of ['HTTP_PROXY', 'https_proxy', 'NO_PROXY']) delete process.env[name]
  })

  test.each([
    ['http', false, 2],
    ['https', true, 2],
    ['https, in the calling thread', true, 0],
  ])('is gone through by everything, control plane included: %s', async (_, isSecure, workers) => {
    await withBed({ store: isSecure ? { tls: identity } : {} }, async (bed) => {
      await using proxy = await startConnectProxy({ credentials: 'user:canary' })
      const url = proxy.url.replace('://', '://user:canary@')
      const engine = bed.another({ workers, tlsCa: ca, proxy: url, prewarmConnections: 2 })
      await engine.ready()
      expect(engine.stats().pool.open).toBe(2 * Math.max(1, workers))
      await thereAndBack(engine, bed.path('copy'))
      expectAllThrough(proxy, bed, isSecure)
      expect(JSON.stringify(bed.store.requests.entries())).not.toContain('canary')
      await engine.close()
      await until(() => proxy.sockets.size === 0, 'nothing is left open')
    })
  })

  test('is taken from the environment, unless the store is in NO_PROXY', async () => {
    await withBed({}, async (bed) => {
      await using proxy = await startConnectProxy()
      process.env['HTTP_PROXY'] = proxy.url
      process.env['https_proxy'] = 'http://127.0.0.1:9'
      const through = bed.another({})
      await through.upload(LARGE, OBJECT)
      expectAllThrough(proxy, bed, false)
      await through.close()
      const { length } = proxy.requests
      await bed.another({ proxy: 'none' }).upload(LARGE, OBJECT)
      process.env['NO_PROXY'] = 'example.com,127.0.0.1'
      await bed.another({}).upload(LARGE, OBJECT)
      expect(proxy.requests).toHaveLength(length)
    })
  })

  test('that refuses ends a transfer at once, and no secret is in the error', async () => {
    for (const isSecure of [false, true]) {
      await withBed(
        { store: isSecure ? { tls: identity } : {} },
        async ({ another, path, store }) => {
          await using proxy = await startConnectProxy({ credentials: 'user:other' })
          const url = proxy.url.replace('://', '://user:canary@')
          const engine = another({ proxy: url, tlsCa: ca, workers: 1 })
          const failures = [
            await failureOf(engine.upload(Buffer.from('x'), OBJECT)),
            await failureOf(engine.upload(LARGE, OBJECT)),
            await failureOf(engine.download(OBJECT, path('copy'))),
          ]
          for (const error of failures) {
            expect(error).toMatchObject({ code: 'ERR_PROXY', retryable: false })
            expect(error.message).toContain('407')
            const cause = error.cause instanceof Error ? error.cause.message : ''
            const basic = Buffer.from('user:canary').toString('base64')
            expect(JSON.stringify(error) + cause + error.stack).not.toMatch(/canary/)
            expect(JSON.stringify(error) + cause + error.stack).not.toContain(basic)
          }
          expect(proxy.requests).toHaveLength(3)
          expect(store.requests.entries()).toEqual([])
          await engine.close()
        },
      )
    }
  })

  test('nobody can be reached through is reported with its address', async () => {
    await withBed({}, async ({ another, path }) => {
      const engine = another({ proxy: 'http://127.0.0.1:9', maxAttempts: 2 })
      for (const transfer of [
        () => engine.upload(Buffer.from('x'), OBJECT),
        () => engine.download(OBJECT, path('copy')),
      ]) {
        const error = await failureOf(transfer())
        expect(error).toMatchObject({ code: 'ERR_CONNECT' })
        expect(error.message).toContain('127.0.0.1:9')
      }
    })
  })
})

describe('TLS', () => {
  /** What the store is behind, speaking TLS as a test wants it. */
  async function tap(bed: Bed, secure: TlsOptions): Promise<WireTap> {
    return startWireTap(bed.store.port, { secure: { ...identity, ca, ...secure } })
  }

  test.each([2, 0])('shows a client certificate, with %i workers', async (workers) => {
    await withBed({}, async (bed) => {
      await using front = await tap(bed, { requestCert: true, rejectUnauthorized: true })
      const identity = { tlsCert: client.cert, tlsKey: client.key }
      const options = { workers, endpoint: front.endpoint, tlsCa: ca, tlsMinVersion: 'TLSv1.3' }
      const engine = bed.another({ ...options, ...identity } as EngineOptions)
      await thereAndBack(engine, bed.path('copy'))
      await engine.close()
    })
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'whose client certificate is missing says so, at once: %s',
    async (version) => {
      await withBed({}, async (bed) => {
        const must = { requestCert: true, rejectUnauthorized: true, maxVersion: version }
        await using front = await tap(bed, must)
        const engine = bed.another({ endpoint: front.endpoint, tlsCa: ca, workers: 1 })
        for (const transfer of [
          () => engine.upload(Buffer.from('x'), OBJECT),
          () => engine.download(OBJECT, bed.path('copy')),
        ]) {
          const error = await failureOf(transfer())
          expect(error).toMatchObject({ code: 'ERR_TLS', retryable: false })
          expect(error.message).toContain('client certificate')
          expect(error.message).toContain('tlsCert')
        }
        await engine.close()
      })
    },
  )

  test('with a server that is too old for `tlsMinVersion` says so, at once', async () => {
    await withBed({}, async (bed) => {
      await using front = await tap(bed, { maxVersion: 'TLSv1.2' })
      const engine = bed.another({
        endpoint: front.endpoint,
        tlsCa: ca,
        tlsMinVersion: 'TLSv1.3',
        workers: 1,
      })
      for (const transfer of [
        () => engine.upload(Buffer.from('x'), OBJECT),
        () => engine.download(OBJECT, bed.path('copy')),
      ]) {
        const error = await failureOf(transfer())
        expect(error.code).toBe('ERR_TLS')
        expect(error.message).toContain('tlsMinVersion')
        expect(error.context.attempt ?? 1).toBe(1)
      }
      expect(front.requests).toEqual([])
      await engine.close()
    })
  })

  test('with a certificate nobody vouches for says what to give', async () => {
    await withBed({ store: { tls: identity } }, async ({ another, path }) => {
      const engine = another({ workers: 1 })
      for (const transfer of [
        () => engine.upload(Buffer.from('x'), OBJECT),
        () => engine.download(OBJECT, path('copy')),
      ]) {
        const error = await failureOf(transfer())
        expect(error.code).toBe('ERR_TLS')
        expect(error.message).toContain('`tlsCa`')
      }
    })
  })

  test('asked of an endpoint that speaks none says so', async () => {
    await withBed({}, async ({ another, store }) => {
      const engine = another({ endpoint: store.endpoint.replace('http:', 'https:') })
      const error = await failureOf(engine.upload(Buffer.from('x'), OBJECT))
      expect(error.code).toBe('ERR_TLS')
      expect(error.message).toContain('plain http://')
    })
  })
})
