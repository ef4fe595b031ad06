/** Multipart uploads that succeed. */

import { createHash } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
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
import { OpenUpload } from './multipart-calls.ts'

const first = ({ target }: CaseContext): Buffer => sampleBytes(target.partSize, 1)
const second = ({ target }: CaseContext): Buffer => sampleBytes(target.partSize + 7, 2)
const TAIL = sampleBytes(1000, 3)

function md5(data: Buffer): Buffer {
  return createHash('md5').update(data).digest()
}

export const MULTIPART_CASES: readonly ConformanceCase[] = [
  conformanceCase('mpu.basic+etag', async (context) => {
    const upload = await OpenUpload.create(context)
    const parts = [await upload.part(1, first(context)), await upload.part(2, TAIL)]
    expect(parts[0]?.ETag).toBe(`"${md5(first(context)).toString('hex')}"`)
    const done = await upload.complete(parts)
    const etag = `"${md5(Buffer.concat([md5(first(context)), md5(TAIL)])).toString('hex')}-2"`
    expect(done.ETag).toBe(etag)
    const { Bucket, Key } = upload.object
    const head = await context.client.send(new HeadObjectCommand({ Bucket, Key }))
    expect([head.ETag, head.ContentLength]).toEqual([etag, context.target.partSize + 1000])
    expectBytes(await upload.read(), Buffer.concat([first(context), TAIL]))
  }),
  conformanceCase('mpu.list-parts(+paging)', async (context) => {
    const upload = await OpenUpload.create(context)
    for (const number of [3, 1, 7]) await upload.part(number, sampleBytes(number * 10, number))
    const seen: unknown[] = []
    let PartNumberMarker: string | undefined
    for (;;) {
      const page = await context.client.send(
        new ListPartsCommand({ ...upload.object, MaxParts: 2, PartNumberMarker }),
      )
      seen.push(...(page.Parts ?? []).map((part) => [part.PartNumber, part.Size, part.ETag]))
      if (page.IsTruncated !== true) break
      expect(page.Parts?.length).toBe(2)
      PartNumberMarker = page.NextPartNumberMarker
    }
    const etag = (number: number): string =>
      `"${md5(sampleBytes(number * 10, number)).toString('hex')}"`
    expect(seen).toEqual([1, 3, 7].map((number) => [number, number * 10, etag(number)]))
  }),
  conformanceCase('mpu.list-uploads', async (context) => {
    const prefix = context.key('uploads/')
    const made: string[] = []
    for (const name of ['a', 'b', 'b', 'c']) {
      made.push((await OpenUpload.create(context, { Key: prefix + name })).object.UploadId)
    }
    const seen: Array<string | undefined> = []
    let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
    for (;;) {
      const page = await context.client.send(
        new ListMultipartUploadsCommand({
          Bucket: context.bucket,
          Prefix: prefix,
          MaxUploads: 2,
          ...markers,
        }),
      )
      seen.push(...(page.Uploads ?? []).map(({ UploadId }) => UploadId))
      if (page.IsTruncated !== true) break
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    }
    expect(seen.length).toBe(4)
    expect(new Set(seen)).toEqual(new Set(made))
  }),
  conformanceCase('mpu.abort->NoSuchUpload', async (context) => {
    const upload = await OpenUpload.create(context)
    const part = await upload.part(1, TAIL)
    await context.client.send(new AbortMultipartUploadCommand(upload.object))
    await expectRefused(upload.part(2, TAIL), 'NoSuchUpload')
    await expectRefused(upload.complete([part]), 'NoSuchUpload')
    await expectRefused(context.client.send(new ListPartsCommand(upload.object)), 'NoSuchUpload')
    const abort = new AbortMultipartUploadCommand(upload.object)
    await expectRefused(context.client.send(abort), 'NoSuchUpload')
  }),
  conformanceCase('mpu.gaps(1,3,10000)', async (context) => {
    const upload = await OpenUpload.create(context)
    const parts = [
      await upload.part(1, first(context)),
      await upload.part(3, second(context)),
      await upload.part(10_000, TAIL),
    ]
    await upload.complete(parts)
    expectBytes(await upload.read(), Buffer.concat([first(context), second(context), TAIL]))
  }),
  conformanceCase('mpu.reupload-last-wins', async (context) => {
    const upload = await OpenUpload.create(context)
    await upload.part(1, second(context))
    await upload.complete([await upload.part(1, TAIL)])
    expectBytes(await upload.read(), TAIL)
  }),
  conformanceCase('mpu.subset-of-parts', async (context) => {
    const upload = await OpenUpload.create(context)
    const head = await upload.part(1, first(context))
    await upload.part(2, second(context))
    const last = await upload.part(3, TAIL)
    await upload.complete([head, last])
    expectBytes(await upload.read(), Buffer.concat([first(context), TAIL]))
  }),
  conformanceCase('mpu.out-of-order-upload', async (context) => {
    const upload = await OpenUpload.create(context)
    const last = await upload.part(2, TAIL)
    const head = await upload.part(1, first(context))
    await upload.complete([head, last])
    expectBytes(await upload.read(), Buffer.concat([first(context), TAIL]))
  }),
  conformanceCase('mpu.one-part-shorter-than-minimum', async (context) => {
    const upload = await OpenUpload.create(context)
    await upload.complete([await upload.part(1, TAIL)])
    expectBytes(await upload.read(), TAIL)
  }),
  conformanceCase('mpu.complete-twice', async (context) => {
    const upload = await OpenUpload.create(context)
    const parts = [await upload.part(1, TAIL)]
    const first = await upload.complete(parts)
    const second = await upload.complete(parts)
    expect(second.ETag).toBe(first.ETag)
  }),
  conformanceCase('mpu.parallel-32-parts', async (context) => {
    const upload = await OpenUpload.create(context)
    const numbers = Array.from({ length: 32 }, (_, index) => index + 1)
    const pieces = numbers.map((number) =>
      number < 3 ? first(context) : sampleBytes(20_480, number),
    )
    const parts = await Promise.all(
      numbers.map((number) => upload.part(number, pieces[number - 1] ?? TAIL)),
    )
    await upload.complete([...parts.slice(0, 2), ...parts.slice(-1)])
    expectBytes(
      await upload.read(),
      Buffer.concat([first(context), first(context), pieces[31] ?? TAIL]),
    )
  }),
  conformanceCase(
    'mpu.part 16MiB / 64MiB',
    async (context) => {
      const upload = await OpenUpload.create(context)
      const large = sampleBytes(64 * 1024 * 1024)
      const parts = [
        await upload.part(1, large.subarray(0, 16 * 1024 * 1024)),
        await upload.part(2, large),
      ]
      await upload.complete(parts)
      const { Bucket, Key } = upload.object
      const head = await context.client.send(new HeadObjectCommand({ Bucket, Key }))
      expect(head.ContentLength).toBe(80 * 1024 * 1024)
    },
    true,
  ),
  conformanceCase('get.partNumber', async (context) => {
    const upload = await OpenUpload.create(context)
    await upload.complete([await upload.part(1, first(context)), await upload.part(2, TAIL)])
    const { Bucket, Key } = upload.object
    const { partSize } = context.target
    const get = (PartNumber: number): GetObjectCommand =>
      new GetObjectCommand({ Bucket, Key, PartNumber })
    const second = await context.client.send(get(2))
    expect([second.PartsCount, second.ContentLength]).toEqual([2, TAIL.length])
    expect(second.ContentRange).toBe(`bytes ${partSize}-${partSize + 999}/${partSize + 1000}`)
    expectBytes(await bodyOf(second), TAIL)
    await expectRefused(context.client.send(get(3)), 416)
  }),
]
