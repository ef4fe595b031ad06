/**
 * What becomes of each file and object of a tree. Nothing of a tree is an exception: what failed is
 * told beside what was done, and the rest goes on.
 */

import type { TransferError } from '../errors.ts'
import type { Checksum, CopyWay, Verification } from '../transfer/results.ts'
import type { SkipReason } from './entries.ts'

export type TreeOperation = 'upload' | 'download' | 'copy' | 'delete'

/** One thing to be done. */
export interface TreeAction {
  readonly operation: TreeOperation
  /** Relative to both roots, `/` between names. */
  readonly name: string
  /** Of the object: prefix and name. */
  readonly key: string
  /** Of the object that is copied, in the bucket of the source. */
  readonly sourceKey?: string | undefined
  /** The version of it, where all versions are copied. */
  readonly sourceVersionId?: string | undefined
  /** The same: its ETag as listed, once it is copied as sent. */
  readonly sourceEtag?: string | undefined
  /** Of the file; `undefined` for the removal of an object. */
  readonly path: string | undefined
  /** Bytes to move; 0 for a removal. */
  readonly size: number
  /** Why it is done. */
  readonly reason: ActionReason
  /** Whether the source is removed once the copy is proved. */
  readonly move?: true | undefined
  /** Of the source: of a file, or LastModified of an object. Epoch milliseconds. */
  readonly mtimeMs?: number | undefined
}

export type ActionReason =
  /** Everything is copied. */
  | 'copy'
  /** It is missing at the destination. */
  | 'missing'
  /** Sizes differ. */
  | 'size'
  /** The source is newer. */
  | 'newer'
  /** Of downloads: the file is newer than the object, or times differ where they are to be the same. */
  | 'time'
  /** Checksums differ, or the file could not be read to tell. */
  | 'checksum'
  /** Nothing the store keeps of the object could be compared with the file. */
  | 'no-checksum'
  /** Both are the same, and a process died before it knew. Nothing is moved again that is in place. */
  | 'unfinished'
  /** It is missing at the source. */
  | 'extra'
  /** A version of the source says that it was removed: a marker is put at the destination. */
  | 'marker'

/** It was done, and proved as far as the store lets it be. */
export interface DoneOutcome extends TreeAction {
  readonly status: 'done'
  readonly attempts: number
  readonly elapsedMs: number
  readonly etag?: string | undefined
  /** Of the object; `undefined` in a bucket without versions. */
  readonly versionId?: string | undefined
  readonly checksum?: Checksum | undefined
  readonly verified?: Verification | undefined
  readonly resumed?: boolean | undefined
  /** Of a copy: whether the store made it, or it came through here. */
  readonly how?: CopyWay | undefined
  /** Grants of the source that a copy with its ACL does not have. */
  readonly grantsLost?: number | undefined
  /** Of an object that came down. Epoch milliseconds. */
  readonly lastModified?: number | undefined
  /** The time the file went up with, or was given when it came down. Epoch milliseconds. */
  readonly fileMtimeMs?: number | undefined
}

/** The same on both sides, so nothing was done about it. */
export interface UnchangedEntry {
  readonly name: string
  readonly key: string
  readonly size: number
  /** As listed. */
  readonly etag: string | undefined
  /** Of the object. Epoch milliseconds; 0 if the store did not say. */
  readonly lastModified: number
  readonly fileMtimeMs?: number | undefined
  /** What both sides have, where contents were compared. */
  readonly checksum: Checksum | undefined
}

/** What is found out about an action that is done. */
export type Done = Pick<
  DoneOutcome,
  | 'size'
  | 'attempts'
  | 'elapsedMs'
  | 'etag'
  | 'versionId'
  | 'checksum'
  | 'verified'
  | 'resumed'
  | 'lastModified'
  | 'fileMtimeMs'
  | 'how'
  | 'sourceEtag'
  | 'grantsLost'
>

/** Field by field: to spread two objects into one costs more than all else that is said of a small one. */
export function doneOutcome(action: TreeAction, done: Done): DoneOutcome {
  return {
    operation: action.operation,
    name: action.name,
    key: action.key,
    sourceKey: action.sourceKey,
    sourceVersionId: action.sourceVersionId,
    path: action.path,
    size: done.size,
    reason: action.reason,
    move: action.move,
    mtimeMs: action.mtimeMs,
    status: 'done',
    attempts: done.attempts,
    elapsedMs: done.elapsedMs,
    etag: done.etag,
    versionId: done.versionId,
    checksum: done.checksum,
    verified: done.verified,
    resumed: done.resumed,
    how: done.how,
    sourceEtag: done.sourceEtag,
    grantsLost: done.grantsLost,
    lastModified: done.lastModified,
    fileMtimeMs: done.fileMtimeMs,
  }
}

/** It would be done, in a dry run. */
export interface PlannedOutcome extends TreeAction {
  readonly status: 'planned'
}

/** It could not be done; the destination is as it was, but for ERR_SOURCE_NOT_REMOVED and ERR_HOOK_FAILED. */
export interface FailedOutcome extends TreeAction {
  readonly status: 'failed'
  readonly error: TransferError
}

/** It was left alone, for a reason that is none of its own. */
export interface SkippedOutcome {
  readonly status: 'skipped'
  readonly name: string
  readonly reason: SkipReason
  readonly detail?: string | undefined
}

export type Outcome = DoneOutcome | PlannedOutcome | FailedOutcome | SkippedOutcome

/** Sums over a tree. */
export interface TreeCounts {
  readonly uploaded: number
  readonly downloaded: number
  readonly copied: number
  readonly deleted: number
  /** Of what was uploaded or downloaded, that whose source was removed. */
  readonly moved: number
  /** What a dry run would have done. */
  readonly planned: number
  readonly skipped: number
  readonly failed: number
  /** The same on both sides. */
  readonly unchanged: number
  /** Moved, or in a dry run to be moved. */
  readonly bytes: number
}

/** Counts outcomes. */
export class TreeTally {
  #uploaded = 0
  #downloaded = 0
  #copied = 0
  #deleted = 0
  #moved = 0
  #planned = 0
  #skipped = 0
  #failed = 0
  #unchanged = 0
  #bytes = 0

  add(outcome: Outcome): void {
    switch (outcome.status) {
      case 'skipped':
        this.#skipped += 1
        return
      case 'failed':
        this.#failed += 1
        return
      case 'planned':
        this.#planned += 1
        this.#bytes += outcome.size
        return
      case 'done':
        this.#bytes += outcome.size
        if (outcome.move === true) this.#moved += 1
        if (outcome.operation === 'upload') this.#uploaded += 1
        else if (outcome.operation === 'download') this.#downloaded += 1
        else if (outcome.operation === 'copy') this.#copied += 1
        else this.#deleted += 1
    }
  }

  /** Some are the same on both sides: too many to tell each. */
  unchanged(count = 1): void {
    this.#unchanged += count
  }

  get failed(): number {
    return this.#failed
  }

  get counts(): TreeCounts {
    return {
      uploaded: this.#uploaded,
      downloaded: this.#downloaded,
      copied: this.#copied,
      deleted: this.#deleted,
      moved: this.#moved,
      planned: this.#planned,
      skipped: this.#skipped,
      failed: this.#failed,
      unchanged: this.#unchanged,
      bytes: this.#bytes,
    }
  }
}
