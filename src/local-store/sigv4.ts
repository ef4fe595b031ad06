/**
 * Verifies AWS Signature Version 4 as S3 does: the Authorization header and the presigned query,
 * the credential scope, the clock, the session token, and which headers are signed. Written from
 * the AWS documentation; it shares nothing with the signer of the engine, so that the two can
 * disagree. Comparisons of secrets take constant time. Times are milliseconds since 1970.
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { S3Error } from './s3-error.ts'
import {
  canonicalHeaders,
  canonicalParameters,
  canonicalPath,
  canonicalQuery,
  type CanonicalParameter,
  type WireHeaders,
} from './sigv4-canonical.ts'
import { createChunkVerifier, type ChunkVerifier } from './sigv4-chunks.ts'
import { readHeaderAuth, readQueryAuth, type ClaimedAuth } from './sigv4-claims.ts'

export type { ChunkVerifier } from './sigv4-chunks.ts'

/** Keys the store knows. `expiresAt` (ms) makes them temporary: later requests get ExpiredToken. */
export interface StoreCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  readonly expiresAt?: number | undefined
}

/** A request as it came over the wire: nothing decoded, names in lower case, wire order. */
export interface RawRequest {
  readonly method: string
  readonly rawPath: string
  readonly rawQuery: string
  readonly headers: WireHeaders
}

/** What the body must be checked against, as the signed `x-amz-content-sha256` says. */
export type PayloadMode =
  | { readonly kind: 'hash'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'chunks-unsigned-trailer' }
  | { readonly kind: 'chunks-signed'; readonly trailer: boolean; readonly signer: ChunkVerifier }

/** A request whose signature holds. */
export interface Verified {
  readonly accessKeyId: string
  readonly payload: PayloadMode
  readonly presigned: boolean
}

export interface VerifyOptions {
  find(accessKeyId: string): StoreCredentials | undefined
  readonly now: number
  readonly region: string
  readonly skewMaxMs: number
}

/**
 * Verifies a request's signature.
 *
 * @throws S3Error AccessDenied, InvalidAccessKeyId, SignatureDoesNotMatch, RequestTimeTooSkewed,
 * AuthorizationHeaderMalformed, AuthorizationQueryParametersError, ExpiredToken, InvalidToken,
 * InvalidArgument, InvalidRequest, InvalidURI.
 */
export function verifyRequest(request: RawRequest, options: VerifyOptions): Verified {
  const parameters = canonicalParameters(request.rawQuery)
  const claim = readClaim(request, parameters)
  checkScope(claim, options)
  checkClock(claim, options)
  const credentials = options.find(claim.accessKeyId)
  if (credentials === undefined) {
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: claim.accessKeyId })
  }
  checkToken(claim, credentials, options.now)
  checkSignedHeaders(request.headers, claim)
  const key = signingKey(credentials.secretAccessKey, claim)
  checkSignature(request, parameters, claim, key)
  return {
    accessKeyId: claim.accessKeyId,
    payload: payloadMode(claim, key),
    presigned: claim.presigned,
  }
}

function readClaim(request: RawRequest, parameters: readonly CanonicalParameter[]): ClaimedAuth {
  const authorization = header(request.headers, 'authorization')
  const inQuery = parameters.some(
    ([name]) => name === 'X-Amz-Signature' || name === 'X-Amz-Algorithm',
  )
  if (authorization !== undefined && inQuery) {
    throw new S3Error('InvalidArgument', 'Only one auth mechanism allowed.')
  }
  if (authorization !== undefined) {
    return readHeaderAuth(authorization, (name) => header(request.headers, name))
  }
  if (inQuery) return readQueryAuth(parameters, (name) => header(request.headers, name))
  throw new S3Error('AccessDenied')
}

function checkScope(claim: ClaimedAuth, options: VerifyOptions): void {
  const code = claim.presigned
    ? 'AuthorizationQueryParametersError'
    : 'AuthorizationHeaderMalformed'
  const { date, region, service, terminator } = claim.scope
  const malformed = (what: string, extra: Record<string, string> = {}): S3Error =>
    new S3Error(code, `The authorization is malformed; ${what}`, extra)
  if (region !== options.region) {
    throw malformed(`the region '${region}' is wrong; expecting '${options.region}'`, {
      Region: options.region,
    })
  }
  if (service !== 's3') {
    throw malformed(`incorrect service "${service}". This endpoint belongs to "s3".`)
  }
  if (terminator !== 'aws4_request') {
    throw malformed(`incorrect terminal "${terminator}". It must be "aws4_request".`)
  }
  if (!claim.amzDate.startsWith(date)) {
    throw malformed(`invalid credential date "${date}". It is not the date of ${claim.amzDate}.`)
  }
}

