import { createHash, createHmac } from 'node:crypto'

import { SignatureV4 } from '@smithy/signature-v4'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { canonicalQuery, encodeKey, Signer, UNSIGNED_PAYLOAD } from '../../src/store/signing.ts'
import type { StoreRoute } from '../../src/store/types.ts'

/** What the SDK's signer wants of a hash: `new Hash(secret?)`, update, digest. */
class Sha256 {
  readonly #hash
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined
        ? createHash('sha256')
        : createHmac('sha256', typeof secret === 'string' ? secret : toBuffer(secret))
  }
  update(data: Uint8Array): void {
    this.#hash.update(data)
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }
  reset(): void {
    throw new Error('The signer under test never resets a hash.')
  }
}

function toBuffer(data: ArrayBuffer | ArrayBufferView): Buffer {
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data)
}

const token = fc.stringMatching(/^[!-~]{1,60}$/)
const region = fc.constantFrom('us-east-1', 'eu-west-3', 'auto', 'garage', 'cn-north-1')
const headerName = fc
  .stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
  .filter((name) => !['host', 'authorization', 'accept-encoding'].includes(name))
  .filter((name) => !/^x-amz-(date|content-sha256|security-token)$/.test(name))
const notableHeader = fc.constantFrom(
  'cache-control',
  'user-agent',
  'range',
  'content-type',
  'proxy-tag',
  'sec-fetch',
  'expect',
)
/** Visible characters with runs of blanks inside and around. */
const headerValue = fc
  .array(fc.oneof(fc.stringMatching(/^[!-~]{1,8}$/), fc.constantFrom(' ', '  ', '\t', ' \t ')))
  .map((pieces) => pieces.join(''))
const headers = fc.uniqueArray(fc.tuple(fc.oneof(headerName, notableHeader), headerValue), {
  selector: ([name]) => name,
  maxLength: 12,
})
const key = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom('/', '.', '..', ' ', '+', '%', '~', "'", '(', 'é', '😀', '\0'),
  }),
)
const query = fc
  .uniqueArray(
    fc.tuple(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' })),
    // The SDK leaves out a signature that is in the query already, and keeps queries in an object.
    { selector: ([name]) => name, maxLength: 6 },
  )
  .filter((pairs) => pairs.every(([name]) => !/^(x-amz-signature|__proto__)$/i.test(name)))
const payloadHash = fc.oneof(
  fc.constant(UNSIGNED_PAYLOAD),
  fc.string().map((body) => createHash('sha256').update(body).digest('hex')),
)
const time = fc.date({
  min: new Date('2001-01-01T00:00:00Z'),
  max: new Date('2099-12-31T23:59:59Z'),
  noInvalidDate: true,
})

describe('Signer', () => {
  it('signs every request exactly as the signer of the AWS SDK does', async () => {
    // One signer for all runs, so that its caches are under test too.
    const signer = new Signer()
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          method: fc.constantFrom('GET', 'PUT', 'HEAD', 'POST', 'DELETE'),
          key,
          query,
          headers,
          payloadHash,
          region,
          accessKeyId: token,
          secretAccessKey: fc.oneof(token, fc.constant('same-secret')),
          sessionToken: fc.option(token, { nil: undefined }),
          time: fc.oneof(time, fc.constant(new Date('2026-02-28T23:59:59.999Z'))),
          clockOffsetMs: fc.integer({ min: -3_600_000, max: 3_600_000 }),
          service: fc.constantFrom('s3', 's3-outposts'),
        }),
        async (request) => {
          const route = routeOf(request)
          const path = `${route.basePath}/${encodeKey(request.key)}`
          const signed = signer.sign({
            route,
            method: request.method,
            path,
            query: canonicalQuery(request.query),
            headers: request.headers.flat(),
            payloadHash: request.payloadHash,
            timeMs: request.time.getTime(),
          })
          const expected = await signWithSdk(request, route, path)
          expect(toRecord(signed)).toEqual(expected)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('leaves the order and the values of the headers it was given alone', () => {
    const signer = new Signer()
    fc.assert(
      fc.property(headers, (given) => {
        const flat = given.flat()
        const signed = signer.sign({
          route: routeOf({ accessKeyId: 'a', secretAccessKey: 'b' }),
          method: 'PUT',
          path: '/key',
          query: '',
          headers: flat,
          payloadHash: UNSIGNED_PAYLOAD,
          timeMs: 0,
        })
        expect(signed.slice(0, flat.length)).toEqual(flat)
      }),
    )
  })
})

describe('encodeKey', () => {
  it('says every key in URL-safe characters from which its bytes come back', () => {
    fc.assert(
      fc.property(key, (key) => {
        const encoded = encodeKey(key)
        expect(encoded).toMatch(/^(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*$/)
        expect(encoded.split('/').map(decodeURIComponent).join('/')).toBe(key)
      }),
    )
  })
})

function routeOf(given: {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  readonly region?: string
  readonly service?: string
  readonly clockOffsetMs?: number
}): StoreRoute {
  const { accessKeyId, secretAccessKey, sessionToken } = given
  return {
    origin: 'https://store.test:8443',
    host: 'store.test:8443',
    basePath: '/bucket',
    bucket: 'bucket',
    signing: { region: given.region ?? 'us-east-1', service: given.service ?? 's3' },
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    signPayload: true,
    clockOffsetMs: given.clockOffsetMs ?? 0,
  }
}

async function signWithSdk(
  request: {
    readonly method: string
    readonly query: readonly (readonly [string, string])[]
    readonly headers: readonly (readonly [string, string])[]
    readonly payloadHash: string
    readonly time: Date
  },
  route: StoreRoute,
  path: string,
): Promise<Record<string, string>> {
  const { signing, credentials } = route
  if (signing === undefined || credentials === undefined) throw new Error('A signed route is meant')
  const signer = new SignatureV4({
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
    },
    region: signing.region,
    service: signing.service,
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: true,
  })
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: 'https:',
      hostname: 'store.test',
      port: 8443,
      path,
      query: Object.fromEntries(request.query),
      headers: {
        ...Object.fromEntries(request.headers),
        host: route.host,
        'x-amz-content-sha256': request.payloadHash,
      },
    },
    { signingDate: new Date(request.time.getTime() + route.clockOffsetMs) },
  )
  return signed.headers
}

function toRecord(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let at = 0; at < flat.length; at += 2) record[flat[at] ?? ''] = flat[at + 1] ?? ''
  return record
}
