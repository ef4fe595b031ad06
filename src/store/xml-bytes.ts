/**
 * Reads an XML document forward on its bytes: tags, texts, and whole elements skipped unread.
 *
 * As strict as the answers of a store allow: each end tag must be that of its element, nothing may
 * be missing or follow, and what stores do not send (comments, CDATA, DOCTYPE, entities of their
 * own) is refused. Whatever is wrong throws a `SyntaxError` that says where. Texts are made anew, so
 * that a key that is kept does not keep the page it came in.
 */

const LT = 0x3c
const GT = 0x3e
const SLASH = 0x2f
const AMP = 0x26
const SEMICOLON = 0x3b
const QUESTION = 0x3f
const COLON = 0x3a
const DOUBLE_QUOTE = 0x22
const SINGLE_QUOTE = 0x27

/** Stands for the place of the name of an element without content. */
const NOTHING_INSIDE = -1

/** How deep unknown elements may lie in each other. Source: none; S3's lie 2 deep. */
const DEPTH_MAX = 32

/** Longest reference, `&#x10FFFF;`. Bytes. */
const REFERENCE_BYTES_MAX = 12

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

export class XmlBytes {
  readonly #bytes: Buffer
  #at = 0
  // The start tag read last: its whole name, and where its name without prefix begins.
  #nameStart = 0
  #localStart = 0
  #nameEnd = 0
  #isEmpty = false
  // Where references are put in; never shorter than the text, since each is longer than what it means.
  #scratch = Buffer.alloc(0)

