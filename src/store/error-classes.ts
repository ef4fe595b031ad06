/**
 * What the signals of a failed request mean, as data: the store's code, the HTTP status, the
 * error code of Node or undici → our code; our code → what to do about it.
 *
 * A store's code is looked up first, since statuses are coarse (a 400 may be damage, an expired
 * token or a wrong region); a status only decides where the code is unknown or there is no body,
 * as with HEAD.
 * Source: S3 API reference, "Error responses"; `@smithy/core` retry constants; MinIO's error
 * table; undici 7 `core/errors.js`; all read 2026-11.
 */

import type { ErrorCode } from '../errors.ts'

/**
 * What to do:
 * - `transient`: try again, on a new connection, after a back-off.
 * - `throttle`: the same from a longer back-off, and with less in flight.
 * - `damaged`: bytes changed on the way; read and hash the source again, a few times.
 * - `clock`: correct the offset from `context.clockOffsetMs`, once.
 * - `credentials`: refresh them, once.
 * - `region`: resolve the bucket again with `context.region`, once.
 * - `conflict`: another writer was first; start the whole upload again, or give up.
 * - `fatal`: the same request fails again; do not repeat it.
 */
export type ErrorAction =
  | 'transient'
  | 'throttle'
  | 'damaged'
  | 'clock'
  | 'credentials'
  | 'region'
  | 'conflict'
  | 'fatal'

/** Codes that are not here are `fatal`. */
export const ACTIONS: Readonly<Partial<Record<ErrorCode, ErrorAction>>> = {
  ERR_CONNECT: 'transient',
  ERR_CONNECT_TIMEOUT: 'transient',
  ERR_READ_TIMEOUT: 'transient',
  ERR_TOO_SLOW: 'transient',
  ERR_CONNECTION_LOST: 'transient',
  ERR_STORE_UNAVAILABLE: 'transient',
  ERR_RESPONSE_INVALID: 'transient',
  ERR_BODY_INCOMPLETE: 'transient',
  ERR_TOO_MANY_FILES: 'transient',
  ERR_WORKER_LOST: 'transient',
  ERR_THROTTLED: 'throttle',
  ERR_CHECKSUM_MISMATCH: 'damaged',
  ERR_CLOCK_SKEW: 'clock',
  ERR_CREDENTIALS_EXPIRED: 'credentials',
  ERR_WRONG_REGION: 'region',
  ERR_CONFLICT: 'conflict',
}

/** The store's own codes. */
export const STORE_CODES: ReadonlyMap<string, ErrorCode> = new Map([
  ...all('ERR_STORE_UNAVAILABLE', [
    'InternalError',
    'InternalFailure',
    'ServiceUnavailable',
    'ServiceFailure',
    'RequestTimeout',
    'RequestTimeoutException',
    'XMinioServerNotInitialized',
  ]),
  ...all('ERR_THROTTLED', [
    'SlowDown',
    'SlowDownRead',
    'SlowDownWrite',
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'RequestThrottled',
    'RequestThrottledException',
    'RequestLimitExceeded',
    'TooManyRequests',
    'TooManyRequestsException',
    'BandwidthLimitExceeded',
    'PriorRequestNotComplete',
    'ServerBusy',
    'KMS.ThrottlingException',
  ]),
  ...all('ERR_CHECKSUM_MISMATCH', [
    'BadDigest',
    'InvalidDigest',
    'XAmzContentSHA256Mismatch',
    'XAmzContentChecksumMismatch',
  ]),
  ...all('ERR_BODY_INCOMPLETE', ['IncompleteBody']),
  ...all('ERR_CLOCK_SKEW', ['RequestTimeTooSkewed', 'RequestExpired']),
  ...all('ERR_CREDENTIALS_EXPIRED', [
    'ExpiredToken',
    'ExpiredTokenException',
    'TokenRefreshRequired',
    'InvalidToken',
  ]),
  ...all('ERR_WRONG_REGION', [
    'PermanentRedirect',
    'TemporaryRedirect',
    'Redirect',
    'AuthorizationHeaderMalformed',
    'IllegalLocationConstraintException',
    'IncorrectEndpoint',
  ]),
  ...all('ERR_PRECONDITION_FAILED', ['PreconditionFailed']),
  ...all('ERR_CONFLICT', ['ConditionalRequestConflict', 'OperationAborted']),
  ...all('ERR_ACCESS_DENIED', [
    'AccessDenied',
    'AccessForbidden',
    'AccountProblem',
    'AllAccessDisabled',
    'Forbidden',
    'InvalidAccessKeyId',
    'InvalidSecurity',
    'MissingSecurityHeader',
    'NotSignedUp',
    'SignatureDoesNotMatch',
    'Unauthorized',
    'UnauthorizedAccess',
  ]),
  ...all('ERR_BUCKET_NOT_FOUND', ['NoSuchBucket', 'InvalidBucketName']),
  ...all('ERR_OBJECT_NOT_FOUND', ['NoSuchKey', 'NoSuchVersion', 'NotFound']),
  ...all('ERR_UPLOAD_NOT_FOUND', ['NoSuchUpload']),
  ...all('ERR_OBJECT_UNREADABLE', ['InvalidObjectState', 'KMS.DisabledException']),
  ...all('ERR_OBJECT_TOO_LARGE', ['EntityTooLarge', 'MaxMessageLengthExceeded']),
  ...all('ERR_KEY_INVALID', [
    'KeyTooLongError',
    'XMinioInvalidObjectName',
    'XMinioInvalidResourceName',
    'InvalidURI',
  ]),
  ...all('ERR_NOT_SUPPORTED', ['NotImplemented', 'XNotImplemented', 'MethodNotAllowed']),
  ...all('ERR_REQUEST_REFUSED', [
    'EntityTooSmall',
    'InvalidArgument',
    'InvalidPart',
    'InvalidPartOrder',
    'InvalidRange',
    'InvalidRequest',
    'InvalidStorageClass',
    'InvalidTag',
    'KMS.NotFoundException',
    'MalformedXML',
    'MetadataTooLarge',
    'MissingContentLength',
    'QuotaExceeded',
    'XMinioStorageFull',
  ]),
])

