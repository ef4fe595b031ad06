/**
 * Leads a large payload around undici's parser, which would copy every byte of it into WebAssembly
 * and come back for each piece. undici keeps the protocol: it gets the head of the answer, with a
 * Content-Length of 1, and that one byte when the payload has passed; so it knows when the answer
 * is over, and that it broke when the connection ends before.
 *
 *   searching → [head complete] → payload, `left` bytes to come → searching no more
 *
 * Only a plain answer is led around: 200 or 206, exactly one Content-Length, no Transfer-Encoding,
 * and large enough to be worth it. All others pass through undici whole. One request is at work on
 * a connection at a time, so the next head belongs to the request the bypass was armed for.
 */

/** Where the payload goes. */
export interface PayloadTarget {
  /** Told the true length of the payload before undici is shown the head. */
  announce(length: number): void
  /** Memory for the next bytes, `length` at most; undefined to take them from any. */
  place(length: number): Uint8Array | undefined
  /** The next bytes; they lie in the memory of `place`, or in memory that is reused afterwards. */
  write(chunk: Buffer): void
}

/**
 * Smallest payload led around. Bytes.
 * Source: none, reasonable default: one read brings a smaller one whole, with its head.
 */
export const BYPASS_MIN = 64 * 1024

/** Bytes in which a head must end; a longer one is undici's to refuse. Source: its limit, 16 KiB. */
const HEAD_MAX = 32 * 1024

const HEAD_END = Buffer.from('\r\n\r\n')
const VERSION = 'HTTP/1.1 '
const LAST_BYTE = Buffer.from([0])

export class PayloadBypass {
  readonly #toParser: (bytes: Buffer) => boolean
  #target: PayloadTarget | undefined
  #armed = false
  /** Beginning of a head that is not complete yet; a copy. */
  #piece: Buffer | undefined
  #left = 0
  #passed = 0

  /** @param toParser shows bytes to undici; returns whether reading should go on */
  constructor(toParser: (bytes: Buffer) => boolean) {
    this.#toParser = toParser
  }

  /** Payload bytes still to come; 0 while a head is awaited or undici has the answer. */
  get left(): number {
    return this.#left
  }

  /** Payload bytes that have passed. */
  get passed(): number {
    return this.#passed
  }

  /** Whether an answer is awaited or under way. What comes else, nobody asked for. */
  get armed(): boolean {
    return this.#armed
  }

  /**
   * Prepares for the answer to the request about to be written, not sooner: bytes that came before
   * are no answer to it, and undici cuts the connection for them. Without a target nothing is led
   * around.
   */
  arm(target: PayloadTarget | undefined): void {
    this.#passAll()
    this.#target = target
    this.#armed = true
  }

  /** The answer is over, or will not be taken any more. */
  disarm(): void {
    this.#passAll()
    this.#armed = false
  }

  /** From now on everything is undici's. */
  #passAll(): void {
    this.#target = undefined
    this.#piece = undefined
    this.#left = 0
  }

  /** Memory to read the next bytes of the payload into. */
  place(): Uint8Array | undefined {
    return this.#left > 0 ? this.#target?.place(this.#left) : undefined
  }

  /** Takes what the socket brought. Returns whether reading should go on. */
  take(bytes: Buffer): boolean {
    if (this.#left > 0) return this.#takePayload(bytes)
    if (this.#target === undefined) return this.#toParser(bytes)
    return this.#search(bytes)
  }

  #search(bytes: Buffer): boolean {
    let all = this.#piece === undefined ? bytes : Buffer.concat([this.#piece, bytes])
    this.#piece = undefined
    for (;;) {
      const end = all.indexOf(HEAD_END)
      if (end < 0) return this.#keep(all)
      const bodyAt = end + HEAD_END.length
      const head = readHead(all.toString('latin1', 0, bodyAt))
      if (head.kind === 'payload' && head.length >= BYPASS_MIN) {
        return this.#begin(head, all.subarray(bodyAt))
      }
      if (head.kind !== 'interim') {
        this.#passAll()
        return this.#toParser(all)
      }
      this.#toParser(Buffer.from(all.subarray(0, bodyAt)))
      all = all.subarray(bodyAt)
      if (all.length === 0) return true
    }
  }

  /** Waits for the rest of a head; what cannot become one is undici's to refuse, at once. */
  #keep(bytes: Buffer): boolean {
    if (bytes.length <= HEAD_MAX && mayBecomeHead(bytes.toString('latin1'))) {
      this.#piece = Buffer.from(bytes)
      return true
    }
    this.#passAll()
    return this.#toParser(bytes)
  }

  #begin(head: PayloadHead, payload: Buffer): boolean {
    this.#left = head.length
    this.#passed = 0
    this.#target?.announce(head.length)
    this.#toParser(Buffer.from(head.rewritten, 'latin1'))
    // Unless the target refused the head, which cuts the connection and disarms.
    return this.#left === 0 || payload.length === 0 || this.#takePayload(payload)
  }

  #takePayload(bytes: Buffer): boolean {
    const chunk = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left)
    this.#target?.write(chunk)
    // A target that cannot take it cuts the connection and disarms.
    if (this.#left === 0) return true
    this.#left -= chunk.length
    this.#passed += chunk.length
    if (this.#left > 0) return true
    this.#passAll()
    const more = this.#toParser(LAST_BYTE)
    // Bytes nobody asked for; undici cuts the connection.
    return chunk === bytes ? more : this.#toParser(Buffer.from(bytes.subarray(chunk.length)))
  }
}

interface PayloadHead {
  readonly kind: 'payload'
  readonly length: number
  readonly rewritten: string
}

type Head = { readonly kind: 'interim' } | { readonly kind: 'other' } | PayloadHead

const OTHER: Head = { kind: 'other' }

/** Whether text without the end of a head may be the beginning of one; a bare LF never is. */
function mayBecomeHead(text: string): boolean {
  return VERSION.startsWith(text.slice(0, VERSION.length)) && !/[^\r]\n/.test(text)
}

/** Reads as little of a head as is needed to know; what is odd in any way is left to undici. */
export function readHead(text: string): Head {
  if (/^HTTP\/1\.1 1\d\d/.test(text)) return { kind: 'interim' }
  if (!/^HTTP\/1\.1 20[06][ \r]/.test(text)) return OTHER
  if (/\r\ntransfer-encoding[ \t]*:/i.test(text)) return OTHER
  if (text.match(/\r\ncontent-length[ \t]*:/gi)?.length !== 1) return OTHER
  const [line, digits] = /\r\ncontent-length:[ \t]*(\d{1,15}) *(?=\r\n)/i.exec(text) ?? []
  if (line === undefined || digits === undefined) return OTHER
  const at = text.indexOf(line)
  const rewritten = `${text.slice(0, at)}\r\ncontent-length: 1${text.slice(at + line.length)}`
  return { kind: 'payload', length: Number(digits), rewritten }
}
