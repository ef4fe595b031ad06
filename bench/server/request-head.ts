/** The head of a request: its line and its headers, from the bytes up to the blank line. */

export type Headers = Readonly<Record<string, string>>

export interface RequestHead {
  readonly method: string
  /** As it was sent, percent-encoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** By lower-case name; of those sent twice the last. */
  readonly headers: Headers
  readonly keepAlive: boolean
}

/** What the other side sent is not HTTP as we know it. The connection cannot go on. */
export class ProtocolError extends Error {}

const NO_QUERY = new URLSearchParams()

/** @param text the head without the blank line at its end. @throws ProtocolError */
export function parseHead(text: string): RequestHead {
  const lineEnd = endOfLine(text, 0)
  const methodEnd = text.indexOf(' ')
  const targetEnd = text.indexOf(' ', methodEnd + 1)
  if (methodEnd < 1 || targetEnd < 0 || targetEnd > lineEnd || text[methodEnd + 1] !== '/') {
    throw new ProtocolError('The request line is malformed')
  }
  const target = text.slice(methodEnd + 1, targetEnd)
  const mark = target.indexOf('?')
  const headers = parseHeaders(text, lineEnd + 2)
  const isOld = text.slice(targetEnd + 1, lineEnd) === 'HTTP/1.0'
  const connection = headers['connection']?.toLowerCase()
  return {
    method: text.slice(0, methodEnd),
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? NO_QUERY : new URLSearchParams(target.slice(mark + 1)),
    headers,
    keepAlive: isOld ? connection === 'keep-alive' : connection !== 'close',
  }
}

function parseHeaders(text: string, from: number): Headers {
  const headers: Record<string, string> = {}
  for (let at = from; at < text.length;) {
    const end = endOfLine(text, at)
    const colon = text.indexOf(':', at)
    if (colon < 0 || colon > end) throw new ProtocolError('A header line has no colon')
    headers[text.slice(at, colon).toLowerCase()] = text.slice(colon + 1, end).trim()
    at = end + 2
  }
  return headers
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from)
  return end < 0 ? text.length : end
}
