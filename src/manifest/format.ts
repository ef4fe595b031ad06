/**
 * What a manifest says, and its records as rows of plain fields, which both formats write.
 *
 * NDJSON is a header, a record for each object, and an end that counts them. CSV has a row for each
 * object and nothing else, as S3 Batch Operations takes it; header and end are beside it, in a file with
 * `.json` behind its name, as S3 Inventory has it.
 */

import { isChecksumAlgorithm } from '../checksum/algorithms.ts'
import { parseStoredChecksum } from '../checksum/encoding.ts'
import type { Checksum } from '../checksum/stored.ts'
import { TransferError } from '../errors.ts'
import type { Verification } from '../transfer/results.ts'

/** Raised when a reader of an older one would read it wrongly. */
export const FORMAT_VERSION = 1

/** What marks a header. */
const FORMAT = 'transfer-engine manifest'

/** What was moved, and where keys are. */
export interface ManifestHeader {
  /** `upload`, `download`, … */
  readonly operation: string
  /** A directory or `s3://bucket/prefix`. */
  readonly from: string
  readonly to: string
  /** Of all keys. */
  readonly bucket: string
  /** Beginning of all keys; empty or ending in `/`. */
  readonly prefix: string
  /** ISO 8601. */
  readonly started: string
  readonly tool: string
}

/** One object that is in place. Times are epoch milliseconds. */
export interface ManifestRecord {
  readonly bucket: string
  readonly key: string
  readonly versionId?: string | undefined
  readonly size: number
  readonly checksum?: Checksum | undefined
  /** Without quotes. */
  readonly etag?: string | undefined
  /** Of the object it was copied from, without quotes. */
  readonly sourceEtag?: string | undefined
  /** Of the object. */
  readonly lastModified?: number | undefined
  /** Of the file. */
  readonly mtime?: number | undefined
  /** What was proved when it was written down: `none` of what was in place before. */
  readonly verified: Verification
  /** When it was written down. */
  readonly time: number
  /** Relative to both roots. */
  readonly name: string
  /** Of the file below its root, where that is not `name`. */
  readonly file?: string | undefined
}

/** The last word of a manifest. */
export interface ManifestEnd {
  readonly records: number
  readonly bytes: number
  /** Objects that should be in place and are not. */
  readonly failed: number
  /** Whether all was done that was to be done. */
  readonly complete: boolean
  /** ISO 8601. */
  readonly finished: string
}

/** Columns in their order, as in a JSON record and as in the schema of CSV. */
export const COLUMNS = [
  ['bucket', 'Bucket'],
  ['key', 'Key'],
  ['versionId', 'VersionId'],
  ['size', 'Size'],
  ['checksumAlgorithm', 'ChecksumAlgorithm'],
  ['checksum', 'Checksum'],
  ['checksumType', 'ChecksumType'],
  ['etag', 'ETag'],
  ['sourceEtag', 'SourceETag'],
  ['lastModified', 'LastModifiedDate'],
  ['mtime', 'FileModifiedDate'],
  ['verified', 'Verified'],
  ['time', 'Time'],
  ['name', 'Name'],
  ['file', 'File'],
] as const

export type Column = (typeof COLUMNS)[number][0]

const VERIFICATIONS: readonly Verification[] = ['checksum', 'size', 'none']

/** A record as both formats write it. */
export type Row = Readonly<Partial<Record<Column, string | number>>>

export function rowOf(record: ManifestRecord): Row {
  const { checksum, lastModified, mtime, time, ...plain } = record
  const row: Partial<Record<Column, string | number | undefined>> = {
    bucket: plain.bucket,
    key: plain.key,
    versionId: plain.versionId,
    size: plain.size,
    checksumAlgorithm: checksum?.algorithm,
    checksum: checksum?.value,
    checksumType: checksum?.type,
    etag: plain.etag,
    sourceEtag: plain.sourceEtag,
    lastModified: isoTime(lastModified),
    mtime: isoTime(mtime),
    verified: plain.verified,
    time: isoTime(time),
    name: plain.name,
    file: plain.file,
  }
  return row as Row
}

