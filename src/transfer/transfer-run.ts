/**
 * One transfer at work: its identity, its counts, and the one way to stop it.
 *
 * `stop` may be called by the caller's signal, by the handle, or by a part that failed for good;
 * the first reason wins. It cuts the requests in flight; the driver then waits for their answers,
 * cleans up, and rejects with that reason.
 */

import { isTransferError, toTransferError, TransferError } from '../errors.ts'
import type { EventHub, ProgressEvent, TransferEvents, TransferInfo } from '../events.ts'
import type { ResolvedTuning } from '../options.ts'
import { choosePartSize } from '../plan/part-size.ts'
import type { Place } from '../journal/records.ts'
import type { PartExecutor } from '../pool/part-executor.ts'
import type { SharedBuffers } from '../pool/shared-buffers.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { RetryPolicy } from '../store/retry-policy.ts'
import { listenOnce } from './abort-listeners.ts'
import type { OpenUploads } from './open-uploads.ts'
import { ProgressBook } from './progress.ts'
import type { ResumeSettings } from './resume-settings.ts'
import { RetryBudget } from './retry-budget.ts'
import type { Operation } from './request-lane.ts'
import type { RunningLimits } from './running-limits.ts'
import { RunStop } from './run-stop.ts'
import type { Scheduler } from './scheduler.ts'
import type { TransferCounts } from './transfer-counts.ts'

/** What the transfers of one engine share. */
export interface TransferEnvironment {
  readonly store: ObjectStore
  /** Where copies come from; mostly the same. */
  readonly source: ObjectStore
  /** Whether both are reached at one endpoint with one identity, so that the store can copy by itself. */
  readonly isOneIdentity: boolean
  readonly executor: PartExecutor
  readonly scheduler: Scheduler
  readonly limits: RunningLimits
  readonly buffers: SharedBuffers
  readonly retryPolicy: RetryPolicy
  readonly openUploads: OpenUploads
  readonly resume: ResumeSettings
  readonly events: EventHub
  readonly counts: TransferCounts
  readonly tuning: ResolvedTuning
}

/**
 * Requests in flight that a part size is chosen for, while fewer have proved worth it.
 * Source: none, reasonable default; the limit grows while an object moves, its parts do not shrink.
 */
const PLANNED_IN_FLIGHT = 32

export class TransferRun {
  readonly env: TransferEnvironment
  readonly info: TransferInfo
  readonly progress: ProgressBook
  /** Stops what waits, with the error that stopped the run as the reason. */
  readonly stopping = new RunStop()
  readonly startedAt = performance.now()
  /** Failures it may have altogether. */
  readonly retries: RetryBudget
  /** Requests that moved payload, failed ones included. */
  attempts = 0
  /** The multipart upload that was opened, or gone on with. */
  uploadId: string | undefined
  /** Names what a pause has left to go on with. */
  token: string | undefined
  /** Of a copy: where it is read, once that is known. */
  sourcePlace: Place | undefined
  /** Whether an earlier process left a journal of it; then nothing is done without a look at that. */
  hasJournal = false
  #resumed = false
  #keptBytes = 0
  readonly #unlisten: () => void
  #started = false
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
    env.counts.submitted(info.kind)
    this.retries = new RetryBudget(env.tuning.maxInFlight)
    const slotBytes = (slot: number): number => env.executor.progress(slot)
    this.progress = new ProgressBook(info, env.events, slotBytes, options.onProgress)
    const { signal } = options
    this.#unlisten =
      signal === undefined ? nothing : listenOnce(signal, () => this.#stopBy(signal.reason))
  }

  /** The same for those who need an `AbortSignal`; most transfers never make one. */
  get signal(): AbortSignal {
    return this.stopping.signal
  }

