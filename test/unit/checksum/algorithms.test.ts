import { createHash } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import {
  CHECKSUM_ALGORITHMS,
  CHECKSUMS,
  isChecksumAlgorithm,
  isCombinable,
  loadChecksum,
  type ChecksumAlgorithm,
} from '../../../src/checksum/algorithms.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

async function checksumOf(algorithm: ChecksumAlgorithm, ...chunks: string[]): Promise<string> {
  const checksum = (await loadChecksum(algorithm))()
  for (const chunk of chunks) checksum.update(text(chunk))
  return hex(checksum.digest())
}

/** Published check values: the CRC catalogue's, FIPS 180-4's, RFC 1321's and xxHash's own. */
const CHECK_VALUES: readonly (readonly [ChecksumAlgorithm, string, string])[] = [
  ['CRC32', '123456789', 'cbf43926'],
  ['CRC32C', '123456789', 'e3069283'],
  ['CRC64NVME', '123456789', 'ae8b14860a799888'],
  ['CRC32', '', '00000000'],
  ['CRC32C', '', '00000000'],
  ['CRC64NVME', '', '0000000000000000'],
  ['SHA1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['SHA256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['SHA512', 'abc', createHash('sha512').update('abc').digest('hex')],
  ['MD5', 'abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['XXHASH64', '', 'ef46db3751d8e999'],
  ['XXHASH3', '', '2d06800538d394c2'],
  ['XXHASH128', '', '99aa06d3014798d86001c324468d497f'],
]

describe('loadChecksum', () => {
  it.each(CHECK_VALUES)('gives a %s of %j that equals the published value', async (...row) => {
    const [algorithm, input, expected] = row
    expect(await checksumOf(algorithm, input)).toBe(expected)
  })

  it.each(CHECKSUM_ALGORITHMS)(
    'gives a %s that chunks and empty chunks do not change',
    async (a) => {
      expect(await checksumOf(a, '1234', '', '5', '6789', '')).toBe(
        await checksumOf(a, '123456789'),
      )
    },
  )

  it.each(CHECKSUM_ALGORITHMS)('runs several %s side by side', async (algorithm) => {
    const start = await loadChecksum(algorithm)
    const [one, two, three] = [start(), start(), start()]
    const long = text('interleaved '.repeat(5000))
    for (let at = 0; at < long.length; at += 7001) {
      one.update(long.subarray(at, at + 7001))
      two.update(text('b'))
    }
    const digests = [three.digest(), one.digest(), two.digest()].map(hex)
    const expected = ['', 'interleaved '.repeat(5000), 'b'.repeat(Math.ceil(long.length / 7001))]
    expect(digests).toEqual(
      await Promise.all(expected.map((input) => checksumOf(algorithm, input))),
    )
  })

  it.each(CHECKSUM_ALGORITHMS)('lets a %s end once only', async (algorithm) => {
    const checksum = (await loadChecksum(algorithm))()
    checksum.digest()
    expect(() => checksum.digest()).toThrow(/once|already called/)
    expect(() => checksum.update(text('late'))).toThrow(/after its end|already called/)
  })

  it('loads each algorithm once', () => {
    expect(loadChecksum('CRC64NVME')).toBe(loadChecksum('CRC64NVME'))
  })
})

describe('the table of checksums', () => {
  it.each(CHECKSUM_ALGORITHMS)('knows the length and the header of %s', async (algorithm) => {
    const info = CHECKSUMS[algorithm]
    expect((await checksumOf(algorithm, 'x')).length).toBe(2 * info.bytes)
    expect(info.header).toBe(`x-amz-checksum-${algorithm.toLowerCase()}`)
  })

  it('allows full-object values of multipart uploads for CRCs only', () => {
    const full = CHECKSUM_ALGORITHMS.filter((a) =>
      CHECKSUMS[a].multipartTypes.includes('FULL_OBJECT'),
    )
    expect(full).toEqual(['CRC32', 'CRC32C', 'CRC64NVME'])
    expect(CHECKSUM_ALGORITHMS.filter(isCombinable)).toEqual(full)
  })

  it('allows composite values for all but CRC64NVME', () => {
    const none = CHECKSUM_ALGORITHMS.filter(
      (a) => !CHECKSUMS[a].multipartTypes.includes('COMPOSITE'),
    )
    expect(none).toEqual(['CRC64NVME'])
  })

  it('offers the five classic algorithms for uploads', () => {
    const uploadable = CHECKSUM_ALGORITHMS.filter((a) => CHECKSUMS[a].uploadable)
    expect(uploadable).toEqual(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'])
  })

  it('tells names of algorithms from other values', () => {
    expect(isChecksumAlgorithm('SHA256')).toBe(true)
    for (const other of ['sha256', 'toString', '', undefined, 3]) {
      expect(isChecksumAlgorithm(other)).toBe(false)
    }
  })
})
