/** The Range header and partNumber: which bytes of an object a GET or HEAD asks for. */

import type { ObjectVersion } from './model.ts'
import { S3Error } from './s3-error.ts'

/** Bytes `start` (inclusive) to `end` (exclusive). */
export interface ByteSpan {
  readonly start: number
  readonly end: number
}

/**
 * Reads a Range header against a size; a span past the end is clipped.
 *
 * @returns undefined for a header S3 ignores: another unit, several ranges, bad syntax.
 * @throws S3Error InvalidRange when no byte of it exists.
 */
export function parseRange(header: string, size: number): ByteSpan | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim())
  if (match === null) return undefined
  const [first, last] = [match[1] ?? '', match[2] ?? '']
  if (first === '') {
    if (last === '') return undefined
    const length = Math.min(Number(last), size)
    if (length === 0) throw invalidRange(header, size)
    return { start: size - length, end: size }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= size) throw invalidRange(header, size)
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}

/**
 * The bytes of one part of an object; an object not made by a multipart upload has one.
 *
 * @throws S3Error InvalidArgument, InvalidPartNumber.
 */
export function partSpan(version: ObjectVersion, partNumber: string): ByteSpan {
  const number = Number(partNumber)
  if (!/^\d+$/.test(partNumber) || number < 1 || number > 10_000) {
    throw new S3Error('InvalidArgument', 'partNumber must be an integer between 1 and 10000.')
  }
  const parts = version.multipart?.parts ?? [{ size: version.size }]
  const index = number - 1
  const part = parts[index]
  if (part === undefined) {
    const extra = { ActualPartCount: String(parts.length), PartNumberRequested: partNumber }
    throw new S3Error('InvalidPartNumber', undefined, extra)
  }
  const start = parts.slice(0, index).reduce((sum, earlier) => sum + earlier.size, 0)
  return { start, end: start + part.size }
}

/** The value of Content-Range. */
export function contentRange(span: ByteSpan, size: number): string {
  return `bytes ${span.start}-${span.end - 1}/${size}`
}

function invalidRange(header: string, size: number): S3Error {
  return new S3Error(
    'InvalidRange',
    undefined,
    { RangeRequested: header, ActualObjectSize: String(size) },
    { 'content-range': `bytes */${size}` },
  )
}
