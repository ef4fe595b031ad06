/**
 * What the caller of a tree gets: a promise with controls, of sums. It rejects only for what is wrong
 * with the whole: a root that is missing, a listing that breaks off, an abort.
 */

import type { TransferError } from '../errors.ts'
import type { TreePlan } from './plan-sums.ts'
import type { TreeCounts } from './outcome.ts'

/** How far a tree is. What is still to come is not known before its end. */
export interface TreeProgress extends TreeCounts {
  /** Files and objects that were looked at so far. */
  readonly seen: number
  /** Bytes of what is known to be moved so far. */
  readonly bytesKnown: number
  /** Things that are known to be done so far, in all. */
  readonly known: number
  /** Whether both sums are final: both sides have been read to their ends. */
  readonly isKnown: boolean
}

export interface TreeResult extends TreeCounts {
  /** Milliseconds. */
  readonly elapsedMs: number
  /** The first failures, for those who did not listen to all. */
  readonly failures: readonly TransferError[]
  /** Of a dry run: the sums of what would be done. */
  readonly plan: TreePlan | undefined
}

/** A tree under way. */
export interface TreeTransfer<T = TreeResult> extends Promise<T> {
  readonly progress: TreeProgress
  /** Ends it, and resolves when nothing is under way any more; it then rejects with ERR_ABORTED. */
  abort(reason?: unknown): Promise<void>
}

/** Before anything was looked at. */
export const NO_PROGRESS: TreeProgress = {
  uploaded: 0,
  copied: 0,
  downloaded: 0,
  deleted: 0,
  moved: 0,
  planned: 0,
  skipped: 0,
  failed: 0,
  unchanged: 0,
  bytes: 0,
  seen: 0,
  bytesKnown: 0,
  known: 0,
  isKnown: false,
}

export function makeTreeTransfer<T>(
  promise: Promise<T>,
  controls: {
    /** `undefined` before it has begun. */
    progress(): TreeProgress | undefined
    abort(reason: unknown): void
  },
): TreeTransfer<T> {
  // A promise of its own, so that a failure nobody looks at is an unhandled rejection.
  const transfer = promise.then((result) => result)
  const nothing = (): void => undefined
  return Object.defineProperties(transfer, {
    progress: { get: () => controls.progress() ?? NO_PROGRESS, enumerable: true },
    abort: {
      value: (reason?: unknown): Promise<void> => {
        controls.abort(reason)
        // Who aborts knows how it ends and need not look.
        transfer.catch(nothing)
        return promise.then(nothing, nothing)
      },
    },
  }) as TreeTransfer<T>
}
