/**
 * Parameters of the SDK → options of an upload here. The compiler asks for a row for each parameter
 * there is; one that cannot be kept is refused, since an object without it would not be the same.
 */

import { createHash } from 'node:crypto'
import { TransferError, type UploadOptions } from '../index.ts'
import { checkOption, unknownOption } from '../option-check.ts'
import { OPTIONS } from '../option-table.ts'
import { customerKey } from '../store/attribute-table.ts'
import { validateAttributes } from '../store/attributes.ts'
import type { Params, Tag } from './types.ts'

/** Our name, a translation, or why there is none. */
type Row<V> =
  | keyof UploadOptions
  | ((value: NonNullable<V>, params: Params) => UploadOptions)
  | { readonly refused: string }

/** What stores keep as media type of an object that was sent by the SDK without one. */
const DEFAULT_CONTENT_TYPE = 'application/octet-stream'

const NO_CHECKSUM = {
  refused: 'checksums are computed as the bytes are sent; choose one with `ChecksumAlgorithm`',
} as const
const NO_EVENT_HOLD = { refused: 'an engine has no option for it' } as const
const NO_PART = { refused: 'an upload numbers, counts and completes its parts by itself' } as const

const ROWS: { readonly [K in keyof Required<Params>]: Row<Params[K]> } = {
  Bucket: () => ({}),
  Key: () => ({}),
  Body: () => ({}),
  ContentLength: () => ({}),
  ACL: 'acl',
  CacheControl: 'cacheControl',
  ContentDisposition: 'contentDisposition',
  ContentEncoding: 'contentEncoding',
  ContentLanguage: 'contentLanguage',
  ContentType: 'contentType',
  Expires: 'expires',
  GrantFullControl: 'grantFullControl',
  GrantRead: 'grantRead',
  GrantReadACP: 'grantReadAcp',
  GrantWriteACP: 'grantWriteAcp',
  Metadata: 'metadata',
  Tagging: (text) => ({ tags: recordOf('Tagging', [...new URLSearchParams(text)]) }),
  StorageClass: 'storageClass',
  WebsiteRedirectLocation: 'websiteRedirectLocation',
  ServerSideEncryption: 'serverSideEncryption',
  SSEKMSKeyId: 'sseKmsKeyId',
  SSEKMSEncryptionContext: 'sseKmsEncryptionContext',
  BucketKeyEnabled: 'bucketKeyEnabled',
  SSECustomerKey: (key) => ({ sseCustomerKey: keyOf(key) }),
  SSECustomerAlgorithm: (name, { SSECustomerKey }) =>
    must(name === 'AES256' && SSECustomerKey !== undefined, 'SSECustomerAlgorithm', KEY_FIRST),
  SSECustomerKeyMD5: (md5, { SSECustomerKey: key }) =>
    must(md5 === md5Of(key), 'SSECustomerKeyMD5', 'the MD5 of `SSECustomerKey`'),
  ObjectLockMode: 'objectLockMode',
  ObjectLockRetainUntilDate: 'objectLockRetainUntil',
  ObjectLockLegalHoldStatus: (status) => {
    must(status === 'ON' || status === 'OFF', 'ObjectLockLegalHoldStatus', "'ON' or 'OFF'")
    return { objectLockLegalHold: status === 'ON' }
  },
  RequestPayer: 'requestPayer',
  ExpectedBucketOwner: 'expectedBucketOwner',
  IfMatch: 'ifMatch',
  IfNoneMatch: 'ifNoneMatch',
  ChecksumAlgorithm: 'checksumAlgorithm',
  ChecksumType: (type, { ChecksumAlgorithm: algorithm = 'CRC32' }) =>
    must((type === 'FULL_OBJECT') === algorithm.startsWith('CRC'), 'ChecksumType', TYPES),
  ObjectLockEventHold: NO_EVENT_HOLD,
  ObjectLockEventHoldDurationDays: NO_EVENT_HOLD,
  ObjectLockEventHoldDurationYears: NO_EVENT_HOLD,
  ContentMD5: NO_CHECKSUM,
  ChecksumCRC32: NO_CHECKSUM,
  ChecksumCRC32C: NO_CHECKSUM,
  ChecksumCRC64NVME: NO_CHECKSUM,
  ChecksumSHA1: NO_CHECKSUM,
  ChecksumSHA256: NO_CHECKSUM,
  ChecksumSHA512: NO_CHECKSUM,
  ChecksumMD5: NO_CHECKSUM,
  ChecksumXXHASH64: NO_CHECKSUM,
  ChecksumXXHASH3: NO_CHECKSUM,
  ChecksumXXHASH128: NO_CHECKSUM,
  WriteOffsetBytes: { refused: 'an upload makes a new object and appends to none' },
  PartNumber: NO_PART,
  UploadId: NO_PART,
  MultipartUpload: NO_PART,
  MpuObjectSize: NO_PART,
}

const KEY_FIRST = "'AES256', with a `SSECustomerKey`"
const TYPES = 'FULL_OBJECT for CRCs and COMPOSITE for SHAs'

/**
 * What an upload is to be told, checked.
 * @param tags of the constructor; they come before those of `Tagging`
 * @throws ERR_OPTION_UNKNOWN for a parameter that is none or that cannot be kept, ERR_OPTION_INVALID
 */
export function uploadOptionsOf(params: Params, tags: readonly Tag[]): UploadOptions {
  const options: Record<string, unknown> = { contentType: DEFAULT_CONTENT_TYPE }
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue
    if (!Object.hasOwn(ROWS, name)) throw unknownParameter(name)
    const row = ROWS[name as keyof Params] as Row<unknown>
    if (typeof row === 'string') options[row] = value
    else if (typeof row === 'function') Object.assign(options, row(value, params))
    else throw refused(name, row.refused)
  }
  if (tags.length > 0) {
    const pairs = tags.map(({ Key = '', Value = '' }) => [Key, Value] as const)
    options['tags'] = recordOf('tags', pairs)
  }
  validateAttributes(options)
  checkOption('checksumAlgorithm', OPTIONS.checksumAlgorithm, options['checksumAlgorithm'])
  return options
}

/** The SDK takes a key as bytes, as their base64, or as text of 32 bytes. */
function keyOf(key: string | Uint8Array): string | Uint8Array {
  const isPlain = typeof key === 'string' && Buffer.byteLength(key) === 32
  return isPlain ? Buffer.from(key) : key
}

function md5Of(key: Params['SSECustomerKey']): string | undefined {
  const bytes = key === undefined ? undefined : customerKey(keyOf(key))
  return bytes && createHash('md5').update(bytes).digest('base64')
}

function recordOf(
  option: string,
  pairs: readonly (readonly [string, string])[],
): Readonly<Record<string, string>> {
  const record = Object.fromEntries(pairs)
  must(Object.keys(record).length === pairs.length, option, 'free of keys that come twice')
  return record
}

function must(isGood: boolean, option: string, expected: string): UploadOptions {
  if (isGood) return {}
  const message = `Expected \`${option}\` to be ${expected}.`
  throw new TransferError('ERR_OPTION_INVALID', message, { option })
}

function refused(option: string, reason: string): TransferError {
  const message = `\`${option}\` cannot be kept: ${reason}.`
  return new TransferError('ERR_OPTION_UNKNOWN', message, { option })
}

function unknownParameter(name: string): TransferError {
  return unknownOption(name, Object.fromEntries(Object.keys(ROWS).map((known) => [known, {}])))
}
