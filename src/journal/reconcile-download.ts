/**
 * What to do about a download that was begun before: the temporary file has the bytes, the journal
 * knows which ranges of it were written and their checksums, HEAD tells whether the object is still
 * the same. Pure; the driver asks, looks and acts.
 *
 * That a range was noted does not mean that it is on the disk: after a loss of power it may not be.
 * So ranges are hashed again unless the system has run ever since.
 */

import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'
import { changeOf } from './changes.ts'
import type { FileNode, ObjectIdentity, RangeNoted } from './records.ts'
import { type DownloadState, sizeOf } from './replay.ts'

/** A file as `lstat` tells it; `undefined` when there is none, or it is no regular file. */
export type FoundFile = (FileNode & { readonly size: number; readonly mtimeNs: bigint }) | undefined

/** The download as it would be begun now. */
export interface DownloadNow {
  readonly object: ObjectIdentity
  /** What ranges are to be summed by. */
  readonly algorithm: ChecksumAlgorithm
  /** Only if the caller chose it, or the proof demands it. */
  readonly partSize: number | undefined
  readonly boot: string
  /** Whether the caller wants kept ranges hashed again in any case. */
  readonly recheck: boolean
}

/** What lies at the two paths of the journal. */
export interface FoundFiles {
  readonly temporary: FoundFile
  readonly target: FoundFile
}

export type DownloadResumption =
  /** Go on in the temporary file. Indexes from 0. */
  | {
      readonly action: 'continue'
      readonly partSize: number
      readonly kept: readonly RangeNoted[]
      /** Whether kept ranges must be hashed before they are believed. */
      readonly recheck: boolean
      readonly fetch: readonly number[]
    }
  /** The file bears its name, proved and synced; only the journal is left. */
  | { readonly action: 'finished' }
  /** Remove the temporary file if it is ours, and begin anew. */
  | { readonly action: 'restart'; readonly reason: string; readonly remove: string | undefined }

/** Decides. Everything it says follows from its arguments. */
export function reconcileDownload(
  state: DownloadState,
  now: DownloadNow,
  found: FoundFiles,
): DownloadResumption {
  const { begin, opened, finishing } = state
  const { temporary, target } = found
  const isOurs = temporary !== undefined && (opened === undefined || isNode(temporary, opened.file))
  const restart = (reason: string): DownloadResumption => {
    // Its name is random and was written down before the file was made: it is nobody else's.
    return { action: 'restart', reason, remove: isOurs ? begin.temporary : undefined }
  }
  if (state.ended) return restart('It had ended.')
  const change = changeOf('The object', begin.object, now.object)
  if (change !== undefined) return restart(change)
  if (opened === undefined) return restart('It ended before its file was there.')
  const size = sizeOf(begin)
  if (finishing !== undefined && temporary === undefined && target !== undefined) {
    const isRenamed = isNode(target, opened.file) && target.size === size
    if (isRenamed && target.mtimeNs === finishing.mtimeNs) return { action: 'finished' }
  }
  if (!isOurs) return restart('Its temporary file is gone, or another one.')
  if (temporary.size !== size) return restart('Its temporary file has another size.')
  if (begin.algorithm !== now.algorithm) return restart('Another checksum is computed now.')
  if (now.partSize !== undefined && now.partSize !== begin.partSize) {
    return restart(`Ranges of ${now.partSize} bytes are asked for now, not ${begin.partSize}.`)
  }
  const fetch: number[] = []
  for (let index = 0; index < begin.parts; index += 1) {
    if (!state.ranges.has(index)) fetch.push(index)
  }
  const kept = [...state.ranges].sort(([a], [b]) => a - b).map(([, range]) => range)
  const recheck = kept.length > 0 && (now.recheck || now.boot !== begin.boot)
  return { action: 'continue', partSize: begin.partSize, kept, recheck, fetch }
}

function isNode(file: FileNode, node: FileNode): boolean {
  return file.dev === node.dev && file.ino === node.ino
}
