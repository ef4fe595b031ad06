/** PUT, GET, HEAD and DELETE of objects. */

import { httpDate, Refusal, type Answer } from './answer.ts'
import {
  encodeCrc,
  opaqueEtag,
  type Catalog,
  type Checksums,
  type ObjectRecord,
} from './catalog.ts'
import { entryOf } from './content.ts'
import type { Received } from './request-body.ts'
import type { Headers, RequestHead } from './request-head.ts'

const CHECKSUM_PREFIX = 'x-amz-checksum-'
const META_PREFIX = 'x-amz-meta-'

/** Headers that begin like a checksum and are none. */
const NO_CHECKSUMS = ['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type']

const KEPT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-language',
  'expires',
  'x-amz-storage-class',
]

/** An object that came in one request. Its bytes are compared with their checksum. */
export function putObject(
  catalog: Catalog,
  head: RequestHead,
  key: string,
  received: Received,
): Answer {
  const existing = catalog.get(key)
  if (head.headers['if-none-match'] === '*' && existing !== undefined) throw preconditionFailed()
  const { size, crc32 } = received
  const checksums = checkedSums(head.headers, received)
  const etag = etagOf(head.headers, received)
  catalog.put({
    key,
    size,
    etag,
    modifiedMs: Date.now(),
    crc32,
    checksums,
    checksumType: 'FULL_OBJECT',
    headers: keptHeaders(head.headers),
    partSizes: [size],
    isPublished: false,
  })
  return { status: 200, headers: `ETag: ${etag}\r\n${checksumLines(checksums, 'FULL_OBJECT')}` }
}

/** GET and HEAD, of all, of a range, or of a part. */
export function getObject(
  catalog: Catalog,
  { method, headers, query }: RequestHead,
  object: ObjectRecord,
): Answer {
  const { size, etag } = object
  if (headers['if-match'] !== undefined && headers['if-match'] !== etag) throw preconditionFailed()
  if (headers['if-none-match'] === etag) return { status: 304, headers: `ETag: ${etag}\r\n` }
  const part = query.get('partNumber')
  const range =
    part === null ? parseRange(headers['range'], size) : rangeOfPart(object, Number(part))
  let lines = object.headers + describing(object)
  if (range !== undefined) {
    lines += `Content-Range: bytes ${range.offset}-${range.offset + range.length - 1}/${size}\r\n`
    if (part !== null) lines += `x-amz-mp-parts-count: ${object.partSizes.length}\r\n`
  } else if (headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED') {
    lines += checksumLines(object.checksums, object.checksumType)
  }
  const { offset, length } = range ?? { offset: 0, length: size }
  const status = range === undefined ? 200 : 206
  if (method === 'HEAD') return { status, headers: lines, length }
  if (!catalog.isReadable(object)) {
    throw new Refusal(403, 'InvalidObjectState', 'What arrived is not the content of its key')
  }
  return { status, headers: lines, content: { entry: entryOf(object.key), offset, length } }
}

/** Checksums a request carried, that of the bytes among them. @throws Refusal BadDigest */
export function checkedSums(headers: Headers, received: Received): Checksums {
  const checksums: Record<string, string> = {}
  for (const from of [headers, received.trailers]) {
    for (const name in from) {
      if (!name.startsWith(CHECKSUM_PREFIX) || NO_CHECKSUMS.includes(name)) continue
      checksums[name] = from[name] ?? ''
    }
  }
  const claimed = checksums['x-amz-checksum-crc32']
  if (claimed !== undefined && claimed !== encodeCrc(received.crc32)) {
    throw new Refusal(400, 'BadDigest', 'The CRC32 you specified did not match what we received.')
  }
  return checksums
}

/**
 * The MD5 of what came, if the client told it; it is not computed, because that would cost more
 * than all the rest, and what arrived is compared by CRC32. Else something nobody takes for one.
 */
export function etagOf(headers: Headers, received: Received): string {
  const md5 = headers['content-md5']
  if (md5 === undefined) return opaqueEtag(received.crc32, received.size, 1)
  return `"${Buffer.from(md5, 'base64').toString('hex')}"`
}

/** Lines of the headers that GET repeats. */
export function keptHeaders(headers: Headers): string {
  let lines = `Content-Type: ${headers['content-type'] ?? 'binary/octet-stream'}\r\n`
  for (const name in headers) {
    if (!name.startsWith(META_PREFIX) && !KEPT_HEADERS.includes(name)) continue
    lines += `${name}: ${headers[name]}\r\n`
  }
  const encoding = headers['content-encoding']?.replace(/\s*aws-chunked\s*,?\s*/, '')
  return encoding ? `${lines}Content-Encoding: ${encoding}\r\n` : lines
}

export function checksumLines(checksums: Checksums, type: ObjectRecord['checksumType']): string {
  let lines = ''
  for (const name in checksums) lines += `${name}: ${checksums[name]}\r\n`
  return lines === '' ? '' : `${lines}x-amz-checksum-type: ${type}\r\n`
}

function describing({ etag, modifiedMs }: ObjectRecord): string {
  return `Last-Modified: ${httpDate(modifiedMs)}\r\nETag: ${etag}\r\nAccept-Ranges: bytes\r\n`
}

/** One range of bytes; anything else is ignored, as HTTP wants it. @throws Refusal InvalidRange */
function parseRange(
  header: string | undefined,
  size: number,
): { offset: number; length: number } | undefined {
  if (header === undefined) return undefined
  const match = /^bytes=(\d*)-(\d*)$/.exec(header)
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  const isSuffix = match[1] === ''
  const offset = isSuffix ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const last = isSuffix || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]))
  if (offset >= size) throw new Refusal(416, 'InvalidRange')
  return last < offset ? undefined : { offset, length: last - offset + 1 }
}

function rangeOfPart(
  { partSizes, size }: ObjectRecord,
  part: number,
): { offset: number; length: number } | undefined {
  const length = partSizes[part - 1]
  if (length === undefined) throw new Refusal(416, 'InvalidPartNumber')
  if (size === 0) return undefined
  let offset = 0
  for (let index = 0; index < part - 1; index += 1) offset += partSizes[index] ?? 0
  return { offset, length }
}

function preconditionFailed(): Refusal {
  return new Refusal(412, 'PreconditionFailed')
}
