import { createHash } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import { isTransferError } from '../../../src/errors.ts'
import {
  ATTRIBUTE_NAMES,
  attributeHeaders,
  attributeParams,
  validateAttributes,
  type AttributedRequest,
  type ObjectAttributes,
} from '../../../src/store/attributes.ts'

const KEY = Buffer.alloc(32, 7)

/** One good value for each attribute, alone or with what it needs. */
const GOOD: Required<ObjectAttributes> = {
  contentType: 'text/plain; charset=utf-8',
  cacheControl: 'max-age=60',
  contentDisposition: 'attachment; filename="a.txt"',
  contentEncoding: 'gzip',
  contentLanguage: 'en',
  expires: new Date('2030-01-02T03:04:05Z'),
  metadata: { Owner: 'team a', 'run-id': '7' },
  tags: { 'cost centre': 'a/b', team: 'x&y' },
  storageClass: 'STANDARD_IA',
  acl: 'private',
  grantFullControl: 'id="1"',
  grantRead: 'id="2"',
  grantReadAcp: 'id="3"',
  grantWriteAcp: 'id="4"',
  websiteRedirectLocation: '/other',
  serverSideEncryption: 'aws:kms',
  sseKmsKeyId: 'key-1',
  sseKmsEncryptionContext: { app: 'x' },
  bucketKeyEnabled: true,
  sseCustomerKey: KEY,
  objectLockMode: 'GOVERNANCE',
  objectLockRetainUntil: '2030-01-01T00:00:00Z',
  objectLockLegalHold: false,
  requestPayer: 'requester',
  expectedBucketOwner: '123456789012',
  ifNoneMatch: '*',
  ifMatch: '"etag"',
}

describe('attributeHeaders', () => {
  it('writes each attribute as the header S3 knows', () => {
    expect(toRecord(attributeHeaders('put', GOOD))).toEqual({
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'max-age=60',
      'content-disposition': 'attachment; filename="a.txt"',
      'content-encoding': 'gzip',
      'content-language': 'en',
      expires: 'Wed, 02 Jan 2030 03:04:05 GMT',
      'x-amz-meta-owner': 'team a',
      'x-amz-meta-run-id': '7',
      'x-amz-tagging': 'cost%20centre=a%2Fb&team=x%26y',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-acl': 'private',
      'x-amz-grant-full-control': 'id="1"',
      'x-amz-grant-read': 'id="2"',
      'x-amz-grant-read-acp': 'id="3"',
      'x-amz-grant-write-acp': 'id="4"',
      'x-amz-website-redirect-location': '/other',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
      'x-amz-server-side-encryption-context': Buffer.from('{"app":"x"}').toString('base64'),
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      ...CUSTOMER_KEY_HEADERS,
      'x-amz-object-lock-mode': 'GOVERNANCE',
      'x-amz-object-lock-retain-until-date': '2030-01-01T00:00:00.000Z',
      'x-amz-object-lock-legal-hold': 'OFF',
      'x-amz-request-payer': 'requester',
      'x-amz-expected-bucket-owner': '123456789012',
      'if-none-match': '*',
      'if-match': '"etag"',
    })
  })

  const everywhere = ['x-amz-request-payer', 'x-amz-expected-bucket-owner']
  const customerKey = [
    'x-amz-server-side-encryption-customer-algorithm',
    'x-amz-server-side-encryption-customer-key',
    'x-amz-server-side-encryption-customer-key-md5',
  ]
  it.each<[AttributedRequest, readonly string[]]>([
    ['part', [...customerKey, ...everywhere]],
    ['read', [...customerKey, ...everywhere]],
    ['list', [...customerKey, ...everywhere]],
    ['abort', everywhere],
    ['bucket', everywhere],
    ['complete', [...customerKey, ...everywhere, 'if-none-match', 'if-match']],
  ])('puts only what belongs there on %s', (request, names) => {
    expect(Object.keys(toRecord(attributeHeaders(request, GOOD)))).toEqual(names)
  })

  it('leaves conditions off the opening of a multipart upload', () => {
    const names = Object.keys(toRecord(attributeHeaders('create', GOOD)))
    expect(names).not.toContain('if-none-match')
    expect(names).not.toContain('if-match')
    expect(names).toContain('x-amz-tagging')
  })
})

describe('attributeParams', () => {
  it("fills the SDK's parameters with the same values", () => {
    expect(attributeParams('create', GOOD)).toMatchObject({
      ContentType: 'text/plain; charset=utf-8',
      Expires: new Date('2030-01-02T03:04:05Z'),
      Metadata: { Owner: 'team a', 'run-id': '7' },
      Tagging: 'cost%20centre=a%2Fb&team=x%26y',
      GrantReadACP: 'id="3"',
      BucketKeyEnabled: true,
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: KEY.toString('base64'),
      ObjectLockRetainUntilDate: new Date('2030-01-01T00:00:00Z'),
      ObjectLockLegalHoldStatus: 'OFF',
      RequestPayer: 'requester',
    })
    expect(attributeParams('complete', { ifNoneMatch: '*' })).toEqual({ IfNoneMatch: '*' })
  })
})

