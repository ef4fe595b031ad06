/**
 * The control plane and the signer against the strict local store: what our other tests script,
 * a server that verifies signatures, checksums and part rules has to accept.
 */

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

import { Pool } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startLocalStore, type LocalStore } from '../../../src/local-store/index.ts'
import { attributeHeaders, type ObjectAttributes } from '../../../src/store/attributes.ts'
import type { ObjectStore } from '../../../src/store/object-store.ts'
import { createRetryPolicy } from '../../../src/store/retry-policy.ts'
import { canonicalQuery, objectPath, Signer } from '../../../src/store/signing.ts'
import type { ObjectRef } from '../../../src/store/types.ts'
import { withRetry } from '../../../src/store/with-retry.ts'
import { openS3Store } from './http-script.ts'

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'secret', sessionToken: 'token+/=' }
const signer = new Signer()

let local: LocalStore
let store: ObjectStore

beforeEach(async () => {
  local = await startLocalStore({
    buckets: ['bucket'],
    credentials: CREDENTIALS,
    region: 'eu-west-1',
    minPartSize: 1,
  })
  store = withRetry(
    openS3Store({
      endpoint: local.endpoint,
      credentials: CREDENTIALS,
      region: 'eu-west-1',
      // More than a single PUT of these tests can need on a busy machine.
      readTimeoutMs: 10_000,
    }),
    { policy: createRetryPolicy({ maxAttempts: 4, retryDelayMs: 1, retryDelayMaxMs: 5 }) },
  )
})

afterEach(async () => {
  store.close()
  const orphans = local.uploads().length
  await local.close()
  if (orphans > 0) throw new Error(`${orphans} multipart uploads were left open`)
})

describe('an upload in parts', () => {
  it.each(['plain.bin', 'a b/../c//d', '100% + ü 😀', '~!*\'();:@&=$,?#[]"<>\\^`{|}'])(
    'is accepted and read back under the key %j',
    async (key) => {
      const object = { bucket: 'bucket', key }
      const attributes = { metadata: { token: 't1' }, tags: { a: 'b c' }, contentType: 'x/y' }
      const { uploadId } = await store.createMultipartUpload(object, {
        attributes,
        checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT' },
      })
      const first = await putPart(object, uploadId, 1, 'hello ')
      const second = await putPart(object, uploadId, 2, 'world')
      const listed = await store.listParts(object, uploadId)
      expect(listed.map(({ partNumber, etag, size }) => ({ partNumber, etag, size }))).toEqual([
        { ...first, size: 6 },
        { ...second, size: 5 },
      ])
      const completed = await store.completeMultipartUpload(object, uploadId, [first, second], {
        size: 11,
        checksum: { algorithm: 'CRC32', value: checksum('hello world'), type: 'FULL_OBJECT' },
      })
      const info = await store.head(object)
      expect(info).toMatchObject({
        size: 11,
        etag: completed.etag,
        checksums: { CRC32: checksum('hello world') },
        checksumType: 'FULL_OBJECT',
        metadata: { token: 't1' },
        contentType: 'x/y',
      })
    },
  )

  it('is refused with the wrong checksum of the whole, and can be aborted twice', async () => {
    const object = { bucket: 'bucket', key: 'key' }
    const { uploadId } = await store.createMultipartUpload(object, {
      checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT' },
    })
    const part = await putPart(object, uploadId, 1, 'hello')
    await expect(
      store.completeMultipartUpload(object, uploadId, [part], {
        checksum: { algorithm: 'CRC32', value: checksum('other'), type: 'FULL_OBJECT' },
      }),
    ).rejects.toMatchObject({ code: 'ERR_CHECKSUM_MISMATCH' })
    await store.abortMultipartUpload(object, uploadId)
    await store.abortMultipartUpload(object, uploadId)
    await expect(store.head(object)).rejects.toMatchObject({ code: 'ERR_OBJECT_NOT_FOUND' })
  })
})

describe('corrections', () => {
  it('follow the clock of the store', async () => {
    await putObject({ bucket: 'bucket', key: 'key' }, 'hello', {})
    local.shiftClock(3_600_000)
    await expect(store.head({ bucket: 'bucket', key: 'key' })).resolves.toMatchObject({ size: 5 })
  })

  it('follow the region of the store', async () => {
    const lost = withRetry(
      openS3Store({ endpoint: local.endpoint, credentials: CREDENTIALS, region: 'us-west-2' }),
      { policy: createRetryPolicy({ maxAttempts: 2, retryDelayMs: 1, retryDelayMaxMs: 5 }) },
    )
    const object = { bucket: 'bucket', key: 'key' }
    const { uploadId } = await lost.createMultipartUpload(object)
    await lost.abortMultipartUpload(object, uploadId)
    expect((await lost.route('bucket')).signing?.region).toBe('eu-west-1')
    lost.close()
  })
})

describe('the vocabulary', () => {
  it('is understood by the store on a single PUT', async () => {
    const object = { bucket: 'bucket', key: 'key' }
    await putObject(object, 'hello', {
      contentType: 'text/plain',
      contentEncoding: 'gzip',
      cacheControl: 'no-cache',
      metadata: { Owner: 'a  b' },
      tags: { team: 'x&y' },
      storageClass: 'STANDARD_IA',
      ifNoneMatch: '*',
    })
    await expect(store.head(object)).resolves.toMatchObject({
      size: 5,
      contentType: 'text/plain',
      contentEncoding: 'gzip',
      metadata: { owner: 'a  b' },
      storageClass: 'STANDARD_IA',
      checksums: { CRC32: checksum('hello') },
    })
    await expect(putObject(object, 'again', { ifNoneMatch: '*' })).rejects.toThrow('412')
  })
})

async function putPart(object: ObjectRef, uploadId: string, partNumber: number, body: string) {
  const query = canonicalQuery([
    ['partNumber', String(partNumber)],
    ['uploadId', uploadId],
  ])
  return { partNumber, etag: await put(object, query, body, []) }
}

async function putObject(object: ObjectRef, body: string, attributes: ObjectAttributes) {
  await put(object, '', body, attributeHeaders('put', attributes))
}

/** What a worker does, in short: sign, send, take the ETag. */
async function put(
  object: ObjectRef,
  query: string,
  body: string,
  headers: readonly string[],
): Promise<string> {
  const route = await store.route(object.bucket)
  const path = objectPath(route, object.key)
  const signed = signer.sign({
    route,
    method: 'PUT',
    path,
    query,
    headers: [...headers, 'x-amz-checksum-crc32', checksum(body)],
    payloadHash: createHash('sha256').update(body).digest('hex'),
    timeMs: Date.now(),
  })
  const pool = new Pool(route.origin, { connections: 1 })
  try {
    const answer = await pool.request({
      method: 'PUT',
      path: query === '' ? path : `${path}?${query}`,
      headers: signed,
      body,
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`)
    return String(answer.headers['etag'])
  } finally {
    await pool.destroy()
  }
}

function checksum(body: string): string {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(crc32(body))
  return value.toString('base64')
}
