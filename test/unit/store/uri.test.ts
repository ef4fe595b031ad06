import { describe, expect, it } from 'vitest'

import { isTransferError } from '../../../src/errors.ts'
import {
  formatS3Uri,
  isLoopbackOrIp,
  isS3Uri,
  parseObjectUri,
  parseS3Uri,
  resolveKey,
  validateKey,
} from '../../../src/store/uri.ts'

const ACCESS_POINT = 'arn:aws:s3:us-west-2:123456789012:accesspoint/mine'
const OUTPOST = 'arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/mine'

describe('parseS3Uri', () => {
  it.each([
    ['s3://bucket/key', 'bucket', 'key'],
    ['s3://bucket', 'bucket', ''],
    ['s3://bucket/', 'bucket', ''],
    ['s3://bucket/prefix/', 'bucket', 'prefix/'],
    ['s3://bucket/a%20b?c#d', 'bucket', 'a%20b?c#d'],
    ['s3://bucket//a/../b/', 'bucket', '/a/../b/'],
    ['s3://bucket/line\nbreak ', 'bucket', 'line\nbreak '],
    ['s3://Old_Bucket.v2/key', 'Old_Bucket.v2', 'key'],
    [`s3://${ACCESS_POINT}/dir/key`, ACCESS_POINT, 'dir/key'],
    [`s3://${ACCESS_POINT}`, ACCESS_POINT, ''],
    [`s3://${OUTPOST}/key`, OUTPOST, 'key'],
  ])('takes %j apart byte for byte', (uri, bucket, key) => {
    expect(parseS3Uri(uri)).toEqual({ bucket, key })
  })

  it('reads back what formatS3Uri wrote', () => {
    const location = { bucket: ACCESS_POINT, key: 'a//b/ü ' }
    expect(parseS3Uri(formatS3Uri(location))).toEqual(location)
  })

  it.each([
    ['s4://bucket/key', 'Expected s3://bucket/key'],
    ['bucket/key', 'Expected s3://bucket/key'],
    ['s3:///key', 'The bucket is missing'],
    ['s3://localhost:9000/bucket/key', '`endpoint` option'],
    ['s3://buc ket/key', 'letters, digits, dots and hyphens'],
    ['s3://arn:aws:s3:us-west-2:123:accesspoint/mine/key', 'not the ARN of an access point'],
  ])('refuses %j with a sentence that helps', (uri, sentence) => {
    expect(codeAndMessage(() => parseS3Uri(uri))).toEqual([
      'ERR_URI_INVALID',
      expect.stringContaining(sentence),
    ])
  })

  it('tells file paths from URIs', () => {
    expect(isS3Uri('s3://bucket')).toBe(true)
    expect(isS3Uri('./s3:/bucket')).toBe(false)
  })
})

describe('parseObjectUri', () => {
  it('wants a key', () => {
    expect(parseObjectUri('s3://bucket/key')).toEqual({ bucket: 'bucket', key: 'key' })
    expect(codeAndMessage(() => parseObjectUri('s3://bucket/'))).toEqual([
      'ERR_URI_INVALID',
      'Expected an object, s3://bucket/key, got only the bucket.',
    ])
  })
})

describe('resolveKey', () => {
  it.each([
    ['', 'file.bin'],
    ['prefix/', 'prefix/file.bin'],
    ['prefix', 'prefix'],
    ['a//', 'a//file.bin'],
  ])('puts a file below %j as %j', (key, resolved) => {
    expect(resolveKey({ bucket: 'bucket', key }, 'file.bin')).toBe(resolved)
  })
})

describe('validateKey', () => {
  it('counts bytes of UTF-8, not characters', () => {
    expect(() => validateKey('ü'.repeat(512))).not.toThrow()
    expect(codeAndMessage(() => validateKey('ü'.repeat(513)))).toEqual([
      'ERR_KEY_INVALID',
      'The key has 1026 bytes of UTF-8; at most 1024 are possible.',
    ])
  })

  it.each([
    ['', 'empty'],
    ['a\uD800b', 'lone surrogate'],
    ['\uDC00', 'lone surrogate'],
  ])('refuses %j', (key, sentence) => {
    expect(codeAndMessage(() => validateKey(key))).toEqual([
      'ERR_KEY_INVALID',
      expect.stringContaining(sentence),
    ])
  })
})

describe('isLoopbackOrIp', () => {
  it.each(['127.0.0.1', '10.1.2.3', '::1', '[::1]', 'localhost', 'LOCALHOST', 's3.localhost'])(
    'addresses %s path-style',
    (host) => {
      expect(isLoopbackOrIp(host)).toBe(true)
    },
  )

  it.each(['s3.amazonaws.com', 'minio.internal', 'localhost.example.com', '1.2.3'])(
    'leaves %s to the SDK',
    (host) => {
      expect(isLoopbackOrIp(host)).toBe(false)
    },
  )
})

function codeAndMessage(run: () => unknown): [string, string] {
  try {
    run()
  } catch (error) {
    if (isTransferError(error)) return [error.code, error.message]
    throw error
  }
  throw new Error('Nothing was thrown')
}
