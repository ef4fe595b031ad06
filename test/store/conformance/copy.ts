/** CopyObject and UploadPartCopy. */

import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import {
  bodyOf,
  conformanceCase,
  expectBytes,
  expectRefused,
  sampleBytes,
  type CaseContext,
  type ConformanceCase,
} from './case.ts'
import { escape } from './raw-client.ts'

interface Source {
  readonly Bucket: string
  readonly Key: string
  readonly ETag: string
  readonly CopySource: string
}

async function putSource(context: CaseContext, Body: Buffer): Promise<Source> {
  const { client, bucket, key } = context
  const object = { Bucket: bucket, Key: key('source + é') }
  const { ETag = '' } = await client.send(
    new PutObjectCommand({ ...object, Body, ContentType: 'text/x-a', Metadata: { a: '1' } }),
  )
  return { ...object, ETag, CopySource: `${bucket}/${escape(object.Key)}` }
}

async function read({ client }: CaseContext, Bucket: string, Key: string): Promise<Buffer> {
  return bodyOf(await client.send(new GetObjectCommand({ Bucket, Key })))
}

export const COPY_CASES: readonly ConformanceCase[] = [
  conformanceCase('copy-object', async (context) => {
    const { client, bucket, key } = context
    const Body = sampleBytes(10_000)
    const source = await putSource(context, Body)
    const target = { Bucket: bucket, Key: key('copy') }
    const { CopySource } = source
    const copied = await client.send(new CopyObjectCommand({ ...target, CopySource }))
    expect(copied.CopyObjectResult?.ETag).toBe(source.ETag)
    expectBytes(await read(context, bucket, target.Key), Body)
    const head = await client.send(new HeadObjectCommand(target))
    expect([head.ContentType, head.Metadata]).toEqual(['text/x-a', { a: '1' }])
  }),
  conformanceCase('copy-object.replace', async (context) => {
    const { client, bucket, key } = context
    const { CopySource } = await putSource(context, Buffer.from('x'))
    const target = { Bucket: bucket, Key: key('copy') }
    await client.send(
      new CopyObjectCommand({
        ...target,
        CopySource,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
        ContentType: 'text/x-b',
      }),
    )
    const head = await client.send(new HeadObjectCommand(target))
    expect([head.ContentType, head.Metadata]).toEqual(['text/x-b', { b: '2' }])
  }),
  conformanceCase('copy-object.if-match', async (context) => {
    const { client, bucket, key } = context
    const { CopySource, ETag } = await putSource(context, Buffer.from('x'))
    const copy = (CopySourceIfMatch: string): CopyObjectCommand =>
      new CopyObjectCommand({ Bucket: bucket, Key: key('copy'), CopySource, CopySourceIfMatch })
    await client.send(copy(ETag))
    await expectRefused(client.send(copy('"other"')), 'PreconditionFailed')
  }),
  conformanceCase('copy-object.cross-bucket', async (context) => {
    const { client, otherBucket, key } = context
    const Body = sampleBytes(5000)
    const { CopySource } = await putSource(context, Body)
    const target = { Bucket: otherBucket, Key: key('copy') }
    await client.send(new CopyObjectCommand({ ...target, CopySource }))
    expectBytes(await read(context, otherBucket, target.Key), Body)
  }),
  conformanceCase('copy-object.missing-source', async ({ client, bucket, key }) => {
    const CopySource = `${bucket}/${key('never was')}`
    const copy = new CopyObjectCommand({ Bucket: bucket, Key: key('copy'), CopySource })
    await expectRefused(client.send(copy), 'NoSuchKey')
  }),
  conformanceCase('copy-object.onto-itself', async (context) => {
    const source = await putSource(context, Buffer.from('x'))
    const { Bucket, Key, CopySource } = source
    const copy = new CopyObjectCommand({ Bucket, Key, CopySource })
    await expectRefused(context.client.send(copy), 'InvalidRequest')
  }),
  conformanceCase('upload-part-copy.whole', async (context) => {
    const { client, bucket, key } = context
    const Body = sampleBytes(context.target.partSize)
    const { CopySource } = await putSource(context, Body)
    const object = { Bucket: bucket, Key: key('assembled') }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
    const first = await client.send(
      new UploadPartCopyCommand({ ...object, UploadId, PartNumber: 1, CopySource }),
    )
    const second = await client.send(
      new UploadPartCommand({ ...object, UploadId, PartNumber: 2, Body: 'tail' }),
    )
    const Parts = [
      { PartNumber: 1, ETag: first.CopyPartResult?.ETag },
      { PartNumber: 2, ETag: second.ETag },
    ]
    await client.send(
      new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }),
    )
    expectBytes(await read(context, bucket, object.Key), Buffer.concat([Body, Buffer.from('tail')]))
  }),
  conformanceCase('upload-part-copy.range', async (context) => {
    const { client, bucket, key } = context
    const Body = sampleBytes(context.target.partSize + 1000)
    const { CopySource } = await putSource(context, Body)
    const object = { Bucket: bucket, Key: key('assembled') }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
    const part = { ...object, UploadId, PartNumber: 1, CopySource }
    const copy = (CopySourceRange: string): UploadPartCopyCommand =>
      new UploadPartCopyCommand({ ...part, CopySourceRange })
    await expectRefused(client.send(copy(`bytes=0-${Body.length}`)), 'InvalidArgument')
    const { CopyPartResult } = await client.send(copy('bytes=500-999'))
    const Parts = [{ PartNumber: 1, ETag: CopyPartResult?.ETag }]
    await client.send(
      new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }),
    )
    expectBytes(await read(context, bucket, object.Key), Body.subarray(500, 1000))
  }),
  conformanceCase('upload-part-copy.if-match', async (context) => {
    const { client, bucket, key } = context
    const { CopySource, ETag } = await putSource(context, Buffer.from('x'))
    const object = { Bucket: bucket, Key: key('assembled') }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
    const part = { ...object, UploadId, PartNumber: 1, CopySource }
    await client.send(new UploadPartCopyCommand({ ...part, CopySourceIfMatch: ETag }))
    const other = new UploadPartCopyCommand({ ...part, CopySourceIfMatch: '"other"' })
    await expectRefused(client.send(other), 'PreconditionFailed')
  }),
]
