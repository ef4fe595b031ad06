/** Uploads in parts: create, part, list, complete, abort. */

import { createHash, randomBytes } from 'node:crypto'
import { crc32, crc32c } from '@node-rs/crc32'
import { combineAll } from '../../src/checksum/combine.ts'
import { element, elementText, Refusal, xmlAnswer, type Answer } from './answer.ts'
import {
  encodeCrc,
  joinParts,
  opaqueEtag,
  type Catalog,
  type Checksums,
  type ChecksumType,
  type PartRecord,
  type UploadRecord,
} from './catalog.ts'
import { crcBytes } from './content.ts'
import { checkedSums, etagOf, keptHeaders } from './object-operations.ts'
import type { Received } from './request-body.ts'
import type { RequestHead } from './request-head.ts'

/** What S3 takes when a client does not say. Source: S3 user guide, checking object integrity. */
const DEFAULT_TYPES: Readonly<Record<string, ChecksumType>> = { CRC64NVME: 'FULL_OBJECT' }

const COMBINABLE = ['CRC32', 'CRC32C', 'CRC64NVME'] as const

export function createUpload(
  catalog: Catalog,
  { headers }: RequestHead,
  bucket: string,
  key: string,
): Answer {
  const id = randomBytes(24).toString('hex')
  const algorithm = headers['x-amz-checksum-algorithm']?.toUpperCase()
  const checksumType =
    headers['x-amz-checksum-type']?.toUpperCase() === 'FULL_OBJECT'
      ? 'FULL_OBJECT'
      : (DEFAULT_TYPES[algorithm ?? ''] ?? 'COMPOSITE')
  catalog.uploads.set(id, {
    id,
    key,
    startedMs: Date.now(),
    headers: keptHeaders(headers),
    algorithm,
    checksumType,
    parts: new Map(),
  })
  const lines =
    algorithm === undefined
      ? ''
      : `x-amz-checksum-algorithm: ${algorithm}\r\nx-amz-checksum-type: ${checksumType}\r\n`
  const inner = element('Bucket', bucket) + element('Key', key) + element('UploadId', id)
  return xmlAnswer('InitiateMultipartUploadResult', inner, lines)
}

export function putPart(
  catalog: Catalog,
  { headers, query }: RequestHead,
  key: string,
  received: Received,
): Answer {
  const upload = findUpload(catalog, query, key)
  const number = Number(query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new Refusal(400, 'InvalidArgument', 'Part number must be between 1 and 10000')
  }
  const { size, crc32 } = received
  const checksums = checkedSums(headers, received)
  const etag = etagOf(headers, received)
  upload.parts.set(number, { number, size, crc32, etag, checksums })
  let lines = `ETag: ${etag}\r\n`
  for (const name in checksums) lines += `${name}: ${checksums[name]}\r\n`
  return { status: 200, headers: lines }
}

export function listParts(
  catalog: Catalog,
  { query }: RequestHead,
  bucket: string,
  key: string,
): Answer {
  const upload = findUpload(catalog, query, key)
  const marker = Number(query.get('part-number-marker') ?? 0)
  const max = Math.min(1000, Number(query.get('max-parts') ?? 1000))
  const rest = [...upload.parts.values()]
    .filter(({ number }) => number > marker)
    .sort((a, b) => a.number - b.number)
  const page = rest.slice(0, max)
  const inner = page.map(
    (part) =>
      `<Part>${element('PartNumber', part.number)}${element('ETag', part.etag)}` +
      `${element('Size', part.size)}${isoModified(upload)}${sumElements(part.checksums)}</Part>`,
  )
  return xmlAnswer(
    'ListPartsResult',
    element('Bucket', bucket) +
      element('Key', key) +
      element('UploadId', upload.id) +
      element('PartNumberMarker', marker) +
      element('NextPartNumberMarker', page.at(-1)?.number ?? 0) +
      element('MaxParts', max) +
      element('IsTruncated', rest.length > page.length) +
      element('StorageClass', 'STANDARD') +
      element('ChecksumAlgorithm', upload.algorithm) +
      (upload.algorithm === undefined ? '' : element('ChecksumType', upload.checksumType)) +
      inner.join(''),
  )
}

