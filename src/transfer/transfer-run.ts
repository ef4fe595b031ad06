/**
 * One transfer at work: its identity, its counts, and the one way to stop it.
 *
 * `stop` may be called by the caller's signal, by the handle, or by a part that failed for good;
 * the first reason wins. It cuts the requests in flight; the driver then waits for their answers,
 * cleans up, and rejects with that reason.
 */

import { setMaxListeners } from 'node:events'
import { isTransferError, toTransferError, TransferError } from '../errors.ts'
import type { EventHub, ProgressEvent, TransferInfo } from '../events.ts'
import type { ResolvedTuning } from '../options.ts'
import type { PartExecutor } from '../pool/part-executor.ts'
import type { SharedBuffers } from '../pool/shared-buffers.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { RetryPolicy } from '../store/retry-policy.ts'
import { listenOnce } from './abort-listeners.ts'
import { ProgressBook } from './progress.ts'
import type { Scheduler } from './scheduler.ts'

/** What the transfers of one engine share. */
export interface TransferEnvironment {
  readonly store: ObjectStore
  readonly executor: PartExecutor
  readonly scheduler: Scheduler
  readonly buffers: SharedBuffers
  readonly retryPolicy: RetryPolicy
  readonly events: EventHub
  readonly tuning: ResolvedTuning
}

export class TransferRun {
  readonly env: TransferEnvironment
  readonly info: TransferInfo
  readonly progress: ProgressBook
  readonly startedAt = performance.now()
  /** Requests that moved payload, failed ones included. */
  attempts = 0
  readonly #controller = new AbortController()
  readonly #unlisten: () => void
  #ended = false

  constructor(
    env: TransferEnvironment,
    info: TransferInfo,
    options: {
      readonly signal?: AbortSignal | undefined
      readonly onProgress?: ((event: ProgressEvent) => void) | undefined
    },
  ) {
    this.env = env
    this.info = info
    // Each part in flight listens; Node would warn of a leak from the eleventh on.
    setMaxListeners(0, this.signal)
    const slotBytes = (slot: number): number => env.executor.progress(slot)
    this.progress = new ProgressBook(info, env.events, slotBytes, options.onProgress)
    const { signal } = options
    this.#unlisten =
      signal === undefined ? nothing : listenOnce(signal, () => this.abort(signal.reason))
  }

  /** Aborts with the error that stopped the run as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Position in the order of submission. */
  get sequence(): number {
    return this.info.id
  }

  /** The caller wants it to end. */
  abort(reason: unknown): void {
    this.stop(new TransferError('ERR_ABORTED', 'The transfer was aborted', {}, { cause: reason }))
  }

  /** Ends the run with `error`; later reasons are ignored. */
  stop(error: unknown): void {
    if (this.signal.aborted || this.#ended) return
    this.#controller.abort(toTransferError(error, this.context))
    this.env.executor.cancel(this.info.id)
  }

  get context(): {
    readonly transferId: number
    readonly bucket: string
    readonly key: string
    readonly path: string | undefined
  } {
    const { id, bucket, key, path } = this.info
    return { transferId: id, bucket, key, path }
  }

  /** The error the run ends with: the reason it was stopped, before what that broke elsewhere. */
  failure(error: unknown): TransferError {
    const failure = toTransferError(this.signal.aborted ? this.signal.reason : error, this.context)
    const leftBehind = isTransferError(error) ? error.context.leftBehind : undefined
    return leftBehind === undefined ? failure : failure.with({ leftBehind })
  }

  /** Lets go of the caller's signal and reports the end. */
  end(size: number | undefined, error: TransferError | undefined): void {
    this.#ended = true
    this.#unlisten()
    this.progress.end(size)
    const elapsedMs = performance.now() - this.startedAt
    this.env.events.emit('end', { transfer: this.info, elapsedMs, error })
  }
}

function nothing(): undefined {
  return undefined
}
