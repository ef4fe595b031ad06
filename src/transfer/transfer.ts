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
  /** The multipart upload in the store, once there is one; `undefined` for all else. */
  readonly uploadId: string | undefined
  /**
   * Stops the transfer: sockets are cut, then what it made is removed. Resolves when that is done;
   * the transfer itself then rejects with ERR_ABORTED. Without effect once it is settled.
   */
  abort(reason?: unknown): Promise<void>
  /**
   * Stops the transfer and keeps what it has made: the same call goes on with it. Resolves when that
   * is done, with a token, the name of its journal below `stateDir`; `undefined` if nothing was kept
   * (streams, objects of one request, what `resume` leaves out, transfers in the queue). The transfer
   * itself then rejects with ERR_PAUSED. Without effect once it is settled.
   */
  pause(): Promise<string | undefined>
}

export function makeTransfer<T>(
  promise: Promise<T>,
  controls: {
    readonly id: number
    progress(): Progress
    abort(reason: unknown): void
    pause(): void
    /** What a pause has left. */
    token(): string | undefined
    uploadId(): string | undefined
  },
): Transfer<T> {
  // A promise of its own, so that a failure nobody looks at is an unhandled rejection.
  const transfer = promise.then((value) => value)
  return Object.defineProperties(transfer, {
    id: { value: controls.id, enumerable: true },
    progress: { get: () => controls.progress(), enumerable: true },
    uploadId: { get: () => controls.uploadId(), enumerable: true },
    abort: {
      value: (reason?: unknown): Promise<void> => {
        controls.abort(reason)
        // Who aborts knows how it ends and need not look.
        transfer.catch(nothing)
        return promise.then(nothing, nothing)
      },
    },
    pause: {
      value: (): Promise<string | undefined> => {
        controls.pause()
        transfer.catch(nothing)
        return promise.then(nothing, () => controls.token())
      },
    },
  }) as Transfer<T>
}

function nothing(): undefined {
  // The outcome is told by the transfer itself.
}
