import { describe, expect, it } from 'vitest'

import { TransferError, type ErrorCode } from '../../../src/errors.ts'
import {
  actionOf,
  classifyException,
  classifyResponse,
  isOutcomeUnknown,
  RETRY_AFTER_MAX_MS,
  type ErrorAction,
  type FailedResponse,
} from '../../../src/store/classify.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')

/** Status and store code → what it means and what to do. */
const RESPONSES: readonly (readonly [number, string | undefined, ErrorCode, ErrorAction])[] = [
  [500, 'InternalError', 'ERR_STORE_UNAVAILABLE', 'transient'],
  [500, undefined, 'ERR_STORE_UNAVAILABLE', 'transient'],
  [502, undefined, 'ERR_STORE_UNAVAILABLE', 'transient'],
  [503, 'ServiceUnavailable', 'ERR_STORE_UNAVAILABLE', 'transient'],
  [503, undefined, 'ERR_STORE_UNAVAILABLE', 'transient'],
  [504, undefined, 'ERR_STORE_UNAVAILABLE', 'transient'],
  [520, undefined, 'ERR_STORE_UNAVAILABLE', 'transient'],
  [408, undefined, 'ERR_STORE_UNAVAILABLE', 'transient'],
  [400, 'RequestTimeout', 'ERR_STORE_UNAVAILABLE', 'transient'],
  [200, 'InternalError', 'ERR_STORE_UNAVAILABLE', 'transient'],
  [200, undefined, 'ERR_RESPONSE_INVALID', 'transient'],
  [302, undefined, 'ERR_RESPONSE_INVALID', 'transient'],
  [503, 'SlowDown', 'ERR_THROTTLED', 'throttle'],
  [503, 'SlowDownRead', 'ERR_THROTTLED', 'throttle'],
  [503, 'SlowDownWrite', 'ERR_THROTTLED', 'throttle'],
  [429, undefined, 'ERR_THROTTLED', 'throttle'],
  [400, 'Throttling', 'ERR_THROTTLED', 'throttle'],
  [400, 'ThrottlingException', 'ERR_THROTTLED', 'throttle'],
  [400, 'BadDigest', 'ERR_CHECKSUM_MISMATCH', 'damaged'],
  [400, 'InvalidDigest', 'ERR_CHECKSUM_MISMATCH', 'damaged'],
  [400, 'XAmzContentSHA256Mismatch', 'ERR_CHECKSUM_MISMATCH', 'damaged'],
  [400, 'XAmzContentChecksumMismatch', 'ERR_CHECKSUM_MISMATCH', 'damaged'],
  [400, 'IncompleteBody', 'ERR_BODY_INCOMPLETE', 'transient'],
  [403, 'RequestTimeTooSkewed', 'ERR_CLOCK_SKEW', 'clock'],
  [403, 'RequestExpired', 'ERR_CLOCK_SKEW', 'clock'],
  [400, 'ExpiredToken', 'ERR_CREDENTIALS_EXPIRED', 'credentials'],
  [400, 'TokenRefreshRequired', 'ERR_CREDENTIALS_EXPIRED', 'credentials'],
  [400, 'InvalidToken', 'ERR_CREDENTIALS_EXPIRED', 'credentials'],
  [301, 'PermanentRedirect', 'ERR_WRONG_REGION', 'region'],
  [301, undefined, 'ERR_WRONG_REGION', 'region'],
  [307, 'TemporaryRedirect', 'ERR_WRONG_REGION', 'region'],
  [400, 'IllegalLocationConstraintException', 'ERR_WRONG_REGION', 'region'],
  [412, 'PreconditionFailed', 'ERR_PRECONDITION_FAILED', 'fatal'],
  [412, undefined, 'ERR_PRECONDITION_FAILED', 'fatal'],
  [409, 'ConditionalRequestConflict', 'ERR_CONFLICT', 'conflict'],
  [409, 'OperationAborted', 'ERR_CONFLICT', 'conflict'],
  [409, undefined, 'ERR_CONFLICT', 'conflict'],
  [404, 'NoSuchUpload', 'ERR_UPLOAD_NOT_FOUND', 'fatal'],
  [403, 'AccessDenied', 'ERR_ACCESS_DENIED', 'fatal'],
  [403, 'SignatureDoesNotMatch', 'ERR_ACCESS_DENIED', 'fatal'],
  [403, 'InvalidAccessKeyId', 'ERR_ACCESS_DENIED', 'fatal'],
  [403, undefined, 'ERR_ACCESS_DENIED', 'fatal'],
  [401, undefined, 'ERR_ACCESS_DENIED', 'fatal'],
  [403, 'InvalidObjectState', 'ERR_OBJECT_UNREADABLE', 'fatal'],
  [404, 'NoSuchBucket', 'ERR_BUCKET_NOT_FOUND', 'fatal'],
  [404, 'NoSuchKey', 'ERR_OBJECT_NOT_FOUND', 'fatal'],
  [404, 'NoSuchVersion', 'ERR_OBJECT_NOT_FOUND', 'fatal'],
  [404, undefined, 'ERR_OBJECT_NOT_FOUND', 'fatal'],
  [400, 'InvalidArgument', 'ERR_REQUEST_REFUSED', 'fatal'],
  [400, 'InvalidPart', 'ERR_REQUEST_REFUSED', 'fatal'],
  [400, 'SomethingNew', 'ERR_REQUEST_REFUSED', 'fatal'],
  [400, 'MetadataTooLarge', 'ERR_REQUEST_REFUSED', 'fatal'],
  [416, 'InvalidRange', 'ERR_REQUEST_REFUSED', 'fatal'],
  [405, 'MethodNotAllowed', 'ERR_NOT_SUPPORTED', 'fatal'],
  [411, 'MissingContentLength', 'ERR_REQUEST_REFUSED', 'fatal'],
  [501, 'NotImplemented', 'ERR_NOT_SUPPORTED', 'fatal'],
  [501, undefined, 'ERR_NOT_SUPPORTED', 'fatal'],
  [400, 'EntityTooLarge', 'ERR_OBJECT_TOO_LARGE', 'fatal'],
  [413, undefined, 'ERR_OBJECT_TOO_LARGE', 'fatal'],
  [400, 'KeyTooLongError', 'ERR_KEY_INVALID', 'fatal'],
  [400, 'XMinioInvalidResourceName', 'ERR_KEY_INVALID', 'fatal'],
  [507, 'XMinioStorageFull', 'ERR_REQUEST_REFUSED', 'fatal'],
]

