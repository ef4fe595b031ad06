/**
 * Failed requests → `TransferError`, from an answer of the store or from a thrown value.
 *
 * Used on both sides of the thread boundary, so it knows neither the SDK nor undici by import,
 * only by the shape of what they throw. Messages carry what the store said in `Message`, which
 * has no secrets, on one line and bounded; never headers, and never the signed text that some
 * stores send back.
 */

import { isTransferError, TransferError, type ErrorCode, type ErrorContext } from '../errors.ts'
import { tlsAdvice } from '../network/tls-advice.ts'
import { cleanMessage } from './error-body.ts'
import {
  ACTIONS,
  codeOfStatus,
  EXCEPTION_CODES,
  EXCEPTION_NAMES,
  EXCEPTION_PREFIXES,
  STORE_CODES,
  type ErrorAction,
} from './error-classes.ts'

export type { ErrorAction } from './error-classes.ts'

export type ResponseHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** An answer that is a failure. */
export interface FailedResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ResponseHeaders
  /** From the body, see `parseErrorBody`; absent for HEAD. */
  readonly storeCode?: string | undefined
  readonly message?: string | undefined
  readonly region?: string | undefined
  readonly requestId?: string | undefined
  /** Header the store said it does not know. */
  readonly header?: string | undefined
  /** Our clock when the answer came, epoch milliseconds. */
  readonly timeMs: number
  /** What the request's signature was made with. */
  readonly signing?: { readonly region?: string | undefined; readonly clockOffsetMs: number }
}

/**
 * Longest wait asked for by a store that we pass on. Milliseconds.
 * Source: none, reasonable default; the SDK honours about 5 s more than its own back-off.
 */
export const RETRY_AFTER_MAX_MS = 60_000

/**
 * How far clocks may differ before a refused signature is blamed on them. Milliseconds.
 * Source: `@smithy/core` corrects from 4 minutes; S3 refuses from 15.
 */
const CLOCK_SKEW_MIN_MS = 240_000

/** How deep `cause` chains are followed. Source: `@smithy/core` looks 10 deep. */
const CAUSE_DEPTH_MAX = 10

/** What to do about an error. */
export function actionOf(error: TransferError): ErrorAction {
  return ACTIONS[error.code] ?? 'fatal'
}

/**
 * Whether a failed CompleteMultipartUpload may have succeeded all the same, so that the object
 * must be looked at before anything is concluded. An upload that is unknown counts: some stores
 * forget it the moment an earlier Complete, whose answer was lost, succeeded.
 */
export function isOutcomeUnknown(error: TransferError): boolean {
  const action = actionOf(error)
  return (
    action === 'transient' ||
    action === 'throttle' ||
    error.code === 'ERR_UPLOAD_NOT_FOUND' ||
    error.code === 'ERR_ABORTED'
  )
}

/** An answer of the store that is a failure → the error it means. */
export function classifyResponse(
  response: FailedResponse,
  context: ErrorContext = {},
): TransferError {
  const region = response.region ?? header(response.headers, 'x-amz-bucket-region')
  const clockOffsetMs = clockOffset(response.headers, response.timeMs)
  const code = responseCode(response, region, clockOffsetMs)
  return new TransferError(code, responseMessage(response, code, region), {
    ...context,
    status: response.status,
    storeCode: response.storeCode,
    requestId: response.requestId ?? header(response.headers, 'x-amz-request-id'),
    retryAfterMs: retryAfter(response.headers, response.timeMs),
    ...(code === 'ERR_WRONG_REGION' ? { region } : {}),
    ...(code === 'ERR_CLOCK_SKEW' ? { clockOffsetMs } : {}),
  })
}

/** Anything thrown by Node, undici, a dispatcher or the file system → the error it means. */
export function classifyException(thrown: unknown, context: ErrorContext = {}): TransferError {
  if (isTransferError(thrown)) return thrown.with(context)
  let error: unknown = thrown
  for (let depth = 0; depth < CAUSE_DEPTH_MAX && isObject(error); depth += 1) {
    const code = exceptionCode(error)
    if (code !== undefined) {
      const message = exceptionMessage(error)
      const advice = code === 'ERR_TLS' ? tlsAdvice(message) : undefined
      const text = advice === undefined ? message : `${message}. ${advice}`
      return new TransferError(code, text, context, { cause: thrown })
    }
    // Several addresses tried: they mostly failed alike, and the first is the preferred one.
    error = Array.isArray(error['errors']) ? error['errors'][0] : error['cause']
  }
  const message = cleanMessage(thrown instanceof Error ? thrown.message : String(thrown))
  return new TransferError('ERR_INTERNAL', message ?? '', context, { cause: thrown })
}