describe('validateAttributes', () => {
  it('accepts every attribute, and leaves other options to others', () => {
    const { sseCustomerKey, ...kms } = GOOD
    const { serverSideEncryption: _, sseKmsKeyId: __, ...ssec } = GOOD
    expect(Object.keys(validateAttributes(kms)).sort()).toEqual(Object.keys(kms).sort())
    expect(validateAttributes(ssec).sseCustomerKey).toBe(KEY.toString('base64'))
    const mixed = { acl: 'private', partSize: 1, contentType: undefined }
    expect(validateAttributes(mixed)).toEqual({ acl: 'private' })
    expect(ATTRIBUTE_NAMES.toSorted()).toEqual(Object.keys(GOOD).toSorted())
    expect(sseCustomerKey).toBe(KEY)
  })

  it('copies what it accepts, so that a change by the caller does no harm', () => {
    const metadata: Record<string, string> = { a: '1' }
    const accepted = validateAttributes({ metadata })
    metadata['b'] = 'bad\n'
    expect(accepted.metadata).toEqual({ a: '1' })
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['a number as content type', { contentType: 5 }, 'contentType'],
    ['a line break in a header', { cacheControl: 'a\r\nx-evil: 1' }, 'cacheControl'],
    ['an empty text', { storageClass: '' }, 'storageClass'],
    ['an unreadable date', { expires: 'soon' }, 'expires'],
    ['an invalid date', { expires: new Date(Number.NaN) }, 'expires'],
    ['metadata that is no object', { metadata: 'a=1' }, 'metadata'],
    ['a number in metadata', { metadata: { a: 1 } }, 'metadata'],
    ['a metadata name with a blank', { metadata: { 'a b': '1' } }, 'metadata'],
    ['metadata names equal but for case', { metadata: { a: '1', A: '2' } }, 'metadata'],
    ['metadata above 2 KB', { metadata: { a: 'x'.repeat(2048) } }, 'metadata'],
    ['metadata with outer blanks', { metadata: { a: ' x' } }, 'metadata'],
    ['eleven tags', { tags: numbered(11) }, 'tags'],
    ['a tag without name', { tags: { '': 'x' } }, 'tags'],
    ['a tag value of 257 characters', { tags: { a: 'x'.repeat(257) } }, 'tags'],
    ['half a character in a tag', { tags: { a: '\uD800' } }, 'tags'],
    ['text for a flag', { bucketKeyEnabled: 'true' }, 'bucketKeyEnabled'],
    ['a short customer key', { sseCustomerKey: Buffer.alloc(16) }, 'sseCustomerKey'],
    ['a customer key as plain text', { sseCustomerKey: 'x'.repeat(32) }, 'sseCustomerKey'],
    ['an unknown lock mode', { objectLockMode: 'FOREVER' }, 'objectLockMode'],
    ['a lock without date', { objectLockMode: 'COMPLIANCE' }, 'objectLockMode'],
    ['another payer', { requestPayer: 'owner' }, 'requestPayer'],
    ['a KMS key without KMS', { sseKmsKeyId: 'k' }, 'sseKmsKeyId'],
    [
      'two kinds of encryption',
      { sseCustomerKey: KEY, serverSideEncryption: 'AES256' },
      'sseCustomerKey',
    ],
  ])('refuses %s and names the option', (_, input, option) => {
    const error = thrownBy(() => validateAttributes(input))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.context.option).toBe(option)
    expect(error.message).toContain(`\`${option}\``)
  })

  it('says what to do with metadata that is not ASCII', () => {
    const error = thrownBy(() => validateAttributes({ metadata: { city: 'Zürich' } }))
    expect(error.message).toContain('encode "city"')
  })

  it('never repeats a customer key', () => {
    const secret = 'not-32-bytes-but-secret'
    const error = thrownBy(() => validateAttributes({ sseCustomerKey: secret }))
    expect(JSON.stringify(error)).not.toContain(secret)
  })
})

const CUSTOMER_KEY_HEADERS = {
  'x-amz-server-side-encryption-customer-algorithm': 'AES256',
  'x-amz-server-side-encryption-customer-key': KEY.toString('base64'),
  'x-amz-server-side-encryption-customer-key-md5': createHash('md5').update(KEY).digest('base64'),
}

function thrownBy(run: () => unknown) {
  try {
    run()
  } catch (error) {
    if (isTransferError(error)) return error
    throw error
  }
  throw new Error('Nothing was thrown')
}

function numbered(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`tag-${at}`, 'x']))
}

function toRecord(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let at = 0; at < flat.length; at += 2) record[flat[at] ?? ''] = flat[at + 1] ?? ''
  return record
}
