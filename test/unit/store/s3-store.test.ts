import { createHash } from 'node:crypto'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ObjectStore } from '../../../src/store/object-store.ts'
import { createRetryPolicy } from '../../../src/store/retry-policy.ts'
import type { S3StoreOptions } from '../../../src/store/s3-store-options.ts'
import { withRetry } from '../../../src/store/with-retry.ts'
import { openS3Store, startHttpScript, type HttpScript } from './http-script.ts'

const OBJECT = { bucket: 'bucket', key: 'dir/a b.bin' }
const HEAD_OK = {
  headers: { etag: '"e1"', 'content-length': '11', 'last-modified': new Date(0).toUTCString() },
}

let script: HttpScript
let stores: ObjectStore[]

beforeEach(async () => {
  script = await startHttpScript()
  stores = []
})

afterEach(async () => {
  for (const store of stores) store.close()
  await script[Symbol.asyncDispose]()
})

function open(options: Partial<S3StoreOptions> = {}): ObjectStore {
  const store = openS3Store({ endpoint: script.endpoint, ...options })
  stores.push(store)
  return store
}

describe('head', () => {
  it('tells what the store says, the ETag as it was sent', async () => {
    script.answer({
      headers: {
        ...HEAD_OK.headers,
        'content-type': 'text/plain',
        'content-encoding': 'gzip',
        'x-amz-version-id': 'v1',
        'x-amz-checksum-crc32': 'AAAAAA==',
        'x-amz-checksum-type': 'FULL_OBJECT',
        'x-amz-mp-parts-count': '2',
        'x-amz-meta-owner': 'me',
        'x-amz-storage-class': 'GLACIER_IR',
        'x-amz-server-side-encryption': 'AES256',
        'cache-control': 'no-store',
        expires: 'never',
        'x-amz-tagging-count': '3',
        'x-amz-missing-meta': '1',
        'x-amz-object-lock-legal-hold': 'ON',
      },
    })
    await expect(open().head({ ...OBJECT, versionId: 'v1' }, { partNumber: 1 })).resolves.toEqual({
      size: 11,
      etag: '"e1"',
      lastModified: 0,
      versionId: 'v1',
      checksums: { CRC32: 'AAAAAA==' },
      checksumType: 'FULL_OBJECT',
      partsCount: 2,
      metadata: { owner: 'me' },
      contentType: 'text/plain',
      contentEncoding: 'gzip',
      storageClass: 'GLACIER_IR',
      serverSideEncryption: 'AES256',
      described: {
        cacheControl: 'no-store',
        contentDisposition: undefined,
        contentLanguage: undefined,
        expires: 'never',
        websiteRedirectLocation: undefined,
        sseKmsKeyId: undefined,
        objectLockMode: undefined,
        objectLockRetainUntil: undefined,
        objectLockLegalHold: true,
        tagCount: 3,
        missingMetadata: 1,
      },
    })
    const [request] = script.requests
    expect(request?.url).toBe('/bucket/dir/a%20b.bin?partNumber=1&versionId=v1')
    expect(request?.headers['x-amz-checksum-mode']).toBe('ENABLED')
    expect(request?.headers.authorization).toContain('/us-east-1/s3/aws4_request')
  })

  it('keeps connections open after a HEAD', async () => {
    const store = open()
    for (let n = 0; n < 8; n += 1) {
      script.answer(HEAD_OK)
      await store.head(OBJECT)
    }
    // The pool may open a second one while the first is being given back.
    expect(script.connections()).toBeLessThanOrEqual(2)
  })

  it('asks without checksums when they are not for our eyes', async () => {
    script.answer({ status: 403 }, HEAD_OK)
    await expect(open().head(OBJECT)).resolves.toMatchObject({ size: 11, checksums: {} })
    expect(script.requests[1]?.headers['x-amz-checksum-mode']).toBeUndefined()
  })

  it('carries the customer key, the payer and the owner', async () => {
    script.answer(HEAD_OK)
    await open().head(OBJECT, {
      ifMatch: '"e1"',
      attributes: {
        sseCustomerKey: Buffer.alloc(32).toString('base64'),
        requestPayer: 'requester',
        expectedBucketOwner: '123456789012',
      },
    })
    expect(script.requests[0]?.headers).toMatchObject({
      'if-match': '"e1"',
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key-md5': createHash('md5')
        .update(Buffer.alloc(32))
        .digest('base64'),
      'x-amz-request-payer': 'requester',
      'x-amz-expected-bucket-owner': '123456789012',
    })
  })

  it.each([
    [404, 'ERR_OBJECT_NOT_FOUND'],
    [412, 'ERR_PRECONDITION_FAILED'],
    [503, 'ERR_STORE_UNAVAILABLE'],
    [501, 'ERR_NOT_SUPPORTED'],
  ])('takes status %s for %s, naming operation, bucket and key', async (status, code) => {
    script.answer({ status })
    await expect(open().head(OBJECT)).rejects.toMatchObject({
      code,
      context: { ...OBJECT, operation: 'HeadObject', status },
    })
  })

  it('does not believe an answer without ETag', async () => {
    script.answer({ headers: { 'content-length': '5' } })
    await expect(open().head(OBJECT)).rejects.toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
  })

  it('takes the region from a refusal, and signs for it from then on', async () => {
    const store = withRetry(open(), { policy: quickPolicy() })
    script.answer(
      { status: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' } },
      HEAD_OK,
      HEAD_OK,
    )
    await store.head(OBJECT)
    expect(script.requests[1]?.headers.authorization).toContain('/eu-west-1/s3/')
    expect((await store.route('bucket')).signing?.region).toBe('eu-west-1')
    expect((await store.route('other')).signing?.region).toBe('us-east-1')
  })

  it('corrects its clock by that of the store', async () => {
    const store = withRetry(open(), { policy: quickPolicy() })
    const ahead = new Date(Date.now() + 3_600_000).toUTCString()
    script.answer(
      { status: 403, headers: { date: ahead } },
      { status: 403, headers: { date: ahead } },
    )
    script.answer({ headers: { ...HEAD_OK.headers, date: ahead } })
    await store.head(OBJECT)
    const { clockOffsetMs } = await store.route('bucket')
    expect(Math.abs(clockOffsetMs - 3_600_000)).toBeLessThan(5000)
    const sent = String(script.requests.at(-1)?.headers['x-amz-date'])
    const iso = sent.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z')
    expect(Math.abs(Date.parse(iso) - Date.now() - 3_600_000)).toBeLessThan(10_000)
  })
})

describe('the connection', () => {
  it('gives up on silence after readTimeoutMs', async () => {
    script.answer({ hang: true })
    await expect(open({ readTimeoutMs: 100 }).head(OBJECT)).rejects.toMatchObject({
      code: 'ERR_READ_TIMEOUT',
    })
  })

  it('reports an endpoint where nobody listens', async () => {
    const { endpoint } = script
    await script[Symbol.asyncDispose]()
    await expect(open({ endpoint }).head(OBJECT)).rejects.toMatchObject({ code: 'ERR_CONNECT' })
  })

  it('reports an endpoint that does not speak TLS as a matter of TLS', async () => {
    const endpoint = script.endpoint.replace('http:', 'https:')
    await expect(open({ endpoint }).head(OBJECT)).rejects.toMatchObject({ code: 'ERR_TLS' })
  })

  it('stops at once when the signal aborts, before and during a call', async () => {
    const store = open({ readTimeoutMs: 60_000 })
    await expect(store.head(OBJECT, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    })
    expect(script.requests).toHaveLength(0)
    script.answer({ hang: true })
    const signal = AbortSignal.timeout(50)
    await expect(store.head(OBJECT, { signal })).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })

  it('refuses calls after close', async () => {
    const store = open()
    store.close()
    store.close()
    await expect(store.head(OBJECT)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(store.route('bucket')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  it('keeps keys out of its errors', async () => {
    script.answer({ status: 403, body: '<Error><Code>SignatureDoesNotMatch</Code></Error>' })
    const error: unknown = await open()
      .createMultipartUpload(OBJECT)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    expect(JSON.stringify(error)).not.toContain('secret-test')
  })
})

function quickPolicy() {
  return createRetryPolicy({ maxAttempts: 4, retryDelayMs: 1, retryDelayMaxMs: 1 })
}
