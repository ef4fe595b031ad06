/** Whatever a key is made of, a manifest says it again, in both formats. */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHECKSUM_ALGORITHMS, CHECKSUMS } from '../../src/checksum/algorithms.ts'
import { encodeDigest } from '../../src/checksum/encoding.ts'
import type { Checksum } from '../../src/checksum/stored.ts'
import {
  recordOf,
  rowOf,
  type ManifestHeader,
  type ManifestRecord,
} from '../../src/manifest/format.ts'
import { csvLine, jsonLine, parseCsvLine, parseJson } from '../../src/manifest/text.ts'

const HEADER: ManifestHeader = {
  operation: 'upload',
  from: '/data',
  to: 's3://bucket/p/',
  bucket: 'bucket',
  prefix: 'p/',
  started: '2026-01-01T00:00:00.000Z',
  tool: 'transfer-engine',
}

/** Pieces of which hostile names are made. */
const PIECES = ['\n', '\r\n', '"', ',', '+', ' ', '%', '%2F', '&amp;', '<Key>', '😀', 'é', '\u2028']
const MORE = ['..', '/', '\u001b[2J', '\u202e', "'", '\0', '=1+1', '{', '}', '\\']
const piece = fc.constantFrom(...PIECES, ...MORE)
const name = fc.oneof(
  fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
)
const time = fc.integer({ min: 0, max: 8.64e15 })
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined })
const checksum: fc.Arbitrary<Checksum> = fc
  .constantFrom(...CHECKSUM_ALGORITHMS)
  .chain((algorithm) => {
    const { bytes } = CHECKSUMS[algorithm]
    const digest = fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(encodeDigest)
    return fc
      .record({ digest, parts: maybe(fc.integer({ min: 1, max: 10_000 })) })
      .map((value) => ({
        algorithm,
        value: value.parts === undefined ? value.digest : `${value.digest}-${value.parts}`,
        type: value.parts === undefined ? 'FULL_OBJECT' : 'COMPOSITE',
      }))
  })
/** Not empty, since what is empty in CSV is not there. */
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const record: fc.Arbitrary<ManifestRecord> = fc.record({
  bucket: fc.constant('bucket'),
  key: name.map((each) => `p/${each}`),
  versionId: maybe(text),
  size: fc.maxSafeNat(),
  checksum: maybe(checksum),
  etag: maybe(text),
  sourceEtag: maybe(text),
  lastModified: maybe(time),
  mtime: maybe(time),
  verified: fc.constantFrom('checksum', 'size', 'none'),
  time,
  name,
  file: maybe(name),
})

describe('a record', () => {
  it('is the same again as a line of NDJSON', () => {
    fc.assert(
      fc.property(record, (each) => {
        const line = jsonLine(rowOf(each))
        expect(line.slice(0, -1)).not.toContain('\n')
        expect(recordOf(parseJson(line), HEADER)).toEqual(each)
      }),
      { numRuns: 1000 },
    )
  })

  it('is the same again as a row of CSV, with keys encoded as in a URL', () => {
    fc.assert(
      fc.property(record, (each) => {
        const line = csvLine(rowOf(each))
        const row = parseCsvLine(line.slice(0, -1))
        expect(recordOf(row, HEADER)).toEqual(each)
        const [bucket, key] = line.split(',')
        expect(bucket).toBe('bucket')
        expect(key).toMatch(/^[\w.!~*'()/%-]+$/)
      }),
      { numRuns: 1000 },
    )
  })
})
