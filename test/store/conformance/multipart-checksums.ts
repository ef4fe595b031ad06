/** Checksums of multipart uploads, full-object and composite. */

import {
  GetObjectAttributesCommand,
  HeadObjectCommand,
  type ChecksumAlgorithm,
  type ChecksumType,
  type CompletedPart,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import {
  conformanceCase,
  expectRefused,
  sampleBytes,
  type CaseContext,
  type ConformanceCase,
} from './case.ts'
import { checksumOf, type Algorithm } from './checksums.ts'
import { OpenUpload } from './multipart-calls.ts'

const SMALL = sampleBytes(500, 3)

/** Two whole parts and a short one. */
function piecesOf({ target }: CaseContext): [Buffer, Buffer, Buffer] {
  return [sampleBytes(target.partSize, 1), sampleBytes(target.partSize, 2), SMALL]
}

interface Sent {
  readonly upload: OpenUpload
  readonly parts: CompletedPart[]
}

/** Uploads the pieces, each with its own checksum. */
async function send(context: CaseContext, algorithm: Algorithm, type: ChecksumType): Promise<Sent> {
  const upload = await OpenUpload.create(context, {
    ChecksumAlgorithm: algorithm as ChecksumAlgorithm,
    ChecksumType: type,
  })
  const parts: CompletedPart[] = []
  for (const [index, piece] of piecesOf(context).entries()) {
    const value = await checksumOf(algorithm, piece)
    parts.push(await upload.part(index + 1, piece, { [`Checksum${algorithm}`]: value }))
  }
  return { upload, parts }
}

async function compositeOf(context: CaseContext, algorithm: Algorithm): Promise<string> {
  const digests: Buffer[] = []
  for (const piece of piecesOf(context))
    digests.push(Buffer.from(await checksumOf(algorithm, piece), 'base64'))
  return `${await checksumOf(algorithm, Buffer.concat(digests))}-${piecesOf(context).length}`
}

function typeCase(algorithm: Algorithm, type: ChecksumType): ConformanceCase {
  const field = `Checksum${algorithm}`
  return conformanceCase(`sum.mpu.${algorithm}.${type}`, async (context) => {
    const { upload, parts } = await send(context, algorithm, type)
    const value =
      type === 'COMPOSITE'
        ? await compositeOf(context, algorithm)
        : await checksumOf(algorithm, Buffer.concat(piecesOf(context)))
    const claim = type === 'COMPOSITE' ? {} : { [field]: value, ChecksumType: type }
    const done = await upload.complete(parts, claim)
    expect(done).toMatchObject({ [field]: value, ChecksumType: type })
    const { Bucket, Key } = upload.object
    const head = await context.client.send(
      new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }),
    )
    expect(head).toMatchObject({ [field]: value, ChecksumType: type })
  })
}

export const MULTIPART_CHECKSUM_CASES: readonly ConformanceCase[] = [
  typeCase('CRC32', 'COMPOSITE'),
  typeCase('CRC32', 'FULL_OBJECT'),
  typeCase('CRC32C', 'FULL_OBJECT'),
  typeCase('CRC64NVME', 'FULL_OBJECT'),
  typeCase('SHA256', 'COMPOSITE'),
  conformanceCase('sum.mpu.part-reject-wrong', async (context) => {
    const upload = await OpenUpload.create(context, {
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    })
    const ChecksumCRC32 = await checksumOf('CRC32', Buffer.from('something else'))
    await expectRefused(upload.part(1, SMALL, { ChecksumCRC32 }), 'BadDigest')
  }),
  conformanceCase('sum.mpu.part-reject-other-algorithm', async (context) => {
    const upload = await OpenUpload.create(context, { ChecksumAlgorithm: 'CRC32' })
    const body = SMALL
    const ChecksumSHA256 = await checksumOf('SHA256', body)
    await expectRefused(upload.part(1, body, { ChecksumSHA256 }), 'InvalidRequest')
  }),
  conformanceCase('sum.mpu.complete-reject-wrong-full', async (context) => {
    const { upload, parts } = await send(context, 'CRC32', 'FULL_OBJECT')
    const [first, second, third] = piecesOf(context)
    const swapped = Buffer.concat([second, first, third])
    const ChecksumCRC32 = await checksumOf('CRC32', swapped)
    const claim = { ChecksumCRC32, ChecksumType: 'FULL_OBJECT' } as const
    await expectRefused(upload.complete(parts, claim), 'BadDigest')
  }),
  conformanceCase('sum.mpu.complete-reject-wrong-part', async (context) => {
    const { upload, parts } = await send(context, 'CRC32', 'COMPOSITE')
    const ChecksumCRC32 = await checksumOf('CRC32', SMALL)
    const [first, ...rest] = parts
    await expectRefused(upload.complete([{ ...first, ChecksumCRC32 }, ...rest]), 'InvalidPart')
  }),
  conformanceCase('sum.mpu.complete-reject-objectsize', async (context) => {
    const { upload, parts } = await send(context, 'CRC32', 'FULL_OBJECT')
    const size = 2 * context.target.partSize + SMALL.length
    const wrong = upload.complete(parts, { MpuObjectSize: size + 1 })
    await expectRefused(wrong, 'InvalidRequest')
    await upload.complete(parts, { MpuObjectSize: size })
  }),
  conformanceCase('sum.mpu.impossible-type-rejected', async (context) => {
    const create = (
      algorithm: ChecksumAlgorithm,
      ChecksumType: ChecksumType,
    ): Promise<OpenUpload> =>
      OpenUpload.create(context, { ChecksumAlgorithm: algorithm, ChecksumType })
    await expectRefused(create('SHA256', 'FULL_OBJECT'), 'InvalidRequest')
    await expectRefused(create('CRC64NVME', 'COMPOSITE'), 'InvalidRequest')
  }),
  conformanceCase('sum.mpu.checksums-need-consecutive-parts', async (context) => {
    const upload = await OpenUpload.create(context, { ChecksumAlgorithm: 'CRC32' })
    const body = SMALL
    const part = await upload.part(2, body, { ChecksumCRC32: await checksumOf('CRC32', body) })
    await expectRefused(upload.complete([part]), 'InvalidPartOrder', 'InvalidPart')
  }),
  conformanceCase('sum.attributes.object-parts', async (context) => {
    const { upload, parts } = await send(context, 'CRC32', 'COMPOSITE')
    await upload.complete(parts)
    const { Bucket, Key } = upload.object
    const { ObjectParts } = await context.client.send(
      new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ['ObjectParts'] }),
    )
    expect(ObjectParts?.TotalPartsCount).toBe(3)
    const listed = ObjectParts?.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])
    expect(listed).toEqual(piecesOf(context).map((piece, index) => [index + 1, piece.length]))
    expect(ObjectParts?.Parts?.[0]?.ChecksumCRC32).toBe(
      await checksumOf('CRC32', piecesOf(context)[0]),
    )
  }),
]
