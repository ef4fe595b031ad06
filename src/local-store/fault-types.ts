/**
 * Scripted faults as data: what can go wrong (`Fault`), to which requests it happens
 * (`FaultRule`), and what the core tells about a request (`RequestFacts`). Everything is
 * JSON-safe, so the same rules work in process and over the control port. Times are
 * milliseconds, sizes and offsets bytes.
 *
 *   request ─> before-body ─> body arrives ─> before-operation ─> operation
 *                                  answer leaves <── after-operation <──┘
 */

/** A point in the life of a request at which a fault can strike. */
export type FaultPoint = 'before-body' | 'before-operation' | 'after-operation'

/** How a connection ends: reset, or closed in good order. */
export type Cut = 'rst' | 'fin'

/** What a scripted answer carries. */
export type AnswerBody = 'error' | 'error-without-code' | 'broken-xml' | 'html' | 'empty' | 'blanks'

/** An answer made up by a rule. Given `before-body` the body stays unread and is cut off. */
export interface AnswerFault {
  readonly kind: 'answer'
  readonly status: number
  /** @default 'before-operation' */
  readonly at?: FaultPoint | undefined
  /** @default 'InternalError' */
  readonly code?: string | undefined
  readonly message?: string | undefined
  /** Elements added to the error document, such as Region or Endpoint. */
  readonly extra?: Readonly<Record<string, string>> | undefined
  /** Value of Retry-After, as it is sent. */
  readonly retryAfter?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** @default 'error' */
  readonly body?: AnswerBody | undefined
}

/** One fault; `kind` says what the other fields mean. */
export type Fault =
  | AnswerFault
  /** 503 SlowDown above a rate, in all or for each prefix (the key up to its last slash). */
  | {
      readonly kind: 'rate-limit'
      readonly perSecond: number
      readonly per?: 'all' | 'prefix' | undefined
      readonly retryAfter?: string | undefined
    }
  /** 200 and blanks for `ms`, then the document; with `code`, an error document instead. */
  | { readonly kind: 'trickle-answer'; readonly ms: number; readonly code?: string | undefined }
  /** Nothing happens for `ms` at this point; `after-operation` is a slow first byte. */
  | { readonly kind: 'delay'; readonly ms: number; readonly at?: FaultPoint | undefined }
  /** The connection is lost; `after-operation` means done, but the answer never arrives. */
  | { readonly kind: 'drop'; readonly at: FaultPoint; readonly how?: Cut | undefined }
  /** The connection is lost after so many bytes of the request's body. */
  | { readonly kind: 'drop-request'; readonly afterBytes: number; readonly how?: Cut | undefined }
  /** The connection is lost after so many bytes of the answer's body. */
  | { readonly kind: 'drop-response'; readonly afterBytes: number; readonly how?: Cut | undefined }
  /** The request's body is not read on for `ms`, or never. */
  | {
      readonly kind: 'stall-request'
      readonly afterBytes: number
      readonly ms?: number | undefined
    }
  /** The answer's body stops for `ms`, or for ever. */
  | {
      readonly kind: 'stall-response'
      readonly afterBytes: number
      readonly ms?: number | undefined
    }
  /** Bytes per second of answer bodies, of one request or of all that meet the rule. */
  | {
      readonly kind: 'throttle'
      readonly bytesPerSecond: number
      readonly shared?: boolean | undefined
    }
  /** The connection is closed after the answer, with `Connection: close` or unannounced. */
  | { readonly kind: 'close-after'; readonly announced: boolean }
  /** 100 Continue comes `ms` late, never, or 417 is answered. */
  | {
      readonly kind: 'continue'
      readonly answer: 'late' | 'never' | 'refused'
      readonly ms?: number | undefined
    }
  /** The answer has no Content-Length and is sent in chunks. */
  | { readonly kind: 'no-content-length' }
  /** This request's connection is reset and the port stays closed for `ms`. */
  | { readonly kind: 'refuse'; readonly ms: number }
  /** The connection is accepted and never read. Matches on `connection` only. */
  | { readonly kind: 'never-read' }
  /** Connections beyond so many at once are reset. Matches on `connection` only. */
  | { readonly kind: 'max-connections'; readonly max: number }
  /** The body lacks its last bytes and Content-Length says so, but not Content-Range. */
  | { readonly kind: 'short-body'; readonly missing: number }
  /** One bit of the body's byte at this offset is flipped on the way in. */
  | { readonly kind: 'flip-request'; readonly offset: number }
  /** One bit of the body's byte at this offset is flipped on the way out. */
  | { readonly kind: 'flip-response'; readonly offset: number }
  /** Content-Range is moved by `shift`, its total changed by `total`; the bytes stay right. */
  | {
      readonly kind: 'content-range'
      readonly shift?: number | undefined
      readonly total?: number | undefined
    }
  /** The right Content-Range over bytes that stand `shift` later; the first come last. */
  | { readonly kind: 'other-bytes'; readonly shift: number }
  /** A request header is not seen: Range gives 200 and all bytes, If-Match is ignored. */
  | { readonly kind: 'ignore-header'; readonly header: string }
  /** A query parameter is seen with this value: `max-parts` 1 pages ListParts one by one. */
  | { readonly kind: 'set-query'; readonly name: string; readonly value: string }
  /** A header of the answer is set, or removed when there is no value. */
  | {
      readonly kind: 'set-header'
      readonly header: string
      readonly value?: string | undefined
    }
  /** Another ETag is answered, in the header and in XML. */
  | { readonly kind: 'wrong-etag'; readonly value?: string | undefined }
  /** Other checksums are answered, in headers and in XML. */
  | { readonly kind: 'wrong-checksum' }
  /** No checksums are answered, in headers or in XML. */
  | { readonly kind: 'hide-checksums' }
  /** ListParts leaves these part numbers out, and shows sizes changed by `sizeDelta`. */
  | {
      readonly kind: 'list-parts'
      readonly omit?: readonly number[] | undefined
      readonly sizeDelta?: number | undefined
    }
  /** UploadPart is answered as done, and the part is gone afterwards. */
  | { readonly kind: 'lose-part' }
  /** The body is compressed and labelled `Content-Encoding: gzip`. */
  | { readonly kind: 'gzip' }

