import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { uploadOptionsOf } from '../../../src/lib-storage/params.ts'

const BASE = { Bucket: 'bucket', Key: 'key', Body: 'body' }
const UNTIL = new Date('2030-01-01T00:00:00Z')
const KEY = Buffer.alloc(32, 7)
const MD5 = createHash('md5').update(KEY).digest('base64')

function optionsOf(params: object, tags: Parameters<typeof uploadOptionsOf>[1] = []): object {
  const { contentType, ...options } = uploadOptionsOf({ ...BASE, ...params }, tags)
  return contentType === 'application/octet-stream' ? options : { ...options, contentType }
}

describe('parameters of the SDK', () => {
  it.each<[object, object]>([
    [{}, {}],
    [{ ContentLength: 4, Metadata: undefined }, {}],
    [{ ACL: 'public-read' }, { acl: 'public-read' }],
    [{ CacheControl: 'no-cache' }, { cacheControl: 'no-cache' }],
    [{ ContentDisposition: 'inline' }, { contentDisposition: 'inline' }],
    [{ ContentEncoding: 'gzip' }, { contentEncoding: 'gzip' }],
    [{ ContentLanguage: 'de' }, { contentLanguage: 'de' }],
    [{ ContentType: 'text/html' }, { contentType: 'text/html' }],
    [{ Expires: UNTIL }, { expires: UNTIL }],
    [{ GrantFullControl: 'id="a"' }, { grantFullControl: 'id="a"' }],
    [{ GrantRead: 'id="a"' }, { grantRead: 'id="a"' }],
    [{ GrantReadACP: 'id="a"' }, { grantReadAcp: 'id="a"' }],
    [{ GrantWriteACP: 'id="a"' }, { grantWriteAcp: 'id="a"' }],
    [{ Metadata: { a: 'b' } }, { metadata: { a: 'b' } }],
    [{ Tagging: 'a=1+2&b=%26' }, { tags: { a: '1 2', b: '&' } }],
    [{ StorageClass: 'GLACIER' }, { storageClass: 'GLACIER' }],
    [{ WebsiteRedirectLocation: '/a' }, { websiteRedirectLocation: '/a' }],
    [{ ServerSideEncryption: 'AES256' }, { serverSideEncryption: 'AES256' }],
    [
      { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'id', BucketKeyEnabled: true },
      { serverSideEncryption: 'aws:kms', sseKmsKeyId: 'id', bucketKeyEnabled: true },
    ],
    [{ SSEKMSEncryptionContext: 'e30=' }, { sseKmsEncryptionContext: 'e30=' }],
    [
      { SSECustomerAlgorithm: 'AES256', SSECustomerKey: KEY, SSECustomerKeyMD5: MD5 },
      { sseCustomerKey: KEY },
    ],
    [{ SSECustomerKey: KEY.toString() }, { sseCustomerKey: KEY }],
    [
      { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: UNTIL },
      { objectLockMode: 'GOVERNANCE', objectLockRetainUntil: UNTIL },
    ],
    [{ ObjectLockLegalHoldStatus: 'ON' }, { objectLockLegalHold: true }],
    [{ ObjectLockLegalHoldStatus: 'OFF' }, { objectLockLegalHold: false }],
    [{ RequestPayer: 'requester' }, { requestPayer: 'requester' }],
    [{ ExpectedBucketOwner: '123' }, { expectedBucketOwner: '123' }],
    [{ IfMatch: '"a"' }, { ifMatch: '"a"' }],
    [{ IfNoneMatch: '*' }, { ifNoneMatch: '*' }],
    [{ ChecksumAlgorithm: 'SHA1', ChecksumType: 'COMPOSITE' }, { checksumAlgorithm: 'SHA1' }],
    [{ ChecksumType: 'FULL_OBJECT' }, {}],
  ])('%o become %o', (params, options) => {
    expect(optionsOf(params)).toEqual(options)
  })

  it.each([
    ['ContentMD5', 'ChecksumAlgorithm'],
    ['ChecksumCRC32', 'ChecksumAlgorithm'],
    ['WriteOffsetBytes', 'appends to none'],
    ['UploadId', 'by itself'],
    ['ObjectLockEventHold', 'no option'],
    ['contentType', 'Did you mean `ContentType`?'],
  ])('that cannot be kept are refused: %s', (name, reason) => {
    expect(() => optionsOf({ [name]: 'x' })).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_UNKNOWN',
        context: { option: name },
        message: expect.stringContaining(reason),
      }),
    )
  })

  it.each([
    ['SSECustomerAlgorithm', { SSECustomerAlgorithm: 'AES128', SSECustomerKey: KEY }],
    ['SSECustomerAlgorithm', { SSECustomerAlgorithm: 'AES256' }],
    ['SSECustomerKeyMD5', { SSECustomerKey: KEY, SSECustomerKeyMD5: 'other' }],
    ['SSECustomerKeyMD5', { SSECustomerKeyMD5: MD5 }],
    ['sseCustomerKey', { SSECustomerKey: 'short' }],
    ['ObjectLockLegalHoldStatus', { ObjectLockLegalHoldStatus: 'on' }],
    ['ChecksumType', { ChecksumType: 'COMPOSITE' }],
    ['ChecksumType', { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' }],
    ['checksumAlgorithm', { ChecksumAlgorithm: 'MD5' }],
    ['metadata', { Metadata: { a: 'ü' } }],
  ])('with a bad value are refused at once: %s', (option, params) => {
    expect(() => optionsOf(params)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', context: { option } }),
    )
  })
})

describe('tags', () => {
  it('come before those of `Tagging`', () => {
    const tags = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '' },
    ]
    expect(optionsOf({ Tagging: 'c=3' }, tags)).toEqual({ tags: { a: '1', b: '' } })
  })

  it('do not come twice', () => {
    const twice = { Key: 'a', Value: '1' }
    expect(() => optionsOf({}, [twice, twice])).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', context: { option: 'tags' } }),
    )
    expect(() => optionsOf({ Tagging: 'a=1&a=2' })).toThrow('Tagging')
  })
})
