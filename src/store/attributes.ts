/**
 * What may be said about an object when it is written, and how each request carries it.
 *
 * `validateAttributes` is the gate: behind it every value is good, dates are `Date`s and a
 * customer key is base64, so that headers and parameters can be made without looking again. The
 * customer key is a secret: it never enters a message.
 */

import { TransferError } from '../errors.ts'
import {
  ATTRIBUTES,
  customerKey,
  parseDate,
  type AttributedRequest,
  type AttributeRow,
} from './attribute-table.ts'

export type { AttributedRequest } from './attribute-table.ts'

/** Attributes of a request about an object that exists: reads, listing of parts, abort. */
export interface RequestAttributes {
  /** SSE-C: the 256-bit key the object is encrypted with, as bytes or base64. */
  readonly sseCustomerKey?: Uint8Array | string | undefined
  /** Confirms that the requester pays, for buckets that ask for it. */
  readonly requestPayer?: 'requester' | undefined
  /** Account id that must own the bucket; any other owner refuses the request. */
  readonly expectedBucketOwner?: string | undefined
}

/** What a request about many objects of a bucket can carry of them. */
export type BucketAttributes = Pick<RequestAttributes, 'requestPayer' | 'expectedBucketOwner'>

/** Attributes of an object to be written, under S3's own names. All optional. */
export interface ObjectAttributes extends RequestAttributes {
  /** Media type, `text/plain; charset=utf-8` for example. */
  readonly contentType?: string | undefined
  /** Cache-Control header given to readers. */
  readonly cacheControl?: string | undefined
  /** Content-Disposition header given to readers. */
  readonly contentDisposition?: string | undefined
  /** Content-Encoding header given to readers; the bytes are not encoded here. */
  readonly contentEncoding?: string | undefined
  /** Content-Language header given to readers. */
  readonly contentLanguage?: string | undefined
  /** Expires header given to readers. */
  readonly expires?: Date | string | undefined
  /** User metadata: names and values in ASCII, 2 KB together. Names are stored in lower case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** At most 10 tags. */
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** `STANDARD_IA`, `INTELLIGENT_TIERING`, … */
  readonly storageClass?: string | undefined
  /** Canned ACL, `public-read` for example. */
  readonly acl?: string | undefined
  /** Grantees of READ, READ_ACP and WRITE_ACP, `id="…"` for example. */
  readonly grantFullControl?: string | undefined
  /** Grantees who may read the object. */
  readonly grantRead?: string | undefined
  /** Grantees who may read its ACL. */
  readonly grantReadAcp?: string | undefined
  /** Grantees who may write its ACL. */
  readonly grantWriteAcp?: string | undefined
  /** Where a bucket served as website redirects readers of this object. */
  readonly websiteRedirectLocation?: string | undefined
  /** `AES256`, `aws:kms` or `aws:kms:dsse`. */
  readonly serverSideEncryption?: string | undefined
  /** KMS key, with `serverSideEncryption` of a KMS kind. */
  readonly sseKmsKeyId?: string | undefined
  /** KMS encryption context, as an object or as base64 of its JSON. */
  readonly sseKmsEncryptionContext?: string | Readonly<Record<string, string>> | undefined
  /** Whether to use an S3 Bucket Key with KMS. */
  readonly bucketKeyEnabled?: boolean | undefined
  /** Object lock, together with `objectLockRetainUntil`. */
  readonly objectLockMode?: 'GOVERNANCE' | 'COMPLIANCE' | undefined
  /** Until when the object is locked. */
  readonly objectLockRetainUntil?: Date | string | undefined
  /** Whether a legal hold is put on the object. */
  readonly objectLockLegalHold?: boolean | undefined
  /** `*`: write only if no object of that key exists. */
  readonly ifNoneMatch?: string | undefined
  /** Write only over the object with this ETag. */
  readonly ifMatch?: string | undefined
}

