/**
 * The engine: wires the parts together and is the whole public surface of a transfer. It holds one
 * scheduler, one executor and one store; every call shares their budgets.
 */

import { createEnvironment, drivers } from './environment.ts'
import { TransferError, toTransferError } from './errors.ts'
import type { EventName, Listener, TransferInfo } from './events.ts'
import { destinationOf, objectAt, type ObjectLocation } from './locations.ts'
import { resolveOptions, type EngineOptions, type ResolvedOptions } from './options.ts'
import { engineStats, type EngineStats } from './stats.ts'
import { parseS3Uri } from './store/uri.ts'
import {
  checkDownloadOptions,
  checkUploadOptions,
  type DownloadOptions,
  type UploadOptions,
} from './transfer-options.ts'
import type { DownloadResult, UploadResult } from './transfer/results.ts'
import type { Limits } from './transfer/running-limits.ts'
import { makeTransfer, type Transfer } from './transfer/transfer.ts'
import { TransferRun, type TransferEnvironment } from './transfer/transfer-run.ts'
import { checkUploadInput, hearErrors, pathOf, type UploadInput } from './transfer/upload-input.ts'

type Submitted = Pick<UploadOptions, 'signal' | 'onProgress'>

/**
 * Moves objects between this machine and an S3-compatible store.
 *
 * @example
 * const transferEngine = new TransferEngine({ target: 's3://bucket/prefix/' })
 * await transferEngine.upload('data/part-0001.bin')
 * await transferEngine.download('s3://bucket/prefix/part-0001.bin', 'copy.bin')
 * await transferEngine.close()
 */
export class TransferEngine implements AsyncDisposable {
  // Set once.
  readonly #options: ResolvedOptions
  readonly #env: TransferEnvironment
  // Owned by the coordinator.
  readonly #running = new Map<TransferRun, Promise<unknown>>()
  #lastId = 0
  #closing: Promise<void> | undefined

  /** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID, ERR_URI_INVALID */
  constructor(options: EngineOptions = {}) {
    this.#options = resolveOptions(options)
    const { target, tlsVerify } = this.#options.target
    if (target !== undefined) parseS3Uri(target)
    if (tlsVerify === false) warnUnverified()
    this.#env = createEnvironment(this.#options)
  }

  /**
   * Starts threads and, if the engine has a `target`, opens `prewarmConnections` to it in each, so
   * that the first transfer pays for neither. Optional, and of use only before the first transfer.
   * @throws (rejects) ERR_CLOSED, ERR_CREDENTIALS, ERR_WORKER_LOST
   */
  async ready(): Promise<void> {
    this.#assertOpen()
    const { store, executor } = this.#env
    const uri = this.#options.target.target
    const route = uri === undefined ? undefined : await store.route(parseS3Uri(uri).bucket)
    await executor.ready(route)
  }

  /**
   * Uploads a file, bytes, a Blob or a stream. Resolves when the store holds exactly those bytes
   * under the key and has said so; rejects otherwise, with no upload left open.
   *
   * Without destination a file goes below the engine's `target` under its own name. Calls may be
   * made by the thousand without waiting: they share the engine's budgets and finish in the order
   * of their submission among equals.
   *
   * @param source path, file URL, bytes, Blob, or stream of known or unknown length
   * @param destination `s3://bucket/key`, `s3://bucket/prefix/` for a file, or bucket and key
   * @throws (rejects) ERR_SOURCE_NOT_FOUND, ERR_SOURCE_CHANGED, ERR_BUCKET_NOT_FOUND,
   *   ERR_ACCESS_DENIED, ERR_CHECKSUM_MISMATCH, ERR_ABORTED, … as `TransferError`
   */
  upload(
    source: UploadInput,
    destination?: ObjectLocation,
    options: UploadOptions = {},
  ): Transfer<UploadResult> {
    hearErrors(source)
    const prepare = () => {
      checkUploadInput(source)
      const path = pathOf(source)
      const { bucket, key } = destinationOf(destination, path, this.#options.target.target)
      const checked = checkUploadOptions(options, this.#options.tuning)
      return { names: { kind: 'upload' as const, bucket, key, path }, checked }
    }
    return this.#submit(prepare, options, async (run, { checked }) => {
      const { uploadInput } = await drivers.upload()
      const isChecksumChosen = options.checksumAlgorithm !== undefined
      return uploadInput(run, source, { ...checked, isChecksumChosen })
    })
  }