function checkClock(claim: ClaimedAuth, options: VerifyOptions): void {
  const ahead = claim.time - options.now
  const server = new Date(options.now).toISOString()
  if (!claim.presigned) {
    if (Math.abs(ahead) <= options.skewMaxMs) return
    throw new S3Error('RequestTimeTooSkewed', undefined, {
      RequestTime: claim.amzDate,
      ServerTime: server,
      MaxAllowedSkewMilliseconds: String(options.skewMaxMs),
    })
  }
  if (ahead > options.skewMaxMs) {
    throw new S3Error('AccessDenied', 'Request is not yet valid', { ServerTime: server })
  }
  const end = claim.time + claim.expiresSeconds * 1000
  if (options.now > end) {
    throw new S3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': String(claim.expiresSeconds),
      Expires: new Date(end).toISOString(),
      ServerTime: server,
    })
  }
}

function checkToken(claim: ClaimedAuth, credentials: StoreCredentials, now: number): void {
  const { token } = claim
  if (credentials.sessionToken === undefined && token !== undefined) {
    throw new S3Error('InvalidToken')
  }
  if (credentials.sessionToken !== undefined && token === undefined) {
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: claim.accessKeyId })
  }
  if (!equalText(credentials.sessionToken ?? '', token ?? '')) throw new S3Error('InvalidToken')
  if (credentials.expiresAt !== undefined && now >= credentials.expiresAt) {
    throw new S3Error('ExpiredToken')
  }
}

function checkSignedHeaders(headers: WireHeaders, claim: ClaimedAuth): void {
  const signed = new Set(claim.signedHeaders)
  const missing = headers
    .map(([name]) => name)
    .filter((name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.has(name))
  if (!signed.has('host') && missing.length === 0) missing.push('host')
  if (missing.length === 0) return
  throw new S3Error(
    'AccessDenied',
    'There were headers present in the request which were not signed',
    { HeadersNotSigned: missing.join(', ') },
  )
}

function checkSignature(
  request: RawRequest,
  parameters: readonly CanonicalParameter[],
  claim: ClaimedAuth,
  key: Buffer,
): void {
  const canonicalRequest = [
    request.method,
    canonicalPath(request.rawPath),
    canonicalQuery(parameters.filter(([name]) => name !== 'X-Amz-Signature')),
    canonicalHeaders(request.headers, claim.signedHeaders),
    claim.signedHeaders.join(';'),
    claim.payload,
  ].join('\n')
  const hash = createHash('sha256').update(canonicalRequest, 'latin1').digest('hex')
  const stringToSign = `AWS4-HMAC-SHA256\n${claim.amzDate}\n${scopeText(claim)}\n${hash}`
  const expected = createHmac('sha256', key).update(stringToSign).digest('hex')
  if (equalText(expected, claim.signature)) return
  throw new S3Error('SignatureDoesNotMatch', undefined, {
    AWSAccessKeyId: claim.accessKeyId,
    StringToSign: stringToSign,
    SignatureProvided: claim.signature,
    CanonicalRequest: canonicalRequest,
  })
}

function payloadMode(claim: ClaimedAuth, key: Buffer): PayloadMode {
  const { payload } = claim
  if (payload === 'UNSIGNED-PAYLOAD') return { kind: 'unsigned' }
  if (payload === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return { kind: 'chunks-unsigned-trailer' }
  if (payload.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')) {
    const signer = createChunkVerifier(key, claim.amzDate, scopeText(claim), claim.signature)
    return { kind: 'chunks-signed', trailer: payload.endsWith('-TRAILER'), signer }
  }
  return { kind: 'hash', sha256: payload.toLowerCase() }
}

/** Signing keys already derived, by secret and scope; emptied when full. */
const signingKeys = new Map<string, Buffer>()
const SIGNING_KEYS_MAX = 64

function signingKey(secret: string, claim: ClaimedAuth): Buffer {
  const name = `${secret}\n${scopeText(claim)}`
  const known = signingKeys.get(name)
  if (known !== undefined) return known
  const { date, region, service, terminator } = claim.scope
  let key: string | Buffer = `AWS4${secret}`
  for (const step of [date, region, service, terminator]) {
    key = createHmac('sha256', key).update(step).digest()
  }
  if (signingKeys.size >= SIGNING_KEYS_MAX) signingKeys.clear()
  signingKeys.set(name, key as Buffer)
  return key as Buffer
}

function scopeText(claim: ClaimedAuth): string {
  const { date, region, service, terminator } = claim.scope
  return `${date}/${region}/${service}/${terminator}`
}

function header(headers: WireHeaders, name: string): string | undefined {
  return headers.find((entry) => entry[0] === name)?.[1]
}

function equalText(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
