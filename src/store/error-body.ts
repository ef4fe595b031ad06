/**
 * Reads the error document of a store, tolerantly: the few fields we use, from the first bytes of
 * whatever came. It is no XML parser and needs none: an answer that is not an S3 error document
 * (a proxy's page, JSON, a cut-off text) gives `undefined` or the fields that were there.
 */

/** What an error document says. */
export interface ErrorBody {
  readonly code: string | undefined
  readonly message: string | undefined
  /** Region of the bucket, when ours was wrong. */
  readonly region: string | undefined
  readonly requestId: string | undefined
  /** Header the store does not know, with NotImplemented. */
  readonly header: string | undefined
}

/** How much of a body is looked at. Characters. Source: none; S3's documents have about 500. */
const ERROR_BODY_MAX = 16_384

/** How much of a message is passed on. Characters. Source: none, reasonable default. */
const MESSAGE_MAX = 500

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
}

/** Text of a response body → its error, or `undefined` when it is not an error document. */
export function parseErrorBody(text: string): ErrorBody | undefined {
  const head = text.slice(0, ERROR_BODY_MAX)
  const start = head.search(/<Error[\s>]/)
  if (start === -1) return undefined
  const body = head.slice(start)
  return {
    code: element(body, 'Code'),
    message: cleanMessage(element(body, 'Message')),
    region: element(body, 'Region'),
    requestId: element(body, 'RequestId'),
    header: element(body, 'Header'),
  }
}

/** A message from outside, safe to print on a terminal: one line, no control characters. */
export function cleanMessage(message: string | undefined): string | undefined {
  if (message === undefined) return undefined
  const line = message.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
  return line.length > MESSAGE_MAX ? `${line.slice(0, MESSAGE_MAX)}…` : line
}

function element(text: string, name: string): string | undefined {
  const open = text.indexOf(`<${name}>`)
  if (open === -1) return undefined
  const start = open + name.length + 2
  const end = text.indexOf(`</${name}>`, start)
  if (end === -1) return undefined
  const value = decodeEntities(text.slice(start, end)).trim()
  return value === '' ? undefined : value
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
