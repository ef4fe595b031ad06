import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { S3Error } from '../../src/local-store/s3-error.ts'
import {
  verifyRequest,
  type RawRequest,
  type StoreCredentials,
  type Verified,
} from '../../src/local-store/sigv4.ts'
import {
  EXAMPLE_CREDENTIALS,
  EXAMPLE_TIME,
  HEADER_EXAMPLES,
  QUERY_EXAMPLE,
  STREAM_EXAMPLE,
  STREAM_PAYLOAD,
  TRAILER_EXAMPLE,
} from './sigv4-examples.ts'
import { presignBySmithy, signBySmithy } from './sigv4-smithy.ts'

const HOUR = 3_600_000
const SKEW = 15 * 60_000

/** Verifies a request and gives what is known of it, or the code of the refusal. */
function check(
  request: RawRequest,
  changes: { now?: number; region?: string; credentials?: StoreCredentials } = {},
): Verified | string {
  const credentials = changes.credentials ?? EXAMPLE_CREDENTIALS
  try {
    return verifyRequest(request, {
      find: (id) => (id === credentials.accessKeyId ? credentials : undefined),
      now: changes.now ?? EXAMPLE_TIME,
      region: changes.region ?? 'us-east-1',
      skewMaxMs: SKEW,
    })
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
}

function withHeader(request: RawRequest, name: string, value: string | undefined): RawRequest {
  const others = request.headers.filter((entry) => entry[0] !== name)
  return { ...request, headers: value === undefined ? others : [...others, [name, value]] }
}

function sha256(data: Uint8Array | string): Buffer {
  return createHash('sha256').update(data).digest()
}

describe('the worked examples of the AWS documentation', () => {
  test.each(Object.entries(HEADER_EXAMPLES))('%s is accepted', (_, request) => {
    expect(check(request)).toMatchObject({ presigned: false, payload: { kind: 'hash' } })
  })

  test('the presigned URL is accepted', () => {
    expect(check(QUERY_EXAMPLE)).toMatchObject({ presigned: true, payload: { kind: 'unsigned' } })
  })

  test('the signed chunks are accepted in their order and refused in any other', () => {
    const verified = check(STREAM_EXAMPLE.request) as Verified
    if (verified.payload.kind !== 'chunks-signed') throw new Error('not in signed chunks')
    const { signer, trailer } = verified.payload
    const [first = '', second = '', last = ''] = STREAM_EXAMPLE.signatures
    const pieces = [STREAM_PAYLOAD.subarray(0, 65_536), STREAM_PAYLOAD.subarray(65_536)]
    expect(trailer).toBe(false)
    expect(() => signer.verifyChunk(second, sha256(pieces[1] ?? ''))).toThrow(S3Error)
    signer.verifyChunk(first, sha256(pieces[0] ?? ''))
    expect(() => signer.verifyChunk(second, sha256('other'))).toThrow(S3Error)
    signer.verifyChunk(second, sha256(pieces[1] ?? ''))
    signer.verifyChunk(last, sha256(''))
  })

  test('the signed trailer is accepted, and refused with another value', () => {
    const verified = check(TRAILER_EXAMPLE.request) as Verified
    if (verified.payload.kind !== 'chunks-signed') throw new Error('not in signed chunks')
    const { signer, trailer } = verified.payload
    const [first = '', second = '', last = '', end = ''] = TRAILER_EXAMPLE.signatures
    signer.verifyChunk(first, sha256(STREAM_PAYLOAD.subarray(0, 65_536)))
    signer.verifyChunk(second, sha256(STREAM_PAYLOAD.subarray(65_536)))
    signer.verifyChunk(last, sha256(''))
    expect(trailer).toBe(true)
    expect(() => signer.verifyTrailer(end, 'x-amz-checksum-crc32c:AAAAAA==\n')).toThrow(S3Error)
    signer.verifyTrailer(end, 'x-amz-checksum-crc32c:sOO8/Q==\n')
  })
})

describe('requests signed by the AWS SDK', () => {
  test.each([
    '/bucket/plain.txt',
    '/bucket/with%20space%2Bplus%25percent',
    '/bucket/%E2%82%AC%F0%9F%98%80',
    '/bucket/a//b/../c/./d',
    '/bucket/%21%27%28%29%2A%24%26%2C%3A%3B%3D%40',
    '/bucket/%01%7F',
    '/',
  ])('path %s is accepted', async (path) => {
    expect(check(await signBySmithy({ path }))).toMatchObject({ presigned: false })
    expect(check(await presignBySmithy({ path }))).toMatchObject({ presigned: true })
  })

  test('a path that the client leaves unescaped is the same path', async () => {
    const request = await signBySmithy({ path: '/bucket/%24a%3Ab%40c' })
    expect(check({ ...request, rawPath: '/bucket/$a:b@c' })).toMatchObject({ presigned: false })
  })

  test('odd queries, repeated blanks and a body hash are accepted', async () => {
    const request = await signBySmithy({
      method: 'PUT',
      query: { prefix: 'a b/ü+', uploads: '', 'max-keys': '2' },
      headers: {
        'x-amz-meta-text': '  many   blanks  ',
        'x-amz-content-sha256': sha256('x').toString('hex'),
      },
    })
    expect(check(request)).toMatchObject({
      payload: { kind: 'hash', sha256: sha256('x').toString('hex') },
    })
  })

  test.each(['sign', 'presign'])(
    'a session token is needed and must be right (%s)',
    async (how) => {
      const credentials = { ...EXAMPLE_CREDENTIALS, sessionToken: 'token+with/odd=chars' }
      const sign = how === 'sign' ? signBySmithy : presignBySmithy
      const request = await sign({ token: 'token+with/odd=chars' })
      expect(check(request, { credentials })).toMatchObject({ presigned: how === 'presign' })
      expect(check(request)).toBe('InvalidToken')
      expect(check(await sign({ token: 'another' }), { credentials })).toBe('InvalidToken')
      expect(check(await sign({}), { credentials })).toBe('InvalidAccessKeyId')
      const expired = { ...credentials, expiresAt: EXAMPLE_TIME }
      expect(check(request, { credentials: expired })).toBe('ExpiredToken')
    },
  )

  test('other payload modes are recognised', async () => {
    const mode = async (value: string): Promise<unknown> =>
      check(await signBySmithy({ headers: { 'x-amz-content-sha256': value } }))
    expect(await mode('UNSIGNED-PAYLOAD')).toMatchObject({ payload: { kind: 'unsigned' } })
    expect(await mode('STREAMING-UNSIGNED-PAYLOAD-TRAILER')).toMatchObject({
      payload: { kind: 'chunks-unsigned-trailer' },
    })
    expect(await mode('SOMETHING-ELSE')).toBe('InvalidArgument')
  })
})

describe('a request that was tampered with is refused', () => {
  const headers = {
    range: 'bytes=0-9',
    'x-amz-meta-a': '1',
    'x-amz-content-sha256': sha256('').toString('hex'),
  }
  const original = (): Promise<RawRequest> => signBySmithy({ query: { list: '1' }, headers })

  test.each<[string, (request: RawRequest) => RawRequest, string]>([
    ['method', (r) => ({ ...r, method: 'PUT' }), 'SignatureDoesNotMatch'],
    ['path', (r) => ({ ...r, rawPath: '/bucket/kez' }), 'SignatureDoesNotMatch'],
    ['path case of an escape', (r) => ({ ...r, rawPath: '/bucket/%6B%65y' }), 'accepted'],
    ['broken escape', (r) => ({ ...r, rawPath: '/bucket/%zz' }), 'InvalidURI'],
    ['query value', (r) => ({ ...r, rawQuery: 'list=2' }), 'SignatureDoesNotMatch'],
    ['query added', (r) => ({ ...r, rawQuery: 'list=1&a=b' }), 'SignatureDoesNotMatch'],
    ['query removed', (r) => ({ ...r, rawQuery: '' }), 'SignatureDoesNotMatch'],
    ['host', (r) => withHeader(r, 'host', '127.0.0.1:9001'), 'SignatureDoesNotMatch'],
    ['signed header', (r) => withHeader(r, 'range', 'bytes=0-8'), 'SignatureDoesNotMatch'],
    ['signed header removed', (r) => withHeader(r, 'range', undefined), 'SignatureDoesNotMatch'],
    ['unsigned amz header', (r) => withHeader(r, 'x-amz-acl', 'public-read'), 'AccessDenied'],
    ['unsigned plain header', (r) => withHeader(r, 'x-other', '1'), 'accepted'],
    [
      'payload hash',
      (r) => withHeader(r, 'x-amz-content-sha256', sha256('x').toString('hex')),
      'SignatureDoesNotMatch',
    ],
    ['date', (r) => withHeader(r, 'x-amz-date', '20130524T000001Z'), 'SignatureDoesNotMatch'],
    ['day', (r) => withHeader(r, 'x-amz-date', '20130523T235959Z'), 'AuthorizationHeaderMalformed'],
    ['bad date', (r) => withHeader(r, 'x-amz-date', 'yesterday'), 'AccessDenied'],
    ['no hash', (r) => withHeader(r, 'x-amz-content-sha256', undefined), 'InvalidRequest'],
    ['anonymous', (r) => withHeader(r, 'authorization', undefined), 'AccessDenied'],
    ['version 2', (r) => withHeader(r, 'authorization', 'AWS id:signature'), 'InvalidRequest'],
    [
      'no signature',
      (r) => withHeader(r, 'authorization', 'AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request'),
      'AuthorizationHeaderMalformed',
    ],
    ['two mechanisms', (r) => ({ ...r, rawQuery: 'X-Amz-Signature=0' }), 'InvalidArgument'],
  ])('%s', async (_, tamper, expected) => {
    const result = check(tamper(await original()))
    expect(typeof result === 'string' ? result : 'accepted').toBe(expected)
  })

  test.each([
    ['signature', /Signature=\w/, 'Signature=0', 'SignatureDoesNotMatch'],
    ['access key', 'AKIAIOSFODNN7EXAMPLE', 'AKIAOTHEREXAMPLE0000', 'InvalidAccessKeyId'],
    ['region', '/us-east-1/', '/eu-west-1/', 'AuthorizationHeaderMalformed'],
    ['service', '/s3/', '/ec2/', 'AuthorizationHeaderMalformed'],
    ['terminator', 'aws4_request', 'aws5_request', 'AuthorizationHeaderMalformed'],
    ['host not signed', 'SignedHeaders=host;', 'SignedHeaders=', 'AccessDenied'],
    ['amz header not signed', ';x-amz-meta-a', '', 'AccessDenied'],
  ])('%s in the Authorization header', async (_, from, to, expected) => {
    const request = await original()
    const authorization = request.headers.find(([name]) => name === 'authorization')?.[1] ?? ''
    const changed = authorization.replace(from, to)
    expect(changed).not.toBe(authorization)
    expect(check(withHeader(request, 'authorization', changed))).toBe(expected)
  })

  test('a wrong secret', async () => {
    const credentials = { ...EXAMPLE_CREDENTIALS, secretAccessKey: 'other' }
    expect(check(await original(), { credentials })).toBe('SignatureDoesNotMatch')
  })

  test('a clock off by more than a quarter of an hour, either way', async () => {
    const request = await original()
    expect(check(request, { now: EXAMPLE_TIME + SKEW })).toMatchObject({ presigned: false })
    expect(check(request, { now: EXAMPLE_TIME + SKEW + 1 })).toBe('RequestTimeTooSkewed')
    expect(check(request, { now: EXAMPLE_TIME - HOUR })).toBe('RequestTimeTooSkewed')
  })

  test('a wrong region, which the answer names', async () => {
    const request = await original()
    const options = { find: () => EXAMPLE_CREDENTIALS, now: EXAMPLE_TIME, skewMaxMs: SKEW }
    expect(() => verifyRequest(request, { ...options, region: 'eu-west-1' })).toThrow(
      expect.objectContaining({
        code: 'AuthorizationHeaderMalformed',
        extra: { Region: 'eu-west-1' },
      }),
    )
  })
})

describe('a presigned URL that was tampered with is refused', () => {
  test.each([
    ['signature', /Signature=\w/, 'Signature=0', 'SignatureDoesNotMatch'],
    ['life', 'Expires=600', 'Expires=601', 'SignatureDoesNotMatch'],
    ['life too long', 'Expires=600', 'Expires=604801', 'AuthorizationQueryParametersError'],
    ['life of nothing', 'Expires=600', 'Expires=0', 'AuthorizationQueryParametersError'],
    ['missing date', /X-Amz-Date=\w+&/, '', 'AuthorizationQueryParametersError'],
    ['algorithm', 'AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1', 'AuthorizationQueryParametersError'],
    ['region', 'us-east-1', 'us-west-1', 'AuthorizationQueryParametersError'],
    ['query added', /^/, 'versionId=1&', 'SignatureDoesNotMatch'],
  ])('%s', async (_, from, to, expected) => {
    const request = await presignBySmithy({})
    const rawQuery = request.rawQuery.replace(from, to)
    expect(rawQuery).not.toBe(request.rawQuery)
    expect(check({ ...request, rawQuery })).toBe(expected)
  })

  test('after its life, and long before it', async () => {
    const request = await presignBySmithy({})
    expect(check(request, { now: EXAMPLE_TIME + 600_000 })).toMatchObject({ presigned: true })
    expect(check(request, { now: EXAMPLE_TIME + 600_001 })).toBe('AccessDenied')
    expect(check(request, { now: EXAMPLE_TIME - HOUR })).toBe('AccessDenied')
  })
})