  /**
   * Downloads an object into a file. Until the object has arrived whole and its checksum agrees
   * with the stored one, the file is what it was before; a failure leaves it so.
   *
   * @throws (rejects) ERR_OBJECT_NOT_FOUND, ERR_OBJECT_CHANGED, ERR_TARGET_IS_DIRECTORY,
   *   ERR_TARGET_UNWRITABLE, ERR_DISK_FULL, ERR_CHECKSUM_MISMATCH, ERR_ABORTED, …
   */
  download(
    source: ObjectLocation,
    target: string | URL,
    options: DownloadOptions = {},
  ): Transfer<DownloadResult> {
    const prepare = () => {
      const object = { ...objectAt(source), ...versionOf(options) }
      const path = pathOf(target)
      if (path === undefined) throw badTarget(target)
      const checked = checkDownloadOptions(options, this.#options.tuning)
      const { bucket, key } = object
      return { names: { kind: 'download' as const, bucket, key, path }, object, path, checked }
    }
    return this.#submit(prepare, options, async (run, { object, path, checked }) => {
      const { runDownload } = await drivers.download()
      return runDownload(run, { object, ...checked, compare: await this.#compares() }, path)
    })
  }

  /**
   * Reads an object as an ordered stream of chunks, ranges of it being fetched in parallel ahead
   * of the reader, as far as `memoryLimit` allows. Throws at the end if the bytes were not those
   * stored. Leaving the loop early cuts what is under way.
   *
   * @example
   * await pipeline(transferEngine.read('s3://bucket/big.csv'), process.stdout)
   */
  async *read(
    source: ObjectLocation,
    options: DownloadOptions = {},
  ): AsyncGenerator<Buffer, void, undefined> {
    this.#assertOpen()
    const object = { ...objectAt(source), ...versionOf(options) }
    const checked = checkDownloadOptions(options, this.#options.tuning)
    const { bucket, key } = object
    const run = this.#newRun({ kind: 'read', bucket, key, path: undefined }, options)
    // A reader that never asks again never ends, so nobody may wait for it.
    this.#running.set(run, Promise.resolve())
    let error: TransferError | undefined
    let size: number | undefined
    try {
      const { readObject } = await drivers.read()
      const compare = await this.#compares()
      yield* readObject(run, { object, ...checked, compare })
      size = run.progress.snapshot.total
    } catch (thrown) {
      error = run.failure(thrown)
      throw error
    } finally {
      // The reader left before the end: nothing is proved.
      if (size === undefined && error === undefined) run.abort('the reader stopped')
      run.end(size, error ?? (size === undefined ? run.failure(undefined) : undefined))
      this.#running.delete(run)
    }
  }

  /** Hears of what happens; see `TransferEvents`. */
  on<E extends EventName>(event: E, listener: Listener<E>): this {
    this.#env.events.on(event, listener)
    return this
  }

  off<E extends EventName>(event: E, listener: Listener<E>): this {
    this.#env.events.off(event, listener)
    return this
  }

  /**
   * Changes limits while transfers run: what waits under the old one is let go by the new one, at
   * the latest after a fifth of a second. Limits that are left out stay as they are; 0 is none.
   *
   * @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID
   */
  setLimits(limits: Limits): void {
    this.#env.limits.set(limits)
  }

  /** Workers, connections, requests and budgets at this moment. */
  stats(): EngineStats {
    return engineStats(this.#env, this.#running.size)
  }

  /**
   * Takes no more work and ends. Uploads and downloads under way are waited for, `graceMs` long
   * at most, then aborted; reads are aborted at once. The first call counts.
   */
  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(graceMs: number | undefined): Promise<void> {
    const abortAll = (): void => {
      for (const run of this.#running.keys()) run.abort('the engine was closed')
    }
    for (const run of this.#running.keys()) {
      if (run.info.kind === 'read') run.abort('the engine was closed')
    }
    const timer = graceMs === undefined ? undefined : setTimeout(abortAll, graceMs)
    await Promise.allSettled(this.#running.values())
    clearTimeout(timer)
    await this.#env.executor.close()
    this.#env.store.close()
  }

  #submit<T, P extends { readonly names: Omit<TransferInfo, 'id'> }>(
    prepare: () => P,
    options: Submitted,
    work: (run: TransferRun, prepared: P) => Promise<T>,
  ): Transfer<T> {
    let run: TransferRun | undefined
    let promise: Promise<T>
    try {
      this.#assertOpen()
      const prepared = prepare()
      const started = this.#newRun(prepared.names, options)
      run = started
      promise = this.#execute(started, () => work(started, prepared))
      this.#running.set(started, promise)
    } catch (error) {
      promise = Promise.reject(toTransferError(error))
    }
    return makeTransfer(promise, {
      id: run?.info.id ?? 0,
      progress: () => run?.progress.snapshot ?? { transferred: 0, total: undefined },
      abort: (reason) => run?.abort(reason),
    })
  }

  async #execute<T>(run: TransferRun, work: () => Promise<T>): Promise<T> {
    let error: TransferError | undefined
    let size: number | undefined
    try {
      const { transfers } = this.#env.scheduler
      const leave = await transfers.acquire(1, run.sequence, run.stopping)
      try {
        const result = await work()
        size = (result as { readonly size: number }).size
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

  #newRun(names: Omit<TransferInfo, 'id'>, options: Submitted): TransferRun {
    this.#lastId += 1
    return new TransferRun(this.#env, { id: this.#lastId, ...names }, options)
  }

  async #compares(): Promise<boolean> {
    const { responseChecksumValidation } = await this.#env.store.settings()
    return responseChecksumValidation === 'WHEN_SUPPORTED'
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return
    throw new TransferError('ERR_CLOSED', 'The engine was closed')
  }
}

function warnUnverified(): void {
  const message =
    'Certificates are not checked (tlsVerify: false): anybody may read and change what is sent'
  process.emitWarning(message, { type: 'TransferEngineWarning', code: 'TLS_UNVERIFIED' })
}

function versionOf({ versionId }: DownloadOptions): { readonly versionId?: string } {
  return versionId === undefined ? {} : { versionId }
}

function badTarget(target: unknown): TransferError {
  const message = `Cannot download to ${typeof target}: pass a path, or use read()`
  return new TransferError('ERR_OPTION_INVALID', message)
}