/** Statuses, where no code decides. */
const STATUS_CODES: ReadonlyMap<number, ErrorCode> = new Map([
  [301, 'ERR_WRONG_REGION'],
  [307, 'ERR_WRONG_REGION'],
  [401, 'ERR_ACCESS_DENIED'],
  [403, 'ERR_ACCESS_DENIED'],
  [404, 'ERR_OBJECT_NOT_FOUND'],
  [405, 'ERR_NOT_SUPPORTED'],
  [407, 'ERR_PROXY'],
  [408, 'ERR_STORE_UNAVAILABLE'],
  [409, 'ERR_CONFLICT'],
  [412, 'ERR_PRECONDITION_FAILED'],
  [413, 'ERR_OBJECT_TOO_LARGE'],
  [425, 'ERR_STORE_UNAVAILABLE'],
  [429, 'ERR_THROTTLED'],
  [501, 'ERR_NOT_SUPPORTED'],
  [505, 'ERR_REQUEST_REFUSED'],
  [507, 'ERR_REQUEST_REFUSED'],
])

/** What a status says that is in no table: by its hundred. */
export function codeOfStatus(status: number): ErrorCode {
  const known = STATUS_CODES.get(status)
  if (known !== undefined) return known
  if (status >= 500) return 'ERR_STORE_UNAVAILABLE'
  return status >= 400 ? 'ERR_REQUEST_REFUSED' : 'ERR_RESPONSE_INVALID'
}

/** The `code` of exceptions from Node and undici. */
export const EXCEPTION_CODES: ReadonlyMap<string, ErrorCode> = new Map([
  ...all('ERR_CONNECT', [
    'ECONNREFUSED',
    'EHOSTUNREACH',
    'EHOSTDOWN',
    'ENETUNREACH',
    'ENETDOWN',
    'EADDRNOTAVAIL',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EAI_NODATA',
    'EAI_FAIL',
  ]),
  ...all('ERR_CONNECT_TIMEOUT', ['UND_ERR_CONNECT_TIMEOUT']),
  ...all('ERR_READ_TIMEOUT', ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']),
  ...all('ERR_CONNECTION_LOST', [
    'ECONNRESET',
    'ECONNABORTED',
    'EPIPE',
    'ERR_STREAM_PREMATURE_CLOSE',
    'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
    'ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC',
    'ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC',
    'UND_ERR_SOCKET',
    'UND_ERR_INFO',
    'UND_ERR_DESTROYED',
    'UND_ERR_CLOSED',
  ]),
  ...all('ERR_BODY_INCOMPLETE', ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH']),
  ...all('ERR_RESPONSE_INVALID', ['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_EXCEEDED_MAX_SIZE']),
  ...all('ERR_ABORTED', ['UND_ERR_ABORTED', 'ABORT_ERR']),
  ...all('ERR_TLS', [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'HOSTNAME_MISMATCH',
    'EPROTO',
  ]),
  ...all('ERR_DISK_FULL', ['ENOSPC', 'EDQUOT']),
  ...all('ERR_DISK_IO', ['EIO']),
  ...all('ERR_TARGET_UNWRITABLE', ['EROFS', 'EACCES', 'EPERM']),
  ...all('ERR_TOO_MANY_FILES', ['EMFILE', 'ENFILE']),
])

/** Names of exceptions, where no code decides: undici gives its parser's errors one only at times. */
export const EXCEPTION_NAMES: ReadonlyMap<string, ErrorCode> = new Map([
  ['AbortError', 'ERR_ABORTED'],
  ['HTTPParserError', 'ERR_RESPONSE_INVALID'],
])

/** Families of exception codes, tried when the table above has none. */
export const EXCEPTION_PREFIXES: readonly (readonly [string, ErrorCode])[] = [
  ['HPE_', 'ERR_RESPONSE_INVALID'],
  ['CERT_', 'ERR_TLS'],
  ['CRL_', 'ERR_TLS'],
  ['UNABLE_TO_', 'ERR_TLS'],
  ['INVALID_CA', 'ERR_TLS'],
  ['INVALID_PURPOSE', 'ERR_TLS'],
  ['ERR_TLS_', 'ERR_TLS'],
  ['ERR_SSL_', 'ERR_TLS'],
]

function all(code: ErrorCode, names: readonly string[]): (readonly [string, ErrorCode])[] {
  return names.map((name) => [name, code] as const)
}
