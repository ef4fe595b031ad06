/**
 * From the raw request target and Host to bucket, key and query. The target is taken byte for
 * byte: nothing is normalised, so `..`, `//` and `%2F` reach the key as they were sent.
 */

import { decodePercent } from './keys.ts'
import { S3Error } from './s3-error.ts'

/** What a request is about. */
export interface Target {
  /** Empty for the service itself. */
  readonly bucket: string
  /** Empty for the bucket itself. */
  readonly key: string
  readonly rawPath: string
  readonly rawQuery: string
}

/** Splits a raw target (origin or absolute form). */
export function splitTarget(url: string): { rawPath: string; rawQuery: string } {
  const origin = /^https?:\/\/[^/?]*/i.exec(url)?.[0] ?? ''
  const rest = url.slice(origin.length)
  const question = rest.indexOf('?')
  const rawPath = question === -1 ? rest : rest.slice(0, question)
  return { rawPath: rawPath || '/', rawQuery: question === -1 ? '' : rest.slice(question + 1) }
}

/**
 * Finds bucket and key, in the path or, for `bucket.localhost` and its like, in the host.
 *
 * @throws S3Error InvalidURI.
 */
export function parseTarget(url: string, host: string): Target {
  const { rawPath, rawQuery } = splitTarget(url)
  if (!rawPath.startsWith('/')) throw new S3Error('InvalidURI')
  const virtual = bucketOfHost(host)
  if (virtual !== undefined) {
    return { bucket: virtual, key: decodePercent(rawPath.slice(1)), rawPath, rawQuery }
  }
  const slash = rawPath.indexOf('/', 1)
  const bucket = decodePercent(slash === -1 ? rawPath.slice(1) : rawPath.slice(1, slash))
  const key = slash === -1 ? '' : decodePercent(rawPath.slice(slash + 1))
  return { bucket, key, rawPath, rawQuery }
}

/** The bucket before `.localhost`, `.s3.localhost` or `.s3.<region>.localhost`. */
function bucketOfHost(host: string): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  const match = /^(.+?)(?:\.s3(?:[.-][a-z0-9-]+)?)?\.localhost$/.exec(name)
  const bucket = match?.[1]
  return bucket === undefined || /^s3(?:[.-][a-z0-9-]+)?$/.test(bucket) ? undefined : bucket
}

/** Decodes a query; the first of several values counts, a bare name has the value ''. */
export function parseQuery(rawQuery: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>()
  for (const pair of rawQuery === '' ? [] : rawQuery.split('&')) {
    const equals = pair.indexOf('=')
    const name = decodeField(equals === -1 ? pair : pair.slice(0, equals))
    if (!query.has(name)) query.set(name, equals === -1 ? '' : decodeField(pair.slice(equals + 1)))
  }
  return query
}

function decodeField(text: string): string {
  return decodePercent(text.replaceAll('+', ' '))
}

/** Parameters of the signature itself, which are not headers in disguise. */
const SIGNATURE_PARAMETERS = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-security-token',
])

/** Headers of a presigned request: signers move `x-amz-*` headers into its query. */
export function hoistedHeaders(query: ReadonlyMap<string, string>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of query) {
    const lower = name.toLowerCase()
    if (lower.startsWith('x-amz-') && !SIGNATURE_PARAMETERS.has(lower)) headers[lower] = value
  }
  return headers
}
