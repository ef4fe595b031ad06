/**
 * Answers that rules make up, and the lies they tell in the head or the document of a true
 * answer. Pure: an answer comes in, another goes out. What happens to the bytes of a body on
 * their way is in `fault-body.ts`.
 */

import type { Answer } from './context.ts'
import type { AnswerBody, AnswerFault, Fault } from './fault-types.ts'
import { S3Error } from './s3-error.ts'
import { xmlDocument } from './xml.ts'

/** An ETag and checksums that no content has in practice. */
const WRONG_ETAG = 'ffffffffffffffffffffffffffffffff'

const CHECKSUM_HEADER = /^x-amz-checksum-(?!mode$|algorithm$)/
const CHECKSUM_ELEMENTS = /<(Checksum[A-Z0-9]+|ChecksumType|ChecksumAlgorithm)>[^<]*<\/\1>/g
const CHECKSUM_VALUES = /<(Checksum(?:CRC|SHA|XX|MD)[A-Z0-9]+)>([^<]*)<\/\1>/g
const ETAG_ELEMENTS = /<ETag>[^<]*<\/ETag>/g

/** The answer an `answer` rule gives. */
export function scriptedAnswer(fault: AnswerFault): Answer {
  const headers: Record<string, string> = {}
  if (fault.retryAfter !== undefined) headers['retry-after'] = fault.retryAfter
  if (fault.at === 'before-body') headers['connection'] = 'close'
  const kind = fault.body ?? 'error'
  headers['content-type'] = kind === 'html' ? 'text/html' : 'application/xml'
  for (const [name, value] of Object.entries(fault.headers ?? {})) {
    headers[name.toLowerCase()] = value
  }
  return { status: fault.status, headers, body: scriptedBody(kind, fault) }
}

/** The 503 of a rate limit. */
export function slowDownAnswer(retryAfter: string | undefined): Answer {
  return scriptedAnswer({ kind: 'answer', status: 503, code: 'SlowDown', retryAfter })
}

/** An error document. */
export function errorDocument(
  code: string,
  message?: string,
  extra: Readonly<Record<string, string>> = {},
): string {
  const sentence = message ?? new S3Error(code).message
  const content = { Code: code, Message: sentence, ...extra, RequestId: '4442587FB7D0A2F9' }
  return xmlDocument('Error', content, false)
}

/** Tells the lie of one fault about the head or the document of an answer. */
export function retouch(answer: Answer, fault: Fault): Answer {
  switch (fault.kind) {
    case 'set-header':
      return withHeader(answer, fault.header.toLowerCase(), fault.value)
    case 'wrong-etag':
      return wrongEtag(answer, `"${fault.value ?? WRONG_ETAG}"`)
    case 'wrong-checksum':
      return wrongChecksums(answer)
    case 'hide-checksums':
      return hideChecksums(answer)
    case 'content-range':
      return wrongContentRange(answer, fault.shift ?? 0, fault.total ?? 0)
    case 'list-parts':
      return wrongPartList(answer, new Set(fault.omit), fault.sizeDelta ?? 0)
    case 'close-after':
      return fault.announced ? withHeader(answer, 'connection', 'close') : answer
    default:
      return answer
  }
}

function scriptedBody(kind: AnswerBody, fault: AnswerFault): string {
  const code = fault.code ?? 'InternalError'
  switch (kind) {
    case 'error':
      return errorDocument(code, fault.message, fault.extra)
    case 'error-without-code':
      return xmlDocument('Error', { Message: fault.message ?? 'Something went wrong.' }, false)
    case 'broken-xml':
      return errorDocument(code, fault.message).slice(0, -12)
    case 'html':
      return `<html><body><h1>${fault.status} ${fault.message ?? 'Bad Gateway'}</h1></body></html>`
    case 'empty':
      return ''
    default:
      return ' \n \n'
  }
}

function withHeader(answer: Answer, name: string, value: string | undefined): Answer {
  const headers = { ...answer.headers }
  if (value === undefined) delete headers[name]
  else headers[name] = value
  return { ...answer, headers }
}

/** Changes the document when there is one; a length set for the old one is dropped. */
function withDocument(answer: Answer, change: (document: string) => string): Answer {
  const { body } = answer
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return answer
  const document = change(body.toString())
  const { 'content-length': length, ...headers } = answer.headers
  const resized =
    length === undefined ? {} : { 'content-length': String(Buffer.byteLength(document)) }
  return { ...answer, headers: { ...headers, ...resized }, body: document }
}

function wrongEtag(answer: Answer, etag: string): Answer {
  const known = answer.headers['etag'] !== undefined
  const element = `<ETag>${etag.replaceAll('"', '&quot;')}</ETag>`
  return withDocument(known ? withHeader(answer, 'etag', etag) : answer, (document) =>
    document.replace(ETAG_ELEMENTS, element),
  )
}

function wrongChecksums(answer: Answer): Answer {
  let changed = answer
  for (const [name, value] of Object.entries(answer.headers)) {
    if (CHECKSUM_HEADER.test(name) && name !== 'x-amz-checksum-type') {
      changed = withHeader(changed, name, damagedChecksum(value))
    }
  }
  return withDocument(changed, (document) =>
    document.replace(
      CHECKSUM_VALUES,
      (_, name: string, value: string) => `<${name}>${damagedChecksum(value)}</${name}>`,
    ),
  )
}

/** The same form (base64, perhaps with `-N`) and other bytes. */
function damagedChecksum(value: string): string {
  const [digest = '', suffix] = value.split('-')
  const bytes = Buffer.from(digest, 'base64').map((byte) => byte ^ 0xff)
  const damaged = Buffer.from(bytes).toString('base64')
  return suffix === undefined ? damaged : `${damaged}-${suffix}`
}

function hideChecksums(answer: Answer): Answer {
  const kept = Object.entries(answer.headers).filter(([name]) => !CHECKSUM_HEADER.test(name))
  return withDocument({ ...answer, headers: Object.fromEntries(kept) }, (document) =>
    document.replace(CHECKSUM_ELEMENTS, ''),
  )
}

function wrongContentRange(answer: Answer, shift: number, total: number): Answer {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers['content-range'] ?? '')
  if (match === null) return answer
  const [first, last, size] = match.slice(1).map(Number) as [number, number, number]
  const range = `bytes ${first + shift}-${last + shift}/${size + total}`
  return withHeader(answer, 'content-range', range)
}

function wrongPartList(answer: Answer, omit: ReadonlySet<number>, delta: number): Answer {
  return withDocument(answer, (document) =>
    document.replace(/<Part>.*?<\/Part>/gs, (part) => {
      const number = Number(/<PartNumber>(\d+)</.exec(part)?.[1])
      if (omit.has(number)) return ''
      return part.replace(
        /<Size>(\d+)<\/Size>/,
        (_, size: string) => `<Size>${Number(size) + delta}</Size>`,
      )
    }),
  )
}
