/**
 * The vocabulary of PutObject and CreateMultipartUpload as one table: our name, what it must look
 * like, its header on the wire, its parameter in the SDK, and the requests that carry it.
 *
 * Both the lean requests of the workers and the SDK's commands are filled from here, so that the
 * two ways of speaking cannot drift apart. A `check` answers with what was expected, for the
 * sentence "Expected `name` to be …", or with `undefined` when the value is good.
 */

import { createHash } from 'node:crypto'

import { canonicalQuery } from './signing.ts'

/**
 * The requests that carry attributes. `get` and `head` are both `read`; `list` is of parts, and
 * `bucket` about many objects, listed or removed.
 */
export type AttributedRequest =
  | 'put'
  | 'create'
  | 'copy'
  | 'part'
  | 'complete'
  | 'read'
  | 'list'
  | 'abort'
  | 'bucket'

/** One attribute. */
export interface AttributeRow {
  readonly on: readonly AttributedRequest[]
  readonly check: (value: unknown) => string | undefined
  /** Wire headers, flat: `[name, value, …]`. */
  readonly headers: (value: never) => readonly string[]
  /** Parameters of the SDK's command. */
  readonly params: (value: never) => Readonly<Record<string, unknown>>
}

/**
 * Most bytes of user metadata, names and values together.
 * Source: S3 User Guide, "Working with object metadata": 2 KB.
 */
const METADATA_BYTES_MAX = 2048

/** Most tags of an object. Source: S3 User Guide, "Categorizing your storage using tags". */
const TAGS_MAX = 10

const NEW_OBJECT = ['put', 'create', 'copy'] as const
const EVERY_REQUEST = [
  'put',
  'create',
  'copy',
  'part',
  'complete',
  'read',
  'list',
  'abort',
  'bucket',
] as const
const WITH_CUSTOMER_KEY = ['put', 'create', 'copy', 'part', 'complete', 'read', 'list'] as const
/** A multipart upload meets its condition when it completes, not when it is opened. */
const CONDITIONAL = ['put', 'copy', 'complete'] as const

export const ATTRIBUTES = {
  contentType: text(NEW_OBJECT, 'content-type', 'ContentType'),
  cacheControl: text(NEW_OBJECT, 'cache-control', 'CacheControl'),
  contentDisposition: text(NEW_OBJECT, 'content-disposition', 'ContentDisposition'),
  contentEncoding: text(NEW_OBJECT, 'content-encoding', 'ContentEncoding'),
  contentLanguage: text(NEW_OBJECT, 'content-language', 'ContentLanguage'),
  expires: date(NEW_OBJECT, 'expires', 'Expires', (value) => value.toUTCString()),
  metadata: {
    on: NEW_OBJECT,
    check: checkMetadata,
    headers: (value: Readonly<Record<string, string>>) =>
      Object.entries(value).flatMap(([name, text]) => [`x-amz-meta-${name.toLowerCase()}`, text]),
    params: (value: Readonly<Record<string, string>>) => ({ Metadata: value }),
  },
  tags: {
    on: NEW_OBJECT,
    check: checkTags,
    headers: (value: Readonly<Record<string, string>>) => ['x-amz-tagging', tagging(value)],
    params: (value: Readonly<Record<string, string>>) => ({ Tagging: tagging(value) }),
  },
  storageClass: text(NEW_OBJECT, 'x-amz-storage-class', 'StorageClass'),
  acl: text(NEW_OBJECT, 'x-amz-acl', 'ACL'),
  grantFullControl: text(NEW_OBJECT, 'x-amz-grant-full-control', 'GrantFullControl'),
  grantRead: text(NEW_OBJECT, 'x-amz-grant-read', 'GrantRead'),
  grantReadAcp: text(NEW_OBJECT, 'x-amz-grant-read-acp', 'GrantReadACP'),
  grantWriteAcp: text(NEW_OBJECT, 'x-amz-grant-write-acp', 'GrantWriteACP'),
  websiteRedirectLocation: text(
    NEW_OBJECT,
    'x-amz-website-redirect-location',
    'WebsiteRedirectLocation',
  ),
  serverSideEncryption: text(NEW_OBJECT, 'x-amz-server-side-encryption', 'ServerSideEncryption'),
  sseKmsKeyId: text(NEW_OBJECT, 'x-amz-server-side-encryption-aws-kms-key-id', 'SSEKMSKeyId'),
  sseKmsEncryptionContext: {
    on: NEW_OBJECT,
    check: checkEncryptionContext,
    headers: (value: string | Readonly<Record<string, string>>) => [
      'x-amz-server-side-encryption-context',
      encryptionContext(value),
    ],
    params: (value: string | Readonly<Record<string, string>>) => ({
      SSEKMSEncryptionContext: encryptionContext(value),
    }),
  },
  bucketKeyEnabled: flag(
    NEW_OBJECT,
    'x-amz-server-side-encryption-bucket-key-enabled',
    'BucketKeyEnabled',
  ),
  sseCustomerKey: {
    on: WITH_CUSTOMER_KEY,
    check: (value: unknown) =>
      customerKey(value) === undefined ? 'a key of 32 bytes, as Uint8Array or base64' : undefined,
    headers: (value: string | Uint8Array) => customerKeyHeaders(value),
    // The SDK adds the digest itself.
    params: (value: string | Uint8Array) => ({
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: customerKey(value)?.toString('base64'),
    }),
  },
  objectLockMode: choice(NEW_OBJECT, 'x-amz-object-lock-mode', 'ObjectLockMode', [
    'GOVERNANCE',
    'COMPLIANCE',
  ]),
  objectLockRetainUntil: date(
    NEW_OBJECT,
    'x-amz-object-lock-retain-until-date',
    'ObjectLockRetainUntilDate',
    (value) => value.toISOString(),
  ),
  objectLockLegalHold: {
    on: NEW_OBJECT,
    check: (value: unknown) => (typeof value === 'boolean' ? undefined : 'true or false'),
    headers: (value: boolean) => ['x-amz-object-lock-legal-hold', value ? 'ON' : 'OFF'],
    params: (value: boolean) => ({ ObjectLockLegalHoldStatus: value ? 'ON' : 'OFF' }),
  },
  requestPayer: choice(EVERY_REQUEST, 'x-amz-request-payer', 'RequestPayer', ['requester']),
  expectedBucketOwner: text(EVERY_REQUEST, 'x-amz-expected-bucket-owner', 'ExpectedBucketOwner'),
  ifNoneMatch: text(CONDITIONAL, 'if-none-match', 'IfNoneMatch'),
  ifMatch: text(CONDITIONAL, 'if-match', 'IfMatch'),
} as const satisfies Readonly<Record<string, AttributeRow>>

