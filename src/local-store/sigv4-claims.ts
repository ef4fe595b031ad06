/**
 * Reads what a request claims about its own signature, from the Authorization header or from
 * the query of a presigned URL, into one shape. Only the form is checked here, not the truth.
 */

import { S3Error } from './s3-error.ts'
import { percentDecode, type CanonicalParameter } from './sigv4-canonical.ts'

/** The parts of a credential scope. */
export interface Scope {
  readonly date: string
  readonly region: string
  readonly service: string
  readonly terminator: string
}

/** The claim, not yet verified. `time` is milliseconds since 1970. */
export interface ClaimedAuth {
  readonly presigned: boolean
  readonly accessKeyId: string
  readonly scope: Scope
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** Date of the request as it is signed: `20130524T000000Z`. */
  readonly amzDate: string
  readonly time: number
  /** Last line of the canonical request: a hash or a keyword. */
  readonly payload: string
  readonly token: string | undefined
  /** Life of a presigned request in seconds; zero for the header form. */
  readonly expiresSeconds: number
}

/** Reads a header of the request by its lower-case name. */
type HeaderOf = (name: string) => string | undefined

/** Longest life of a presigned URL. Seconds. Source: S3 API Reference, query-string auth. */
const EXPIRES_MAX = 604_800

const PAYLOAD_KEYWORDS: ReadonlySet<string> = new Set([
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
])

/** The claim of an Authorization header. */
export function readHeaderAuth(authorization: string, headerOf: HeaderOf): ClaimedAuth {
  const malformed = (what: string): S3Error =>
    new S3Error('AuthorizationHeaderMalformed', `The authorization header is malformed; ${what}`)
  const space = authorization.indexOf(' ')
  if (authorization.slice(0, space) !== 'AWS4-HMAC-SHA256') {
    throw new S3Error('InvalidRequest', 'Only the AWS4-HMAC-SHA256 mechanism is supported.')
  }
  const fields = new Map<string, string>()
  for (const field of authorization.slice(space + 1).split(',')) {
    const equals = field.indexOf('=')
    fields.set(field.slice(0, equals).trim(), field.slice(equals + 1).trim())
  }
  const credential = fields.get('Credential')
  const signed = fields.get('SignedHeaders')
  const signature = fields.get('Signature')
  if (credential === undefined || signed === undefined || signature === undefined) {
    throw malformed('it needs Credential, SignedHeaders and Signature.')
  }
  const payload = headerOf('x-amz-content-sha256')
  if (payload === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header: x-amz-content-sha256')
  }
  const { amzDate, time } = requestDate(headerOf)
  return {
    presigned: false,
    ...splitCredential(credential, malformed),
    signedHeaders: signed.split(';'),
    signature,
    amzDate,
    time,
    payload: checkPayload(payload),
    token: headerOf('x-amz-security-token'),
    expiresSeconds: 0,
  }
}

/** The claim of a presigned query. */
export function readQueryAuth(
  parameters: readonly CanonicalParameter[],
  headerOf: HeaderOf,
): ClaimedAuth {
  const malformed = (what: string): S3Error =>
    new S3Error('AuthorizationQueryParametersError', what)
  const find = (name: string): string | undefined => {
    const encoded = parameters.find((parameter) => parameter[0] === name)?.[1]
    return encoded === undefined ? undefined : percentDecode(encoded).toString('latin1')
  }
  const need = (name: string): string => {
    const value = find(name)
    if (value === undefined) {
      throw malformed(
        'Query-string authentication version 4 requires the X-Amz-Algorithm, ' +
          'X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and ' +
          'X-Amz-Expires parameters.',
      )
    }
    return value
  }
  if (need('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') {
    throw malformed('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  }
  const amzDate = need('X-Amz-Date')
  const time = parseAmzDate(amzDate)
  if (time === undefined) throw malformed('X-Amz-Date must be in the ISO8601 basic format')
  const expires = need('X-Amz-Expires')
  const expiresSeconds = /^\d+$/.test(expires) ? Number(expires) : Number.NaN
  if (!(expiresSeconds >= 1 && expiresSeconds <= EXPIRES_MAX)) {
    throw malformed('X-Amz-Expires must be 1 to 604800 seconds')
  }
  const payload = headerOf('x-amz-content-sha256') ?? find('X-Amz-Content-Sha256')
  return {
    presigned: true,
    ...splitCredential(need('X-Amz-Credential'), malformed),
    signedHeaders: need('X-Amz-SignedHeaders').split(';'),
    signature: need('X-Amz-Signature'),
    amzDate,
    time,
    payload: checkPayload(payload ?? 'UNSIGNED-PAYLOAD'),
    token: find('X-Amz-Security-Token') ?? headerOf('x-amz-security-token'),
    expiresSeconds,
  }
}

function splitCredential(
  credential: string,
  malformed: (what: string) => S3Error,
): { accessKeyId: string; scope: Scope } {
  const pieces = credential.split('/')
  const [date, region, service, terminator] = pieces.slice(-4)
  const accessKeyId = pieces.slice(0, -4).join('/')
  if (
    accessKeyId === '' ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    terminator === undefined
  ) {
    throw malformed('the Credential must be "<access key>/YYYYMMDD/REGION/SERVICE/aws4_request".')
  }
  return { accessKeyId, scope: { date, region, service, terminator } }
}

function requestDate(headerOf: HeaderOf): { amzDate: string; time: number } {
  const amzDate = headerOf('x-amz-date')
  const plain = headerOf('date')
  const time =
    amzDate === undefined ? Date.parse(plain ?? '') : (parseAmzDate(amzDate) ?? Number.NaN)
  if (Number.isNaN(time)) {
    throw new S3Error(
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header',
    )
  }
  const basic = new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')
  return { amzDate: amzDate ?? basic, time }
}

function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second] = match
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}

function checkPayload(payload: string): string {
  if (PAYLOAD_KEYWORDS.has(payload) || /^[0-9a-f]{64}$/i.test(payload)) return payload
  throw new S3Error(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING keyword or a valid sha256 value.',
  )
}
