import { createHash } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import {
  canonicalQuery,
  EMPTY_PAYLOAD_SHA256,
  encodeKey,
  objectPath,
  Signer,
  UNSIGNED_PAYLOAD,
  type SignInput,
} from '../../../src/store/signing.ts'
import type { StoreRoute } from '../../../src/store/types.ts'

/** The example identity and bucket of AWS's S3 documentation. */
const EXAMPLE_ROUTE: StoreRoute = {
  origin: 'https://examplebucket.s3.amazonaws.com',
  host: 'examplebucket.s3.amazonaws.com',
  basePath: '',
  bucket: 'examplebucket',
  signing: { region: 'us-east-1', service: 's3' },
  credentials: {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  },
  signPayload: true,
  clockOffsetMs: 0,
}

const EXAMPLE: SignInput = {
  route: EXAMPLE_ROUTE,
  method: 'GET',
  path: '/',
  query: '',
  headers: [],
  payloadHash: EMPTY_PAYLOAD_SHA256,
  timeMs: Date.parse('2013-05-24T00:00:00Z'),
}

/** Source: S3 API reference, "Signature Calculations for the Authorization Header". */
const PUBLISHED = [
  {
    name: 'GET of a range',
    input: { path: '/test.txt', headers: ['range', 'bytes=0-9'] },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    name: 'PUT of an object',
    input: {
      method: 'PUT',
      path: '/test%24file.text',
      headers: [
        'date',
        'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class',
        'REDUCED_REDUNDANCY',
      ],
      payloadHash: createHash('sha256').update('Welcome to Amazon S3.').digest('hex'),
    },
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    name: 'GET of the lifecycle',
    input: { query: canonicalQuery([['lifecycle', '']]) },
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    name: 'listing of a bucket',
    input: {
      query: canonicalQuery([
        ['prefix', 'J'],
        ['max-keys', '2'],
      ]),
    },
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
]

describe('Signer', () => {
  it.each(PUBLISHED)('makes the signature AWS publishes for $name', ({ input, signature }) => {
    const signed = new Signer().sign({ ...EXAMPLE, ...input })
    expect(valueOf(signed, 'authorization')).toContain(`Signature=${signature}`)
  })

  it('names the scope and the signed headers in the authorization', () => {
    const signed = new Signer().sign({ ...EXAMPLE, headers: ['x-amz-acl', 'private'] })
    const [credential, signedHeaders, signature] = String(valueOf(signed, 'authorization')).split(
      ', ',
    )
    expect(credential).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request',
    )
    expect(signedHeaders).toBe('SignedHeaders=host;x-amz-acl;x-amz-content-sha256;x-amz-date')
    expect(signature).toMatch(/^Signature=[0-9a-f]{64}$/)
  })

  it('sends anonymous requests without any trace of a signature', () => {
    const route = { ...EXAMPLE_ROUTE, signing: undefined, credentials: undefined }
    const signed = new Signer().sign({ ...EXAMPLE, route, headers: ['range', 'bytes=0-1'] })
    expect(signed).toEqual(['range', 'bytes=0-1', 'host', EXAMPLE_ROUTE.host])
  })

  it('adds the clock offset of the store, also across midnight', () => {
    const route = { ...EXAMPLE_ROUTE, clockOffsetMs: -1 }
    const signed = new Signer().sign({ ...EXAMPLE, route })
    expect(valueOf(signed, 'x-amz-date')).toBe('20130523T235959Z')
    expect(valueOf(signed, 'authorization')).toContain('/20130523/')
  })

  it('takes a new day and another identity into account although it keeps derived keys', () => {
    const signer = new Signer()
    const others: SignInput[] = [
      { ...EXAMPLE, timeMs: EXAMPLE.timeMs + 86_400_000 },
      {
        ...EXAMPLE,
        route: {
          ...EXAMPLE_ROUTE,
          credentials: { accessKeyId: 'other', secretAccessKey: 'other-secret' },
        },
      },
      { ...EXAMPLE, route: { ...EXAMPLE_ROUTE, signing: { region: 'eu-west-1', service: 's3' } } },
    ]
    const first = signer.sign(EXAMPLE)
    for (const other of others) {
      expect(signer.sign(other)).toEqual(new Signer().sign(other))
      expect(signer.sign(EXAMPLE)).toEqual(first)
    }
  })

  it('leaves out of the signature what proxies rewrite', () => {
    const headers = ['accept-encoding', 'identity', 'user-agent', 'x', 'cache-control', 'no-cache']
    const signed = new Signer().sign({ ...EXAMPLE, headers })
    expect(valueOf(signed, 'authorization')).toContain(
      'SignedHeaders=host;x-amz-content-sha256;x-amz-date,',
    )
  })

  it('signs and sends the session token and an unsigned payload as such', () => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'session' }
    const signed = new Signer().sign({
      ...EXAMPLE,
      route: { ...EXAMPLE_ROUTE, credentials },
      payloadHash: UNSIGNED_PAYLOAD,
    })
    expect(valueOf(signed, 'x-amz-security-token')).toBe('session')
    expect(valueOf(signed, 'x-amz-content-sha256')).toBe('UNSIGNED-PAYLOAD')
    expect(valueOf(signed, 'authorization')).toContain(';x-amz-security-token,')
  })
})

describe('encodeKey', () => {
  it.each([
    ['plain/key-1_2.txt~', 'plain/key-1_2.txt~'],
    ['a b+c', 'a%20b%2Bc'],
    ['a/../b//c/./', 'a/../b//c/./'],
    ['100%', '100%25'],
    ["!*'()", '%21%2A%27%28%29'],
    ['é😀', '%C3%A9%F0%9F%98%80'],
    ['\n\0', '%0A%00'],
  ])('encodes %j as %s', (key, encoded) => {
    expect(encodeKey(key)).toBe(encoded)
    expect(objectPath({ ...EXAMPLE_ROUTE, basePath: '/b' }, key)).toBe(`/b/${encoded}`)
  })
})

describe('canonicalQuery', () => {
  it('sorts by encoded name, then by value, and encodes slashes', () => {
    const query = canonicalQuery([
      ['uploadId', 'a/b=='],
      ['partNumber', '2'],
      ['x', '2'],
      ['x', '1'],
      ['uploads', ''],
    ])
    expect(query).toBe('partNumber=2&uploadId=a%2Fb%3D%3D&uploads=&x=1&x=2')
  })
})

function valueOf(flat: readonly string[], name: string): string | undefined {
  const at = flat.findIndex((text, index) => index % 2 === 0 && text === name)
  return at === -1 ? undefined : flat[at + 1]
}
