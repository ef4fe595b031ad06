/** PutObject, GetObject, HeadObject. */

import { checksumHeader } from '../checksums.ts'
import { checkReadConditions, checkWriteConditions } from '../conditions.ts'
import type { Answer, Headers, S3Request, StoreContext } from '../context.ts'
import { receiveBlob } from '../intake.ts'
import { wholeBlob, sliceSegments } from '../model.ts'
import type { ObjectVersion } from '../model.ts'
import {
  checkReadKey,
  checkReadable,
  encryptionHeaders,
  readAttributes,
  responseOverrides,
  versionHeaders,
} from '../object-headers.ts'
import { contentRange, parseRange, partSpan } from '../ranges.ts'
import type { ByteSpan } from '../ranges.ts'
import { S3Error } from '../s3-error.ts'
import { checkAclAllowed } from './acl.ts'
import { isVersioned, resolveVersion, versionIdHeader } from './versions.ts'

export async function putObject(store: StoreContext, request: S3Request): Promise<Answer> {
  const { key, headers } = request
  const bucket = store.catalog.bucket(request.bucket)
  const attributes = readAttributes(headers)
  checkAclAllowed(store, request)
  if (store.dialect.conditionalPut === 'refuse' && isConditional(headers)) {
    throw new S3Error('NotImplemented')
  }
  checkWriteConditions(headers, bucket.current(key), key)
  const mustMatch = attributes.metadata['pattern'] === 'verify'
  const purpose = { key, part: false, mustMatch }
  const fallback = store.dialect.defaultChecksum ? 'CRC64NVME' : undefined
  const taken = await receiveBlob(store, request, purpose, attributes, fallback)
  let version: ObjectVersion
  try {
    // Once more, in the same turn as the change: another PUT may have come first meanwhile.
    checkWriteConditions(headers, store.catalog.bucket(bucket.record.name).current(key), key)
    version = store.catalog.addVersion({
      bucket: request.bucket,
      key,
      deleteMarker: false,
      lastModified: wholeSecond(store.now()),
      size: taken.blob.length,
      etag: taken.etag,
      segments: wholeBlob(taken.blob),
      attributes,
      checksum: taken.checksum && { ...taken.checksum, type: 'FULL_OBJECT' },
    })
  } catch (error) {
    store.backend.remove(taken.blob)
    throw error
  }
  if (version.size === 0) store.backend.remove(taken.blob)
  return {
    status: 200,
    headers: {
      etag: `"${version.etag}"`,
      ...checksumHeaders(version),
      ...encryptionHeaders(attributes),
      ...versionIdHeader(bucket, version),
    },
  }
}

export function getObject(store: StoreContext, request: S3Request): Answer {
  const { version, status, headers, span } = readObject(store, request)
  checkReadable(version)
  const overrides = responseOverrides(request.query)
  const segments =
    span === undefined ? version.segments : sliceSegments(version.segments, span.start, span.end)
  const body = store.catalog.ledger.open(segments)
  return { status, headers: { ...headers, ...overrides }, body }
}

export function headObject(store: StoreContext, request: S3Request): Answer {
  const { status, headers } = readObject(store, request)
  return { status, headers: { ...headers, ...responseOverrides(request.query) } }
}

/** What GET and HEAD have in common: everything but the bytes. */
function readObject(
  store: StoreContext,
  request: S3Request,
): { version: ObjectVersion; status: number; headers: Record<string, string>; span?: ByteSpan } {
  const { query, headers } = request
  const bucket = store.catalog.bucket(request.bucket)
  const version = resolveVersion(bucket, request.key, query.get('versionId'))
  checkReadKey(headers, version)
  const answer = versionHeaders(version, isVersioned(bucket))
  const conditions =
    store.dialect.ifMatchOnRead === 'ignore' ? { ...headers, 'if-match': undefined } : headers
  checkReadConditions(conditions, version, answer)
  const partNumber = query.get('partNumber')
  const range = headers['range']
  if (partNumber !== undefined && range !== undefined) {
    throw new S3Error('InvalidRequest', 'Cannot specify both Range header and partNumber.')
  }
  if (partNumber !== undefined) return readPart(version, partNumber, answer, request)
  const span = range === undefined ? undefined : parseRange(range, version.size)
  if (span === undefined) {
    const sums = wantsChecksum(request) ? checksumHeaders(version) : {}
    return {
      version,
      status: 200,
      headers: { ...answer, ...sums, 'content-length': String(version.size) },
    }
  }
  return { version, status: 206, headers: { ...answer, ...spanHeaders(span, version) }, span }
}

function readPart(
  version: ObjectVersion,
  partNumber: string,
  answer: Record<string, string>,
  request: S3Request,
): { version: ObjectVersion; status: number; headers: Record<string, string>; span: ByteSpan } {
  const span = partSpan(version, partNumber)
  const parts = version.multipart?.parts
  const headers = { ...answer, ...spanHeaders(span, version) }
  if (version.size === 0) delete headers['content-range']
  if (parts !== undefined) headers['x-amz-mp-parts-count'] = String(parts.length)
  const part = parts?.[Number(partNumber) - 1]
  if (wantsChecksum(request) && version.checksum !== undefined) {
    const { algorithm, type, value } = version.checksum
    const ofPart = parts === undefined ? value : type === 'COMPOSITE' ? part?.checksum : undefined
    if (ofPart !== undefined) {
      headers[checksumHeader(algorithm)] = ofPart
      headers['x-amz-checksum-type'] = type
    }
  }
  return { version, status: version.size === 0 ? 200 : 206, headers, span }
}

function spanHeaders(span: ByteSpan, version: ObjectVersion): Record<string, string> {
  return {
    'content-length': String(span.end - span.start),
    'content-range': contentRange(span, version.size),
  }
}

/** The stored checksum and its type as headers. */
export function checksumHeaders(version: ObjectVersion): Record<string, string> {
  const { checksum } = version
  if (checksum === undefined) return {}
  return {
    [checksumHeader(checksum.algorithm)]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  }
}

function wantsChecksum(request: S3Request): boolean {
  return request.headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED'
}

function isConditional(headers: Headers): boolean {
  return headers['if-match'] !== undefined || headers['if-none-match'] !== undefined
}

/** Last-Modified has a resolution of a second everywhere in S3. */
export function wholeSecond(time: number): number {
  return Math.floor(time / 1000) * 1000
}
