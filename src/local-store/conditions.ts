/** Conditional requests: what If-Match and its relatives allow. Header names are lower case. */

import type { ObjectVersion } from './model.ts'
import { S3Error } from './s3-error.ts'

type Headers = Readonly<Record<string, string | undefined>>

/**
 * Conditions of GET and HEAD.
 *
 * @throws S3Error PreconditionFailed (412) or NotModified (304).
 */
export function checkReadConditions(
  headers: Headers,
  version: ObjectVersion,
  notModified: Record<string, string>,
): void {
  const verdict = judge(headers, '', version)
  if (verdict === 'failed') throw preconditionFailed(failedHeader(headers, ''))
  if (verdict === 'unchanged') throw new S3Error('NotModified', undefined, {}, notModified)
}

/** Conditions on the source of CopyObject and UploadPartCopy; each failure is 412. */
export function checkCopyConditions(headers: Headers, source: ObjectVersion): void {
  if (judge(headers, 'x-amz-copy-source-', source) !== 'go') {
    throw preconditionFailed('x-amz-copy-source-If-')
  }
}

/**
 * Conditions of PutObject, CompleteMultipartUpload, CopyObject and DeleteObject.
 *
 * @throws S3Error PreconditionFailed, NoSuchKey (If-Match without an object), NotImplemented.
 */
export function checkWriteConditions(
  headers: Headers,
  current: ObjectVersion | undefined,
  key: string,
): void {
  const noneMatch = headers['if-none-match']
  const match = headers['if-match']
  if (noneMatch !== undefined) {
    if (noneMatch.trim() !== '*') {
      const extra = { Header: 'If-None-Match' }
      throw new S3Error('NotImplemented', 'If-None-Match takes only * here.', extra)
    }
    if (current !== undefined) throw preconditionFailed('If-None-Match')
  }
  if (match === undefined) return
  if (current === undefined) throw new S3Error('NoSuchKey', undefined, { Key: key })
  if (!matchesEtag(match, current.etag)) throw preconditionFailed('If-Match')
}

/** The order of RFC 9110, 13.2.2: an ETag condition outranks the date beside it. */
function judge(
  headers: Headers,
  prefix: string,
  version: ObjectVersion,
): 'go' | 'failed' | 'unchanged' {
  const match = headers[`${prefix}if-match`]
  const unmodifiedSince = parseDate(headers[`${prefix}if-unmodified-since`])
  if (match !== undefined) {
    if (!matchesEtag(match, version.etag)) return 'failed'
  } else if (unmodifiedSince !== undefined && version.lastModified > unmodifiedSince) {
    return 'failed'
  }
  const noneMatch = headers[`${prefix}if-none-match`]
  const modifiedSince = parseDate(headers[`${prefix}if-modified-since`])
  if (noneMatch !== undefined) return matchesEtag(noneMatch, version.etag) ? 'unchanged' : 'go'
  if (modifiedSince !== undefined && version.lastModified <= modifiedSince) return 'unchanged'
  return 'go'
}

/** True when a list of ETags (quoted, weak, bare or `*`) names this one. */
export function matchesEtag(list: string, etag: string): boolean {
  return list.split(',').some((item) => {
    const bare = item.trim().replace(/^W\//, '').replaceAll('"', '')
    return bare === '*' || bare === etag
  })
}

function parseDate(value: string | undefined): number | undefined {
  const time = value === undefined ? Number.NaN : Date.parse(value)
  return Number.isNaN(time) ? undefined : time
}

function failedHeader(headers: Headers, prefix: string): string {
  return headers[`${prefix}if-match`] === undefined ? 'If-Unmodified-Since' : 'If-Match'
}

function preconditionFailed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', undefined, { Condition: condition })
}
