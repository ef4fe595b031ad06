/**
 * Cuts a stream of HTTP/1.1 messages into pieces, so that whoever stands on the wire knows where
 * each begins and ends. Understands Content-Length, which is all the engine sends; a request framed
 * in another way makes it fail loudly, an answer framed in another way has no known end.
 */

export interface MessageHead {
  /** Request line or status line. */
  readonly line: string
  /** Lower-case names; of a repeated header the last value. */
  readonly headers: Readonly<Record<string, string>>
}

export interface MessagePiece {
  readonly bytes: Buffer
  /** Present on the piece that is the whole head; all others are body. */
  readonly head: MessageHead | undefined
  /** Whether the message ends with this piece. */
  readonly isLast: boolean
}

/** The length of the body that follows a head, `Infinity` when only the next message tells. */
type BodyLength = (head: MessageHead) => number

export class MessageReader {
  readonly #bodyLength: BodyLength
  #head = Buffer.alloc(0)
  #bodyLeft = 0

  constructor(bodyLength: BodyLength) {
    this.#bodyLength = bodyLength
  }

  /** The next byte begins a message. */
  restart(): void {
    this.#head = Buffer.alloc(0)
    this.#bodyLeft = 0
  }

  /** Pieces that are complete with these bytes; the beginning of a head is kept back. */
  *read(chunk: Buffer): Generator<MessagePiece> {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#bodyLeft > 0) {
        const bytes = rest.subarray(0, Math.min(rest.length, this.#bodyLeft))
        this.#bodyLeft -= bytes.length
        rest = rest.subarray(bytes.length)
        yield { bytes, head: undefined, isLast: this.#bodyLeft === 0 }
        continue
      }
      const all = Buffer.concat([this.#head, rest])
      const end = all.indexOf('\r\n\r\n')
      this.#head = end === -1 ? all : Buffer.alloc(0)
      if (end === -1) return
      const bytes = all.subarray(0, end + 4)
      rest = all.subarray(end + 4)
      const head = parseHead(bytes.toString('latin1', 0, end))
      this.#bodyLeft = this.#bodyLength(head)
      yield { bytes, head, isLast: this.#bodyLeft === 0 }
    }
  }
}

export function requestBodyLength({ headers }: MessageHead): number {
  if (headers['transfer-encoding'] !== undefined) throw new Error('expected Content-Length')
  return Number(headers['content-length'] ?? 0)
}

/** @param method of the request that is answered */
export function answerBodyLength(method: string, { line, headers }: MessageHead): number {
  const status = Number(line.split(' ')[1])
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0
  return Number(headers['content-length'] ?? Infinity)
}

export function parseHead(text: string): MessageHead {
  const [line = '', ...lines] = text.split('\r\n')
  const headers: Record<string, string> = {}
  for (const each of lines) {
    const colon = each.indexOf(':')
    headers[each.slice(0, colon).toLowerCase()] = each.slice(colon + 1).trim()
  }
  return { line, headers }
}
