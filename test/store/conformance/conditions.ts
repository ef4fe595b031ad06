/** Conditional requests. */

import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type GetObjectCommandInput,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import {
  bodyOf,
  conformanceCase,
  expectRefused,
  type CaseContext,
  type ConformanceCase,
} from './case.ts'
import { OpenUpload } from './multipart-calls.ts'

const DAY = 86_400_000

interface Stored {
  readonly object: { readonly Bucket: string; readonly Key: string }
  readonly etag: string
  get(input: Partial<GetObjectCommandInput>): Promise<string>
}

async function store({ client, bucket, key }: CaseContext): Promise<Stored> {
  const object = { Bucket: bucket, Key: key() }
  const { ETag = '' } = await client.send(new PutObjectCommand({ ...object, Body: 'content' }))
  const get = async (input: Partial<GetObjectCommandInput>): Promise<string> =>
    (await bodyOf(await client.send(new GetObjectCommand({ ...object, ...input })))).toString()
  return { object, etag: ETag, get }
}

export const CONDITION_CASES: readonly ConformanceCase[] = [
  conformanceCase('cond.get.if-match', async (context) => {
    const { etag, get } = await store(context)
    expect(await get({ IfMatch: etag })).toBe('content')
    await expectRefused(get({ IfMatch: '"other"' }), 'PreconditionFailed')
  }),
  conformanceCase('cond.get.range+if-match', async (context) => {
    const { etag, get } = await store(context)
    expect(await get({ Range: 'bytes=0-3', IfMatch: etag })).toBe('cont')
    await expectRefused(get({ Range: 'bytes=0-3', IfMatch: '"other"' }), 'PreconditionFailed')
  }),
  conformanceCase('cond.get.if-none-match 304', async (context) => {
    const { etag, get } = await store(context)
    expect(await get({ IfNoneMatch: '"other"' })).toBe('content')
    await expectRefused(get({ IfNoneMatch: etag }), 304)
  }),
  conformanceCase('cond.get.if-modified-since', async (context) => {
    const { get } = await store(context)
    expect(await get({ IfModifiedSince: new Date(Date.now() - DAY) })).toBe('content')
    await expectRefused(get({ IfModifiedSince: new Date(Date.now() + 1000) }), 304)
  }),
  conformanceCase('cond.get.if-unmodified-since', async (context) => {
    const { get } = await store(context)
    expect(await get({ IfUnmodifiedSince: new Date(Date.now() + DAY) })).toBe('content')
    const since = new Date(Date.now() - DAY)
    await expectRefused(get({ IfUnmodifiedSince: since }), 'PreconditionFailed')
  }),
  conformanceCase('cond.get.missing-object', async ({ client, bucket, key }) => {
    const get = new GetObjectCommand({ Bucket: bucket, Key: key(), IfMatch: '"any"' })
    await expectRefused(client.send(get), 'NoSuchKey')
  }),
  conformanceCase('cond.put.if-none-match:*', async ({ client, bucket, key }) => {
    const put = { Bucket: bucket, Key: key(), Body: 'x', IfNoneMatch: '*' }
    await client.send(new PutObjectCommand(put))
    await expectRefused(client.send(new PutObjectCommand(put)), 'PreconditionFailed')
  }),
  conformanceCase('cond.put.if-match', async (context) => {
    const { object, etag, get } = await store(context)
    const put = (IfMatch: string): Promise<unknown> =>
      context.client.send(new PutObjectCommand({ ...object, Body: 'newer', IfMatch }))
    await expectRefused(put('"other"'), 'PreconditionFailed')
    expect(await get({})).toBe('content')
    await put(etag)
    expect(await get({})).toBe('newer')
    const missing = { ...object, Key: context.key(), Body: 'x', IfMatch: etag }
    await expectRefused(context.client.send(new PutObjectCommand(missing)), 404)
  }),
  conformanceCase('cond.put.race-has-one-winner', async ({ client, bucket, key }) => {
    const put = { Bucket: bucket, Key: key(), IfNoneMatch: '*' }
    const puts = Array.from({ length: 8 }, (_, index) =>
      client.send(new PutObjectCommand({ ...put, Body: `writer ${index}` })),
    )
    const results = await Promise.allSettled(puts)
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  }),
  conformanceCase('cond.complete.if-none-match:*', async (context) => {
    const { object } = await store(context)
    const upload = await OpenUpload.create(context, object)
    const parts = [await upload.part(1, Buffer.from('x'))]
    await expectRefused(upload.complete(parts, { IfNoneMatch: '*' }), 'PreconditionFailed')
    const fresh = await OpenUpload.create(context)
    await fresh.complete([await fresh.part(1, Buffer.from('x'))], { IfNoneMatch: '*' })
  }),
  conformanceCase('cond.complete.if-match', async (context) => {
    const { object, etag, get } = await store(context)
    const upload = await OpenUpload.create(context, object)
    const parts = [await upload.part(1, Buffer.from('x'))]
    await expectRefused(upload.complete(parts, { IfMatch: '"other"' }), 'PreconditionFailed')
    await upload.complete(parts, { IfMatch: etag })
    expect(await get({})).toBe('x')
  }),
  conformanceCase('cond.delete.if-match', async (context) => {
    const { object, etag, get } = await store(context)
    const remove = (IfMatch: string, Key = object.Key): Promise<unknown> =>
      context.client.send(new DeleteObjectCommand({ ...object, Key, IfMatch }))
    await expectRefused(remove('"other"'), 'PreconditionFailed')
    expect(await get({})).toBe('content')
    await remove(etag)
    await expectRefused(get({}), 404)
    await expectRefused(remove(etag, context.key()), 404)
  }),
]
