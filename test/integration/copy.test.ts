/** Copies from one object to another: by the store itself, and through workers. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  GetObjectTaggingCommand,
  CompleteMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import { failureOf, until } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const FROM = `s3://${BUCKET}/from`
const TO = `s3://${BUCKET}/to`
const SMALL = testBytes(100_000, 1)
const LARGE = testBytes(17 * MiB, 2)

const bed = sharedBed()
afterEach(() => bed().store.reset())

for (const via of ['server', 'relay'] as const) {
  describe(`A copy by ${via}`, () => {
    test.each([
      ['nothing', Buffer.alloc(0)],
      ['a small object', SMALL],
      ['an object in parts', LARGE],
    ])('of %s has its bytes, and is proved', async (_, bytes) => {
      const { engine, store } = bed()
      const { checksum } = await engine.upload(bytes, FROM)
      const result = await engine.copy(FROM, TO, { via })
      expect(storedBytes(store, 'to').equals(bytes)).toBe(true)
      expect(result).toMatchObject({
        object: { bucket: BUCKET, key: 'to' },
        source: { bucket: BUCKET, key: 'from' },
        how: via,
        size: bytes.length,
        checksum,
        verified: 'checksum',
        sourceVerified: 'checksum',
      })
    })

    test('takes over metadata, headers and tags', async () => {
      const { engine, sdk } = bed()
      const described = {
        ContentType: 'text/x-test',
        CacheControl: 'max-age=1',
        ContentDisposition: 'inline',
        ContentEncoding: 'x-none',
        ContentLanguage: 'de',
        Expires: new Date('2030-01-02T03:04:05Z'),
        Metadata: { a: '1', b: 'two' },
      }
      const { Expires, ...others } = described
      const named = { Bucket: BUCKET, Key: 'from' }
      await sdk.send(
        new PutObjectCommand({ ...named, ...described, Tagging: 'x=1&y=z%20z', Body: SMALL }),
      )
      await engine.copy(FROM, TO, { via })
      const copy = { Bucket: BUCKET, Key: 'to' }
      const head = await sdk.send(new HeadObjectCommand(copy))
      expect(head).toMatchObject(others)
      expect(new Date(head.ExpiresString ?? '')).toEqual(Expires)
      const { TagSet } = await sdk.send(new GetObjectTaggingCommand(copy))
      expect(TagSet).toEqual([
        { Key: 'x', Value: '1' },
        { Key: 'y', Value: 'z z' },
      ])
    })

    test('has what is said of it instead', async () => {
      const { engine, sdk } = bed()
      const said = { metadata: { a: '1' }, contentType: 'text/a', tags: { old: '1' } }
      await engine.upload(SMALL, FROM, { ...said, cacheControl: 'no-store' })
      await engine.copy(FROM, TO, { via, metadata: { b: '2' }, tags: { fresh: '2' } })
      const copy = { Bucket: BUCKET, Key: 'to' }
      const head = await sdk.send(new HeadObjectCommand(copy))
      expect(head).toMatchObject({
        Metadata: { b: '2' },
        ContentType: 'text/a',
        CacheControl: 'no-store',
      })
      const { TagSet } = await sdk.send(new GetObjectTaggingCommand(copy))
      expect(TagSet).toEqual([{ Key: 'fresh', Value: '2' }])
    })

    test('keeps the ETag of an object that was made in parts', async () => {
      const { engine, store, sdk } = bed()
      const etag = await uploadInParts(sdk, [testBytes(6 * MiB, 3), testBytes(6 * MiB, 4), SMALL])
      const result = await engine.copy(FROM, TO, { via })
      expect(result).toMatchObject({
        etag,
        parts: 3,
        sourceVerified: 'checksum',
      })
      expect(storedBytes(store, 'to').equals(storedBytes(store, 'from'))).toBe(true)
    })

    test('of a source that changes meanwhile fails, and leaves nothing', async () => {
      const { engine, store, sdk } = bed()
      await engine.upload(LARGE, FROM)
      const operation = via === 'server' ? 'CopyObject' : 'GetObject'
      const looks = () => store.requests.entries({ operation: 'HeadObject', key: 'from' }).length
      store.requests.clear()
      const delay = { kind: 'delay', ms: 3000, at: 'before-operation' } as const
      store.faults.add({ match: { operation }, fault: delay })
      store.faults.add({ match: { operation: 'UploadPartCopy' }, fault: delay })
      const failure = failureOf(engine.copy(FROM, TO, { via, partSize: 5 * MiB }))
      await until(() => looks() > 0, 'the source was looked at')
      await sdk.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'from', Body: SMALL }))
      expect(await failure).toMatchObject({ code: 'ERR_OBJECT_CHANGED' })
      expect(store.uploads()).toEqual([])
      expect(store.objects(BUCKET).map(({ key }) => key)).toEqual(['from'])
    })

    test('fails for a source that is not there', async () => {
      const error = await failureOf(bed().engine.copy(FROM, TO, { via }))
      expect(error).toMatchObject({ code: 'ERR_OBJECT_NOT_FOUND', context: { key: 'from' } })
    })

    test('writes over nothing with `ifNoneMatch`', async () => {
      const { engine, store } = bed()
      await engine.upload(SMALL, FROM)
      await engine.upload(LARGE, TO)
      const error = await failureOf(engine.copy(FROM, TO, { via, ifNoneMatch: '*' }))
      expect(error.code).toBe('ERR_PRECONDITION_FAILED')
      expect(storedBytes(store, 'to').equals(LARGE)).toBe(true)
    })
  })
}

describe('A copy', () => {
  test('of an object to itself is refused', async () => {
    const { engine } = bed()
    await engine.upload(SMALL, FROM)
    const error = await failureOf(engine.copy(FROM, FROM))
    expect(error.code).toBe('ERR_OPTION_INVALID')
  })

  test('of an object to itself may change what is said of it', async () => {
    const { engine, sdk } = bed()
    await engine.upload(SMALL, FROM, { metadata: { a: '1' } })
    await engine.copy(FROM, FROM, { metadata: { b: '2' } })
    const head = await sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'from' }))
    expect(head.Metadata).toEqual({ b: '2' })
  })

  test('below a prefix has the last name of its source', async () => {
    const { engine, store } = bed()
    await engine.upload(SMALL, `s3://${BUCKET}/a/b/c`)
    await engine.copy(`s3://${BUCKET}/a/b/c`, `s3://${BUCKET}/d/`)
    expect(storedBytes(store, 'd/c').equals(SMALL)).toBe(true)
  })

  test('is relayed where the store refuses, and says why', async () => {
    const { engine, store } = bed()
    await engine.upload(SMALL, FROM)
    store.faults.add({
      match: { operation: 'CopyObject' },
      fault: { kind: 'answer', status: 501, code: 'NotImplemented' },
    })
    const result = await engine.copy(FROM, TO)
    expect(result.how).toBe('relay')
    expect(result.relayReason).toMatch(/^The store does not copy by itself: /u)
    expect(storedBytes(store, 'to').equals(SMALL)).toBe(true)
    const error = await failureOf(engine.copy(FROM, TO, { via: 'server' }))
    expect(error.code).toBe('ERR_NOT_SUPPORTED')
  })

  test('is relayed where the store refuses to copy parts, and leaves nothing of the attempt', async () => {
    const { store } = bed()
    // One that has not been refused yet.
    const engine = bed().another({})
    await engine.upload(LARGE, FROM)
    store.faults.add({
      match: { operation: 'UploadPartCopy' },
      skip: 1,
      fault: { kind: 'answer', status: 501, code: 'NotImplemented' },
    })
    const seen: number[] = []
    const result = await engine.copy(FROM, TO, {
      onProgress: ({ transferred }) => seen.push(transferred),
    })
    expect(result).toMatchObject({ how: 'relay', verified: 'checksum', keptBytes: 0 })
    expect(result.relayReason).toContain('NotImplemented')
    expect(storedBytes(store, 'to').equals(LARGE)).toBe(true)
    expect(store.uploads()).toEqual([])
    expect(Math.max(...seen)).toBe(LARGE.length)
  })

  test('is relayed where the store is wrong about the checksums of parts it copied', async () => {
    const { store } = bed()
    // One that has not been refused yet.
    const engine = bed().another({})
    await engine.upload(LARGE, FROM)
    const refused = {
      match: { operation: 'CompleteMultipartUpload' },
      fault: { kind: 'answer', status: 400, code: 'BadDigest' },
    } as const
    store.faults.add(refused)
    const error = await failureOf(engine.copy(FROM, TO, { via: 'server' }))
    expect(error.code).toBe('ERR_CHECKSUM_MISMATCH')
    store.faults.clear()
    store.faults.add({ ...refused, times: error.context.attempt })
    const result = await engine.copy(FROM, TO)
    expect(result).toMatchObject({ how: 'relay', verified: 'checksum' })
    expect(result.relayReason).toContain('BadDigest')
    expect(storedBytes(store, 'to').equals(LARGE)).toBe(true)
    expect(store.uploads()).toEqual([])
  })

  test('touches no disk', async () => {
    const { engine, dir } = bed()
    await engine.upload(LARGE, FROM)
    await engine.copy(FROM, TO, { via: 'relay' })
    expect(await readdir(join(dir))).toEqual([])
  })

  test('that is aborted leaves nothing', async () => {
    const { engine, store } = bed()
    await engine.upload(LARGE, FROM)
    const stall = { kind: 'stall-request', afterBytes: 1000 } as const
    store.faults.add({ match: { operation: 'UploadPart' }, fault: stall })
    const transfer = engine.copy(FROM, TO, { via: 'relay' })
    const failure = failureOf(transfer)
    await until(() => store.uploads().length > 0, 'the upload is open')
    await transfer.abort()
    expect(await failure).toMatchObject({ code: 'ERR_ABORTED' })
    expect(store.uploads()).toEqual([])
  })
})

/** An object made by another tool, without checksums. Returns its ETag. */
async function uploadInParts(
  sdk: ReturnType<typeof bed>['sdk'],
  parts: readonly Uint8Array[],
): Promise<string> {
  const named = { Bucket: BUCKET, Key: 'from' }
  const { UploadId } = await sdk.send(new CreateMultipartUploadCommand(named))
  const Parts = []
  for (const [index, Body] of parts.entries()) {
    const PartNumber = index + 1
    const { ETag } = await sdk.send(new UploadPartCommand({ ...named, UploadId, PartNumber, Body }))
    Parts.push({ PartNumber, ETag })
  }
  const command = new CompleteMultipartUploadCommand({
    ...named,
    UploadId,
    MultipartUpload: { Parts },
  })
  return (await sdk.send(command)).ETag ?? ''
}
