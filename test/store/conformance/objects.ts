/** Objects: the basic calls, and uploads that break off. */

import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  CreateMultipartUploadCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  AbortMultipartUploadCommand,
} from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import {
  bodyOf,
  conformanceCase,
  expectBytes,
  expectRefused,
  sampleBytes,
  type ConformanceCase,
} from './case.ts'

export const OBJECT_CASES: readonly ConformanceCase[] = [
  conformanceCase('put-get-head-delete', async ({ client, bucket, key }) => {
    const Body = sampleBytes(100_001)
    const object = { Bucket: bucket, Key: key() }
    const md5 = createHash('md5').update(Body).digest('hex')
    const put = await client.send(new PutObjectCommand({ ...object, Body }))
    expect(put.ETag).toBe(`"${md5}"`)
    const got = await client.send(new GetObjectCommand(object))
    expectBytes(await bodyOf(got), Body)
    const head = await client.send(new HeadObjectCommand(object))
    expect([head.ContentLength, head.ETag]).toEqual([Body.length, put.ETag])
    await client.send(new DeleteObjectCommand(object))
    await expectRefused(client.send(new GetObjectCommand(object)), 'NoSuchKey')
    await expectRefused(client.send(new HeadObjectCommand(object)), 404)
    await client.send(new DeleteObjectCommand(object))
  }),
  conformanceCase('empty-object', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    const put = await client.send(new PutObjectCommand({ ...object, Body: Buffer.alloc(0) }))
    expect(put.ETag).toBe('"d41d8cd98f00b204e9800998ecf8427e"')
    const got = await client.send(new GetObjectCommand(object))
    expect([got.ContentLength, (await bodyOf(got)).length]).toEqual([0, 0])
  }),
  conformanceCase('delete-objects(multi)', async ({ sdk, bucket, key }) => {
    const Objects = [key('a'), key('b&<>"'), key('c')].map((Key) => ({ Key }))
    for (const { Key } of Objects) {
      await sdk.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }))
    }
    const Delete = { Objects: [...Objects, { Key: key('never was') }] }
    const { Deleted, Errors } = await sdk.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }))
    expect([Deleted?.length, Errors?.length ?? 0]).toEqual([4, 0])
    const gone = new HeadObjectCommand({ Bucket: bucket, Key: Objects[1]?.Key ?? '' })
    await expectRefused(sdk.send(gone), 404)
  }),
  conformanceCase('object.overwrite', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    await client.send(new PutObjectCommand({ ...object, Body: 'first, and longer' }))
    await client.send(new PutObjectCommand({ ...object, Body: 'second' }))
    expect((await bodyOf(await client.send(new GetObjectCommand(object)))).toString()).toBe(
      'second',
    )
  }),
  conformanceCase('response-overrides', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    await client.send(new PutObjectCommand({ ...object, Body: 'x', ContentType: 'text/plain' }))
    const got = await client.send(
      new GetObjectCommand({
        ...object,
        ResponseContentType: 'application/x-other',
        ResponseCacheControl: 'no-store',
        ResponseContentDisposition: 'attachment; filename="a b"',
      }),
    )
    expect(got.ContentType).toBe('application/x-other')
    expect(got.CacheControl).toBe('no-store')
    expect(got.ContentDisposition).toBe('attachment; filename="a b"')
    await bodyOf(got)
  }),
  conformanceCase('versioning', async ({ client, otherBucket, key }) => {
    const object = { Bucket: otherBucket, Key: key() }
    const status = async (Status: 'Enabled' | 'Suspended'): Promise<void> => {
      const VersioningConfiguration = { Status }
      await client.send(
        new PutBucketVersioningCommand({ Bucket: otherBucket, VersioningConfiguration }),
      )
    }
    const read = async (VersionId?: string): Promise<string> =>
      (await bodyOf(await client.send(new GetObjectCommand({ ...object, VersionId })))).toString()
    await status('Enabled')
    const first = await client.send(new PutObjectCommand({ ...object, Body: 'first' }))
    const second = await client.send(new PutObjectCommand({ ...object, Body: 'second' }))
    expect(await read()).toBe('second')
    expect(await read(first.VersionId)).toBe('first')
    const marker = await client.send(new DeleteObjectCommand(object))
    expect(marker.DeleteMarker).toBe(true)
    await expectRefused(client.send(new GetObjectCommand(object)), 'NoSuchKey')
    expect(await read(second.VersionId)).toBe('second')
    for (const { VersionId } of [marker, second]) {
      await client.send(new DeleteObjectCommand({ ...object, VersionId }))
    }
    expect(await read()).toBe('first')
    await client.send(new DeleteObjectCommand({ ...object, VersionId: first.VersionId }))
    await status('Suspended')
  }),
  conformanceCase('truncated-upload-not-stored', async ({ client, raw, bucket, key }) => {
    const object = { bucket, key: key() }
    const body = sampleBytes(300_000)
    const cut = raw.send({
      method: 'PUT',
      ...object,
      body,
      payload: 'UNSIGNED-PAYLOAD',
      cutAfter: 100_000,
    })
    await expect(cut).rejects.toThrow()
    const head = new HeadObjectCommand({ Bucket: bucket, Key: object.key })
    await expectRefused(client.send(head), 404)
  }),
  conformanceCase('truncated-part-not-stored', async ({ client, raw, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
    const query = { uploadId: UploadId ?? '', partNumber: '1' }
    const body = sampleBytes(300_000)
    const part = {
      method: 'PUT',
      bucket,
      key: object.Key,
      query,
      body,
      payload: 'UNSIGNED-PAYLOAD',
    }
    await expect(raw.send({ ...part, cutAfter: 100_000 })).rejects.toThrow()
    const listed = await client.send(new ListPartsCommand({ ...object, UploadId }))
    expect(listed.Parts ?? []).toEqual([])
    await client.send(new AbortMultipartUploadCommand({ ...object, UploadId }))
    const open = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: object.Key }),
    )
    expect(open.Uploads ?? []).toEqual([])
  }),
]
