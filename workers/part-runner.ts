/**
 * Runs tasks in one thread: one pool of connections per origin, one signer, the buffers. Never
 * throws; every failure is an answer. The Piscina entry and the in-thread executor both drive
 * this class, so that `workers: 0` runs the same code.
 */

import { threadId } from 'node:worker_threads'
import { loadChecksum } from '../src/checksum/algorithms.ts'
import { TransferError, toTransferError, toWire, type ErrorContext } from '../src/errors.ts'
import { Dialler } from '../src/network/dialler.ts'
import { unpack } from '../src/network/settings.ts'
import { DIRECT_STEP } from '../src/plan/memory-budget.ts'
import type {
  DigestJob,
  PartDone,
  PartFailed,
  PartJob,
  PartResult,
  PartTask,
  WorkerConfig,
} from '../src/pool/protocol.ts'
import type { PoolEvent } from '../src/pool/pool-event.ts'
import { WorkerState } from '../src/pool/shared-state.ts'
import { classifyException } from '../src/store/classify.ts'
import { Signer } from '../src/store/signing.ts'
import type { StoreRoute } from '../src/store/types.ts'
import { hashBytes, isDirect, READ_STEP } from './byte-source.ts'
import { ConnectionLimit } from './connection-limit.ts'
import { ConnectionPool } from './connection-pool.ts'
import { DiskSync } from './disk-sync.ts'
import { downloadFile } from './download-file.ts'
import { downloadPart, PartialGet } from './download-part.ts'
import { pageBuffer } from './page-buffer.ts'
import { PartBuffers } from './part-buffers.ts'
import { PoolReporter } from './pool-reporter.ts'
import { relayObject } from './relay-object.ts'
import { uploadFile } from './upload-file.ts'
import { uploadPart } from './upload-part.ts'
import { JobToken, type WorkerContext } from './worker-context.ts'

/** Cancelled transfers remembered, since a job may arrive after the word that cancels it. */
const CANCELLED_MAX = 4096

const NOTHING = new Uint8Array(0)

export class PartRunner {
  readonly #config: WorkerConfig
  readonly #limit: ConnectionLimit
  readonly #reporter: PoolReporter
  readonly #pools = new Map<string, ConnectionPool>()
  readonly #dialler: Dialler
  readonly #running = new Set<JobToken>()
  readonly #cancelled = new Set<number>()
  readonly #disk = new DiskSync()
  readonly #worker: WorkerContext

