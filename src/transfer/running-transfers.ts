/**
 * The transfers of an engine from the call to the end: a number for each, a place among those at
 * work, and one way to hear of the end. Closing an engine waits for them, or cuts them short.
 */

import { toTransferError, type TransferError } from '../errors.ts'
import type { ProgressEvent, TransferInfo } from '../events.ts'
import { makeTransfer, type Transfer } from './transfer.ts'
import { TransferRun, type TransferEnvironment } from './transfer-run.ts'

/** What every transfer may be given. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined
}

/** What a transfer is about; its number is given here. */
export type TransferNames = Omit<TransferInfo, 'id'>

/** A transfer without a handle, for one who has many. */
export interface StartedTransfer<T> {
  readonly done: Promise<T>
  /** Bytes moved so far. */
  readonly transferred: () => number
}

export class RunningTransfers {
  // Set once.
  readonly #env: TransferEnvironment
  // Owned by the coordinator.
  readonly #running = new Map<TransferRun, Promise<unknown>>()
  #lastId = 0

  constructor(env: TransferEnvironment) {
    this.#env = env
  }

  get size(): number {
    return this.#running.size
  }

  /**
   * Starts `work` as soon as there is a place. What `prepare` throws rejects the transfer, which
   * then has the number 0.
   */
  submit<T extends { readonly size: number }, P extends { readonly names: TransferNames }>(
    prepare: () => P,
    options: RunOptions,
    work: (run: TransferRun, prepared: P) => Promise<T>,
  ): Transfer<T> {
    let run: TransferRun | undefined
    let promise: Promise<T>
    try {
      const prepared = prepare()
      const started = this.#newRun(prepared.names, options)
      run = started
      promise = this.#run(started, (each) => work(each, prepared))
    } catch (error) {
      promise = Promise.reject(toTransferError(error))
    }
    return makeTransfer(promise, {
      id: run?.info.id ?? 0,
      progress: () => run?.progress.snapshot ?? { transferred: 0, total: undefined },
      abort: (reason) => run?.abort(reason),
      pause: () => run?.pause(),
      token: () => run?.token,
      uploadId: () => run?.uploadId,
    })
  }

  /** The same without checks and controls: both cost more than the rest where objects are small. */
  start<T extends { readonly size: number }>(
    names: TransferNames,
    options: RunOptions,
    work: (run: TransferRun) => Promise<T>,
  ): StartedTransfer<T> {
    const run = this.#newRun(names, options)
    const transferred = () => run.progress.snapshot.transferred
    return { done: this.#run(run, work), transferred }
  }

  /**
   * The same for chunks in order. A reader may leave early, which proves nothing and is an end with
   * an error; one that never asks again never ends, so nobody waits for it.
   */
  async *stream<T>(
    names: TransferNames,
    options: RunOptions,
    work: (run: TransferRun) => AsyncGenerator<T>,
  ): AsyncGenerator<T, void, undefined> {
    const run = this.#newRun(names, options)
    this.#running.set(run, Promise.resolve())
    let error: TransferError | undefined
    let size: number | undefined
    try {
      yield* work(run)
      size = run.progress.snapshot.total
    } catch (thrown) {
      error = run.failure(thrown)
      throw error
    } finally {
      if (size === undefined && error === undefined) run.abort('the reader stopped')
      run.end(size, error ?? (size === undefined ? run.failure(undefined) : undefined))
      this.#running.delete(run)
    }
  }

  /** Stops all, or those of a kind; each still cleans up. */
  abort(reason: string, kind?: TransferInfo['kind']): void {
    for (const run of this.#running.keys()) {
      if (kind === undefined || run.info.kind === kind) run.abort(reason)
    }
  }

  /** Ends when all have. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  #run<T extends { readonly size: number }>(
    run: TransferRun,
    work: (run: TransferRun) => Promise<T>,
  ): Promise<T> {
    const promise = this.#execute(run, work)
    this.#running.set(run, promise)
    return promise
  }

  async #execute<T extends { readonly size: number }>(
    run: TransferRun,
    work: (run: TransferRun) => Promise<T>,
  ): Promise<T> {
    let error: TransferError | undefined
    let size: number | undefined
    try {
      const { transfers } = this.#env.scheduler
      const leave = await transfers.acquire(1, run.sequence, run.stopping)
      try {
        const result = await work(run)
        size = result.size
        return result
      } finally {
        leave()
      }
    } catch (thrown) {
      error = run.failure(thrown)
      throw error
    } finally {
      this.#running.delete(run)
      run.end(size, error)
    }
  }

  #newRun(names: TransferNames, options: RunOptions): TransferRun {
    this.#lastId += 1
    return new TransferRun(this.#env, { id: this.#lastId, ...names }, options)
  }
}
