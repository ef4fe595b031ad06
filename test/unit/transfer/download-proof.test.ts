import { describe, expect, it } from 'vitest'
import type { ChecksumAlgorithm } from '../../../src/checksum/algorithms.ts'
import { compositeChecksum } from '../../../src/checksum/combine.ts'
import type { ObjectInfo } from '../../../src/store/object-store.ts'
import { checksumOf, compareReceived, planProof } from '../../../src/transfer/download-proof.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
import { checksumOfBytes, digestOf, objectInfo } from './run-fixture.ts'

const OBJECT = testBytes(2500)

/** HEAD of a part of an object whose parts have these sizes; notes what was asked. */
function partsOf(sizes: readonly number[], asked: number[] = []) {
  return (partNumber: number): Promise<ObjectInfo> => {
    asked.push(partNumber)
    return Promise.resolve(objectInfo({ size: sizes[partNumber - 1] ?? 0 }))
  }
}

const noParts = (): Promise<ObjectInfo> => Promise.reject(new Error('no part is asked for'))

async function rangesOf(algorithm: ChecksumAlgorithm, sizes: readonly number[]) {
  let offset = 0
  const ranges = []
  for (const length of sizes) {
    const digest = await digestOf(OBJECT.subarray(offset, offset + length), algorithm)
    ranges.push({ digest, length })
    offset += length
  }
  return ranges
}

async function compositeOf(
  algorithm: ChecksumAlgorithm,
  sizes: readonly number[],
): Promise<string> {
  const ranges = await rangesOf(algorithm, sizes)
  return compositeChecksum(
    algorithm,
    ranges.map(({ digest }) => digest),
  )
}

describe('the proof of a download', () => {
  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)(
    'is the combined %s of any ranges where the store has that of the whole',
    async (algorithm) => {
      const value = await checksumOfBytes(OBJECT, algorithm)
      const info = objectInfo({ size: 2500, checksums: { [algorithm]: value } })
      const proof = await planProof(info, true, noParts)
      expect(proof).toEqual({
        algorithm,
        stored: { algorithm, value, type: 'FULL_OBJECT' },
        storedPartSize: undefined,
        exactParts: false,
        wholePass: false,
      })
      const received = await checksumOf(proof, await rangesOf(algorithm, [7, 1993, 500]))
      expect(received).toEqual({ algorithm, value, type: 'FULL_OBJECT' })
      expect(compareReceived(proof.stored, received, {})).toBe('checksum')
    },
  )

  it('is a composite of CRCs, part by part, from ranges that are fractions of parts', async () => {
    const value = await compositeOf('CRC32', [1000, 1000, 500])
    const asked: number[] = []
    const info = objectInfo({ size: 2500, checksums: { CRC32: value } })
    const proof = await planProof(info, true, partsOf([1000, 1000, 500], asked))
    expect(proof).toMatchObject({
      algorithm: 'CRC32',
      stored: { value, type: 'COMPOSITE' },
      storedPartSize: 1000,
      exactParts: false,
      wholePass: false,
    })
    expect(asked, 'the first and the last tell all').toEqual([1, 3])
    const received = await checksumOf(proof, await rangesOf('CRC32', [500, 500, 500, 500, 500]))
    expect(received).toEqual({ algorithm: 'CRC32', value, type: 'COMPOSITE' })
  })

  it('is a composite of hashes from exactly the parts', async () => {
    const value = await compositeOf('SHA256', [1000, 1000, 500])
    const info = objectInfo({
      size: 2500,
      checksums: { SHA256: value },
      checksumType: 'COMPOSITE',
    })
    const proof = await planProof(info, true, partsOf([1000, 1000, 500]))
    expect(proof).toMatchObject({ algorithm: 'SHA256', storedPartSize: 1000, exactParts: true })
    const received = await checksumOf(proof, await rangesOf('SHA256', [1000, 1000, 500]))
    expect(received.value).toBe(value)
  })

  it('is a hash over all bytes in a pass of its own where the store has that', async () => {
    const value = await checksumOfBytes(OBJECT, 'SHA1')
    const info = objectInfo({ size: 2500, checksums: { SHA1: value } })
    expect(await planProof(info, true, noParts)).toEqual({
      algorithm: 'CRC32',
      stored: { algorithm: 'SHA1', value, type: 'FULL_OBJECT' },
      storedPartSize: undefined,
      exactParts: false,
      wholePass: true,
    })
  })

  it.each<[string, Partial<ObjectInfo>, boolean]>([
    ['the store has none', {}, true],
    ['comparing is off', { checksums: { CRC32: 'AAAAAA==' } }, false],
  ])('is the size alone when %s', async (_, info, compare) => {
    const proof = await planProof(objectInfo({ size: 2500, ...info }), compare, noParts)
    expect(proof).toMatchObject({ algorithm: 'CRC32', stored: undefined })
    const received = await checksumOf(proof, await rangesOf('CRC32', [2500]))
    expect(received.value).toBe(await checksumOfBytes(OBJECT))
    expect(compareReceived(proof.stored, received, {})).toBe('size')
  })

  it.each([
    ['unequal parts', [1000, 700, 800]],
    ['a last part that is too large', [500, 500, 1500]],
    ['parts of no bytes', [2500, 0, 0]],
  ])('is the size alone for a composite of %s', async (_, sizes) => {
    const info = objectInfo({ size: 2500, checksums: { CRC32: 'AAAAAA==-3' } })
    expect((await planProof(info, true, partsOf(sizes))).stored).toBeUndefined()
  })

  it('takes a composite of one part, if that is the object', async () => {
    const info = objectInfo({ size: 2500, checksums: { CRC32: 'AAAAAA==-1' } })
    expect((await planProof(info, true, partsOf([2500]))).storedPartSize).toBe(2500)
    expect((await planProof(info, true, partsOf([2499]))).stored).toBeUndefined()
  })

  it('prefers the checksum that is cheapest to compute', async () => {
    const checksums = { SHA256: 'a', CRC64NVME: 'b', CRC32C: 'c', MD5: 'd' }
    const proof = await planProof(objectInfo({ size: 1, checksums }), true, noParts)
    expect(proof.algorithm).toBe('CRC32C')
  })
})

describe('what was received', () => {
  it('that is not what is stored fails with both values', () => {
    const stored = { algorithm: 'CRC32', value: 'AAAAAA==', type: 'FULL_OBJECT' } as const
    const received = { ...stored, value: 'AAAAAQ==' }
    expect(() => compareReceived(stored, received, { key: 'k' })).toThrow(
      expect.objectContaining({
        code: 'ERR_CHECKSUM_MISMATCH',
        message: 'Received CRC32 AAAAAQ==, the store has AAAAAA==',
        context: { key: 'k' },
      }),
    )
  })
})
