import { createHash } from 'node:crypto'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
  type ChecksumAlgorithm,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import {
  BUCKET,
  fileBytes,
  MiB,
  readAll,
  sharedBed,
  storedBytes,
  withBed,
  type Bed,
} from '../helpers/test-bed.ts'
import { startWireTap } from '../helpers/wire-tap.ts'

const SMALL = testBytes(100_001)
const LARGE = testBytes(12 * MiB + 5)

async function expectBothWays(bed: Bed, key: string, bytes: Buffer, verified: string) {
  const object = `s3://${BUCKET}/${key}`
  const down = await bed.engine.download(object, bed.path('copy'))
  expect(down.verified).toBe(verified)
  expect(differenceOf(await fileBytes(bed.path('copy')), bytes)).toBeUndefined()
  expect(differenceOf(await readAll(bed.engine.read(object)), bytes)).toBeUndefined()
  return down
}

describe('uploads', () => {
  const bed = sharedBed()

  test.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)(
    '%s of the whole object is sent, stored and compared, in one PUT and in parts',
    async (checksumAlgorithm) => {
      const { engine, store } = bed()
      for (const [key, bytes] of [
        ['small', SMALL],
        ['large', LARGE],
      ] as const) {
        const up = await engine.upload(bytes, `s3://${BUCKET}/${key}`, { checksumAlgorithm })
        const stored = store.objects(BUCKET).find((object) => object.key === key)?.checksum
        expect(stored).toEqual({
          algorithm: checksumAlgorithm,
          type: 'FULL_OBJECT',
          value: up.checksum.value,
        })
        const down = await expectBothWays(bed(), key, bytes, 'checksum')
        expect(down.checksum).toEqual(up.checksum)
      }
    },
  )

  test.each([
    ['SHA1', 20],
    ['SHA256', 32],
  ] as const)(
    '%s is stored of the whole in one PUT, and composite in parts',
    async (checksumAlgorithm, length) => {
      const { engine, store } = bed()
      const options = { checksumAlgorithm }
      const up = await engine.upload(SMALL, `s3://${BUCKET}/small`, options)
      const digest = createHash(checksumAlgorithm).update(SMALL).digest('base64')
      expect(up.checksum).toEqual({
        algorithm: checksumAlgorithm,
        type: 'FULL_OBJECT',
        value: digest,
      })
      await expectBothWays(bed(), 'small', SMALL, 'checksum')
      const large = await engine.upload(LARGE, `s3://${BUCKET}/large`, options)
      expect(large.checksum.type).toBe('COMPOSITE')
      expect(large.checksum.value).toMatch(/-3$/)
      expect(Buffer.from(large.checksum.value.split('-')[0] ?? '', 'base64')).toHaveLength(length)
      const stored = store.objects(BUCKET).find((object) => object.key === 'large')?.checksum
      expect(stored?.value).toBe(large.checksum.value)
      const down = await expectBothWays(bed(), 'large', LARGE, 'checksum')
      expect(down.checksum).toEqual(large.checksum)
    },
  )
})

describe('downloads of objects the AWS SDK wrote', () => {
  const bed = sharedBed()

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'a single PUT with %s is verified',
    async (algorithm) => {
      const input = { Bucket: BUCKET, Key: algorithm, ChecksumAlgorithm: algorithm }
      await bed().sdk.send(new PutObjectCommand({ ...input, Body: LARGE }))
      const down = await expectBothWays(bed(), algorithm, LARGE, 'checksum')
      expect(down.checksum.algorithm).toBe(algorithm)
    },
  )

  test.each([
    ['CRC32', 'COMPOSITE'],
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32C', 'COMPOSITE'],
    ['CRC64NVME', 'FULL_OBJECT'],
    ['SHA1', 'COMPOSITE'],
    ['SHA256', 'COMPOSITE'],
  ] as const)('parts with %s (%s) are verified, whatever their size', async (algorithm, type) => {
    // 6 MiB is neither a multiple nor a fraction of the 5 MiB the engine would choose.
    await uploadParts(bed().sdk, algorithm, type, LARGE, 6 * MiB)
    const down = await expectBothWays(bed(), 'sdk-parts', LARGE, 'checksum')
    expect(down.checksum).toMatchObject({ algorithm, type })
  })

  test('parts of different sizes are downloaded and said to be compared by size only', async () => {
    await uploadParts(bed().sdk, 'SHA256', 'COMPOSITE', LARGE, 5 * MiB, 6 * MiB)
    await expectBothWays(bed(), 'sdk-parts', LARGE, 'size')
  })
})

describe('a store without checksums', () => {
  test('is uploaded to and downloaded from, and the result says what that rests on', async () => {
    await withBed({ store: { dialect: 'minimal' } }, async (bed) => {
      for (const [key, bytes] of [
        ['small', SMALL],
        ['large', LARGE],
      ] as const) {
        const up = await bed.engine.upload(bytes, `s3://${BUCKET}/${key}`)
        expect(up.verified).toBe('size')
        await expectBothWays(bed, key, bytes, 'size')
      }
    })
  })

  test.each(['rgw16', 'swift', 'r2', 'rclone', 'http10', 'nodefault5s'] as const)(
    'the habits of %s are coped with',
    async (dialect) => {
      await withBed({ store: { dialect } }, async (bed) => {
        for (const [key, bytes] of [
          ['small', SMALL],
          ['large', LARGE],
        ] as const) {
          await bed.engine.upload(bytes, `s3://${BUCKET}/${key}`)
          expect(differenceOf(storedBytes(bed.store, key), bytes)).toBeUndefined()
          await bed.engine.download(`s3://${BUCKET}/${key}`, bed.path(key))
          expect(differenceOf(await fileBytes(bed.path(key)), bytes)).toBeUndefined()
        }
      })
    },
  )
})

