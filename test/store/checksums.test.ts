import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  CHECKSUM_ALGORITHMS,
  checksumAlgorithm,
  checksumHeader,
  compositeChecksum,
  createChecksum,
  parseChecksum,
  type ChecksumAlgorithm,
} from '../../src/local-store/checksums.ts'

/** Check values of the published algorithms; the XXH ones are those of the empty input. */
const CHECK_VALUES: ReadonlyArray<[ChecksumAlgorithm, string, string]> = [
  ['CRC32', '123456789', 'cbf43926'],
  ['CRC32C', '123456789', 'e3069283'],
  ['CRC64NVME', '123456789', 'ae8b14860a799888'],
  ['SHA1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['SHA256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['MD5', 'abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['XXHASH64', '', 'ef46db3751d8e999'],
  ['XXHASH3', '', '2d06800538d394c2'],
  ['XXHASH128', '', '99aa06d3014798d86001c324468d497f'],
]

function digest(algorithm: ChecksumAlgorithm, ...pieces: string[]): string {
  const running = createChecksum(algorithm)
  for (const piece of pieces) running.update(Buffer.from(piece))
  return running.digest().toString('hex')
}

describe('checksums of the local store', () => {
  test.each(CHECK_VALUES)('%s of "%s" is %s', (algorithm, input, expected) => {
    expect(digest(algorithm, input)).toBe(expected)
  })

  test.each(CHECKSUM_ALGORITHMS)('%s does not depend on how the input is cut', (algorithm) => {
    const whole = digest(algorithm, 'the quick brown fox')
    expect(digest(algorithm, 'the qu', '', 'ick brown ', 'fox')).toBe(whole)
    expect(digest(algorithm, 'the quick brown foX')).not.toBe(whole)
  })

  test.each(CHECKSUM_ALGORITHMS)('%s keeps interleaved checksums apart', (algorithm) => {
    const runs = ['one', 'two', 'three'].map((text) => ({ text, run: createChecksum(algorithm) }))
    for (const index of [0, 1, 2, 3, 4]) {
      for (const { text, run } of runs) run.update(Buffer.from(text.slice(index, index + 1)))
    }
    for (const { text, run } of runs) {
      expect(run.digest().toString('hex')).toBe(digest(algorithm, text))
    }
  })

  test('a CRC takes a plain Uint8Array too', () => {
    const running = createChecksum('CRC32C')
    running.update(new Uint8Array(Buffer.from('0123456789').buffer.slice(0, 0)))
    running.update(Uint8Array.from(Buffer.from('123456789')))
    expect(running.digest().toString('hex')).toBe('e3069283')
  })

  test('header names and algorithm names belong together', () => {
    expect(CHECKSUM_ALGORITHMS.map(checksumHeader)).toContain('x-amz-checksum-crc64nvme')
    expect(checksumAlgorithm('crc32c')).toBe('CRC32C')
    expect(checksumAlgorithm('crc16')).toBeUndefined()
  })

  test('a value is base64 of exactly the right length', () => {
    expect(parseChecksum('CRC32', 'y/Q5Jg==')?.toString('hex')).toBe('cbf43926')
    expect(parseChecksum('CRC32', 'y/Q5Jg')).toBeUndefined()
    expect(parseChecksum('CRC32', 'y/Q5JgA=')).toBeUndefined()
    expect(parseChecksum('CRC32', 'not base64!')).toBeUndefined()
  })

  test('a composite is the digest of the raw digests with the number of parts', () => {
    const parts = ['a', 'b', 'c'].map((text) => createHash('sha256').update(text).digest())
    const expected = createHash('sha256').update(Buffer.concat(parts)).digest('base64')
    expect(compositeChecksum('SHA256', parts)).toBe(`${expected}-3`)
  })
})
