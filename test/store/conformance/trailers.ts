/** What the SDK sends by itself, and bodies in aws-chunked framing with a trailer. */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { createXXHash128, createXXHash3, createXXHash64 } from 'hash-wasm'
import { expect } from 'vitest'
import {
  bodyOf,
  conformanceCase,
  expectBytes,
  sampleBytes,
  type CaseContext,
  type ConformanceCase,
} from './case.ts'
import { checksumOf } from './checksums.ts'
import type { RawAnswer } from './raw-client.ts'

const BODY = sampleBytes(200_000)

function streamOf(data: Buffer): Readable {
  const pieces: Buffer[] = []
  for (let offset = 0; offset < data.length; offset += 65_536) {
    pieces.push(data.subarray(offset, offset + 65_536))
  }
  return Readable.from(pieces)
}

/** Sends BODY framed, with a CRC32 trailer and a decoded length. */
async function putFramed(
  { raw, bucket }: CaseContext,
  key: string,
  checksum: string,
  length: number = BODY.length,
): Promise<RawAnswer> {
  const frames: Buffer[] = []
  for (let offset = 0; offset < BODY.length; offset += 65_536) {
    const chunk = BODY.subarray(offset, offset + 65_536)
    frames.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
  }
  frames.push(Buffer.from(`0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`))
  return raw.send({
    method: 'PUT',
    bucket,
    key,
    payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    body: Buffer.concat(frames),
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(length),
      'x-amz-trailer': 'x-amz-checksum-crc32',
    },
  })
}

async function otherChecksums(): Promise<Record<string, string>> {
  const wasm = await Promise.all([createXXHash64(), createXXHash3(), createXXHash128()])
  const [xxHash64, xxHash3, xxHash128] = wasm.map((hasher) =>
    Buffer.from(hasher.init().update(BODY).digest('binary')).toString('base64'),
  )
  return {
    sha512: createHash('sha512').update(BODY).digest('base64'),
    md5: createHash('md5').update(BODY).digest('base64'),
    xxhash64: xxHash64 ?? '',
    xxhash3: xxHash3 ?? '',
    xxhash128: xxHash128 ?? '',
  }
}

export const TRAILER_CASES: readonly ConformanceCase[] = [
  conformanceCase('sdk-default.put-buffer', async ({ sdk, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    await sdk.send(new PutObjectCommand({ ...object, Body: BODY }))
    expectBytes(await bodyOf(await sdk.send(new GetObjectCommand(object))), BODY)
    const head = await sdk.send(new HeadObjectCommand({ ...object, ChecksumMode: 'ENABLED' }))
    expect(head.ChecksumCRC32).toBe(await checksumOf('CRC32', BODY))
  }),
  conformanceCase('sdk-default.put-stream(trailer)', async ({ sdk, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    const put = { ...object, Body: streamOf(BODY), ContentLength: BODY.length }
    await sdk.send(new PutObjectCommand(put))
    const got = await sdk.send(new GetObjectCommand(object))
    expectBytes(await bodyOf(got), BODY)
    expect(got.ContentEncoding ?? '').toBe('')
  }),
  conformanceCase('sdk-default.mpu-stream(trailer)', async ({ sdk, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    const create = new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: 'CRC32' })
    const { UploadId } = await sdk.send(create)
    const { ETag, ChecksumCRC32 } = await sdk.send(
      new UploadPartCommand({
        ...object,
        UploadId,
        PartNumber: 1,
        Body: streamOf(BODY),
        ContentLength: BODY.length,
      }),
    )
    expect(ChecksumCRC32).toBe(await checksumOf('CRC32', BODY))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] }
    await sdk.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload }))
    expectBytes(await bodyOf(await sdk.send(new GetObjectCommand(object))), BODY)
  }),
  conformanceCase('trailer.accept-right', async (context) => {
    const key = context.key()
    const answer = await putFramed(context, key, await checksumOf('CRC32', BODY))
    expect(answer.status).toBe(200)
    const get = new GetObjectCommand({ Bucket: context.bucket, Key: key })
    expectBytes(await bodyOf(await context.client.send(get)), BODY)
  }),
  conformanceCase('trailer.reject-wrong', async (context) => {
    const answer = await putFramed(context, context.key(), 'AAAAAA==')
    expect([answer.status, answer.code]).toEqual([400, 'BadDigest'])
  }),
  conformanceCase('trailer.reject-decoded-len', async (context) => {
    const checksum = await checksumOf('CRC32', BODY)
    const answer = await putFramed(context, context.key(), checksum, BODY.length - 1)
    expect(answer.status).toBe(400)
  }),
  conformanceCase('sum.algorithms-of-2026', async ({ raw, bucket, key }) => {
    for (const [name, value] of Object.entries(await otherChecksums())) {
      const header = `x-amz-checksum-${name}`
      const put = { method: 'PUT', bucket, key: key(name), body: BODY }
      expect((await raw.send({ ...put, headers: { [header]: value } })).status).toBe(200)
      const head = { method: 'HEAD', bucket, key: put.key }
      const answer = await raw.send({ ...head, headers: { 'x-amz-checksum-mode': 'ENABLED' } })
      expect(answer.headers[header]).toBe(value)
      const wrong = Buffer.alloc(Buffer.from(value, 'base64').length).toString('base64')
      const refused = await raw.send({ ...put, headers: { [header]: wrong } })
      expect([refused.status, refused.code]).toEqual([400, 'BadDigest'])
    }
  }),
]