/** A date as given → a `Date`, or `undefined` when it is none. */
export function parseDate(value: unknown): Date | undefined {
  if (!(value instanceof Date) && typeof value !== 'string') return undefined
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** A customer key as given → its 32 bytes, or `undefined` when it is none. */
export function customerKey(value: unknown): Buffer | undefined {
  if (value instanceof Uint8Array) return value.length === 32 ? Buffer.from(value) : undefined
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]{43}=$/.test(value)) return undefined
  return Buffer.from(value, 'base64')
}

function text(on: AttributeRow['on'], header: string, param: string) {
  return {
    on,
    check: (value: unknown) =>
      isHeaderText(value) && value !== '' ? undefined : 'printable ASCII without outer blanks',
    headers: (value: string) => [header, value],
    params: (value: string) => ({ [param]: value }),
  }
}

function choice(on: AttributeRow['on'], header: string, param: string, values: readonly string[]) {
  return {
    ...text(on, header, param),
    check: (value: unknown) =>
      typeof value === 'string' && values.includes(value)
        ? undefined
        : values.map((each) => `'${each}'`).join(' or '),
  }
}

function flag(on: AttributeRow['on'], header: string, param: string) {
  return {
    on,
    check: (value: unknown) => (typeof value === 'boolean' ? undefined : 'true or false'),
    headers: (value: boolean) => [header, String(value)],
    params: (value: boolean) => ({ [param]: value }),
  }
}

function date(
  on: AttributeRow['on'],
  header: string,
  param: string,
  format: (value: Date) => string,
) {
  return {
    on,
    check: (value: unknown) =>
      parseDate(value) === undefined ? 'a Date, or a date as text' : undefined,
    headers: (value: Date | string) => [header, format(new Date(value))],
    params: (value: Date | string) => ({ [param]: new Date(value) }),
  }
}

/** What arrives as it was sent: printable ASCII that no parser trims. */
function isHeaderText(value: unknown): value is string {
  return typeof value === 'string' && /^(?:[!-~](?:[ -~\t]*[!-~])?)?$/.test(value)
}

function checkMetadata(value: unknown): string | undefined {
  if (!isTextRecord(value)) return 'an object of text values'
  const names = new Set<string>()
  let bytes = 0
  for (const [name, text] of Object.entries(value)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      return `made of header names (letters, digits, - _ .), which ${JSON.stringify(name)} is not`
    }
    if (names.has(name.toLowerCase())) {
      return `free of names that differ in case only, as ${JSON.stringify(name)} does`
    }
    if (!isHeaderText(text)) {
      const advice = `encode ${JSON.stringify(name)} with encodeURIComponent or as base64`
      return `printable ASCII without outer blanks; ${advice}`
    }
    names.add(name.toLowerCase())
    bytes += name.length + text.length
  }
  if (bytes > METADATA_BYTES_MAX) return `at most ${METADATA_BYTES_MAX} bytes, names included`
  return undefined
}

function checkTags(value: unknown): string | undefined {
  if (!isTextRecord(value)) return 'an object of text values'
  const entries = Object.entries(value)
  if (entries.length > TAGS_MAX) return `at most ${TAGS_MAX} tags`
  for (const [name, text] of entries) {
    const tooLong = name.length === 0 || name.length > 128 || text.length > 256
    if (tooLong) return 'tags with names of 1 to 128 and values of at most 256 characters'
    if (/\p{Surrogate}/u.test(name + text)) return 'well-formed text (it has half a character)'
  }
  return undefined
}

function tagging(value: Readonly<Record<string, string>>): string {
  return canonicalQuery(Object.entries(value))
}

function checkEncryptionContext(value: unknown): string | undefined {
  const isBase64 = typeof value === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(value)
  return isBase64 || isTextRecord(value) ? undefined : 'an object of text values, or base64 of JSON'
}

function encryptionContext(value: string | Readonly<Record<string, string>>): string {
  return typeof value === 'string' ? value : Buffer.from(JSON.stringify(value)).toString('base64')
}

function customerKeyHeaders(value: string | Uint8Array): string[] {
  const key = customerKey(value) ?? Buffer.alloc(0)
  const prefix = 'x-amz-server-side-encryption-customer'
  return [
    `${prefix}-algorithm`,
    'AES256',
    `${prefix}-key`,
    key.toString('base64'),
    `${prefix}-key-md5`,
    createHash('md5').update(key).digest('base64'),
  ]
}

function isTextRecord(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((each) => typeof each === 'string')
}
