import { describe, expect, it } from 'vitest'
import { isTransferError } from '../../../src/errors.ts'
import {
  headerFields,
  readEnd,
  readHeader,
  recordOf,
  type ManifestHeader,
} from '../../../src/manifest/format.ts'

const HEADER: ManifestHeader = {
  operation: 'upload',
  from: '/data',
  to: 's3://bucket/p/',
  bucket: 'bucket',
  prefix: 'p/',
  started: '2026-01-01T00:00:00.000Z',
  tool: 'transfer-engine 1',
}

const ROW = {
  bucket: 'bucket',
  key: 'p/a',
  size: 7,
  checksumAlgorithm: 'CRC32',
  checksum: 'AAAAAA==',
  checksumType: 'FULL_OBJECT',
  verified: 'checksum',
  time: '2026-01-01T00:00:00.000Z',
  name: 'a',
}

describe('a record', () => {
  it('is read with what it has', () => {
    expect(recordOf(ROW, HEADER)).toMatchObject({
      key: 'p/a',
      size: 7,
      checksum: { algorithm: 'CRC32', value: 'AAAAAA==', type: 'FULL_OBJECT' },
      time: Date.UTC(2026, 0),
    })
  })

  it.each<[string, unknown, RegExp]>([
    ['nothing', null, /no record/],
    ['a text', 'a', /no record/],
    ['no key', { ...ROW, key: undefined }, /no record/],
    ['no name', { ...ROW, name: '' }, /no record/],
    ['another bucket', { ...ROW, bucket: 'other' }, /another bucket/],
    ['a key outside the prefix', { ...ROW, key: 'q/a' }, /not below the prefix/],
    ['the prefix itself', { ...ROW, key: 'p/' }, /not below the prefix/],
    ['a size below nothing', { ...ROW, size: -1 }, /no count of bytes/],
    ['a size in words', { ...ROW, size: '7' }, /no count of bytes/],
    ['a version that is no text', { ...ROW, versionId: 7 }, /cannot be read/],
    ['a time that is none', { ...ROW, mtime: 'yesterday' }, /cannot be read/],
    ['no time', { ...ROW, time: undefined }, /when it was written/],
    ['an unknown checksum', { ...ROW, checksumAlgorithm: 'CRC7' }, /checksum cannot be read/],
    ['a checksum of another length', { ...ROW, checksum: 'AAAA' }, /checksum cannot be read/],
    ['a composite that is none', { ...ROW, checksumType: 'COMPOSITE' }, /checksum cannot be read/],
    ['a checksum of no type', { ...ROW, checksumType: undefined }, /checksum cannot be read/],
    ['no word of proof', { ...ROW, verified: undefined }, /what was verified/],
  ])('with %s is none', (_, row, problem) => {
    expect(recordOf(row, HEADER)).toMatch(problem)
  })
})

describe('a header', () => {
  it('is read again', () => {
    expect(readHeader(headerFields(HEADER), 'm')).toEqual(HEADER)
  })

  it.each<[string, unknown, string]>([
    ['of something else', { format: 'other', version: 1 }, 'ERR_MANIFEST_INVALID'],
    ['that is none', undefined, 'ERR_MANIFEST_INVALID'],
    ['of a later version', { ...headerFields(HEADER), version: 2 }, 'ERR_MANIFEST_VERSION'],
    ['without a bucket', { ...headerFields(HEADER), bucket: 7 }, 'ERR_MANIFEST_INVALID'],
  ])('%s is refused', (_, fields, code) => {
    let thrown: unknown
    try {
      readHeader(fields, 'm.ndjson')
    } catch (error) {
      thrown = error
    }
    expect(isTransferError(thrown) && thrown.code).toBe(code)
    expect(thrown).toMatchObject({ context: { path: 'm.ndjson' } })
  })
})

it('an end without its counts is none', () => {
  const end = { records: 1, bytes: 7, failed: 0, complete: true, finished: ROW.time }
  expect(readEnd(end)).toEqual(end)
  expect(readEnd({ ...end, records: '1' })).toBeUndefined()
  expect(readEnd({ ...end, complete: undefined })).toBeUndefined()
  expect(readEnd(undefined)).toBeUndefined()
})
