/**
 * The two requests of the data plane as bytes on the wire would have them: path, query, signed
 * headers. No network here; workers send what this builds. The checksum goes in a header, never
 * in a trailer: the part is at hand before its request, and several stores keep the framing of
 * trailers as object bytes. `Expect` is never sent.
 */

import { rangeHeader, type ByteRange } from '../plan/ranges.ts'
import { EMPTY_PAYLOAD_SHA256, objectPath, UNSIGNED_PAYLOAD, type Signer } from './signing.ts'
import type { StoreRoute } from './types.ts'

export interface BuiltRequest {
  readonly path: string
  readonly headers: string[]
}

interface RequestTarget {
  readonly route: StoreRoute
  readonly key: string
  readonly query: string
  readonly headers: readonly string[]
}

export interface PutRequestInput extends RequestTarget {
  readonly length: number
  /** Name and base64 value of the checksum header; absent when the store must not get one. */
  readonly checksum: { readonly header: string; readonly value: string } | undefined
  /** Hex SHA-256 of the body; absent when it is not signed. */
  readonly payloadHash: string | undefined
  readonly timeMs: number
}

/** PutObject, or UploadPart when the query says so. */
export function buildPut(signer: Signer, input: PutRequestInput): BuiltRequest {
  const { route, key, query, checksum } = input
  const headers = [...input.headers, 'content-length', String(input.length)]
  if (checksum !== undefined) headers.push(checksum.header, checksum.value)
  const path = objectPath(route, key)
  const payloadHash = input.payloadHash ?? UNSIGNED_PAYLOAD
  const signed = signer.sign({
    route,
    method: 'PUT',
    path,
    query,
    headers,
    payloadHash,
    timeMs: input.timeMs,
  })
  return { path: withQuery(path, query), headers: signed }
}

export interface GetRequestInput extends RequestTarget {
  /** Absent for the whole object. */
  readonly range: ByteRange | undefined
  /** The ETag the object must still have. */
  readonly etag: string
  readonly timeMs: number
}

/** GetObject of a range, pinned to one version of the bytes by If-Match. */
export function buildGet(signer: Signer, input: GetRequestInput): BuiltRequest {
  const { route, key, query, range, etag } = input
  const headers = [...input.headers, 'accept-encoding', 'identity']
  if (range !== undefined) headers.push('range', rangeHeader(range))
  if (etag !== '') headers.push('if-match', etag)
  const path = objectPath(route, key)
  const signed = signer.sign({
    route,
    method: 'GET',
    path,
    query,
    headers,
    payloadHash: EMPTY_PAYLOAD_SHA256,
    timeMs: input.timeMs,
  })
  return { path: withQuery(path, query), headers: signed }
}

function withQuery(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`
}
