/** Records of a small upload and a small download, for tests of journals. */

import { encodeRecord } from '../../../src/journal/codec.ts'
import { Framer } from '../../../src/journal/lines.ts'
import type {
  DownloadBegin,
  DownloadRecord,
  FileIdentity,
  JournalRecord,
  PartNoted,
  Place,
  RangeNoted,
  UploadBegin,
  UploadRecord,
} from '../../../src/journal/records.ts'
import { replay, type DownloadState, type UploadState } from '../../../src/journal/replay.ts'

export const PLACE: Place = {
  endpoint: 'https://store.example:9000',
  region: 'eu-west-1',
  bucket: 'bucket',
  key: 'a/b \u{1F600}.bin',
}

export const SOURCE: FileIdentity = {
  dev: 2049n,
  ino: 77n,
  size: 25,
  mtimeNs: 1_790_000_000_123_456_789n,
  ctimeNs: 1_790_000_000_123_456_790n,
}

/** 25 bytes in three parts of 10. */
export const UPLOAD: UploadBegin = {
  type: 'upload',
  jobId: 'f3b1',
  engine: '0.1.0',
  startedAt: 1_790_000_000_000,
  connection: { endpoint: 'https://store.example:9000/', pathStyle: true },
  place: PLACE,
  path: '/data/b.bin',
  partSize: 10,
  parts: 3,
  algorithm: 'CRC32',
  source: SOURCE,
  checksumType: 'FULL_OBJECT',
  sendChecksum: true,
  token: '5e3a',
  attributes: { contentType: 'text/plain', metadata: { a: '1' } },
  hasCustomerKey: false,
}

/** The same 25 bytes down. */
export const DOWNLOAD: DownloadBegin = {
  type: 'download',
  jobId: 'f3b2',
  engine: '0.1.0',
  startedAt: 1_790_000_000_000,
  connection: {},
  place: PLACE,
  path: '/data/b.bin',
  partSize: 10,
  parts: 3,
  algorithm: 'CRC32',
  object: {
    etag: '"abc-3"',
    versionId: 'v1',
    size: 25,
    lastModified: 1_780_000_000_000,
    checksum: { algorithm: 'CRC32', value: 'AAECAw==', type: 'FULL_OBJECT' },
  },
  temporary: '/data/.b.bin.0123abcd.part',
  boot: '1a2b3c4d',
  attributes: {},
  hasCustomerKey: true,
}

export const NODE = { dev: 2049n, ino: 99n }

/** The digest noted for part or range `index` (from 0). */
export function digestOf(index: number): string {
  return Buffer.from([9, 8, 7, index]).toString('base64')
}

export function partOf(part: number): PartNoted {
  const size = part === 3 ? 5 : 10
  return { type: 'part', part, size, etag: `"e${part}"`, digest: digestOf(part - 1) }
}

export function rangeOf(index: number): RangeNoted {
  const length = index === 2 ? 5 : 10
  return { type: 'range', start: index * 10, length, digest: digestOf(index) }
}

export const WHOLE_UPLOAD: readonly UploadRecord[] = [
  UPLOAD,
  { type: 'created', uploadId: 'u-1' },
  partOf(2),
  partOf(1),
  partOf(3),
  { type: 'completing', checksum: 'AAECAw==' },
  { type: 'completed', etag: '"abc-3"', versionId: 'v1' },
  { type: 'ended' },
]

export const WHOLE_DOWNLOAD: readonly DownloadRecord[] = [
  DOWNLOAD,
  { type: 'opened', file: NODE },
  rangeOf(1),
  rangeOf(0),
  rangeOf(2),
  { type: 'finishing', mtimeNs: 1_790_000_000_000_000_001n },
  { type: 'ended' },
]

/** The journal that holds these records. */
export function journalOf(records: readonly JournalRecord[]): Buffer {
  const framer = new Framer()
  const lines = records.map((record) => framer.line(encodeRecord(record)))
  return Buffer.from(framer.header() + lines.join(''))
}

export function uploadState(records: readonly JournalRecord[]): UploadState {
  const { state } = replay(records)
  if (state?.kind !== 'upload') throw new Error('no upload')
  return state
}

export function downloadState(records: readonly JournalRecord[]): DownloadState {
  const { state } = replay(records)
  if (state?.kind !== 'download') throw new Error('no download')
  return state
}
