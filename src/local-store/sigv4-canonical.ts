/**
 * The canonical request of Signature Version 4 for S3, rebuilt from what came over the wire.
 * Pure. Path and query are decoded to bytes and encoded again in the one canonical way, so any
 * legal spelling by the client gives the same text; the path is neither normalised nor encoded
 * twice. Header values are the raw bytes (Node hands them out as latin1), not UTF-8 text.
 * Source: S3 API Reference, "Signature calculations for the Authorization header", read 2026-11.
 */

import { S3Error } from './s3-error.ts'

/** A query parameter with its canonical, percent-encoded name and value. */
export type CanonicalParameter = readonly [name: string, value: string]

/** Lower-case names in wire order; a name may stand more than once. */
export type WireHeaders = ReadonlyArray<readonly [name: string, value: string]>

const UNRESERVED = /^[A-Za-z0-9\-._~]*$/
const UNRESERVED_PATH = /^[A-Za-z0-9\-._~/]*$/
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/
const SLASH = 0x2f

/** Canonical form of a raw path, slashes kept. */
export function canonicalPath(rawPath: string): string {
  if (rawPath === '') return '/'
  return UNRESERVED_PATH.test(rawPath) ? rawPath : encodeBytes(percentDecode(rawPath), true)
}

/** Canonical parameters of a raw query (without its question mark), in wire order. */
export function canonicalParameters(rawQuery: string): CanonicalParameter[] {
  const parameters: CanonicalParameter[] = []
  for (const pair of rawQuery.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    const value = equals < 0 ? '' : pair.slice(equals + 1)
    parameters.push([canonicalComponent(name), canonicalComponent(value)])
  }
  return parameters
}

/** The canonical query: parameters sorted by encoded name, then by encoded value. */
export function canonicalQuery(parameters: readonly CanonicalParameter[]): string {
  return parameters
    .toSorted((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** One line per signed header, each ended by a line feed; equal names joined by commas. */
export function canonicalHeaders(headers: WireHeaders, signed: readonly string[]): string {
  let lines = ''
  for (const name of signed) {
    const values = headers.filter((header) => header[0] === name).map((header) => header[1])
    if (values.length === 0) {
      throw new S3Error('SignatureDoesNotMatch', `The signed header ${name} was not sent.`)
    }
    lines += `${name}:${values.map((value) => value.trim().replace(/\s+/g, ' ')).join(',')}\n`
  }
  return lines
}

/** Percent-decodes to raw bytes. @throws S3Error InvalidURI on a broken escape. */
export function percentDecode(text: string): Buffer {
  if (BAD_ESCAPE.test(text)) throw new S3Error('InvalidURI')
  const latin1 = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(latin1, 'latin1')
}

function canonicalComponent(raw: string): string {
  return UNRESERVED.test(raw) ? raw : encodeBytes(percentDecode(raw.replaceAll('+', ' ')), false)
}

function encodeBytes(bytes: Buffer, keepSlash: boolean): string {
  let text = ''
  for (const byte of bytes) {
    const char = String.fromCharCode(byte)
    const plain = UNRESERVED.test(char) || (keepSlash && byte === SLASH)
    text += plain ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
