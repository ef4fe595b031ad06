/** Encryption, tags, metadata, storage class. */

import { createHash } from 'node:crypto'
import {
  CopyObjectCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { bodyOf, conformanceCase, expectRefused, type ConformanceCase } from './case.ts'
import { OpenUpload } from './multipart-calls.ts'

function customerKey(fill: number): {
  SSECustomerAlgorithm: string
  SSECustomerKey: string
  SSECustomerKeyMD5: string
} {
  const key = Buffer.alloc(32, fill)
  return {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(key).digest('base64'),
  }
}

export const ATTRIBUTE_CASES: readonly ConformanceCase[] = [
  conformanceCase('sse.AES256', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    const put = { ...object, Body: 'x', ServerSideEncryption: 'AES256' } as const
    expect((await client.send(new PutObjectCommand(put))).ServerSideEncryption).toBe('AES256')
    const head = await client.send(new HeadObjectCommand(object))
    expect(head.ServerSideEncryption).toBe('AES256')
  }),
  conformanceCase('sse.kms', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    const SSEKMSKeyId = 'arn:aws:kms:us-east-1:123456789012:key/test'
    const put = { ...object, Body: 'x', ServerSideEncryption: 'aws:kms', SSEKMSKeyId } as const
    await client.send(new PutObjectCommand(put))
    const head = await client.send(new HeadObjectCommand(object))
    expect([head.ServerSideEncryption, head.SSEKMSKeyId]).toEqual(['aws:kms', SSEKMSKeyId])
    expect(head.ETag).not.toBe(`"${createHash('md5').update('x').digest('hex')}"`)
  }),
  conformanceCase('sse.customer-key', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    await client.send(new PutObjectCommand({ ...object, Body: 'secret', ...customerKey(1) }))
    const got = await client.send(new GetObjectCommand({ ...object, ...customerKey(1) }))
    expect((await bodyOf(got)).toString()).toBe('secret')
    expect(got.SSECustomerKeyMD5).toBe(customerKey(1).SSECustomerKeyMD5)
    await expectRefused(client.send(new GetObjectCommand(object)), 400)
    const other = new GetObjectCommand({ ...object, ...customerKey(2) })
    await expectRefused(client.send(other), 403)
  }),
  conformanceCase('sse.customer-key-on-every-part', async (context) => {
    const upload = await OpenUpload.create(context, customerKey(1))
    const body = Buffer.from('secret')
    await expectRefused(upload.part(1, body), 400)
    await upload.complete([await upload.part(1, body, customerKey(1))])
  }),
  conformanceCase('tags.on-put', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    await client.send(new PutObjectCommand({ ...object, Body: 'x', Tagging: 'a=1&b=x%20y' }))
    const { TagSet } = await client.send(new GetObjectTaggingCommand(object))
    expect(TagSet).toEqual([
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: 'x y' },
    ])
    expect((await client.send(new HeadObjectCommand(object))).TagCount).toBe(2)
  }),
  conformanceCase('tags.mpu-create', async (context) => {
    const upload = await OpenUpload.create(context, { Tagging: 'a=1' })
    await upload.complete([await upload.part(1, Buffer.from('x'))])
    const { Bucket, Key } = upload.object
    const { TagSet } = await context.client.send(new GetObjectTaggingCommand({ Bucket, Key }))
    expect(TagSet).toEqual([{ Key: 'a', Value: '1' }])
  }),
  conformanceCase('tags.put-tagging', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    await client.send(new PutObjectCommand({ ...object, Body: 'x', Tagging: 'old=1' }))
    const TagSet = [{ Key: 'new', Value: '2' }]
    await client.send(new PutObjectTaggingCommand({ ...object, Tagging: { TagSet } }))
    const read = async (): Promise<unknown> =>
      (await client.send(new GetObjectTaggingCommand(object))).TagSet
    expect(await read()).toEqual(TagSet)
    await client.send(new DeleteObjectTaggingCommand(object))
    expect(await read()).toEqual([])
  }),
  conformanceCase('tags.copied', async ({ client, bucket, key }) => {
    const source = { Bucket: bucket, Key: key('source') }
    await client.send(new PutObjectCommand({ ...source, Body: 'x', Tagging: 'a=1' }))
    const object = { Bucket: bucket, Key: key('copy') }
    await client.send(new CopyObjectCommand({ ...object, CopySource: `${bucket}/${source.Key}` }))
    const { TagSet } = await client.send(new GetObjectTaggingCommand(object))
    expect(TagSet).toEqual([{ Key: 'a', Value: '1' }])
  }),
  conformanceCase('metadata.all-headers', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    const attributes = {
      ContentType: 'text/csv; charset=utf-8',
      ContentEncoding: 'gzip',
      ContentLanguage: 'en, de',
      ContentDisposition: 'attachment; filename="x.csv"',
      CacheControl: 'max-age=60',
      Metadata: { one: '1', 'two-words': 'a b' },
    }
    const Expires = new Date(Date.UTC(2030, 0, 1))
    await client.send(new PutObjectCommand({ ...object, Body: 'x', ...attributes, Expires }))
    const head = await client.send(new HeadObjectCommand(object))
    expect(head).toMatchObject({ ...attributes, ExpiresString: 'Tue, 01 Jan 2030 00:00:00 GMT' })
  }),
  conformanceCase('metadata.default-type', async ({ raw, client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    await raw.send({ method: 'PUT', bucket, key: object.Key, body: Buffer.from('x') })
    const head = await client.send(new HeadObjectCommand(object))
    expect(head.ContentType).toMatch(/^(binary|application)\/octet-stream$/)
  }),
  conformanceCase('metadata.too-large', async ({ client, bucket, key }) => {
    const Metadata = { big: 'x'.repeat(2100) }
    const put = new PutObjectCommand({ Bucket: bucket, Key: key(), Body: 'x', Metadata })
    await expectRefused(client.send(put), 'MetadataTooLarge')
  }),
  conformanceCase('storage-class', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    const put = { ...object, Body: 'x', StorageClass: 'STANDARD_IA' } as const
    await client.send(new PutObjectCommand(put))
    const head = await client.send(new HeadObjectCommand(object))
    expect(head.StorageClass).toBe('STANDARD_IA')
    const StorageClass = 'NO_SUCH_CLASS' as 'STANDARD'
    const other = new PutObjectCommand({ ...put, StorageClass })
    await expectRefused(client.send(other), 'InvalidStorageClass')
  }),
]