/** All attribute names, for option tables and for telling attributes from other options. */
export const ATTRIBUTE_NAMES: readonly (keyof ObjectAttributes)[] = Object.keys(
  ATTRIBUTES,
) as (keyof ObjectAttributes)[]

/** One object for all who set none, so that what follows from it is found again. */
export const NO_ATTRIBUTES: ObjectAttributes = Object.freeze({})

/**
 * Takes the attributes out of an options object, checked; what is not an attribute is left to
 * others. The result is a frozen copy without `undefined`, safe to post to another thread.
 * @throws ERR_OPTION_INVALID with the attribute as `context.option`
 */
export function validateAttributes(input: Readonly<ObjectAttributes>): ObjectAttributes {
  const checked: Record<string, unknown> = {}
  let found = false
  for (const name of ATTRIBUTE_NAMES) {
    const value = input[name]
    if (value === undefined) continue
    const expected = ATTRIBUTES[name].check(value)
    if (expected !== undefined) fail(name, `Expected \`${name}\` to be ${expected}.`)
    checked[name] = normalise(name, value)
    found = true
  }
  if (!found) return NO_ATTRIBUTES
  checkTogether(checked)
  return Object.freeze(checked)
}

/** What of it requests about a bucket carry. @throws ERR_OPTION_INVALID */
export function bucketAttributes(input: Readonly<BucketAttributes>): BucketAttributes {
  const { requestPayer, expectedBucketOwner } = input
  return validateAttributes({ requestPayer, expectedBucketOwner })
}

/** Wire headers of one request, flat: `[name, value, …]`, names in lower case. */
export function attributeHeaders(
  request: AttributedRequest,
  attributes: ObjectAttributes = {},
): string[] {
  const headers: string[] = []
  for (const { row, value } of carried(request, attributes)) headers.push(...row.headers(value))
  return headers
}

/** Parameters of the SDK's command for the same request. */
export function attributeParams(
  request: AttributedRequest,
  attributes: ObjectAttributes = {},
): Record<string, unknown> {
  const params: Record<string, unknown> = {}
  for (const { row, value } of carried(request, attributes)) {
    Object.assign(params, row.params(value))
  }
  return params
}

/** The rows are each typed for their own value, which `validateAttributes` has checked. */
function* carried(
  request: AttributedRequest,
  attributes: ObjectAttributes,
): Generator<{ readonly row: AttributeRow; readonly value: never }> {
  for (const name of ATTRIBUTE_NAMES) {
    const value = attributes[name]
    const row: AttributeRow = ATTRIBUTES[name]
    if (value !== undefined && row.on.includes(request)) yield { row, value: value as never }
  }
}

function normalise(name: keyof ObjectAttributes, value: unknown): unknown {
  if (name === 'sseCustomerKey') return customerKey(value)?.toString('base64')
  if (name === 'expires' || name === 'objectLockRetainUntil') return parseDate(value)
  if (typeof value === 'object') return Object.freeze({ ...value })
  return value
}

function checkTogether(attributes: ObjectAttributes): void {
  const { serverSideEncryption, sseCustomerKey, sseKmsKeyId } = attributes
  if (sseCustomerKey !== undefined && serverSideEncryption !== undefined) {
    fail('sseCustomerKey', 'Give `sseCustomerKey` or `serverSideEncryption`, not both.')
  }
  if (sseKmsKeyId !== undefined && !serverSideEncryption?.startsWith('aws:')) {
    fail('sseKmsKeyId', "`sseKmsKeyId` needs `serverSideEncryption` to be 'aws:kms'.")
  }
  if (
    (attributes.objectLockMode === undefined) !==
    (attributes.objectLockRetainUntil === undefined)
  ) {
    fail('objectLockMode', 'Give `objectLockMode` and `objectLockRetainUntil` together.')
  }
}

function fail(option: string, message: string): never {
  throw new TransferError('ERR_OPTION_INVALID', message, { option })
}
