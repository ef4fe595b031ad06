/**
 * The form of a journal: lines of ASCII, each proved by a checksum over everything before it.
 *
 *   transfer-engine-journal 1 5b6f3a10          magic, format version, CRC of what stands before
 *   9ae0daaf 57 {"type":"created", …}           running CRC, length of the JSON, JSON
 *
 * Text, so that `cat` and `grep` help a person in need. The CRC-32 of a line covers the payload of
 * all lines up to it: a line that is torn, flipped, missing, repeated or of another journal ends
 * what is believed, and nothing behind it is looked at. A journal of a newer version keeps this
 * first line; it is recognised and not touched.
 */

import { crc32 } from 'node:zlib'
import { assert } from '../assert.ts'
import { KiB, MiB } from '../units.ts'

/** Version of lines and records. Raised whenever an older engine would misread a newer journal. */
export const JOURNAL_VERSION = 1

/**
 * Longest JSON of a record. Bytes. Source: the longest has an object's key of 1 KiB, two paths of
 * 4 KiB (PATH_MAX of Linux) and the attributes of an object, 16 KiB of headers at most (the limit of
 * undici); a byte of them takes up to six when escaped.
 */
const RECORD_BYTES_MAX = 256 * KiB

/** As much of a journal as its first line and first record can take. Bytes. */
export const BEGINNING_BYTES_MAX = RECORD_BYTES_MAX + KiB

/**
 * Largest journal that is read. Bytes. Source: 100,000 ranges, the most a download has, with some
 * 120 bytes each, are 12 MB.
 */
export const JOURNAL_BYTES_MAX = 64 * MiB

const MAGIC = 'transfer-engine-journal'
const HEADER = /^transfer-engine-journal ([1-9]\d{0,8}) ([0-9a-f]{8})$/
const LINE = /^([0-9a-f]{8}) ([1-9]\d{0,6}) (\{.*\})$/

/** What a journal's text holds, as far as it can be believed. */
export interface JournalLines {
  /** Of the format; `undefined` when the text does not begin like a journal. */
  readonly version: number | undefined
  /** The payloads, in order, up to the first line that is not as it was written. */
  readonly payloads: readonly string[]
  /** Whether something stands behind them that was not believed. */
  readonly isTorn: boolean
}

/** Makes lines; each depends on all before it, so one framer goes with one journal. */
export class Framer {
  #crc = 0

  /** The first line. */
  header(): string {
    const text = `${MAGIC} ${JOURNAL_VERSION}`
    return `${text} ${hex(crc32(text))}\n`
  }

  /** The next line, of JSON without line breaks. */
  line(json: string): string {
    const payload = toAscii(json)
    assert(payload.length <= RECORD_BYTES_MAX, `a record has at most ${RECORD_BYTES_MAX} bytes`)
    this.#crc = crc32(payload, this.#crc)
    return `${hex(this.#crc)} ${payload.length} ${payload}\n`
  }
}

/** Reads what can be believed. Never throws: the bytes may be anything. */
export function readLines(bytes: Uint8Array): JournalLines {
  // One character per byte: what is not ASCII matches no line.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const headerEnd = text.indexOf('\n')
  const header = HEADER.exec(headerEnd < 0 ? '' : text.slice(0, headerEnd))
  if (header === null || hex(crc32(`${MAGIC} ${header[1]}`)) !== header[2]) {
    return { version: undefined, payloads: [], isTorn: true }
  }
  const version = Number(header[1])
  if (version !== JOURNAL_VERSION) return { version, payloads: [], isTorn: false }
  const payloads: string[] = []
  let crc = 0
  let start = headerEnd + 1
  while (start < text.length) {
    const end = text.indexOf('\n', start)
    const line = LINE.exec(end < 0 ? '' : text.slice(start, end))
    const payload = line?.[3] ?? ''
    if (line === null || payload.length !== Number(line[2])) break
    if (payload.length > RECORD_BYTES_MAX) break
    crc = crc32(payload, crc)
    if (hex(crc) !== line[1]) break
    payloads.push(payload)
    start = end + 1
  }
  return { version, payloads, isTorn: start < text.length }
}

/** Keys and paths may hold what a terminal obeys; JSON can say all of it in ASCII. */
function toAscii(json: string): string {
  return json.replaceAll(/[^\x20-\x7e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0')
}
