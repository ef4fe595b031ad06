/**
 * What a request says about its own body, read from its headers before the first byte: lengths,
 * Content-MD5, and the one checksum it sends or announces as a trailer. Pure.
 */

import {
  CHECKSUM_ALGORITHMS,
  checksumAlgorithm,
  checksumHeader,
  parseChecksum,
  type ChecksumAlgorithm,
} from './checksums.ts'
import { S3Error } from './s3-error.ts'

export type BodyHeaders = Readonly<Record<string, string | undefined>>

/** Claims that the received bytes must bear out. Lengths in bytes. */
export interface BodyClaims {
  /** Length of the payload after de-framing. */
  readonly length: number
  readonly md5: Buffer | undefined
  /** A checksum sent in a header. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly digest: Buffer } | undefined
  /** A checksum announced by `x-amz-trailer`. */
  readonly trailer: ChecksumAlgorithm | undefined
}

/**
 * Reads the claims.
 *
 * @param chunked - whether the body is framed as aws-chunked.
 * @param withTrailer - whether the payload mode says that trailers follow.
 * @throws S3Error MissingContentLength, EntityTooLarge, InvalidDigest, InvalidRequest,
 * MalformedTrailerError.
 */
export function readBodyClaims(
  headers: BodyHeaders,
  chunked: boolean,
  withTrailer: boolean,
  maxLength: number,
): BodyClaims {
  const length = readLength(headers[chunked ? 'x-amz-decoded-content-length' : 'content-length'])
  if (length > maxLength) {
    throw new S3Error('EntityTooLarge', undefined, {
      ProposedSize: String(length),
      MaxSizeAllowed: String(maxLength),
    })
  }
  const checksum = readChecksum(headers)
  const trailer = withTrailer ? readTrailerName(headers['x-amz-trailer']) : undefined
  if (checksum !== undefined && trailer !== undefined) throw severalChecksums()
  checkAnnounced(headers['x-amz-sdk-checksum-algorithm'], checksum?.algorithm ?? trailer)
  return { length, md5: readMd5(headers['content-md5']), checksum, trailer }
}

/** A value that is not base64 of the right length is refused before it is compared. */
export function readChecksumValue(algorithm: ChecksumAlgorithm, value: string): Buffer {
  const digest = parseChecksum(algorithm, value)
  if (digest !== undefined) return digest
  throw new S3Error('InvalidRequest', `Value for ${checksumHeader(algorithm)} header is invalid.`)
}

function readLength(value: string | undefined): number {
  if (value === undefined) throw new S3Error('MissingContentLength')
  const length = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (Number.isNaN(length)) throw new S3Error('InvalidArgument', 'The content length is invalid.')
  return length
}

function readMd5(value: string | undefined): Buffer | undefined {
  if (value === undefined) return undefined
  const digest = parseChecksum('MD5', value)
  if (digest === undefined) throw new S3Error('InvalidDigest')
  return digest
}

function readChecksum(headers: BodyHeaders): BodyClaims['checksum'] {
  const sent = CHECKSUM_ALGORITHMS.filter((name) => headers[checksumHeader(name)] !== undefined)
  if (sent.length > 1) throw severalChecksums()
  const [algorithm] = sent
  if (algorithm === undefined) return undefined
  const value = headers[checksumHeader(algorithm)] ?? ''
  return { algorithm, digest: readChecksumValue(algorithm, value) }
}

function readTrailerName(value: string | undefined): ChecksumAlgorithm {
  const prefix = 'x-amz-checksum-'
  const name = value?.trim().toLowerCase() ?? ''
  const algorithm = name.startsWith(prefix)
    ? checksumAlgorithm(name.slice(prefix.length))
    : undefined
  if (algorithm === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'The value specified in the x-amz-trailer header is not supported',
    )
  }
  return algorithm
}

function checkAnnounced(name: string | undefined, sent: ChecksumAlgorithm | undefined): void {
  if (name === undefined) return
  const algorithm = checksumAlgorithm(name)
  if (algorithm === undefined) {
    throw new S3Error('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm is invalid.')
  }
  if (algorithm !== sent) {
    throw new S3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or ' +
        'x-amz-trailer headers were found.',
    )
  }
}

function severalChecksums(): S3Error {
  return new S3Error(
    'InvalidRequest',
    'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
  )
}