/** Store clock minus ours by the Date header, milliseconds; none if a cache may have answered. */
function clockOffset(headers: ResponseHeaders, timeMs: number): number | undefined {
  if (header(headers, 'age') !== undefined) return undefined
  const date = Date.parse(header(headers, 'date') ?? '')
  return Number.isNaN(date) ? undefined : date - timeMs
}

function responseCode(
  response: FailedResponse,
  region: string | undefined,
  clockOffsetMs: number | undefined,
): ErrorCode {
  const { status, storeCode, signing } = response
  const code = STORE_CODES.get(storeCode ?? '') ?? codeOfStatus(status)
  const skewMs = Math.abs((clockOffsetMs ?? 0) - (signing?.clockOffsetMs ?? clockOffsetMs ?? 0))
  const isSignature = storeCode === 'SignatureDoesNotMatch'
  const isSilent = storeCode === undefined || storeCode === 'Forbidden'
  if (code === 'ERR_ACCESS_DENIED' && skewMs > CLOCK_SKEW_MIN_MS && (isSignature || isSilent)) {
    return 'ERR_CLOCK_SKEW'
  }
  // A HEAD refused with 400 has no body, but names the region if that was the reason.
  if (status === 400 && (isSilent || storeCode === 'BadRequest') && region !== undefined) {
    return region === signing?.region ? code : 'ERR_WRONG_REGION'
  }
  // The same code stands for a header we wrote badly; then no region is named.
  if (storeCode === 'AuthorizationHeaderMalformed' && region === undefined) {
    return 'ERR_REQUEST_REFUSED'
  }
  // Reading a version that is a delete marker.
  if (status === 405 && header(response.headers, 'x-amz-delete-marker') === 'true') {
    return 'ERR_OBJECT_NOT_FOUND'
  }
  return code
}

function responseMessage(
  response: FailedResponse,
  code: ErrorCode,
  region: string | undefined,
): string {
  const { status, storeCode } = response
  const said = cleanMessage(response.message)
  // No store has a use for 407.
  let text = `The ${code === 'ERR_PROXY' ? 'proxy' : 'store'} answered ${status}`
  if (storeCode !== undefined) text += ` ${cleanMessage(storeCode)}`
  text += said === undefined || said === storeCode || said === '' ? '.' : `: ${said}`
  if (!/[.!?…]$/.test(text)) text += '.'
  if (code === 'ERR_WRONG_REGION' && region !== undefined) {
    text += ` The bucket is in ${cleanMessage(region)}.`
  }
  if (code === 'ERR_NOT_SUPPORTED' && /checksum/i.test(`${response.header} ${said}`)) {
    text += ' For stores without checksums set AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED.'
  }
  return text
}

/** `Retry-After` (seconds or a date) or `x-amz-retry-after` (milliseconds), bounded. */
function retryAfter(headers: ResponseHeaders, timeMs: number): number | undefined {
  const precise = header(headers, 'x-amz-retry-after')
  const coarse = header(headers, 'retry-after')
  let waitMs = Number.NaN
  if (precise !== undefined && /^\d+$/.test(precise)) waitMs = Number(precise)
  else if (coarse !== undefined && /^\d+$/.test(coarse)) waitMs = Number(coarse) * 1000
  else if (coarse !== undefined) waitMs = Date.parse(coarse) - timeMs
  return waitMs > 0 ? Math.min(waitMs, RETRY_AFTER_MAX_MS) : undefined
}

function exceptionCode(error: Readonly<Record<string, unknown>>): ErrorCode | undefined {
  const { code, name, syscall } = error
  if (typeof code === 'string') {
    if (code === 'ETIMEDOUT' && syscall === 'connect') return 'ERR_CONNECT_TIMEOUT'
    const known = EXCEPTION_CODES.get(code)
    // OpenSSL reports its alerts under EPROTO too.
    if (known === 'ERR_TLS' && /bad record mac/i.test(String(error['message']))) {
      return 'ERR_CONNECTION_LOST'
    }
    if (known !== undefined) return known
    const family = EXCEPTION_PREFIXES.find(([prefix]) => code.startsWith(prefix))
    if (family !== undefined) return family[1]
  }
  return typeof name === 'string' ? EXCEPTION_NAMES.get(name) : undefined
}

function exceptionMessage(error: Readonly<Record<string, unknown>>): string {
  const message = cleanMessage(typeof error['message'] === 'string' ? error['message'] : '')
  const code = typeof error['code'] === 'string' ? error['code'] : String(error['name'])
  if (message === undefined || message === '') return code
  return message.includes(code) ? message : `${message} (${code})`
}

function header(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
