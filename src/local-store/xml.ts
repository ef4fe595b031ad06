/**
 * The small part of XML that S3 speaks: a writer for answers and a strict reader for the few
 * documents clients send. The reader knows elements, text, character references, CDATA,
 * comments and the declaration; a DTD or anything malformed is refused as MalformedXML.
 */

import { S3Error } from './s3-error.ts'

/** A value to write: text, a number, a boolean, nested elements, or nothing (left out). */
export type XmlValue = string | number | boolean | undefined | XmlElements | readonly XmlElements[]
export interface XmlElements {
  readonly [name: string]: XmlValue | readonly string[]
}

/** An element that was read. */
export interface XmlNode {
  readonly name: string
  readonly text: string
  readonly children: readonly XmlNode[]
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** A whole answer document, of parts if elements of one name lie apart; error documents have no namespace. */
export function xmlDocument(root: string, content: XmlValue, namespace = true): string {
  const open = namespace ? `${root} xmlns="${NAMESPACE}"` : root
  return `${DECLARATION}<${open}>${writeContent(content)}</${root}>`
}

function writeContent(value: XmlValue): string {
  if (value === undefined) return ''
  if (typeof value !== 'object') return escapeText(String(value))
  if (Array.isArray(value)) return value.map((part) => writeContent(part)).join('')
  return Object.entries(value)
    .map(([name, item]) => writeElement(name, item as XmlValue))
    .join('')
}

function writeElement(name: string, value: XmlValue): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((item) => writeElement(name, item)).join('')
  // A name may have attributes behind it.
  const [bare] = name.split(' ')
  return `<${name}>${writeContent(value)}</${bare}>`
}

/** Control characters go out as references, as AWS sends them although XML 1.0 forbids some. */
function escapeText(text: string): string {
  return text.replace(/[&<>"\p{Cc}]/gu, (character) => {
    if (character === '&') return '&amp;'
    if (character === '<') return '&lt;'
    if (character === '>') return '&gt;'
    if (character === '"') return '&quot;'
    return `&#x${character.charCodeAt(0).toString(16)};`
  })
}

const NAME = /[A-Za-z_][\w.:-]*/y
const ATTRIBUTES = /(?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*/y
const NOT_CONTENT = /(?:\s+|<!--(?:(?!--)[^])*-->|<\?(?:(?!\?>)[^])*\?>)*/y
const DEPTH_MAX = 16

/**
 * Reads a document and checks the name of its root.
 *
 * @throws S3Error MalformedXML.
 */
export function parseXml(source: Buffer, root: string): XmlNode {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(source)
  } catch {
    throw new S3Error('MalformedXML')
  }
  const reader = new XmlReader(text)
  const node = reader.document()
  if (node.name !== root) throw new S3Error('MalformedXML')
  return node
}

/** Text of the only child of that name; undefined when there is none. */
export function childText(node: XmlNode, name: string): string | undefined {
  const found = node.children.filter((child) => child.name === name)
  if (found.length > 1) throw new S3Error('MalformedXML')
  return found[0]?.text
}

class XmlReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): XmlNode {
    this.#match(NOT_CONTENT)
    const node = this.#element(0)
    this.#match(NOT_CONTENT)
    if (this.#at !== this.#text.length) this.#fail()
    return node
  }

  #element(depth: number): XmlNode {
    if (depth > DEPTH_MAX) this.#fail()
    this.#expect('<')
    const name = this.#match(NAME)
    if (name === '') this.#fail()
    this.#match(ATTRIBUTES)
    const local = name.slice(name.indexOf(':') + 1)
    if (this.#skip('/>')) return { name: local, text: '', children: [] }
    this.#expect('>')
    const children: XmlNode[] = []
    let text = ''
    for (;;) {
      const next = this.#text.indexOf('<', this.#at)
      if (next === -1) this.#fail()
      text += decodeReferences(this.#text.slice(this.#at, next))
      this.#at = next
      if (this.#skip(`</${name}`)) {
        this.#match(/\s*/y)
        this.#expect('>')
        return { name: local, text, children }
      }
      if (this.#skip('<![CDATA[')) text += this.#until(']]>')
      else if (this.#text.startsWith('<!--', this.#at)) this.#comment()
      else children.push(this.#element(depth + 1))
    }
  }

  #comment(): void {
    const before = this.#at
    this.#match(NOT_CONTENT)
    if (this.#at === before) this.#fail()
  }

  #until(end: string): string {
    const at = this.#text.indexOf(end, this.#at)
    if (at === -1) this.#fail()
    const text = this.#text.slice(this.#at, at)
    this.#at = at + end.length
    return text
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #skip(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  #expect(token: string): void {
    if (!this.#skip(token)) this.#fail()
  }

  #fail(): never {
    throw new S3Error('MalformedXML')
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
}

function decodeReferences(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&([^;&\s]*);?/g, (whole, name: string) => {
    const entity = whole.endsWith(';') ? ENTITIES[name] : undefined
    if (entity !== undefined) return entity
    const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name)
    const code = number && Number.parseInt(number[1] ?? number[2] ?? '', number[1] ? 16 : 10)
    if (!whole.endsWith(';') || code === null || code > 0x10ffff) throw new S3Error('MalformedXML')
    return String.fromCodePoint(code)
  })
}
