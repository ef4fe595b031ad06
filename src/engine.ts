/**
 * The engine: wires the parts together and is the whole public surface of a transfer. It holds one
 * scheduler, one executor and one store; every call shares their budgets.
 */

import { createEnvironment, drivers, exposition } from './environment.ts'
import { TransferError } from './errors.ts'
import type { EventName, Listener } from './events.ts'
import type { JobList } from './journal/list-jobs.ts'
import { readBeginning } from './journal/read-beginning.ts'
import { badTarget, destinationOf, objectAt, versionOf, type ObjectLocation } from './locations.ts'
import type { MetricsServer, MetricsServerOptions } from './metrics/server.ts'
import { resolveOptions, type EngineOptions, type ResolvedOptions } from './options.ts'
import { engineStats, type EngineStats } from './stats.ts'
import { parseS3Uri } from './store/uri.ts'
import {
  checkDownloadOptions,
  checkResumeOptions,
  checkUploadOptions,
  type DownloadOptions,
  type ResumeOptions,
  type UploadOptions,
} from './transfer-options.ts'
import type { DownloadResult, UploadResult } from './transfer/results.ts'
import {
  checkCleanupOptions,
  type CleanupOptions,
  type CleanupResult,
} from './transfer/clean-up-options.ts'
import type { Limits } from './transfer/running-limits.ts'
import { RunningSweeps } from './transfer/running-sweeps.ts'
import { RunningTransfers } from './transfer/running-transfers.ts'
import type { Transfer } from './transfer/transfer.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'
import { checkUploadInput, hearErrors, pathOf, type UploadInput } from './transfer/upload-input.ts'

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
  readonly #transfers: RunningTransfers
  readonly #servers: Promise<MetricsServer>[] = []
  readonly #sweeps = new RunningSweeps()
  #closing: Promise<void> | undefined

  /** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID, ERR_URI_INVALID */
  constructor(options: EngineOptions = {}) {
    this.#options = resolveOptions(options)
    const { target } = this.#options.target
    if (target !== undefined) parseS3Uri(target)
    this.#env = createEnvironment(this.#options)
    this.#transfers = new RunningTransfers(this.#env)
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
      this.#assertOpen()
      checkUploadInput(source)
      const path = pathOf(source)
      const { bucket, key } = destinationOf(destination, path, this.#options.target.target)
      const checked = checkUploadOptions(options, this.#options.tuning)
      return { names: { kind: 'upload' as const, bucket, key, path }, checked }
    }
    return this.#transfers.submit(prepare, options, async (run, { checked }) => {
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
      this.#assertOpen()
      const object = { ...objectAt(source), ...versionOf(options) }
      const path = pathOf(target)
      if (path === undefined) throw badTarget(target)
      const checked = checkDownloadOptions(options, this.#options.tuning)
      const { bucket, key } = object
      return { names: { kind: 'download' as const, bucket, key, path }, object, path, checked }
    }
    return this.#transfers.submit(prepare, options, async (run, { object, path, checked }) => {
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
    const compares = () => this.#compares()
    const { bucket, key } = object
    const names = { kind: 'read', bucket, key, path: undefined } as const
    yield* this.#transfers.stream(names, options, async function* (run) {
      const { readObject } = await drivers.read()
      yield* readObject(run, { object, ...checked, compare: await compares() })
    })
  }

  /**
   * Transfers that were written down below `stateDir` and have not ended: killed, paused, or at work
   * in some process now. One whose journal cannot be read is in `failures`.
   * @throws (rejects) ERR_CLOSED, ERR_JOURNAL_UNSAFE, ERR_JOURNAL_UNWRITABLE
   */
  async resumable(): Promise<JobList> {
    this.#assertOpen()
    const { listJobs } = await drivers.listJobs()
    return listJobs(this.#env.openUploads.stateDirectory)
  }

  /**
   * Goes on with a transfer by its `id` in `resumable()`, or the token of a pause: as the same call
   * would, and with the same result. The engine must go to the store of then; see `connection` there.
   *
   * @throws (rejects) ERR_JOURNAL_NOT_FOUND, ERR_JOURNAL_LOCKED while another process is at work,
   *   ERR_OPTION_INVALID for an engine that goes elsewhere or a customer key that is missing,
   *   and what `upload` and `download` throw
   */
  resume(id: string, options: ResumeOptions = {}): Transfer<UploadResult | DownloadResult> {
    const prepare = () => {
      this.#assertOpen()
      const secrets = checkResumeOptions(options)
      const begin = readBeginning(this.#env.openUploads.stateDirectory, id)
      const { bucket, key } = begin.place
      return { names: { kind: begin.type, bucket, key, path: begin.path }, begin, secrets }
    }
    return this.#transfers.submit(prepare, options, async (run, { begin, secrets }) => {
      const { resumeJob } = await drivers.resumeJob()
      return resumeJob(run, { id, begin, secrets, compare: await this.#compares() })
    })
  }

  /**
   * Removes multipart uploads that nobody works on any more below a bucket or a prefix of keys:
   * those recorded by engines on this machine (`stateDir`), or `any`. Each is aborted only if
   * nothing has happened to it for `olderThanMs`; one that resists is in the result.
   *
   * @throws (rejects) ERR_URI_INVALID, ERR_OPTION_INVALID, ERR_ACCESS_DENIED, ERR_ABORTED, …
   */
  async cleanup(prefix: string, options: CleanupOptions = {}): Promise<CleanupResult> {
    this.#assertOpen()
    const place = parseS3Uri(prefix)
    const checked = checkCleanupOptions(options)
    return this.#sweeps.run(checked.signal, async (signal) => {
      const { cleanUp } = await drivers.cleanUp()
      return cleanUp(this.#env, place, { ...checked, signal })
    })
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
    return engineStats(this.#env, this.#transfers.size)
  }

  /** The same as text in Prometheus' format; METRICS.md lists the names. */
  async metrics(): Promise<string> {
    const { metricsText } = await exposition.text()
    return metricsText(this.stats())
  }

  /**
   * Answers `GET /metrics` until the engine is closed. Does not keep the process alive.
   * @throws (rejects) ERR_CLOSED, ERR_OPTION_INVALID
   */
  async serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
    this.#assertOpen()
    const starting = exposition.server().then((m) => m.serveMetrics(() => this.metrics(), options))
    this.#servers.push(starting)
    return starting
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
      this.#sweeps.cut(new Error('the engine was closed'))
      this.#transfers.abort('the engine was closed')
    }
    this.#transfers.abort('the engine was closed', 'read')
    const timer = graceMs === undefined ? undefined : setTimeout(abortAll, graceMs)
    await this.#transfers.settled()
    await this.#sweeps.settled()
    clearTimeout(timer)
    for (const server of await Promise.allSettled(this.#servers)) {
      if (server.status === 'fulfilled') await server.value.close()
    }
    await this.#env.executor.close()
    this.#env.store.close()
    await this.#env.openUploads.settled()
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