describe.each([
  ['AWS_REQUEST_CHECKSUM_CALCULATION=when_required', 'when_required', {}],
  ['an engine told so', undefined, { requestChecksumCalculation: 'WHEN_REQUIRED' }],
] as const)('with %s', (_name, variable, options) => {
  beforeEach(() => {
    if (variable !== undefined) process.env['AWS_REQUEST_CHECKSUM_CALCULATION'] = variable
  })
  afterEach(() => {
    delete process.env['AWS_REQUEST_CHECKSUM_CALCULATION']
  })

  test('no checksum header is sent, and the payload is signed instead', async () => {
    await withBed({}, async ({ store, another }) => {
      await using tap = await startWireTap(store.port)
      const engine = another({ endpoint: tap.endpoint, ...options })
      await engine.upload(SMALL, `s3://${BUCKET}/small`)
      await engine.upload(LARGE, `s3://${BUCKET}/large`)
      expect(differenceOf(storedBytes(store, 'small'), SMALL)).toBeUndefined()
      expect(differenceOf(storedBytes(store, 'large'), LARGE)).toBeUndefined()
      const names = tap.requests.flatMap(({ headers }) => Object.keys(headers))
      const unwanted = /checksum-(?!mode)|sdk-checksum|mp-object-size|content-md5/
      expect(names.filter((name) => unwanted.test(name))).toEqual([])
      const data = tap.requests.filter(({ method }) => method === 'PUT')
      expect(data).toHaveLength(4)
      const digests = data.map(({ headers }) => headers['x-amz-content-sha256'])
      expect(digests).toContain(createHash('sha256').update(SMALL).digest('hex'))
      for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/)
      await engine.close()
    })
  })

  test('an algorithm the caller names is sent all the same', async () => {
    await withBed({ engine: options }, async ({ store, engine }) => {
      await engine.upload(SMALL, `s3://${BUCKET}/named`, { checksumAlgorithm: 'CRC32C' })
      expect(store.objects(BUCKET)[0]?.checksum?.algorithm).toBe('CRC32C')
    })
  })
})

describe('on the wire', () => {
  test('sizes and checksums are sent, framing is plain, ranges are pinned', async () => {
    await withBed({}, async ({ store, another, path }) => {
      await using tap = await startWireTap(store.port)
      const engine = another({ endpoint: tap.endpoint })
      const up = await engine.upload(LARGE, `s3://${BUCKET}/large`)
      await engine.download(`s3://${BUCKET}/large`, path('copy'))
      const sent = (method: string, pattern: RegExp) =>
        tap.requests.filter((each) => each.method === method && pattern.test(each.target))
      const [create] = sent('POST', /uploads/)
      expect(create?.headers).toMatchObject({
        'x-amz-checksum-algorithm': 'CRC32',
        'x-amz-checksum-type': 'FULL_OBJECT',
      })
      const [complete] = sent('POST', /uploadId=/)
      expect(complete?.headers).toMatchObject({
        'x-amz-mp-object-size': String(LARGE.length),
        'x-amz-checksum-crc32': up.checksum.value,
        'x-amz-checksum-type': 'FULL_OBJECT',
      })
      const parts = sent('PUT', /partNumber=/)
      expect(parts).toHaveLength(3)
      for (const { headers } of parts) {
        expect(headers['x-amz-checksum-crc32']).toMatch(/^.{8}$/)
        expect(headers).not.toHaveProperty('content-encoding')
        expect(headers).not.toHaveProperty('expect')
        expect(headers).not.toHaveProperty('x-amz-trailer')
      }
      const ranges = sent('GET', /large/)
      expect(ranges).toHaveLength(3)
      for (const { headers } of ranges) {
        expect(headers['if-match']).toBe(up.etag)
        expect(headers['accept-encoding']).toBe('identity')
        expect(headers['range']).toMatch(/^bytes=\d+-\d+$/)
      }
      await engine.close()
    })
  })
})

/** A multipart upload by the SDK; with two sizes, parts alternate between them. */
async function uploadParts(
  sdk: S3Client,
  algorithm: ChecksumAlgorithm,
  type: 'COMPOSITE' | 'FULL_OBJECT',
  bytes: Buffer,
  partSize: number,
  secondSize: number = partSize,
): Promise<void> {
  const target = { Bucket: BUCKET, Key: 'sdk-parts' }
  const { UploadId } = await sdk.send(
    new CreateMultipartUploadCommand({
      ...target,
      ChecksumAlgorithm: algorithm,
      ChecksumType: type,
    }),
  )
  const parts: CompletedPart[] = []
  for (let at = 0; at < bytes.length;) {
    const PartNumber = parts.length + 1
    const size = PartNumber % 2 === 1 ? partSize : secondSize
    const Body = bytes.subarray(at, at + size)
    at += size
    const part = await sdk.send(
      new UploadPartCommand({
        ...target,
        UploadId,
        PartNumber,
        Body,
        ChecksumAlgorithm: algorithm,
      }),
    )
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } =
      part
    parts.push({
      PartNumber,
      ETag,
      ChecksumCRC32,
      ChecksumCRC32C,
      ChecksumCRC64NVME,
      ChecksumSHA1,
      ChecksumSHA256,
    })
  }
  await sdk.send(
    new CompleteMultipartUploadCommand({
      ...target,
      UploadId,
      ChecksumType: type,
      MultipartUpload: { Parts: parts },
    }),
  )
}
