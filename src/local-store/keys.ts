/**
 * Keys byte for byte: decoding them from the raw request target without any normalising, the
 * order lists use, and the encoding of `encoding-type=url`.
 */

import { KEY_BYTES_MAX } from './limits.ts'
import { S3Error } from './s3-error.ts'

/**
 * Undoes percent-encoding, and nothing else: `..`, `//` and a leading `/` stay as they are.
 *
 * @throws S3Error InvalidURI for a broken escape or bytes that are not UTF-8.
 */
export function decodePercent(text: string): string {
  // Node hands the request target over as Latin-1, so bytes above 0x7f arrive one per character.
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes('%')) return text
  const bytes = Buffer.alloc(text.length)
  let length = 0
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '%') {
      const hex = text.slice(at + 1, at + 3)
      if (!/^[0-9a-fA-F]{2}$/.test(hex)) throw new S3Error('InvalidURI')
      bytes[length++] = Number.parseInt(hex, 16)
      at += 2
    } else {
      bytes[length++] = text.charCodeAt(at)
    }
  }
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return decoder.decode(bytes.subarray(0, length))
  } catch {
    throw new S3Error('InvalidURI')
  }
}

/** @throws S3Error KeyTooLongError. */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key)
  if (size > KEY_BYTES_MAX) {
    const extra = { Size: String(size), MaxSizeAllowed: String(KEY_BYTES_MAX) }
    throw new S3Error('KeyTooLongError', undefined, extra)
  }
}

/** Order of the UTF-8 bytes, which differs from JavaScript's above U+FFFF. */
export function compareKeys(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length)
  for (let at = 0; at < shorter; at += 1) {
    const a = left.charCodeAt(at)
    const b = right.charCodeAt(at)
    if (a !== b) return utf8Rank(a) - utf8Rank(b)
  }
  return left.length - right.length
}

/** Moves surrogates behind U+E000…U+FFFF, where their code points are. */
function utf8Rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** First index in a sorted list whose key is not below (or, with `after`, is above) `key`. */
export function lowerBound(sorted: readonly string[], key: string, after = false): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareKeys(sorted[middle] as string, key)
    if (order < 0 || (after && order === 0)) low = middle + 1
    else high = middle
  }
  return low
}

/** The encoding of `encoding-type=url`: as a form field, but with `/` left alone. */
export function encodeListed(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
}