export type FaultKind = Fault['kind']

/** Conditions on a request; all that are given must hold. */
export interface FaultMatch {
  /** S3's name of the operation, such as UploadPart; or several. */
  readonly operation?: string | readonly string[] | undefined
  readonly bucket?: string | undefined
  /** The whole key. */
  readonly key?: string | undefined
  /** Source of a regular expression that the key must match somewhere. */
  readonly keyPattern?: string | undefined
  readonly partNumber?: number | readonly number[] | undefined
  /** First byte of the range asked for. */
  readonly rangeStart?: number | undefined
  /** Number of the connection since the store started, from 1. */
  readonly connection?: number | undefined
  /** The access key id the request claims. */
  readonly accessKeyId?: string | undefined
}

/** A fault and when it happens. */
export interface FaultRule {
  readonly match?: FaultMatch | undefined
  readonly fault: Fault
  /** Matching requests let through first. @default 0 */
  readonly skip?: number | undefined
  /** Requests that meet the fault, at most. @default no limit */
  readonly times?: number | undefined
  /** Chance of each matching request, 0 to 1. @default 1 */
  readonly probability?: number | undefined
  /** Seed of the chance; the same seed gives the same choice. @default 1 */
  readonly seed?: number | undefined
  /** How long the rule lasts from its first match. @default no limit */
  readonly durationMs?: number | undefined
}

/** What is known of a request before its body. */
export interface RequestFacts {
  readonly operation: string
  readonly bucket: string | undefined
  readonly key: string | undefined
  readonly partNumber: number | undefined
  readonly rangeStart: number | undefined
  readonly connection: number
  readonly accessKeyId: string | undefined
}
