/**
 * What holds for every journal, however it was torn or damaged, and for every answer of a store:
 * nothing is believed that was not written, and nothing is kept that does not agree.
 */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRecord } from '../../src/journal/codec.ts'
import { readLines } from '../../src/journal/lines.ts'
import { reconcileUpload } from '../../src/journal/reconcile-upload.ts'
import type { JournalRecord } from '../../src/journal/records.ts'
import { replay, type Replayed } from '../../src/journal/replay.ts'
import type { ListedPart } from '../../src/store/object-store.ts'
import {
  digestOf,
  DOWNLOAD,
  journalOf,
  NODE,
  partOf,
  PLACE,
  rangeOf,
  SOURCE,
  UPLOAD,
  uploadState,
} from '../unit/journal/journal-fixture.ts'

const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 })
const order = fc.shuffledSubarray([0, 1, 2])

/** An upload that came so far, by way of any order of its parts. */
const upload = fc
  .tuple(name, name, order, fc.integer({ min: 0, max: 3 }))
  .map(([key, uploadId, parts, end]): JournalRecord[] => {
    const ending: JournalRecord[] = [
      { type: 'completing', checksum: 'AAECAw==' },
      { type: 'completed', etag: '"e-3"', versionId: key },
      { type: 'ended' },
    ]
    return [
      { ...UPLOAD, place: { ...PLACE, key } },
      { type: 'created', uploadId },
      ...parts.map((index) => partOf(index + 1)),
      ...(parts.length === 3 ? ending.slice(0, end) : []),
    ]
  })

const download = fc
  .tuple(name, order, fc.bigInt())
  .map(([key, ranges, time]): JournalRecord[] => [
    { ...DOWNLOAD, place: { ...PLACE, key } },
    { type: 'opened', file: NODE },
    ...ranges.map(rangeOf),
    ...(ranges.length === 3
      ? [{ type: 'finishing', mtimeNs: BigInt.asIntN(64, time) } as const]
      : []),
  ])

const job = fc.oneof(upload, download)

/** What a reader of these bytes believes. */
function believed(bytes: Uint8Array): { readonly payloads: readonly string[] } & Replayed {
  const { payloads } = readLines(bytes)
  const records = payloads.map(decodeRecord).filter((record) => record !== undefined)
  return { payloads, ...replay(records) }
}

describe('a journal', () => {
  it('comes back whole', () => {
    fc.assert(
      fc.property(job, (records) => {
        const { payloads, count, state } = believed(journalOf(records))
        expect(payloads.map(decodeRecord)).toEqual(records)
        expect(count).toBe(records.length)
        expect(state).toEqual(replay(records).state)
      }),
    )
  })

  it('torn at any byte is what it was when those records had been written', () => {
    fc.assert(
      fc.property(job, fc.nat(), (records, cut) => {
        const bytes = journalOf(records)
        const { count, state } = believed(bytes.subarray(0, cut % bytes.length))
        expect(count).toBeLessThan(records.length)
        expect(state).toEqual(replay(records.slice(0, count)).state)
      }),
    )
  })

  it('with any byte changed is believed up to there, and never says what was not written', () => {
    fc.assert(
      fc.property(job, fc.nat(), fc.integer({ min: 1, max: 255 }), (records, at, mask) => {
        const bytes = journalOf(records)
        const position = at % bytes.length
        bytes[position] = (bytes[position] ?? 0) ^ mask
        const { payloads, count, state } = believed(bytes)
        expect(count).toBeLessThan(records.length)
        expect(payloads.map(decodeRecord)).toEqual(records.slice(0, count))
        expect(state).toEqual(replay(records.slice(0, count)).state)
      }),
      { numRuns: 400 },
    )
  })

  it('followed by anything is still believed', () => {
    fc.assert(
      fc.property(job, fc.uint8Array({ maxLength: 300 }), (records, rest) => {
        const { count } = believed(Buffer.concat([journalOf(records), rest]))
        expect(count).toBe(records.length)
      }),
    )
  })

  it('is nothing that can be made of arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(readLines(bytes)).toMatchObject({ version: undefined, payloads: [] })
      }),
    )
  })
})

describe('records in any order', () => {
  it('are believed as far as each can follow, and not further', () => {
    const pool: readonly JournalRecord[] = [
      { type: 'created', uploadId: 'u' },
      partOf(1),
      partOf(2),
      partOf(3),
      { type: 'completing', checksum: 'c' },
      { type: 'completed', etag: 'e' },
      { type: 'ended' },
      rangeOf(0),
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pool), { maxLength: 10 }), (rest) => {
        const records = [UPLOAD, ...rest]
        const { count, state } = replay(records)
        expect(replay(records.slice(0, count))).toEqual({ count, state })
        expect(replay(records.slice(0, count + 1)).count).toBe(count)
      }),
    )
  })
})

describe('a part', () => {
  const listedPart = fc.record({
    partNumber: fc.integer({ min: 1, max: 5 }),
    size: fc.constantFrom(0, 5, 9, 10),
    etag: fc.constantFrom('"e1"', 'e1', '"e2"', '"e3"', '"d41d8cd98f00b204e9800998ecf8427e"'),
    lastModified: fc.constant(undefined),
    checksums: fc.constantFrom(
      {},
      { CRC32: digestOf(0) },
      { CRC32: digestOf(1) },
      { CRC32: digestOf(2) },
    ),
  })
  const listing = fc.uniqueArray(listedPart, { selector: (part) => part.partNumber })

  it('is kept, hashed again or sent, each once, and kept only if the store has the same', () => {
    fc.assert(
      fc.property(order, listing, (noted, listed: readonly ListedPart[]) => {
        const records = noted.map((index) => partOf(index + 1))
        const state = uploadState([UPLOAD, { type: 'created', uploadId: 'u' }, ...records])
        const { attributes, algorithm, checksumType, sendChecksum } = UPLOAD
        const now = { source: SOURCE, attributes, algorithm, checksumType, sendChecksum }
        const found = reconcileUpload(state, { ...now, partSize: undefined }, listed)
        if (found.action !== 'continue') throw new Error(found.action)
        const { kept, check, send } = found
        const all = [...kept.map(({ part }) => part), ...check.map(({ part }) => part), ...send]
        expect(all.toSorted((a, b) => a - b)).toEqual([1, 2, 3])
        for (const { part, size, etag, digest } of kept) {
          const there = listed.find(({ partNumber }) => partNumber === part)
          expect(there?.size).toBe(size)
          expect(there?.etag.replaceAll('"', '')).toBe(etag.replaceAll('"', ''))
          expect([undefined, digest]).toContain(there?.checksums.CRC32)
          expect(noted).toContain(part - 1)
        }
        for (const { part, size } of check) {
          expect(listed.find(({ partNumber }) => partNumber === part)?.size).toBe(size)
          expect(noted).not.toContain(part - 1)
        }
      }),
    )
  })
})
