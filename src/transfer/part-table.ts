/**
 * The books of a multipart upload: one line per part, written once, and the proof that they cover
 * the object before Complete is sent. S3 assembles exactly the parts it is given; a part missing
 * from the list is a shorter object with status 200.
 */

import { assert } from '../assert.ts'
import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'
import type { PartDigest } from '../checksum/combine.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import type { CompletedPart } from '../store/object-store.ts'

/** What is known of a part that arrived. */
export interface PartLine extends PartDigest {
  readonly offset: number
  readonly etag: string
}

export class PartTable {
  readonly #lines: (PartLine | undefined)[] = []

  /** Notes a part that arrived. Part numbers from 1. */
  add(partNumber: number, line: PartLine): void {
    assert(partNumber >= 1, 'part numbers start at 1')
    assert(this.#lines[partNumber - 1] === undefined, `part ${partNumber} is noted once`)
    assert(line.etag !== '', `part ${partNumber} has an ETag`)
    this.#lines[partNumber - 1] = line
  }

  /** All parts, after they were proved to be the object: contiguous, without gap, `size` bytes. */
  covering(size: number): readonly PartLine[] {
    let offset = 0
    const lines = Array.from(this.#lines, (line, index) => {
      assert(line !== undefined, `part ${index + 1} is missing`)
      assert(line.offset === offset, `part ${index + 1} starts where the one before ends`)
      offset += line.length
      return line
    })
    assert(offset === size, `the parts have ${offset} bytes, the object ${size}`)
    return lines
  }
}

/** The list Complete sends. With an algorithm, each part's checksum goes with it. */
export function completedParts(
  lines: readonly PartLine[],
  algorithm: ChecksumAlgorithm | undefined,
): CompletedPart[] {
  return lines.map(({ etag, digest }, index) => ({
    partNumber: index + 1,
    etag,
    checksum: algorithm === undefined ? undefined : { algorithm, value: encodeDigest(digest) },
  }))
}
