/**
 * The headers that describe an object: read from the request that makes it, checked, kept as
 * data, and written to the answers of GET, HEAD and the operations that make objects.
 */

import { readGrants } from './acl.ts'
import { ACCOUNT_ID } from './context.ts'
import type { Headers } from './context.ts'
import { checkCustomerKey, readEncryption } from './encryption.ts'
import { METADATA_BYTES_MAX, TAGS_MAX } from './limits.ts'
import type { ObjectAttributes, ObjectVersion } from './model.ts'
import { S3Error } from './s3-error.ts'

const CONTENT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-language',
  'expires',
  'x-amz-website-redirect-location',
]

const LOCK_HEADERS = [
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
]

/** Source: S3 API Reference, PutObject, 2026-11. */
const STORAGE_CLASSES = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'GLACIER_IR',
  'DEEP_ARCHIVE',
  'EXPRESS_ONEZONE',
])

/** Source: S3 User Guide, "Working with archived objects". */
const ARCHIVES = ['GLACIER', 'DEEP_ARCHIVE']

const META_PREFIX = 'x-amz-meta-'

/**
 * Reads what the headers of PutObject, CreateMultipartUpload or CopyObject say of the object.
 *
 * @throws S3Error MetadataTooLarge, InvalidStorageClass, InvalidTag, InvalidArgument.
 */
export function readAttributes(headers: Headers): ObjectAttributes {
  const storageClass = headers['x-amz-storage-class'] ?? 'STANDARD'
  if (!STORAGE_CLASSES.has(storageClass)) throw new S3Error('InvalidStorageClass')
  const grants = readGrants(headers)
  const { echoed, customerKeyMd5 } = readEncryption(headers)
  for (const name of LOCK_HEADERS) {
    const value = headers[name]
    if (value !== undefined) echoed[name] = value
  }
  return {
    content: readContent(headers),
    metadata: readMetadata(headers),
    tags: parseTags(headers['x-amz-tagging'] ?? ''),
    storageClass,
    grants,
    echoed,
    customerKeyMd5,
  }
}

function readContent(headers: Headers): Record<string, string> {
  const content: Record<string, string> = {
    'content-type': headers['content-type'] ?? 'binary/octet-stream',
  }
  const encoding = (headers['content-encoding'] ?? '')
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '' && token !== 'aws-chunked')
  if (encoding.length > 0) content['content-encoding'] = encoding.join(',')
  for (const name of CONTENT_HEADERS) {
    const value = headers[name]
    if (value !== undefined) content[name] = value
  }
  return content
}

function readMetadata(headers: Headers): Record<string, string> {
  const metadata: Record<string, string> = {}
  let size = 0
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(META_PREFIX) || value === undefined) continue
    metadata[name.slice(META_PREFIX.length)] = value
    size += name.length - META_PREFIX.length + value.length
  }
  if (size > METADATA_BYTES_MAX) {
    const extra = { Size: String(size), MaxSizeAllowed: String(METADATA_BYTES_MAX) }
    throw new S3Error('MetadataTooLarge', undefined, extra)
  }
  return metadata
}

/** Tags of an `x-amz-tagging` header. */
export function parseTags(header: string): (readonly [string, string])[] {
  const tags = [...new URLSearchParams(header)]
  checkTags(tags)
  return tags
}

/** @throws S3Error InvalidTag, BadRequest for too many. */
export function checkTags(tags: readonly (readonly [string, string])[]): void {
  if (tags.length > TAGS_MAX) throw new S3Error('BadRequest', 'Object tags cannot exceed 10.')
  if (new Set(tags.map(([key]) => key)).size !== tags.length) {
    throw new S3Error('InvalidTag', 'Cannot provide multiple Tags with the same key.')
  }
  for (const [key, value] of tags) {
    if (key === '' || key.length > 128) throw new S3Error('InvalidTag', 'The TagKey is invalid.')
    if (value.length > 256) throw new S3Error('InvalidTag', 'The TagValue is invalid.')
  }
}

/** @throws S3Error AccessDenied when the caller expects the bucket to be someone else's. */
export function checkExpectedOwner(headers: Headers): void {
  for (const name of ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner']) {
    const expected = headers[name]
    if (expected !== undefined && expected !== ACCOUNT_ID) throw new S3Error('AccessDenied')
  }
}

/** Headers of an answer that is about a version, without its length. */
export function versionHeaders(version: ObjectVersion, versioned: boolean): Record<string, string> {
  const { attributes } = version
  const headers: Record<string, string> = {
    'last-modified': new Date(version.lastModified).toUTCString(),
    etag: `"${version.etag}"`,
    'accept-ranges': 'bytes',
    ...attributes.content,
    ...attributes.echoed,
  }
  for (const [name, value] of Object.entries(attributes.metadata)) {
    headers[`${META_PREFIX}${name}`] = value
  }
  if (attributes.storageClass !== 'STANDARD') {
    headers['x-amz-storage-class'] = attributes.storageClass
  }
  if (attributes.tags.length > 0) headers['x-amz-tagging-count'] = String(attributes.tags.length)
  if (versioned) headers['x-amz-version-id'] = version.versionId
  return headers
}

/** Encryption headers of an answer to an operation that wrote; lock headers are not repeated. */
export function encryptionHeaders(attributes: ObjectAttributes): Record<string, string> {
  const kept = Object.entries(attributes.echoed).filter(([name]) => !LOCK_HEADERS.includes(name))
  return Object.fromEntries(kept)
}

/** @throws S3Error when the object has a customer key and the request has not the same. */
export function checkReadKey(headers: Headers, version: ObjectVersion): void {
  checkCustomerKey(headers, version.attributes.customerKeyMd5)
}

/** @throws S3Error InvalidObjectState for archived bytes: nothing restores them here. */
export function checkReadable({ attributes: { storageClass } }: ObjectVersion): void {
  if (!ARCHIVES.includes(storageClass)) return
  throw new S3Error('InvalidObjectState', undefined, { StorageClass: storageClass })
}

/** The `response-*` parameters of GetObject, by the header each sets. */
export function responseOverrides(query: ReadonlyMap<string, string>): Record<string, string> {
  const overrides: Record<string, string> = {}
  for (const name of [
    'cache-control',
    'content-disposition',
    'content-encoding',
    'content-language',
    'content-type',
    'expires',
  ]) {
    const value = query.get(`response-${name}`)
    if (value !== undefined) overrides[name] = value
  }
  return overrides
}