  /** The part size for an object, where nobody chose one and no part is held in memory. */
  partSizeOf(size: number, operation: Operation): number {
    const { scheduler, tuning } = this.env
    const throughput = scheduler.throughput.bytesPerSecond
    const limit = scheduler.requests.limitOf({ bucket: this.info.bucket, operation })
    const inFlight = Math.min(tuning.maxInFlight, Math.max(PLANNED_IN_FLIGHT, limit))
    return choosePartSize({ size, inFlight, throughput })
  }

  /** Position in the order of submission. */
  get sequence(): number {
    return this.info.id
  }

  /** Whether somebody wants to hear of the plan before the first byte moves. */
  get isWatched(): boolean {
    return this.env.events.hears('start') || this.progress.isHeard
  }

  /** The plan is made: so many bytes, in so many requests. What is said first is reported. */
  started(size: number | undefined, parts: number | undefined, partSize: number): void {
    if (this.#started) return
    this.#started = true
    this.progress.start(size)
    const { events } = this.env
    if (events.hears('start')) events.emit('start', { transfer: this.info, size, parts, partSize })
  }

  /** An earlier process left something: it is gone on with, or there is a reason why not. */
  resumes(outcome: { readonly keptBytes?: number; readonly reason?: string }): void {
    const { events } = this.env
    const { keptBytes = 0, reason } = outcome
    this.#resumed = reason === undefined
    this.kept(keptBytes)
    if (!events.hears('resume')) return
    events.emit('resume', { transfer: this.info, resumed: this.#resumed, keptBytes, reason })
  }

  /** Bytes that need not be moved again. */
  kept(bytes: number): void {
    this.#keptBytes += bytes
    this.progress.keep(bytes)
  }

  /** What every result says of its run. */
  get tally(): {
    readonly attempts: number
    readonly elapsedMs: number
    readonly resumed: boolean
    readonly keptBytes: number
  } {
    return {
      attempts: this.attempts,
      elapsedMs: performance.now() - this.startedAt,
      resumed: this.#resumed,
      keptBytes: this.#keptBytes,
    }
  }

  /** A request failed and is made again. */
  retried(retry: Omit<TransferEvents['retry'], 'transfer'>): void {
    const { counts, events } = this.env
    counts.retried(retry.error.code)
    if (events.hears('retry')) events.emit('retry', { transfer: this.info, ...retry })
  }

  /** The caller wants it to end. */
  abort(reason: unknown): void {
    this.stop(new TransferError('ERR_ABORTED', 'The transfer was aborted', {}, { cause: reason }))
  }

  /** The caller wants it to end so that it can be gone on with. */
  pause(): void {
    this.stop(new TransferError('ERR_PAUSED', 'The transfer was paused'))
  }

  /** A signal whose reason is a pause pauses. */
  #stopBy(reason: unknown): void {
    if (isTransferError(reason) && reason.code === 'ERR_PAUSED') this.pause()
    else this.abort(reason)
  }

  /** Whether what was made is to be kept. */
  get isPaused(): boolean {
    const { reason } = this.stopping
    return isTransferError(reason) && reason.code === 'ERR_PAUSED'
  }

  /** Ends the run with `error`; later reasons are ignored. */
  stop(error: unknown): void {
    if (this.stopping.aborted || this.#ended) return
    this.stopping.abort(toTransferError(error, this.context))
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
    const failure = toTransferError(
      this.stopping.aborted ? this.stopping.reason : error,
      this.context,
    )
    const leftBehind = isTransferError(error) ? error.context.leftBehind : undefined
    return leftBehind === undefined ? failure : failure.with({ leftBehind })
  }

  /** Lets go of the caller's signal and reports the end. */
  end(size: number | undefined, error: TransferError | undefined): void {
    this.#ended = true
    this.#unlisten()
    this.progress.end(size)
    const { counts, events } = this.env
    const elapsedMs = performance.now() - this.startedAt
    counts.ended(this.info.kind, error, elapsedMs)
    if (events.hears('end')) events.emit('end', { transfer: this.info, elapsedMs, error })
  }
}

function nothing(): undefined {
  return undefined
}