/** Makes the object of the parts the document names. @throws Refusal InvalidPart */
export function completeUpload(
  catalog: Catalog,
  { headers, query }: RequestHead,
  bucket: string,
  key: string,
  document: string,
): Answer {
  const upload = findUpload(catalog, query, key)
  if (headers['if-none-match'] === '*' && catalog.get(key) !== undefined) {
    throw new Refusal(412, 'PreconditionFailed')
  }
  const parts = namedParts(upload, document)
  const { size, crc32 } = joinParts(parts)
  const checksums = checksumsOf(upload, parts, crc32)
  const etag = opaqueEtag(crc32, size, parts.length)
  catalog.put({
    key,
    size,
    etag,
    modifiedMs: Date.now(),
    crc32,
    checksums,
    checksumType: upload.checksumType,
    headers: upload.headers,
    partSizes: parts.map(({ size }) => size),
    isPublished: false,
  })
  catalog.uploads.delete(upload.id)
  const hasSums = Object.keys(checksums).length > 0
  const inner =
    element('Location', `/${bucket}/${key}`) +
    element('Bucket', bucket) +
    element('Key', key) +
    element('ETag', etag) +
    sumElements(checksums) +
    (hasSums ? element('ChecksumType', upload.checksumType) : '')
  return xmlAnswer('CompleteMultipartUploadResult', inner)
}

export function abortUpload(catalog: Catalog, { query }: RequestHead, key: string): Answer {
  catalog.uploads.delete(findUpload(catalog, query, key).id)
  return { status: 204 }
}

function findUpload(catalog: Catalog, query: URLSearchParams, key: string): UploadRecord {
  const upload = catalog.uploads.get(query.get('uploadId') ?? '')
  if (upload?.key !== key) throw new Refusal(404, 'NoSuchUpload')
  return upload
}

function namedParts(upload: UploadRecord, document: string): PartRecord[] {
  const parts: PartRecord[] = []
  for (const [, inner = ''] of document.matchAll(/<Part>([\s\S]*?)<\/Part>/g)) {
    const part = upload.parts.get(Number(elementText(inner, 'PartNumber')))
    const etag = elementText(inner, 'ETag')?.replaceAll('"', '')
    if (part === undefined || part.etag.slice(1, -1) !== etag) throw new Refusal(400, 'InvalidPart')
    if (part.number <= (parts.at(-1)?.number ?? 0)) throw new Refusal(400, 'InvalidPartOrder')
    parts.push(part)
  }
  if (parts.length === 0) throw new Refusal(400, 'MalformedXML')
  return parts
}

/** Of the whole: CRC32 from the bytes, others from what the parts claimed. */
function checksumsOf(
  { algorithm, checksumType }: UploadRecord,
  parts: readonly PartRecord[],
  crc: number,
): Checksums {
  const name = `x-amz-checksum-${algorithm?.toLowerCase()}`
  if (algorithm === undefined || !parts.every(({ checksums }) => name in checksums)) return {}
  if (checksumType === 'FULL_OBJECT' && algorithm === 'CRC32') return { [name]: encodeCrc(crc) }
  const digests = parts.map(({ checksums, size }) => ({
    digest: Buffer.from(checksums[name] ?? '', 'base64'),
    length: size,
  }))
  const combinable = COMBINABLE.find((each) => each === algorithm)
  if (checksumType === 'FULL_OBJECT' && combinable !== undefined) {
    return { [name]: Buffer.from(combineAll(combinable, digests)).toString('base64') }
  }
  const joined = Buffer.concat(digests.map(({ digest }) => digest))
  return { [name]: `${digestOf(algorithm, joined)}-${parts.length}` }
}

function digestOf(algorithm: string, bytes: Buffer): string {
  if (algorithm === 'CRC32') return encodeCrc(crc32(bytes))
  if (algorithm === 'CRC32C') return crcBytes(crc32c(bytes)).toString('base64')
  return createHash(algorithm.toLowerCase()).update(bytes).digest('base64')
}

/** `x-amz-checksum-crc32` → `<ChecksumCRC32>`. */
function sumElements(checksums: Checksums): string {
  return Object.entries(checksums)
    .map(([name, value]) => element(`Checksum${name.slice(15).toUpperCase()}`, value))
    .join('')
}

function isoModified({ startedMs }: UploadRecord): string {
  return element('LastModified', new Date(startedMs).toISOString())
}
