/**
 * One connection: requests out of the bytes that come, answers in their order.
 *
 * `push` may be given a buffer that is used again afterwards: bodies are swallowed during the
 * call, and only an unfinished head is copied. Nearly all answers are written at once. Content
 * longer than one view is written view by view as the socket takes it; what comes meanwhile
 * (a client that does not wait for answers) is kept, and the socket paused.
 */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { httpDate, type Answer, type ContentRange } from './answer.ts'
import { contentView } from './content.ts'
import { hasBody, NOTHING_RECEIVED, RequestBody, type Received } from './request-body.ts'
import { parseHead, ProtocolError, type RequestHead } from './request-head.ts'

/** Source: none, reasonable default; S3 takes 8 KiB of metadata and more of the rest. */
const HEAD_MAX = 64 * 1024

/**
 * Content up to here is copied behind its head, so that an answer is one buffer.
 * Source: none, reasonable default: a copy of so little costs less than a second buffer.
 */
const JOINED_MAX = 16 * 1024

const HEAD_END = Buffer.from('\r\n\r\n')

/** What answers requests. */
export interface Responder {
  needsText(head: RequestHead): boolean
  answer(head: RequestHead, received: Received): Answer
}

export class Connection {
  readonly #socket: Socket
  readonly #responder: Responder
  /** Most bytes given to the socket at a time. */
  readonly #writeMax: number
  #head: RequestHead | undefined
  #body: RequestBody | undefined
  /** Content that is still to be written. */
  #sending: ContentRange | undefined
  /** Bytes of an unfinished head, or that came while content was sent. Copies. */
  #kept: Buffer | undefined
  #isEnding = false

  constructor(socket: Socket, responder: Responder, writeMax: number) {
    this.#socket = socket
    this.#responder = responder
    this.#writeMax = writeMax
    socket.on('drain', () => this.#continueSending())
  }

  /** Takes what came. The bytes are valid during the call only. */
  push(bytes: Buffer): void {
    if (this.#isEnding) return
    let all = bytes
    if (this.#kept !== undefined) {
      all = Buffer.concat([this.#kept, bytes])
      this.#kept = undefined
    }
    try {
      const end = this.#read(all)
      if (end < all.length) this.#kept = Buffer.from(all.subarray(end))
      if (this.#sending !== undefined && this.#kept !== undefined) this.#socket.pause()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#isEnding = true
      this.#socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    }
  }

  /** Returns the index up to which the bytes are used. */
  #read(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length && this.#sending === undefined && !this.#isEnding) {
      if (this.#head === undefined) {
        const end = bytes.indexOf(HEAD_END, at)
        if (end < 0) {
          if (bytes.length - at > HEAD_MAX) throw new ProtocolError('The head is too long')
          return at
        }
        this.#begin(parseHead(bytes.toString('latin1', at, end)))
        at = end + HEAD_END.length
      } else if (this.#body !== undefined) {
        at = this.#body.read(bytes, at)
        if (this.#body.done) this.#finish(this.#head, this.#body.received())
      }
    }
    return at
  }

  #begin(head: RequestHead): void {
    if (!hasBody(head.headers)) {
      this.#finish(head, NOTHING_RECEIVED)
      return
    }
    this.#head = head
    this.#body = new RequestBody(head.headers, this.#responder.needsText(head))
    if (head.headers['expect']?.toLowerCase() === '100-continue') {
      this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
    }
  }

  #finish(head: RequestHead, received: Received): void {
    this.#head = undefined
    this.#body = undefined
    this.#isEnding = !head.keepAlive
    this.#write(this.#responder.answer(head, received), head.method === 'HEAD')
    if (this.#isEnding && this.#sending === undefined) this.#socket.end()
  }

  #write({ status, headers, text, content, length }: Answer, isHead: boolean): void {
    const size = content?.length ?? length ?? (text === undefined ? 0 : Buffer.byteLength(text))
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${commonLines()}${headers ?? ''}`
    if (status !== 204 && status !== 304) head += `Content-Length: ${size}\r\n`
    if (this.#isEnding) head += 'Connection: close\r\n'
    head += '\r\n'
    if (isHead || size === 0) this.#socket.write(head, 'latin1')
    else if (text !== undefined) this.#socket.write(head + text, 'utf8')
    else if (content !== undefined) this.#writeContent(head, content)
  }

  #writeContent(head: string, content: ContentRange): void {
    const { entry, offset, length } = content
    if (length <= JOINED_MAX) {
      const joined = Buffer.allocUnsafe(head.length + length)
      joined.write(head, 'latin1')
      contentView(entry, offset, length).copy(joined, head.length)
      this.#socket.write(joined)
      return
    }
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    this.#sending = content
    this.#sendView()
    this.#socket.uncork()
    if (!this.#socket.writableNeedDrain) this.#continueSending()
  }

  /** Called when the socket has taken what it was given. */
  #continueSending(): void {
    if (this.#sending === undefined) return
    let wantsMore = true
    while (wantsMore && this.#sending !== undefined) wantsMore = this.#sendView()
    if (this.#sending !== undefined) return
    // The last view need not be on its way yet: what follows is written behind it.
    if (this.#isEnding) this.#socket.end()
    else this.#readKept()
  }

  /** Gives the next view to the socket; tells whether it wants more at once. */
  #sendView(): boolean {
    if (this.#sending === undefined) return true
    const { entry, offset, length } = this.#sending
    const view = contentView(entry, offset, Math.min(length, this.#writeMax))
    const left = length - view.length
    this.#sending = left === 0 ? undefined : { entry, offset: offset + view.length, length: left }
    return this.#socket.write(view)
  }

  /** Goes on with what came while content was sent. */
  #readKept(): void {
    const kept = this.#kept
    if (kept === undefined) return
    this.#kept = undefined
    this.#socket.resume()
    this.push(kept)
  }
}

let requestNumber = 0
let lines = { second: -1, text: '' }

/** The headers every answer of S3 has. */
function commonLines(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== lines.second) {
    lines = {
      second,
      text:
        'x-amz-id-2: dGhlIHN0b3JlIG9mIHRoZSBiZW5jaG1hcmsgaGFzIG5vIGhvc3RzIHRvIG5hbWUgaGVyZSBhdCBhbGw=\r\n' +
        `Date: ${httpDate(second * 1000)}\r\nServer: AmazonS3\r\n`,
    }
  }
  requestNumber += 1
  const id = requestNumber.toString(16).toUpperCase().padStart(16, '0')
  return `x-amz-request-id: ${id}\r\n${lines.text}`
}
