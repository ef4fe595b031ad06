/** Bytes → records of text with the numbers of their lines, holding one record and one chunk. */

import { isUtf8 } from 'node:buffer'
import { TransferError } from '../errors.ts'
import { MiB } from '../units.ts'

/** Longest record. Source: none; a name has 1 KiB, so what is longer is no list of names. */
const RECORD_BYTES_MAX = MiB

const QUOTE = 0x22
const LINE_FEED = 0x0a
const BYTE_ORDER_MARK = Buffer.from('\ufeff')

export interface TextRecord {
  readonly text: string
  /** Where it begins, from 1; of records that NUL ends, their number. */
  readonly line: number
}

export interface RecordRules {
  readonly end: 'newline' | 'nul'
  /** Whether a newline between double quotes ends nothing. */
  readonly quotes: boolean
}

/** A list that cannot be read as one. */
export function listError(list: string, line: number, problem: string): TransferError {
  const message = `${list}, line ${line}: ${problem}`
  return new TransferError('ERR_OPTION_INVALID', message, { option: 'filesFrom', path: list })
}

/**
 * Records without what ends them; a last one that nothing ends counts unless it is empty.
 * @param list its name, for messages
 * @throws (rejects) ERR_OPTION_INVALID for what is no UTF-8, too long, or a quote left open
 */
export async function* splitRecords(
  chunks: AsyncIterable<Uint8Array>,
  rules: RecordRules,
  list: string,
): AsyncGenerator<TextRecord, void, void> {
  const end = rules.end === 'nul' ? 0 : LINE_FEED
  let pending: Buffer = Buffer.alloc(0)
  let line = 1
  let isQuoted = false
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([pending, chunk])
    let start = 0
    let seen = pending.length
    for (let at = bytes.indexOf(end, seen); at !== -1; at = bytes.indexOf(end, seen)) {
      if (rules.quotes && hasOddQuotes(bytes, seen, at)) isQuoted = !isQuoted
      seen = at + 1
      if (isQuoted) continue
      yield recordOf(bytes.subarray(start, at), line, list)
      line += rules.quotes ? linesIn(bytes, start, seen) : 1
      start = seen
    }
    if (rules.quotes && hasOddQuotes(bytes, seen, bytes.length)) isQuoted = !isQuoted
    pending = bytes.subarray(start)
    if (pending.length > RECORD_BYTES_MAX) {
      throw listError(list, line, `It is longer than 1 MiB; is this a list of names?`)
    }
  }
  if (isQuoted) throw listError(list, line, 'A quote is not closed.')
  if (pending.length > 0) yield recordOf(pending, line, list)
}

function recordOf(bytes: Buffer, line: number, list: string): TextRecord {
  if (!isUtf8(bytes)) throw listError(list, line, 'It is not UTF-8.')
  const isMarked = line === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)
  return { text: bytes.toString('utf8', isMarked ? 3 : 0), line }
}

function hasOddQuotes(bytes: Buffer, from: number, to: number): boolean {
  return countOf(bytes, QUOTE, from, to) % 2 === 1
}

function linesIn(bytes: Buffer, from: number, to: number): number {
  return countOf(bytes, LINE_FEED, from, to)
}

function countOf(bytes: Buffer, byte: number, from: number, to: number): number {
  const range = bytes.subarray(from, to)
  let count = 0
  for (let at = range.indexOf(byte); at !== -1; at = range.indexOf(byte, at + 1)) count += 1
  return count
}
