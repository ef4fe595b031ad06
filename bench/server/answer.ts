/** What a request is answered with, before the connection puts the common headers in front. */

/** A stretch of an object's content: where its key enters the block, and bytes from there. */
export interface ContentRange {
  readonly entry: number
  readonly offset: number
  readonly length: number
}

export interface Answer {
  readonly status: number
  /** Lines of their own, each with its end: `ETag: "…"\r\n`. */
  readonly headers?: string | undefined
  /** A document. */
  readonly text?: string | undefined
  readonly content?: ContentRange | undefined
  /** Content-Length where neither is there: of the answer to a HEAD. */
  readonly length?: number | undefined
}

/** A refusal, as S3 words it. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string = code) {
    super(message)
    this.status = status
    this.code = code
  }
}

const XML_HEADER = 'Content-Type: application/xml\r\n'
const XML_START = '<?xml version="1.0" encoding="UTF-8"?>\n'
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

/** Header dates, by second: most objects of a run share a few. */
let lastDate = { second: -1, text: '' }

/** A document with one element; `inner` is XML already. */
export function xmlAnswer(root: string, inner: string, headers = ''): Answer {
  const text = `${XML_START}<${root} ${NAMESPACE}>${inner}</${root}>`
  return { status: 200, headers: XML_HEADER + headers, text }
}

export function refusalAnswer(refusal: Refusal): Answer {
  const { status, code, message } = refusal
  const inner = element('Code', code) + element('Message', message)
  return { status, headers: XML_HEADER, text: `${XML_START}<Error>${inner}</Error>` }
}

/** `<name>value</name>`; nothing at all without a value. */
export function element(name: string, value: string | number | boolean | undefined): string {
  if (value === undefined) return ''
  return `<${name}>${escapeXml(String(value))}</${name}>`
}

function escapeXml(text: string): string {
  if (!/[&<>"\r]/.test(text)) return text
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;')
}

/** The text of the first element of that name, with its entities resolved. */
export function elementText(xml: string, name: string): string | undefined {
  const match = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)
  return match?.[1] === undefined ? undefined : unescapeXml(match[1])
}

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text
  return text
    .replace(/&#x([\da-f]+);/gi, (_, code: string) => String.fromCodePoint(parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
}

/** As HTTP writes times. */
export function httpDate(ms: number): string {
  const second = Math.floor(ms / 1000)
  if (second !== lastDate.second) lastDate = { second, text: new Date(ms).toUTCString() }
  return lastDate.text
}