/** @returns what is wrong with it, as a sentence, when it is no record of that manifest */
export function recordOf(row: unknown, header: ManifestHeader): ManifestRecord | string {
  if (typeof row !== 'object' || row === null) return 'It is no record of a manifest.'
  const fields = row as Readonly<Record<string, unknown>>
  const { bucket, key, size, name } = fields
  const texts = ['versionId', 'etag', 'sourceEtag', 'file'].map((field) => fields[field])
  const times = ['lastModified', 'mtime', 'time'].map((field) => timeOf(fields[field]))
  if (typeof key !== 'string' || typeof name !== 'string' || name === '') {
    return 'It is no record of a manifest.'
  }
  if (bucket !== header.bucket) return `It is of another bucket than ${header.bucket}.`
  if (!key.startsWith(header.prefix) || key.length === header.prefix.length) {
    return `Its key ${JSON.stringify(key)} is not below the prefix of the manifest.`
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    return 'Its size is no count of bytes.'
  }
  const isRead = texts.every((text) => text === undefined || typeof text === 'string')
  if (!isRead || times.includes(null)) return 'It has a field that cannot be read.'
  const checksum = checksumOf(fields)
  if (checksum === null) return 'Its checksum cannot be read.'
  const verified = VERIFICATIONS.find((each) => each === fields['verified'])
  if (verified === undefined) return 'It does not say what was verified.'
  const [versionId, etag, sourceEtag, file] = texts as readonly (string | undefined)[]
  const [lastModified, mtime, time] = times as readonly (number | undefined)[]
  if (time === undefined) return 'It does not say when it was written.'
  const proof = { size, checksum, etag, sourceEtag, lastModified, mtime, verified, time }
  return { bucket, key, versionId, ...proof, name, file }
}

/** The first line of NDJSON, or part of what is beside CSV. */
export function headerFields(header: ManifestHeader): Readonly<Record<string, unknown>> {
  return { format: FORMAT, version: FORMAT_VERSION, ...header }
}

/** @throws ERR_MANIFEST_INVALID, ERR_MANIFEST_VERSION */
export function readHeader(value: unknown, path: string): ManifestHeader {
  const { format, version, ...fields } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (format !== FORMAT || !Number.isSafeInteger(version)) throw invalidManifest(path, NO_MANIFEST)
  if (version !== FORMAT_VERSION) {
    const message = `${path} has version ${String(version)} of the format, this reads ${FORMAT_VERSION}.`
    throw new TransferError('ERR_MANIFEST_VERSION', message, { path })
  }
  const names = ['operation', 'from', 'to', 'bucket', 'prefix', 'started', 'tool'] as const
  if (names.some((name) => typeof fields[name] !== 'string')) {
    throw invalidManifest(path, 'Its header is not whole.')
  }
  const [operation, from, to, bucket, prefix, started, tool] = names.map(
    (name) => fields[name] as string,
  ) as [string, string, string, string, string, string, string]
  return { operation, from, to, bucket, prefix, started, tool }
}

const NO_MANIFEST = 'It does not begin as a manifest does.'

/** `undefined` for what is no end. */
export function readEnd(value: unknown): ManifestEnd | undefined {
  const { records, bytes, failed, complete, finished } = (value ?? {}) as Partial<ManifestEnd>
  const counts = [records, bytes, failed]
  if (!counts.every((count) => Number.isSafeInteger(count))) return undefined
  if (typeof complete !== 'boolean' || typeof finished !== 'string') return undefined
  const [known, sum, missing] = counts as [number, number, number]
  return { records: known, bytes: sum, failed: missing, complete, finished }
}

export function invalidManifest(path: string, problem: string, line?: number): TransferError {
  const where = line === undefined ? path : `${path}, line ${line}`
  return new TransferError('ERR_MANIFEST_INVALID', `${where}: ${problem}`, { path })
}

/** An ETag as manifests have it: some stores write quotes in headers and not in documents. */
export function bareEtag(etag: string | undefined): string | undefined {
  return etag?.replaceAll('"', '')
}

/** ISO 8601 to the millisecond; nothing for what is no time. */
export function isoTime(time: number | undefined): string | undefined {
  if (time === undefined) return undefined
  const date = new Date(Math.round(time))
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** @returns null for what cannot be read */
function timeOf(value: unknown): number | null | undefined {
  if (value === undefined) return undefined
  const time = typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isNaN(time) ? null : time
}

/** @returns null for what cannot be read */
function checksumOf(fields: Readonly<Record<string, unknown>>): Checksum | null | undefined {
  const { checksumAlgorithm: algorithm, checksum: value, checksumType: type } = fields
  if (algorithm === undefined && value === undefined && type === undefined) return undefined
  if (!isChecksumAlgorithm(algorithm) || typeof value !== 'string') return null
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') return null
  const parsed = parseStoredChecksum(value, algorithm)
  if (parsed === undefined || (type === 'FULL_OBJECT') !== (parsed.parts === undefined)) return null
  return { algorithm, value, type }
}
