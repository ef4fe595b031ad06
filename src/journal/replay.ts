/**
 * Records → what a transfer had reached. Pure.
 *
 * A record that cannot follow those before it means that the journal is not what its writer wrote:
 * it and all behind it are not believed. What stands before it is, since each prefix of a journal
 * was once the whole of it.
 */

import { CHECKSUMS } from '../checksum/algorithms.ts'
import { decodeDigest } from '../checksum/encoding.ts'
import { rangeAt, splitIntoRanges, type ByteRange } from '../plan/ranges.ts'
import type {
  Completed,
  Completing,
  Created,
  DownloadBegin,
  Finishing,
  JournalRecord,
  Opened,
  PartNoted,
  RangeNoted,
  UploadBegin,
} from './records.ts'

/** How far an upload came. */
export interface UploadState {
  readonly kind: 'upload'
  readonly begin: UploadBegin
  readonly created: Created | undefined
  /** By part number. */
  readonly parts: ReadonlyMap<number, PartNoted>
  readonly completing: Completing | undefined
  readonly completed: Completed | undefined
  readonly ended: boolean
}

/** How far a download came. */
export interface DownloadState {
  readonly kind: 'download'
  readonly begin: DownloadBegin
  readonly opened: Opened | undefined
  /** By index, from 0. */
  readonly ranges: ReadonlyMap<number, RangeNoted>
  readonly finishing: Finishing | undefined
  readonly ended: boolean
}

export type JobState = UploadState | DownloadState

/** What the records tell; `state` is missing when not even the first is right. */
export interface Replayed {
  readonly state: JobState | undefined
  /** Records believed. */
  readonly count: number
}

/** Applies records in order, as long as each can follow those before it. */
export function replay(records: Iterable<JournalRecord>): Replayed {
  let job: UploadReplay | DownloadReplay | undefined
  let count = 0
  for (const record of records) {
    if (job === undefined) {
      if (!isPlanned(record)) break
      job = record.type === 'upload' ? new UploadReplay(record) : new DownloadReplay(record)
    } else if (!job.apply(record)) {
      break
    }
    count += 1
  }
  return { state: job?.state(), count }
}

/** Bytes of part or range `index` (from 0) of a job. */
export function rangeOfJob(begin: UploadBegin | DownloadBegin, index: number): ByteRange {
  return rangeAt(splitIntoRanges(sizeOf(begin), begin.partSize), index)
}

/** Bytes of the whole. */
export function sizeOf(begin: UploadBegin | DownloadBegin): number {
  return begin.type === 'upload' ? begin.source.size : begin.object.size
}

/** Bytes that are done, by the journal alone. */
export function bytesDone(state: JobState): number {
  const lengths =
    state.kind === 'upload'
      ? [...state.parts.values()].map((part) => part.size)
      : [...state.ranges.values()].map((range) => range.length)
  return lengths.reduce((sum, length) => sum + length, 0)
}

class UploadReplay {
  readonly #begin: UploadBegin
  readonly #parts = new Map<number, PartNoted>()
  #created: Created | undefined
  #completing: Completing | undefined
  #completed: Completed | undefined
  #ended = false

  constructor(begin: UploadBegin) {
    this.#begin = begin
  }

  /** Whether the record can stand here. */
  apply(record: JournalRecord): boolean {
    if (this.#ended) return false
    switch (record.type) {
      case 'created':
        if (this.#created !== undefined) return false
        this.#created = record
        return true
      case 'part':
        if (this.#created === undefined || this.#completing !== undefined) return false
        if (this.#parts.has(record.part) || !this.#isPlanned(record)) return false
        this.#parts.set(record.part, record)
        return true
      case 'completing':
        if (this.#completing !== undefined || this.#parts.size !== this.#begin.parts) return false
        this.#completing = record
        return true
      case 'completed':
        if (this.#completing === undefined || this.#completed !== undefined) return false
        this.#completed = record
        return true
      case 'ended':
        this.#ended = true
        return true
      default:
        return false
    }
  }

  state(): UploadState {
    return {
      kind: 'upload',
      begin: this.#begin,
      created: this.#created,
      parts: this.#parts,
      completing: this.#completing,
      completed: this.#completed,
      ended: this.#ended,
    }
  }

  #isPlanned({ part, size, digest }: PartNoted): boolean {
    if (part > this.#begin.parts) return false
    return rangeOfJob(this.#begin, part - 1).length === size && isDigestFor(this.#begin, digest)
  }
}

class DownloadReplay {
  readonly #begin: DownloadBegin
  readonly #ranges = new Map<number, RangeNoted>()
  #opened: Opened | undefined
  #finishing: Finishing | undefined
  #ended = false

  constructor(begin: DownloadBegin) {
    this.#begin = begin
  }

  /** Whether the record can stand here. */
  apply(record: JournalRecord): boolean {
    if (this.#ended) return false
    switch (record.type) {
      case 'opened':
        if (this.#opened !== undefined) return false
        this.#opened = record
        return true
      case 'range':
        if (this.#opened === undefined || this.#finishing !== undefined) return false
        return this.#note(record)
      case 'finishing':
        if (this.#finishing !== undefined || this.#ranges.size !== this.#begin.parts) return false
        this.#finishing = record
        return true
      case 'ended':
        this.#ended = true
        return true
      default:
        return false
    }
  }

  state(): DownloadState {
    return {
      kind: 'download',
      begin: this.#begin,
      opened: this.#opened,
      ranges: this.#ranges,
      finishing: this.#finishing,
      ended: this.#ended,
    }
  }

  #note(record: RangeNoted): boolean {
    const index = record.start / this.#begin.partSize
    if (!Number.isInteger(index) || index >= this.#begin.parts) return false
    if (this.#ranges.has(index) || !isDigestFor(this.#begin, record.digest)) return false
    if (rangeOfJob(this.#begin, index).length !== record.length) return false
    this.#ranges.set(index, record)
    return true
  }
}

/** Whether a record begins a job whose parts are its bytes. */
function isPlanned(record: JournalRecord): record is UploadBegin | DownloadBegin {
  if (record.type !== 'upload' && record.type !== 'download') return false
  const size = sizeOf(record)
  return size > 0 && splitIntoRanges(size, record.partSize).count === record.parts
}

function isDigestFor({ algorithm }: UploadBegin | DownloadBegin, digest: string): boolean {
  return decodeDigest(digest)?.length === CHECKSUMS[algorithm].bytes
}
