/**
 * What an answer must look like before it counts. Transport success is not enough: proxies answer
 * 200 with a page of their own, servers ignore Range or If-Match, and a reused connection may
 * deliver an answer to another question. Each check here has been seen to fail somewhere.
 */

import { TransferError, type ErrorCode, type ErrorContext } from '../errors.ts'
import { parseContentRange, type ByteRange } from '../plan/ranges.ts'

type Headers = Readonly<Record<string, string>>

/** Answer headers the coordinator may want, encryption, version and user metadata among them. */
const KEPT_PREFIXES = [
  'x-amz-checksum-',
  'x-amz-server-side-encryption',
  'x-amz-version-id',
  'x-amz-meta-',
]

const LAST_MODIFIED = 'last-modified'

/** The headers worth taking to the coordinator. */
export function keptHeaders(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name in headers) {
    const value = name.startsWith('x-amz-') ? headers[name] : undefined
    if (name === LAST_MODIFIED) kept[name] = headers[name] ?? ''
    else if (value !== undefined && KEPT_PREFIXES.some((prefix) => name.startsWith(prefix))) {
      kept[name] = value
    }
  }
  return kept
}

/** What an object bears beside its bytes, by the headers that were kept. */
export function describedBy(headers: Headers): {
  readonly lastModified: number | undefined
  readonly metadata: Readonly<Record<string, string>>
} {
  const lastModified = Date.parse(headers[LAST_MODIFIED] ?? '')
  const metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('x-amz-meta-')) metadata[name.slice('x-amz-meta-'.length)] = value
  }
  return { lastModified: Number.isNaN(lastModified) ? undefined : lastModified, metadata }
}

/**
 * The ETag of a stored part or object. The store's own checksum, where it answers with one, must
 * be that of the bytes sent.
 *
 * @throws ERR_RESPONSE_INVALID without an ETag: a part that cannot be listed was not stored.
 * @throws ERR_CHECKSUM_MISMATCH when the store says it holds other bytes.
 */
export function checkPut(
  headers: Headers,
  sent: { readonly header: string; readonly value: string },
  context: ErrorContext,
): string {
  const etag = headers['etag']
  if (etag === undefined || etag === '' || etag === '""') {
    throw failure('ERR_RESPONSE_INVALID', 'The store answered without an ETag', context, 200)
  }
  const stored = headers[sent.header]
  // A composite value would carry a part count; for a single part it never does.
  if (stored !== undefined && stored !== sent.value) {
    const message = `The store holds other bytes: ${sent.header} is ${stored}, not ${sent.value}`
    throw failure('ERR_CHECKSUM_MISMATCH', message, context, 200)
  }
  return etag
}

export interface ExpectedRange {
  readonly range: ByteRange
  readonly whole: boolean
  readonly size: number
  readonly etag: string
  readonly contentEncoding: string | undefined
}

/**
 * Refuses an answer to a GET before a byte of it is written.
 *
 * @throws ERR_RESPONSE_INVALID for a wrong status, range or length, or an encoding not asked for.
 * @throws ERR_OBJECT_CHANGED when the ETag is another one, although If-Match was sent.
 */
export function checkGet(
  status: number,
  headers: Headers,
  expected: ExpectedRange,
  context: ErrorContext,
): void {
  const { range, whole, size } = expected
  const invalid = (message: string): TransferError =>
    failure('ERR_RESPONSE_INVALID', message, context, status)
  if (!whole && status === 200) throw invalid('The store ignored the Range header')
  if (status !== (whole ? 200 : 206)) throw invalid(`The store answered with status ${status}`)
  if (expected.etag !== '' && headers['etag'] !== expected.etag) {
    const found = headers['etag'] ?? 'none'
    const message = `The object was replaced while read: ETag ${found}, not ${expected.etag}`
    throw failure('ERR_OBJECT_CHANGED', message, context, status)
  }
  if (!whole) {
    const text = headers['content-range']
    const got = text === undefined ? undefined : parseContentRange(text)
    const right =
      got !== undefined &&
      got.offset === range.offset &&
      got.length === range.length &&
      (got.size === undefined || got.size === size)
    if (!right) throw invalid(`Asked for ${describe(range)}, got Content-Range ${text ?? 'none'}`)
  }
  const length = headers['content-length']
  if (length !== undefined && Number(length) !== range.length) {
    throw invalid(`Expected ${range.length} bytes, the store announces ${length}`)
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== (expected.contentEncoding ?? '')) {
    throw invalid(`The store encoded the bytes on its way (${encoding}), which was not asked for`)
  }
}

function describe(range: ByteRange): string {
  return `bytes ${range.offset}-${range.offset + range.length - 1}`
}

/** The context gets its status only here: nearly every answer is right. */
function failure(
  code: ErrorCode,
  message: string,
  context: ErrorContext,
  status: number,
): TransferError {
  return new TransferError(code, message, { ...context, status })
}