  /** @param onPoolEvents told what happens to connections, while the shared state says so */
  constructor(config: WorkerConfig, onPoolEvents: (events: readonly PoolEvent[]) => void) {
    this.#config = config
    const secrets = config.secrets === undefined ? undefined : unpack(config.secrets)
    this.#dialler = new Dialler({ ...config, secrets })
    this.#worker = {
      workerId: threadId,
      signer: new Signer(),
      buffers: new PartBuffers(),
      pages: new PartBuffers(pageBuffer),
      state: new WorkerState(config.shared, config.slots, threadId),
      pool: (origin) => this.#pool(origin),
    }
    const { workerId, state } = this.#worker
    this.#reporter = new PoolReporter(workerId, state, onPoolEvents)
    this.#limit = new ConnectionLimit(config, state, this.#reporter)
  }

  /** Answers in the order of the jobs, and tells of each as it ends. */
  run(
    task: PartTask,
    onAnswer?: (result: PartResult, index: number) => void,
  ): Promise<PartResult[]> {
    const answers = task.jobs.map(async (job, index) => {
      const result = await this.#runJob(task, job, task.numbers?.[index])
      onAnswer?.(result, index)
      return result
    })
    return Promise.all(answers)
  }

  /** Opens connections to an origin before they are needed. */
  async prewarm(origin: string, count: number): Promise<void> {
    await this.#pool(origin).prewarm(count)
  }

  /**
   * Stops the jobs of a transfer: those at work are cut, those to come answer ERR_ABORTED. With the
   * number of a job, only that is cut, if it is at work.
   */
  cancel(transferId: number, job?: number): void {
    if (job === undefined) this.#remember(transferId)
    for (const token of this.#running) {
      if (token.transferId !== transferId) continue
      if (job === undefined || token.job === job) token.cancel()
    }
  }

  /** Writes down that this thread is alive. */
  beat(): void {
    this.#worker.state.beat()
  }

  close(): void {
    this.#limit.close()
    for (const pool of this.#pools.values()) pool.close()
    this.#pools.clear()
    this.#reporter.flush()
    this.#worker.buffers.clear()
    this.#worker.pages.clear()
  }

  #remember(transferId: number): void {
    this.#cancelled.add(transferId)
    if (this.#cancelled.size <= CANCELLED_MAX) return
    for (const oldest of this.#cancelled) {
      this.#cancelled.delete(oldest)
      break
    }
  }

  #pool(origin: string): ConnectionPool {
    const known = this.#pools.get(origin)
    if (known !== undefined) return known
    const { state } = this.#worker
    const { bandwidth } = state
    const options = { ...this.#config, dialler: this.#dialler, bandwidth }
    const pool = new ConnectionPool(origin, options, state, this.#limit, this.#reporter)
    this.#pools.set(origin, pool)
    return pool
  }

  async #runJob(
    { route, source }: PartTask,
    job: PartJob,
    number: number | undefined,
  ): Promise<PartResult> {
    const { slot, transferId } = job
    const token = new JobToken(transferId, number)
    const isCancelled =
      this.#cancelled.has(transferId) || this.#worker.state.isCancelled(slot, transferId)
    if (isCancelled) token.cancel()
    this.#running.add(token)
    const context = this.#contextOf(route, job)
    try {
      if (job.kind === 'digest') return await this.#digest(job, token)
      if (route === undefined) throw new Error('a request needs a route')
      if (job.kind === 'put') return await uploadPart(this.#worker, route, job, token, context)
      if (job.kind === 'put-file') {
        return await uploadFile(job, (part) =>
          uploadPart(this.#worker, route, part, token, context),
        )
      }
      if (job.kind === 'get-file') {
        return await downloadFile(this.#worker, this.#disk, route, job, token, context)
      }
      if (job.kind === 'relay') {
        if (source === undefined) throw new Error('a relay needs two routes')
        return await relayObject(this.#worker, { from: source, to: route }, job, token, context)
      }
      return await downloadPart(this.#worker, route, job, token, context)
    } catch (error) {
      if (job.kind !== 'digest') this.#worker.state.add('failed', 1)
      return this.#failed(error, context, token)
    } finally {
      this.#running.delete(token)
    }
  }

  async #digest(job: DigestJob, token: JobToken): Promise<PartDone> {
    const startedAt = performance.now()
    const checksum = (await loadChecksum(job.algorithm))()
    token.check()
    const { buffers, pages } = this.#worker
    const [from, step] = isDirect(job.source) ? [pages, DIRECT_STEP] : [buffers, READ_STEP]
    const scratch = from.take(step)
    try {
      await hashBytes(job.source, job.length, scratch, [checksum], () => token.check())
    } finally {
      from.give(scratch)
    }
    return {
      ok: true,
      workerId: this.#worker.workerId,
      digest: checksum.digest(),
      length: job.length,
      etag: '',
      headers: {},
      elapsedMs: performance.now() - startedAt,
    }
  }

  #contextOf(route: StoreRoute | undefined, job: PartJob): ErrorContext {
    const { transferId } = job
    const { workerId } = this.#worker
    if (route === undefined || job.kind === 'digest') return { transferId, workerId }
    const isGet = job.kind === 'get' || job.kind === 'get-file'
    const query = job.kind === 'relay' ? '' : job.query
    const operation = isGet ? 'GetObject' : putOperation(query)
    const { bucket, origin } = route
    return { transferId, workerId, operation, bucket, key: job.key, origin }
  }

  #failed(thrown: unknown, known: ErrorContext, token: JobToken): PartFailed {
    const partial = thrown instanceof PartialGet ? thrown : undefined
    const cause: unknown = partial === undefined ? thrown : partial.cause
    const error =
      cause instanceof TransferError
        ? cause.with(known)
        : toTransferError(classifyException(cause, known), known)
    const isStale = token.mayBeStale && error.code === 'ERR_CONNECTION_LOST'
    return {
      ok: false,
      workerId: this.#worker.workerId,
      error: toWire(isStale ? error.with({ stale: true }) : error),
      received: partial?.received ?? 0,
      digest: partial?.digest ?? NOTHING,
    }
  }
}

function putOperation(query: string): string {
  return query.includes('partNumber=') ? 'UploadPart' : 'PutObject'
}
