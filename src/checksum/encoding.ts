/**
 * Checksums as text: base64 in headers and XML, with `-N` behind the composite ones.
 *
 * Decoding is strict. A value that is not exactly what S3 would write is no value: a checksum
 * read wrongly would either refuse good bytes or compare nothing.
 */

import { CHECKSUM_ALGORITHMS, CHECKSUMS, type ChecksumAlgorithm } from './algorithms.ts'

/** A checksum as a store keeps it. */
export interface StoredChecksum {
  readonly digest: Uint8Array
  /** Number of parts of a composite value; absent when the value covers the bytes themselves. */
  readonly parts?: number
}

/** Digest → base64. */
export function encodeDigest(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString('base64')
}

/** Base64 with its padding → digest; undefined for anything else. */
export function decodeDigest(text: string): Uint8Array | undefined {
  const digest = Buffer.from(text, 'base64')
  // Node skips what it cannot read, so only what encodes back to itself was base64.
  if (digest.length === 0 || digest.toString('base64') !== text) return undefined
  return new Uint8Array(digest)
}

/**
 * The value of a checksum header or field: base64, or base64 and `-N` for a composite one.
 * Undefined when it is neither or has the wrong length for `algorithm`.
 */
export function parseStoredChecksum(
  value: string,
  algorithm: ChecksumAlgorithm,
): StoredChecksum | undefined {
  const match = /^([^-]+)(?:-([1-9]\d{0,4}))?$/.exec(value)
  const digest = decodeDigest(match?.[1] ?? '')
  if (digest?.length !== CHECKSUMS[algorithm].bytes) return undefined
  if (match?.[2] === undefined) return { digest }
  return { digest, parts: Number(match[2]) }
}

/** Header that carries a checksum, in lower case. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return CHECKSUMS[algorithm].header
}

/** Algorithm of a header, in any case; undefined for headers that carry no checksum. */
export function algorithmOfHeader(header: string): ChecksumAlgorithm | undefined {
  const name = header.toLowerCase()
  return CHECKSUM_ALGORITHMS.find((algorithm) => CHECKSUMS[algorithm].header === name)
}

/** Whether two digests are the same bytes. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
