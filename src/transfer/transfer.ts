/**
 * What the caller gets: a promise with controls. Await it, or drive it.
 */

import type { Progress } from './progress.ts'

/** A transfer under way. Rejects only with `TransferError`, and only after clean-up has ended. */
export interface Transfer<T> extends Promise<T> {
  /** Unique within the engine, ascending in the order of submission. */
  readonly id: number
  /** Bytes moved so far; cheap to read. */
  readonly progress: Progress
  /**
   * Stops the transfer: sockets are cut, then what it made is removed. Resolves when that is done;
   * the transfer itself then rejects with ERR_ABORTED. Without effect once it is settled.
   */
  abort(reason?: unknown): Promise<void>
}

export function makeTransfer<T>(
  promise: Promise<T>,
  controls: {
    readonly id: number
    progress(): Progress
    abort(reason: unknown): void
  },
): Transfer<T> {
  // A promise of its own, so that a failure nobody looks at is an unhandled rejection.
  const transfer = promise.then((value) => value)
  return Object.defineProperties(transfer, {
    id: { value: controls.id, enumerable: true },
    progress: { get: () => controls.progress(), enumerable: true },
    abort: {
      value: (reason?: unknown): Promise<void> => {
        controls.abort(reason)
        // Who aborts knows how it ends and need not look.
        transfer.catch(nothing)
        return promise.then(nothing, nothing)
      },
    },
  }) as Transfer<T>
}

function nothing(): void {
  // The outcome is told by the transfer itself.
}
