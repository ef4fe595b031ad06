/**
 * `s3://bucket/key` in and out, and the rules for names of buckets and keys.
 *
 * A key is taken byte for byte: nothing is decoded, normalised or trimmed, because `a%20b`,
 * `a b`, `a//b` and `a/../b` are four objects. Buckets are judged leniently, since compatible
 * stores allow more than AWS does; what is refused here could not be addressed anywhere.
 */

import { isIP } from 'node:net'

import { TransferError } from '../errors.ts'

/** A bucket, and the key or prefix behind it. */
export interface S3Location {
  readonly bucket: string
  /** Empty for the bucket itself; a prefix when it ends in a slash. */
  readonly key: string
}

/** Longest key. Bytes of UTF-8. Source: S3 User Guide, "Naming Amazon S3 objects". */
const KEY_BYTES_MAX = 1024

const SCHEME = 's3://'

/**
 * An access point instead of a bucket. Its resource contains slashes of its own.
 * Source: AWS CLI, `s3` commands, the two ARN forms it accepts before a key.
 */
const ARN = new RegExp(
  `^(${[
    String.raw`arn:[\w-]+:(?:s3|s3-object-lambda):[\w-]*:\d{12}:accesspoint[:/][^/]+`,
    String.raw`arn:[\w-]+:s3-outposts:[\w-]+:\d{12}:outpost[/:][\w-]+[/:]accesspoint[/:][\w-]+`,
  ].join('|')})(?:/(.*))?$`,
  's',
)

/** Whether text claims to be a URI of a store rather than a path of a file. */
export function isS3Uri(text: string): boolean {
  return text.startsWith(SCHEME)
}

/**
 * `s3://bucket`, `s3://bucket/prefix/` or `s3://bucket/key`, where the bucket may be the ARN of an
 * access point.
 * @throws ERR_URI_INVALID, ERR_KEY_INVALID
 */
export function parseS3Uri(uri: string): S3Location {
  if (!isS3Uri(uri)) {
    throw new TransferError(
      'ERR_URI_INVALID',
      `Expected s3://bucket/key, got ${JSON.stringify(uri)}.`,
    )
  }
  const rest = uri.slice(SCHEME.length)
  const location = rest.startsWith('arn:') ? splitArn(rest) : splitAtSlash(rest)
  validateBucket(location.bucket)
  if (location.key !== '') validateKey(location.key)
  return location
}

/** The same for one object: the key must be there. @throws ERR_URI_INVALID, ERR_KEY_INVALID */
export function parseObjectUri(uri: string): S3Location {
  const location = parseS3Uri(uri)
  if (location.key === '') {
    throw new TransferError(
      'ERR_URI_INVALID',
      `Expected an object, s3://${location.bucket}/key, got only the bucket.`,
      { bucket: location.bucket },
    )
  }
  return location
}

/** The URI of a bucket, prefix or object: the inverse of `parseS3Uri`. */
export function formatS3Uri(location: S3Location): string {
  return `${SCHEME}${location.bucket}/${location.key}`
}

/**
 * Key for a file sent to a target, as `cp` does it: below a bucket or a prefix (which ends in a
 * slash) the file keeps its name; anything else is the key itself.
 * @throws ERR_KEY_INVALID
 */
export function resolveKey(target: S3Location, fileName: string): string {
  const isPrefix = target.key === '' || target.key.endsWith('/')
  const key = isPrefix ? target.key + fileName : target.key
  validateKey(key)
  return key
}

/** @throws ERR_URI_INVALID when no store can have a bucket of that name */
export function validateBucket(bucket: string): void {
  if (ARN.test(bucket) || /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(bucket)) return
  const sentence =
    bucket === ''
      ? 'The bucket is missing.'
      : bucket.includes(':')
        ? 'Name the host by the `endpoint` option and only the bucket in the URI.'
        : 'A bucket has letters, digits, dots and hyphens.'
  throw new TransferError(
    'ERR_URI_INVALID',
    `${JSON.stringify(bucket)} is not a bucket name. ${sentence}`,
    { bucket },
  )
}

/** @throws ERR_KEY_INVALID unless the key has 1 to 1024 bytes of well-formed UTF-8 */
export function validateKey(key: string): void {
  if (key === '') throw new TransferError('ERR_KEY_INVALID', 'The key is empty.')
  if (/\p{Surrogate}/u.test(key)) {
    throw new TransferError(
      'ERR_KEY_INVALID',
      `The key ${JSON.stringify(key)} has half a character, a lone surrogate.`,
      { key },
    )
  }
  const bytes = Buffer.byteLength(key)
  if (bytes > KEY_BYTES_MAX) {
    throw new TransferError(
      'ERR_KEY_INVALID',
      `The key has ${bytes} bytes of UTF-8; at most ${KEY_BYTES_MAX} are possible.`,
      { key },
    )
  }
}

/**
 * Whether a host name is an IP address or this machine: no `bucket.` can stand before it, so such
 * an endpoint is addressed path-style. Takes `[::1]` as well as `::1`.
 */
export function isLoopbackOrIp(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')
}

function splitAtSlash(text: string): S3Location {
  const slash = text.indexOf('/')
  if (slash === -1) return { bucket: text, key: '' }
  return { bucket: text.slice(0, slash), key: text.slice(slash + 1) }
}

function splitArn(text: string): S3Location {
  const match = ARN.exec(text)
  if (match === null) {
    throw new TransferError(
      'ERR_URI_INVALID',
      `${JSON.stringify(text)} is not the ARN of an access point.`,
    )
  }
  return { bucket: match[1] as string, key: match[2] ?? '' }
}
