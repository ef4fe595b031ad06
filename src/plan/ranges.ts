/**
 * Byte ranges: the one place where offsets, lengths, indexes and HTTP's notation meet.
 *
 * A range is an offset and a length, half-open: it covers `offset` to `offset + length - 1`. Only
 * `rangeHeader` and `parseContentRange` speak HTTP's inclusive form. A list of equal ranges is
 * never written out; it is a size, a part size and a count, and any of its ranges is arithmetic.
 */

import { assert } from '../assert.ts'

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** What a Content-Range header says; `size` is undefined when the server wrote `*`. */
export interface ContentRange extends ByteRange {
  /** Bytes of the whole object. */
  readonly size: number | undefined
}

/** `size` bytes cut every `partSize` bytes; the last range may be shorter, never empty. */
export interface RangeSplit {
  readonly size: number
  readonly partSize: number
  readonly count: number
}

/** Cuts `size` bytes into ranges of `partSize`. No bytes give no ranges. */
export function splitIntoRanges(size: number, partSize: number): RangeSplit {
  assert(Number.isSafeInteger(size) && size >= 0, `a size is a count of bytes, not ${size}`)
  assert(Number.isSafeInteger(partSize) && partSize > 0, `a part has bytes, not ${partSize}`)
  return { size, partSize, count: Math.ceil(size / partSize) }
}

/** Range number `index` (from 0) of a split. */
export function rangeAt(split: RangeSplit, index: number): ByteRange {
  assert(
    Number.isSafeInteger(index) && index >= 0 && index < split.count,
    `range ${index} is none of ${split.count}`,
  )
  const offset = index * split.partSize
  return { offset, length: Math.min(split.partSize, split.size - offset) }
}

/** Value of the Range header that asks for exactly these bytes. */
export function rangeHeader(range: ByteRange): string {
  assert(range.length > 0, 'an empty range cannot be asked for')
  return `bytes=${range.offset}-${range.offset + range.length - 1}`
}

/** Content-Range of a 206 answer; undefined when it names no bytes or contradicts itself. */
export function parseContentRange(text: string): ContentRange | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(text.trim())
  if (match === null) return undefined
  const offset = Number(match[1])
  const last = Number(match[2])
  const size = match[3] === '*' ? undefined : Number(match[3])
  if (!Number.isSafeInteger(last) || offset > last) return undefined
  if (size !== undefined && (!Number.isSafeInteger(size) || last >= size)) return undefined
  return { offset, length: last - offset + 1, size }
}

/**
 * What is missing of `size` bytes, in ascending order and with no two ranges touching.
 * @param done Ranges in any order; they may overlap, be empty or reach past the end.
 */
export function complement(done: readonly ByteRange[], size: number): ByteRange[] {
  const missing: ByteRange[] = []
  let end = 0
  for (const range of inOrder(done)) {
    const gapEnd = Math.min(range.offset, size)
    if (gapEnd > end) missing.push({ offset: end, length: gapEnd - end })
    end = Math.max(end, range.offset + range.length)
  }
  if (size > end) missing.push({ offset: end, length: size - end })
  return missing
}

/** How many bytes from the very first one on are done without a gap. */
export function contiguousPrefix(done: readonly ByteRange[]): number {
  let end = 0
  for (const range of inOrder(done)) {
    if (range.offset > end) break
    end = Math.max(end, range.offset + range.length)
  }
  return end
}

/** Empty ranges cover nothing, so they must not split a gap in two. */
function inOrder(ranges: readonly ByteRange[]): ByteRange[] {
  return ranges.filter((range) => range.length > 0).sort((a, b) => a.offset - b.offset)
}
