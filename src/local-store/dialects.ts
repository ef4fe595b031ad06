/**
 * Dialects: the ways in which widely used stores differ from AWS, as one table of switches that
 * the core reads. A dialect never makes the store lenient about signatures or lengths; it
 * changes only what is written here.
 * Source: probes of Ceph RGW 16.2.15, Swift 2.30 (s3api) and rclone 1.76, 2026-11; Cloudflare R2 and
 * rclone documentation, read 2026-10; reports on Google Cloud Storage (ClickHouse #49390, rclone GCS.yaml)
 * and OVHcloud (icechunk #2109); the others are made of single habits seen in several stores.
 */

export const DIALECT_NAMES = [
  'aws',
  'rgw16',
  'swift',
  'minimal',
  'r2',
  'rclone',
  'http10',
  'nodefault5s',
  'gcs',
  'ovh',
] as const

export type DialectName = (typeof DIALECT_NAMES)[number]

/** What a store does; the values of `aws` are S3's own. */
export interface Dialect {
  readonly name: DialectName

  /** Status and code a body framed as aws-chunked is refused with; undefined: it is taken. */
  readonly chunkedRefusal: readonly [status: number, code: string] | undefined
  /** False: `x-amz-checksum-*` is neither verified nor kept nor answered. */
  readonly checksums: boolean
  /** Algorithms whose headers are refused (400 InvalidArgument). */
  readonly refusedChecksums: readonly string[]
  /** Whether CRC64NVME is computed and kept for an object sent without a checksum. */
  readonly defaultChecksum: boolean
  /** True: an ETag is a random value, not an MD5. */
  readonly opaqueEtag: boolean
  /** True: DeleteObjects without Content-MD5 is refused (400 InvalidRequest). */
  readonly deleteObjectsNeedsMd5: boolean

  /** GetObjectAttributes: answered, or not known and answered like GetObject with the bytes. */
  readonly attributes: 'xml' | 'object-bytes'
  /** If-Match and If-None-Match on PutObject: honoured, or refused with 501 NotImplemented. */
  readonly conditionalPut: 'honour' | 'refuse'
  /** If-Match and If-None-Match on CompleteMultipartUpload. */
  readonly conditionalComplete: 'honour' | 'ignore'
  /** If-Match on GetObject and HeadObject. */
  readonly ifMatchOnRead: 'honour' | 'ignore'

  /** The element that the answer to CreateMultipartUpload consists of. */
  readonly createRoot: string
  /** Highest part number taken. */
  readonly partNumberMax: number
  /** True: all parts but the last have the same size and the last is no larger. */
  readonly equalParts: boolean
  /** True: the part numbers of a Complete are 1, 2, 3, … without a gap. */
  readonly contiguousParts: boolean
  /** True: a Complete that leaves out an uploaded part is refused (400 InvalidPart). */
  readonly completeNeedsAllParts: boolean
  /** Bytes of parts that may wait for an earlier part before uploads stall; undefined: any. */
  readonly outOfOrderMax: number | undefined
  /** True: the answer to Complete carries an empty ETag element. */
  readonly completeEtagEmpty: boolean
  /** A Complete repeated after success: answered like the first, or 404 NoSuchUpload. */
  readonly repeatedComplete: 'same-answer' | 'no-such-upload'
  /** False: 501 NotImplemented. */
  readonly listParts: boolean
  readonly listUploads: boolean
  readonly uploadPartCopy: boolean
  readonly deleteObjects: boolean

  /** True: the connection is closed after every answer. */
  readonly closeAfterAnswer: boolean
  /** False: an Expect header is ignored and no 100 Continue is sent. */
  readonly continue100: boolean
  /** How long an idle connection is kept. Milliseconds. */
  readonly keepAliveMs: number
}

const AWS: Dialect = {
  name: 'aws',
  chunkedRefusal: undefined,
  checksums: true,
  refusedChecksums: [],
  defaultChecksum: true,
  opaqueEtag: false,
  deleteObjectsNeedsMd5: false,
  attributes: 'xml',
  conditionalPut: 'honour',
  conditionalComplete: 'honour',
  ifMatchOnRead: 'honour',
  createRoot: 'InitiateMultipartUploadResult',
  partNumberMax: 10_000,
  equalParts: false,
  contiguousParts: false,
  completeNeedsAllParts: false,
  outOfOrderMax: undefined,
  completeEtagEmpty: false,
  repeatedComplete: 'same-answer',
  listParts: true,
  listUploads: true,
  uploadPartCopy: true,
  deleteObjects: true,
  closeAfterAnswer: false,
  continue100: true,
  keepAliveMs: 20_000,
}

/** Every dialect by name. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  aws: AWS,
  rgw16: {
    ...AWS,
    name: 'rgw16',
    chunkedRefusal: [411, 'MissingContentLength'],
    checksums: false,
    defaultChecksum: false,
    attributes: 'object-bytes',
    conditionalComplete: 'ignore',
    completeNeedsAllParts: true,
    completeEtagEmpty: true,
  },
  swift: {
    ...AWS,
    name: 'swift',
    chunkedRefusal: [501, 'NotImplemented'],
    checksums: false,
    defaultChecksum: false,
    deleteObjectsNeedsMd5: true,
    attributes: 'object-bytes',
    conditionalPut: 'refuse',
    partNumberMax: 1000,
  },
  minimal: {
    ...AWS,
    name: 'minimal',
    checksums: false,
    defaultChecksum: false,
    opaqueEtag: true,
    ifMatchOnRead: 'ignore',
    repeatedComplete: 'no-such-upload',
    listParts: false,
    listUploads: false,
    uploadPartCopy: false,
  },
  r2: { ...AWS, name: 'r2', equalParts: true },
  rclone: {
    ...AWS,
    name: 'rclone',
    createRoot: 'InitiateMultipartUpload',
    contiguousParts: true,
    outOfOrderMax: 256 * 1024 * 1024,
    uploadPartCopy: false,
  },
  http10: { ...AWS, name: 'http10', closeAfterAnswer: true, continue100: false },
  nodefault5s: { ...AWS, name: 'nodefault5s', keepAliveMs: 5000 },
  gcs: {
    ...AWS,
    name: 'gcs',
    checksums: false,
    defaultChecksum: false,
    attributes: 'object-bytes',
    uploadPartCopy: false,
    deleteObjects: false,
  },
  ovh: { ...AWS, name: 'ovh', defaultChecksum: false, refusedChecksums: ['crc32', 'crc64nvme'] },
}

/** Whether a text names a dialect. */
export function isDialectName(text: string): text is DialectName {
  return (DIALECT_NAMES as readonly string[]).includes(text)
}