/** Code of an exception → what it means and what to do. */
const EXCEPTIONS: readonly (readonly [string, ErrorCode, ErrorAction])[] = [
  ['ECONNREFUSED', 'ERR_CONNECT', 'transient'],
  ['ENOTFOUND', 'ERR_CONNECT', 'transient'],
  ['EAI_AGAIN', 'ERR_CONNECT', 'transient'],
  ['EHOSTUNREACH', 'ERR_CONNECT', 'transient'],
  ['ENETUNREACH', 'ERR_CONNECT', 'transient'],
  ['UND_ERR_CONNECT_TIMEOUT', 'ERR_CONNECT_TIMEOUT', 'transient'],
  ['UND_ERR_HEADERS_TIMEOUT', 'ERR_READ_TIMEOUT', 'transient'],
  ['UND_ERR_BODY_TIMEOUT', 'ERR_READ_TIMEOUT', 'transient'],
  ['ETIMEDOUT', 'ERR_READ_TIMEOUT', 'transient'],
  ['ECONNRESET', 'ERR_CONNECTION_LOST', 'transient'],
  ['EPIPE', 'ERR_CONNECTION_LOST', 'transient'],
  ['UND_ERR_SOCKET', 'ERR_CONNECTION_LOST', 'transient'],
  ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'ERR_CONNECTION_LOST', 'transient'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'ERR_BODY_INCOMPLETE', 'transient'],
  ['UND_ERR_HEADERS_OVERFLOW', 'ERR_RESPONSE_INVALID', 'transient'],
  ['HPE_INVALID_CONSTANT', 'ERR_RESPONSE_INVALID', 'transient'],
  ['EMFILE', 'ERR_TOO_MANY_FILES', 'transient'],
  ['ENOSPC', 'ERR_DISK_FULL', 'fatal'],
  ['EDQUOT', 'ERR_DISK_FULL', 'fatal'],
  ['EROFS', 'ERR_TARGET_UNWRITABLE', 'fatal'],
  ['EACCES', 'ERR_TARGET_UNWRITABLE', 'fatal'],
  ['EIO', 'ERR_DISK_IO', 'fatal'],
  ['UND_ERR_ABORTED', 'ERR_ABORTED', 'fatal'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS', 'fatal'],
  ['CERT_HAS_EXPIRED', 'ERR_TLS', 'fatal'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS', 'fatal'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_TLS', 'fatal'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_TLS', 'fatal'],
]

describe('classifyResponse', () => {
  it.each(RESPONSES)('takes %s %s for %s: %s', (status, storeCode, code, action) => {
    const error = classifyResponse(response({ status, storeCode }))
    expect([error.code, actionOf(error)]).toEqual([code, action])
    expect(error.context).toMatchObject({ status, storeCode })
  })

  it('says what the store said, on one line and with the request id', () => {
    const error = classifyResponse(
      response({
        status: 403,
        storeCode: 'AccessDenied',
        message: 'Not\n\u001B[31mallowed',
        headers: { 'x-amz-request-id': 'REQ1' },
      }),
      { operation: 'HeadObject' },
    )
    expect(error.message).toBe('The store answered 403 AccessDenied: Not [31mallowed.')
    expect(error.context).toMatchObject({ requestId: 'REQ1', operation: 'HeadObject' })
  })

  it('learns the region of the bucket from the body or from the header', () => {
    const malformed = response({ status: 400, storeCode: 'AuthorizationHeaderMalformed' })
    const byBody = classifyResponse({ ...malformed, region: 'eu-west-1' })
    const byHeader = classifyResponse(
      response({ status: 301, headers: { 'x-amz-bucket-region': 'eu-west-2' } }),
    )
    const silentHead = classifyResponse(
      response({ status: 400, headers: { 'x-amz-bucket-region': 'eu-west-3' } }),
    )
    expect(
      [byBody, byHeader, silentHead].map(({ code, context }) => [code, context.region]),
    ).toEqual([
      ['ERR_WRONG_REGION', 'eu-west-1'],
      ['ERR_WRONG_REGION', 'eu-west-2'],
      ['ERR_WRONG_REGION', 'eu-west-3'],
    ])
    expect(byBody.message).toContain('The bucket is in eu-west-1.')
    expect(classifyResponse(malformed).code).toBe('ERR_REQUEST_REFUSED')
    const sameRegion = response({ status: 400, headers: { 'x-amz-bucket-region': 'us-east-1' } })
    expect(classifyResponse(sameRegion).code).toBe('ERR_REQUEST_REFUSED')
  })

  it('blames the clock for a refused signature only while the clocks differ', () => {
    const refused = response({
      status: 403,
      storeCode: 'SignatureDoesNotMatch',
      headers: { date: new Date(NOW + 1_200_000).toUTCString() },
    })
    const first = classifyResponse(refused)
    expect([first.code, first.context.clockOffsetMs]).toEqual(['ERR_CLOCK_SKEW', 1_200_000])
    const corrected = { ...refused, signing: { region: 'us-east-1', clockOffsetMs: 1_200_000 } }
    expect(classifyResponse(corrected).code).toBe('ERR_ACCESS_DENIED')
    const cached = { ...refused, headers: { ...refused.headers, age: '100' } }
    expect(classifyResponse(cached).code).toBe('ERR_ACCESS_DENIED')
    expect(classifyResponse({ ...refused, storeCode: 'AccessDenied' }).code).toBe(
      'ERR_ACCESS_DENIED',
    )
  })

  it.each([
    [{ 'retry-after': '3' }, 3000],
    [{ 'retry-after': new Date(NOW + 5000).toUTCString() }, 5000],
    [{ 'x-amz-retry-after': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': '86400' }, RETRY_AFTER_MAX_MS],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{}, undefined],
  ])('reads the wait asked for by %j as %s ms', (headers, waitMs) => {
    expect(classifyResponse(response({ status: 503, headers })).context.retryAfterMs).toBe(waitMs)
  })

  it('takes a version that is a delete marker for a missing object', () => {
    const headers = { 'x-amz-delete-marker': 'true' }
    expect(classifyResponse(response({ status: 405, headers })).code).toBe('ERR_OBJECT_NOT_FOUND')
  })

  it('names the setting when a store does not know checksum headers', () => {
    const error = classifyResponse(
      response({ status: 501, storeCode: 'NotImplemented', header: 'x-amz-checksum-crc32' }),
    )
    expect(error.message).toContain('AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED')
  })
})

describe('classifyException', () => {
  it.each(EXCEPTIONS)('takes %s for %s: %s', (code, expected, action) => {
    const thrown = Object.assign(new Error('it broke'), { code })
    const error = classifyException(thrown, { partNumber: 3 })
    expect([error.code, actionOf(error)]).toEqual([expected, action])
    // Behind it there may be what to do; see tls-advice.test.ts.
    expect(error.message.split('. ')[0]).toBe(`it broke (${code})`)
    expect(error.context.partNumber).toBe(3)
    expect(error.cause).toBe(thrown)
  })

  it('tells a slow connect from a slow answer', () => {
    const thrown = Object.assign(new Error('x'), { code: 'ETIMEDOUT', syscall: 'connect' })
    expect(classifyException(thrown).code).toBe('ERR_CONNECT_TIMEOUT')
  })

  it('looks through causes and several addresses', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    const several = new AggregateError([refused, new Error('other')])
    expect(classifyException(new Error('fetch failed', { cause: several })).code).toBe(
      'ERR_CONNECT',
    )
  })

  it('does not follow causes for ever', () => {
    const circular = new Error('round')
    circular.cause = circular
    expect(classifyException(circular).code).toBe('ERR_INTERNAL')
  })

  it('takes a broken TLS record for a lost connection, under whatever code', () => {
    const thrown = Object.assign(new Error('ssl3_read_bytes: bad record mac'), { code: 'EPROTO' })
    expect(classifyException(thrown).code).toBe('ERR_CONNECTION_LOST')
  })

  it('recognises an answer that is no HTTP by its name, since it may have no code', () => {
    const thrown = Object.assign(new Error('Expected HTTP/'), { name: 'HTTPParserError' })
    const error = classifyException(thrown)
    expect([error.code, actionOf(error)]).toEqual(['ERR_RESPONSE_INVALID', 'transient'])
  })

  it('recognises an abort by its name, and keeps errors that are ours', () => {
    expect(classifyException(new DOMException('x', 'AbortError')).code).toBe('ERR_ABORTED')
    const ours = new TransferError('ERR_DISK_FULL', 'full', { path: 'a' })
    expect(classifyException(ours, { key: 'k' }).toJSON()).toMatchObject({
      code: 'ERR_DISK_FULL',
      context: { path: 'a', key: 'k' },
    })
  })

  it.each([undefined, null, 'text', 5])('survives %j being thrown', (thrown) => {
    expect(classifyException(thrown).code).toBe('ERR_INTERNAL')
  })
})

describe('isOutcomeUnknown', () => {
  it.each<[ErrorCode, boolean]>([
    ['ERR_CONNECTION_LOST', true],
    ['ERR_READ_TIMEOUT', true],
    ['ERR_TOO_SLOW', true],
    ['ERR_ACQUIRE_TIMEOUT', false],
    ['ERR_RESPONSE_INVALID', true],
    ['ERR_STORE_UNAVAILABLE', true],
    ['ERR_UPLOAD_NOT_FOUND', true],
    ['ERR_ABORTED', true],
    ['ERR_ACCESS_DENIED', false],
    ['ERR_PRECONDITION_FAILED', false],
    ['ERR_CONFLICT', false],
    ['ERR_CHECKSUM_MISMATCH', false],
    ['ERR_REQUEST_REFUSED', false],
  ])('after %s: %s', (code, unknown) => {
    expect(isOutcomeUnknown(new TransferError(code, 'x'))).toBe(unknown)
  })
})

function response(given: Partial<FailedResponse>): FailedResponse {
  return {
    status: 400,
    headers: {},
    timeMs: NOW,
    signing: { region: 'us-east-1', clockOffsetMs: 0 },
    ...given,
  }
}
