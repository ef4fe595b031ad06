/** Checksums of single objects: the five classic algorithms, and Content-MD5. */

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import {
  GetObjectAttributesCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { createCRC64 } from 'hash-wasm'
import { expect } from 'vitest'
import {
  conformanceCase,
  expectRefused,
  sampleBytes,
  type CaseContext,
  type ConformanceCase,
} from './case.ts'
import { OpenUpload } from './multipart-calls.ts'

export type Algorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256'

const ALGORITHMS: readonly Algorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']
const BODY = sampleBytes(70_000)

/** Base64 of a checksum, computed away from the store. */
export async function checksumOf(algorithm: Algorithm, data: Buffer): Promise<string> {
  if (algorithm === 'SHA1' || algorithm === 'SHA256') {
    return createHash(algorithm).update(data).digest('base64')
  }
  if (algorithm === 'CRC64NVME') {
    const hasher = await createCRC64('9a6c9329ac4bc9b5')
    return Buffer.from(hasher.init().update(data).digest('binary')).toString('base64')
  }
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(algorithm === 'CRC32' ? crc32(data) : crc32c(data))
  return bytes.toString('base64')
}

function singleObjectCases(algorithm: Algorithm): ConformanceCase[] {
  const field = `Checksum${algorithm}`
  const put = async ({
    client,
    bucket,
    key,
  }: CaseContext): Promise<[{ Bucket: string; Key: string }, string]> => {
    const object = { Bucket: bucket, Key: key() }
    const value = await checksumOf(algorithm, BODY)
    await client.send(new PutObjectCommand({ ...object, Body: BODY, [field]: value }))
    return [object, value]
  }
  return [
    conformanceCase(`sum.${algorithm}.put-accept`, async (context) => {
      await put(context)
    }),
    conformanceCase(`sum.${algorithm}.put-reject-wrong`, async ({ client, bucket, key }) => {
      const object = { Bucket: bucket, Key: key() }
      const wrong = await checksumOf(algorithm, Buffer.from('something else'))
      const command = new PutObjectCommand({ ...object, Body: BODY, [field]: wrong })
      await expectRefused(client.send(command), 'BadDigest')
      await expectRefused(client.send(new HeadObjectCommand(object)), 404)
    }),
    conformanceCase(`sum.${algorithm}.head-returns`, async (context) => {
      const [object, value] = await put(context)
      const command = new HeadObjectCommand({ ...object, ChecksumMode: 'ENABLED' })
      const head = await context.client.send(command)
      expect(head).toMatchObject({ [field]: value, ChecksumType: 'FULL_OBJECT' })
    }),
    conformanceCase(`sum.${algorithm}.attributes`, async (context) => {
      const [object, value] = await put(context)
      const attributes = await context.client.send(
        new GetObjectAttributesCommand({ ...object, ObjectAttributes: ['Checksum', 'ObjectSize'] }),
      )
      expect(attributes.ObjectSize).toBe(BODY.length)
      expect(attributes.Checksum).toMatchObject({ [field]: value, ChecksumType: 'FULL_OBJECT' })
    }),
  ]
}

const MD5_CASES: readonly ConformanceCase[] = [
  conformanceCase('content-md5.accept', async ({ client, bucket, key }) => {
    const ContentMD5 = createHash('md5').update(BODY).digest('base64')
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key(), Body: BODY, ContentMD5 }))
  }),
  conformanceCase('content-md5.reject-wrong', async ({ client, bucket, key }) => {
    const ContentMD5 = createHash('md5').update('other').digest('base64')
    const put = { Bucket: bucket, Key: key(), Body: BODY, ContentMD5 }
    await expectRefused(client.send(new PutObjectCommand(put)), 'BadDigest')
  }),
  conformanceCase('content-md5.part-reject-wrong', async (context) => {
    const { object } = await OpenUpload.create(context)
    const ContentMD5 = createHash('md5').update('other').digest('base64')
    const part = { ...object, PartNumber: 1, Body: BODY, ContentMD5 }
    await expectRefused(context.client.send(new UploadPartCommand(part)), 'BadDigest')
  }),
  conformanceCase('content-md5.reject-malformed', async ({ client, bucket, key }) => {
    const put = { Bucket: bucket, Key: key(), Body: BODY, ContentMD5: 'nonsense' }
    await expectRefused(client.send(new PutObjectCommand(put)), 'InvalidDigest')
  }),
]

export const CHECKSUM_CASES: readonly ConformanceCase[] = [
  ...ALGORITHMS.flatMap(singleObjectCases),
  ...MD5_CASES,
  conformanceCase('sum.default-is-CRC64NVME', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    await client.send(new PutObjectCommand({ ...object, Body: BODY }))
    const command = new HeadObjectCommand({ ...object, ChecksumMode: 'ENABLED' })
    const { ChecksumCRC64NVME } = await client.send(command)
    expect(ChecksumCRC64NVME).toBe(await checksumOf('CRC64NVME', BODY))
  }),
  conformanceCase('sum.ranged-get-has-none', async ({ raw, client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    await client.send(new PutObjectCommand({ ...object, Body: BODY, ChecksumAlgorithm: 'CRC32' }))
    const headers = { range: 'bytes=0-9', 'x-amz-checksum-mode': 'ENABLED' }
    const answer = await raw.send({ method: 'GET', bucket, key: object.Key, headers })
    expect([answer.status, answer.headers['x-amz-checksum-crc32']]).toEqual([206, undefined])
  }),
  conformanceCase('sum.two-at-once-rejected', async ({ client, bucket, key }) => {
    const put = new PutObjectCommand({
      Bucket: bucket,
      Key: key(),
      Body: BODY,
      ChecksumSHA1: await checksumOf('SHA1', BODY),
      ChecksumSHA256: await checksumOf('SHA256', BODY),
    })
    await expectRefused(client.send(put), 'InvalidRequest')
  }),
]