  /** @param bytes a document in UTF-8 */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
    // A byte order mark.
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#at = 3
  }

  /** Goes into the root element, whose name `is` tells. */
  enterRoot(): void {
    this.#skipBlanks()
    if (this.#bytes[this.#at] === LT && this.#bytes[this.#at + 1] === QUESTION) {
      const end = this.#bytes.indexOf('?>', this.#at)
      if (end === -1) this.#fail('a declaration without end')
      this.#at = end + 2
      this.#skipBlanks()
    }
    if (this.#bytes[this.#at] !== LT) this.#fail('no element')
    this.#readStartTag()
  }

  /** What `next` takes, to go through the elements inside the one whose start tag was read last. */
  get inside(): number {
    return this.#isEmpty ? NOTHING_INSIDE : this.#nameStart
  }

  /**
   * Reads the next start tag inside an element, or its end tag: false.
   * @param parent `inside` of that element
   */
  next(parent: number): boolean {
    if (parent === NOTHING_INSIDE) return false
    this.#skipBlanks()
    if (this.#bytes[this.#at] !== LT) this.#fail('text between elements')
    if (this.#bytes[this.#at + 1] === SLASH) {
      this.#readEndTag(parent)
      return false
    }
    this.#readStartTag()
    return true
  }

  /** Whether the start tag read last has that name, a prefix aside. */
  is(name: Uint8Array): boolean {
    const bytes = this.#bytes
    const start = this.#localStart
    if (this.#nameEnd - start !== name.length) return false
    for (let at = 0; at < name.length; at += 1) if (bytes[start + at] !== name[at]) return false
    return true
  }

  /** The text of the element whose start tag was read last, to behind its end tag. */
  text(): string {
    if (this.#isEmpty) return ''
    const bytes = this.#bytes
    const start = this.#at
    const mark = this.#nameStart
    let end = start
    let seen = 0
    let hasReference = false
    for (; end < bytes.length; end += 1) {
      const byte = bytes[end] as number
      if (byte === LT) break
      if (byte === AMP) hasReference = true
      seen |= byte
    }
    this.#at = end
    this.#readEndTag(mark)
    if (hasReference) return this.#decoded(start, end)
    return seen < 0x80 ? bytes.toString('latin1', start, end) : bytes.toString('utf8', start, end)
  }

  /** Goes behind the element whose start tag was read last. */
  skip(depth = 0): void {
    if (this.#isEmpty) return
    if (depth > DEPTH_MAX) this.#fail('elements too deep in each other')
    const mark = this.#nameStart
    for (;;) {
      const at = this.#bytes.indexOf(LT, this.#at)
      if (at === -1) this.#fail('an element without end')
      this.#at = at
      if (this.#bytes[at + 1] === SLASH) return this.#readEndTag(mark)
      this.#readStartTag()
      this.skip(depth + 1)
    }
  }

  /** Makes sure that nothing follows. */
  end(): void {
    this.#skipBlanks()
    if (this.#at !== this.#bytes.length) this.#fail('something behind the end')
  }

  #readStartTag(): void {
    const bytes = this.#bytes
    this.#nameStart = this.#at + 1
    this.#localStart = this.#nameStart
    let at = this.#nameStart
    for (; isNameByte(bytes[at]); at += 1) if (bytes[at] === COLON) this.#localStart = at + 1
    if (at === this.#localStart) this.#fail('no name behind <')
    this.#nameEnd = at
    let quote = 0
    // Attributes say nothing here; a > in their values is none.
    for (; at < bytes.length && (bytes[at] !== GT || quote !== 0); at += 1) {
      const byte = bytes[at]
      if (byte === LT) this.#fail('< in a tag')
      if (quote !== 0) quote = byte === quote ? 0 : quote
      else if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) quote = byte
    }
    if (at >= bytes.length) this.#fail('a tag without end')
    this.#isEmpty = bytes[at - 1] === SLASH
    this.#at = at + 1
  }

  /** The end tag that begins here, of the element whose name stands at `mark`. */
  #readEndTag(mark: number): void {
    const bytes = this.#bytes
    let at = this.#at
    if (bytes[at] !== LT || bytes[at + 1] !== SLASH) this.#fail('no end tag')
    at += 2
    let name = mark
    for (; isNameByte(bytes[at]) && bytes[at] === bytes[name]; at += 1) name += 1
    if (isNameByte(bytes[at]) || isNameByte(bytes[name])) this.#fail('the wrong end tag')
    while (isBlank(bytes[at])) at += 1
    if (bytes[at] !== GT) this.#fail('an end tag without end')
    this.#at = at + 1
  }

  /** Bytes are written where they can be read as one: joined texts refer to their pieces. */
  #decoded(start: number, end: number): string {
    const bytes = this.#bytes
    if (this.#scratch.length < end - start) this.#scratch = Buffer.allocUnsafe(end - start)
    const scratch = this.#scratch
    let length = 0
    for (let at = start; at < end;) {
      const byte = bytes[at] as number
      if (byte !== AMP) {
        scratch[length++] = byte
        at += 1
        continue
      }
      const close = bytes.indexOf(SEMICOLON, at)
      if (close === -1 || close > end || close - at > REFERENCE_BYTES_MAX) {
        this.#fail('& without reference')
      }
      // Around every ETag.
      if (bytes.toString('latin1', at, close) === '&quot') scratch[length++] = DOUBLE_QUOTE
      else length += scratch.write(this.#reference(bytes.toString('latin1', at + 1, close)), length)
      at = close + 1
    }
    return scratch.toString('utf8', 0, length)
  }

  #reference(name: string): string {
    const entity = ENTITIES.get(name)
    if (entity !== undefined) return entity
    const [, decimal, hex] = /^#(?:(\d+)|x([\da-f]+))$/i.exec(name) ?? []
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
    const isCharacter = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
    return isCharacter ? String.fromCodePoint(code) : this.#fail(`the reference &${name};`)
  }

  #skipBlanks(): void {
    while (isBlank(this.#bytes[this.#at])) this.#at += 1
  }

  #fail(what: string): never {
    throw new SyntaxError(`${what} at byte ${this.#at}`)
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** What names of elements are made of, roughly: nothing that ends a tag or begins another. */
function isNameByte(byte: number | undefined): boolean {
  if (byte === undefined || byte <= 0x20 || byte === 0x7f) return false
  if (byte === LT || byte === GT || byte === SLASH || byte === AMP || byte === SEMICOLON)
    return false
  return byte !== 0x21 && byte !== QUESTION && byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE
}
