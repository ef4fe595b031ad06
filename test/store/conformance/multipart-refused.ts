/** Multipart calls that must be refused. */

import { UploadPartCommand } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import {
  conformanceCase,
  expectBytes,
  expectRefused,
  sampleBytes,
  type ConformanceCase,
} from './case.ts'
import { OpenUpload } from './multipart-calls.ts'

const SMALL = sampleBytes(1000)

export const MULTIPART_REFUSED_CASES: readonly ConformanceCase[] = [
  conformanceCase('mpu.EntityTooSmall', async (context) => {
    const upload = await OpenUpload.create(context)
    const parts = [await upload.part(1, SMALL), await upload.part(2, SMALL)]
    await expectRefused(upload.complete(parts), 'EntityTooSmall')
  }),
  conformanceCase('mpu.InvalidPart', async (context) => {
    const upload = await OpenUpload.create(context)
    await upload.part(1, SMALL)
    const ETag = '"00000000000000000000000000000000"'
    await expectRefused(upload.complete([{ PartNumber: 1, ETag }]), 'InvalidPart')
  }),
  conformanceCase('mpu.InvalidPart(missing)', async (context) => {
    const upload = await OpenUpload.create(context)
    const { ETag } = await upload.part(1, SMALL)
    const parts = [
      { PartNumber: 1, ETag },
      { PartNumber: 2, ETag },
    ]
    await expectRefused(upload.complete(parts), 'InvalidPart')
  }),
  conformanceCase('mpu.InvalidPartOrder', async (context) => {
    const upload = await OpenUpload.create(context)
    const parts = [await upload.part(1, SMALL), await upload.part(2, SMALL)]
    await expectRefused(upload.complete(parts.toReversed()), 'InvalidPartOrder')
  }),
  conformanceCase('mpu.InvalidPartOrder(twice)', async (context) => {
    const upload = await OpenUpload.create(context)
    const part = await upload.part(1, SMALL)
    await expectRefused(upload.complete([part, part]), 'InvalidPartOrder')
  }),
  conformanceCase('mpu.refused-complete-keeps-upload', async (context) => {
    const upload = await OpenUpload.create(context)
    const part = await upload.part(1, SMALL)
    await expectRefused(upload.complete([{ ...part, PartNumber: 2 }]), 'InvalidPart')
    await upload.complete([part])
    expectBytes(await upload.read(), SMALL)
  }),
  conformanceCase('mpu.complete-without-parts', async (context) => {
    const upload = await OpenUpload.create(context)
    await upload.part(1, SMALL)
    await expectRefused(upload.complete([]), 'MalformedXML')
  }),
  conformanceCase('mpu.complete-broken-xml', async (context) => {
    const upload = await OpenUpload.create(context)
    const { Bucket, Key, UploadId } = upload.object
    const answer = await context.raw.send({
      method: 'POST',
      bucket: Bucket,
      key: Key,
      query: { uploadId: UploadId },
      body: Buffer.from('<CompleteMultipartUpload><Part>'),
    })
    expect([answer.status, answer.code]).toEqual([400, 'MalformedXML'])
  }),
  conformanceCase('mpu.partno 0/10001 rejected', async (context) => {
    const upload = await OpenUpload.create(context)
    for (const number of [0, 10_001]) {
      await expectRefused(upload.part(number, SMALL), 'InvalidArgument')
    }
  }),
  conformanceCase('mpu.NoSuchUpload-on-complete', async (context) => {
    const upload = await OpenUpload.create(context)
    const part = await upload.part(1, SMALL)
    const other = upload.complete([part], { UploadId: 'no-such-upload' })
    await expectRefused(other, 'NoSuchUpload')
  }),
  conformanceCase('mpu.upload-of-another-key', async (context) => {
    const upload = await OpenUpload.create(context)
    const part = { ...upload.object, Key: context.key(), PartNumber: 1, Body: SMALL }
    await expectRefused(context.client.send(new UploadPartCommand(part)), 'NoSuchUpload')
  }),
]
