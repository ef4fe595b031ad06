import { describe, expect, it } from 'vitest'

import { CHECKSUM_ALGORITHMS } from '../../../src/checksum/algorithms.ts'
import {
  algorithmOfHeader,
  checksumHeader,
  decodeDigest,
  encodeDigest,
  parseStoredChecksum,
  sameDigest,
} from '../../../src/checksum/encoding.ts'

const crc = Uint8Array.of(0xcb, 0xf4, 0x39, 0x26)

describe('a digest in base64', () => {
  it('is written with padding and read back', () => {
    expect(encodeDigest(crc)).toBe('y/Q5Jg==')
    expect(decodeDigest('y/Q5Jg==')).toEqual(crc)
  })

  it('is written from a view into a larger buffer', () => {
    const view = Uint8Array.of(1, 2, ...crc, 3).subarray(2, 6)
    expect(encodeDigest(view)).toBe('y/Q5Jg==')
  })

  it.each([
    '',
    'y/Q5Jg',
    'y/Q5Jg=',
    'y_Q5Jg==',
    'y/Q5Jh==',
    ' y/Q5Jg==',
    'y/Q5Jg==\n',
    'y/Q5*Jg==',
  ])('is not %j', (text) => {
    expect(decodeDigest(text)).toBeUndefined()
  })
})

describe('parseStoredChecksum', () => {
  it('reads a full-object value', () => {
    expect(parseStoredChecksum('y/Q5Jg==', 'CRC32')).toEqual({ digest: crc })
  })

  it('reads a composite value with its number of parts', () => {
    expect(parseStoredChecksum('y/Q5Jg==-10000', 'CRC32')).toEqual({ digest: crc, parts: 10_000 })
  })

  it.each(['', '-3', 'y/Q5Jg==-', 'y/Q5Jg==-0', 'y/Q5Jg==-01', 'y/Q5Jg==-3-3', 'y/Q5Jg==-123456'])(
    'rejects %j',
    (value) => {
      expect(parseStoredChecksum(value, 'CRC32')).toBeUndefined()
    },
  )

  it('rejects a value of another length than the algorithm has', () => {
    expect(parseStoredChecksum('y/Q5Jg==', 'CRC64NVME')).toBeUndefined()
    expect(parseStoredChecksum('y/Q5Jg==-2', 'SHA256')).toBeUndefined()
  })
})

describe('checksum headers', () => {
  it.each(CHECKSUM_ALGORITHMS)('lead from %s to a header and back, in any case', (algorithm) => {
    expect(algorithmOfHeader(checksumHeader(algorithm))).toBe(algorithm)
    expect(algorithmOfHeader(checksumHeader(algorithm).toUpperCase())).toBe(algorithm)
  })

  it('are told from headers about checksums', () => {
    for (const header of ['x-amz-checksum-type', 'x-amz-checksum-mode', 'etag', '']) {
      expect(algorithmOfHeader(header)).toBeUndefined()
    }
  })
})

describe('sameDigest', () => {
  it('compares bytes and length', () => {
    expect(sameDigest(crc, Buffer.from(crc))).toBe(true)
    expect(sameDigest(crc, Uint8Array.of(0xcb, 0xf4, 0x39, 0x27))).toBe(false)
    expect(sameDigest(crc, crc.subarray(0, 3))).toBe(false)
  })
})
