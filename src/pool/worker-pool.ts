/**
 * Worker threads, by Piscina. What is set, and why:
 *
 * - `atomics: 'disabled'`: the default blocks a worker's event loop between tasks, so that it
 *   would not notice when a server closes an idle connection, nor sweep its pool.
 * - never an AbortSignal per task: Piscina answers an abort by killing the thread, and its pool of
 *   connections with it. Cancelling is a message of our own.
 * - the load balancer is ours: a thread starts when those that run are saturated, see
 *   `thread-balancer.ts`, and at most `workers` of them.
 *
 * A thread that dies answers for all its jobs with ERR_WORKER_LOST; Piscina starts another.
 */

import { BroadcastChannel } from 'node:worker_threads'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Piscina } from 'piscina'
import type { StoreRoute } from '../store/types.ts'
import { fromWire } from '../errors.ts'
import { lostWorker } from './lost-worker.ts'
import type { PartExecutor } from './part-executor.ts'
import type { ControlMessage, PartJob, PartResult, PartTask, WorkerConfig } from './protocol.ts'
import type { SharedState, WorkerCounters } from './shared-state.ts'
import { createThreadBalancer } from './thread-balancer.ts'
import { workerUrl } from './worker-url.ts'

export interface WorkerPoolOptions {
  readonly workers: number
  readonly maxInFlight: number
  readonly prewarm: number
}

const require = createRequire(import.meta.url)

/**
 * How long a thread without work is kept. Milliseconds.
 * Source: none, reasonable default; starting one costs about 0.15 CPU s.
 */
const THREAD_IDLE_MS = 60_000

export class WorkerPool implements PartExecutor {
  readonly #config: WorkerConfig
  readonly #shared: SharedState
  readonly #options: WorkerPoolOptions
  readonly #channel: BroadcastChannel
  readonly #pending = new Set<(result: PartResult) => void>()
  /** Slots with a job, and the transfer it belongs to. */
  readonly #slots = new Map<number, number>()
  #piscina: Piscina | undefined
  #closed = false

  constructor(config: WorkerConfig, shared: SharedState, options: WorkerPoolOptions) {
    this.#config = config
    this.#shared = shared
    this.#options = options
    this.#channel = new BroadcastChannel(config.channel)
    this.#channel.unref()
  }

  run(route: StoreRoute | undefined, job: PartJob): Promise<PartResult> {
    if (this.#closed) return Promise.resolve(lostWorker('the engine was closed'))
    const { slot, transferId } = job
    this.#shared.clearProgress(slot)
    this.#slots.set(slot, transferId)
    return new Promise((resolve) => {
      const settle = (result: PartResult): void => {
        if (!this.#pending.delete(settle)) return
        this.#slots.delete(slot)
        resolve(result)
      }
      this.#pending.add(settle)
      const task: PartTask = { route, jobs: [job] }
      this.#pool(route, 1)
        .run(task)
        .then(
          (results: PartResult[]) => settle(results[0] ?? lostWorker('a task without an answer')),
          (error: unknown) => settle(lostWorker(error)),
        )
    })
  }

  cancel(transferId: number): void {
    for (const [slot, id] of this.#slots) if (id === transferId) this.#shared.cancel(slot, id)
    if (this.#closed) return
    const message: ControlMessage = { type: 'cancel', transferId }
    this.#channel.postMessage(message)
  }

  /**
   * Starts all threads, with their connections, and waits until each answers an empty task. An
   * idle thread comes first with the balancer, so each gets one.
   */
  async ready(route: StoreRoute | undefined): Promise<void> {
    if (this.#closed) return
    const { workers } = this.#options
    const pool = this.#pool(route, workers)
    const empty: PartTask = { route, jobs: [] }
    try {
      await Promise.all(Array.from({ length: workers }, () => pool.run(empty)))
    } catch (error) {
      throw fromWire(lostWorker(error).error)
    }
  }

  workers(): WorkerCounters[] {
    const threads = new Set(this.#piscina?.threads.map((thread) => thread.threadId))
    // What a thread had open or at work ended with it, and it could not write that down.
    return this.#shared.workers().map((row) => {
      if (threads.has(row.threadId)) return row
      return { ...row, open: 0, busy: 0, closed: row.opened }
    })
  }

  progress(slot: number): number {
    return this.#shared.progress(slot)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#piscina?.destroy()
    this.#channel.close()
    this.#loseAll(new Error('the engine was closed'))
  }

  #pool(route: StoreRoute | undefined, minThreads: number): Piscina {
    if (this.#piscina !== undefined) return this.#piscina
    const { workers, maxInFlight, prewarm } = this.#options
    const prewarming =
      route === undefined || prewarm === 0
        ? undefined
        : { origin: route.origin, connections: prewarm }
    const workerData: WorkerConfig = { ...this.#config, prewarm: prewarming }
    // By `require`: 10 ms of CPU less than through the module loader.
    const { Piscina: Threads } = require('piscina') as { readonly Piscina: typeof Piscina }
    const piscina = new Threads({
      filename: fileURLToPath(workerUrl('part')),
      minThreads,
      maxThreads: workers,
      concurrentTasksPerWorker: maxInFlight,
      loadBalancer: createThreadBalancer({
        maxThreads: workers,
        maxTasks: Math.max(this.#config.maxConnections, Math.ceil(maxInFlight / workers)),
        threads: () => this.#piscina?.threads ?? [],
      }),
      maxQueue: Infinity,
      idleTimeout: THREAD_IDLE_MS,
      atomics: 'disabled',
      recordTiming: false,
      ...threadFlags(),
      workerData,
    })
    piscina.on('error', (error: unknown) => this.#onThreadLost(piscina, error))
    piscina.on('workerDestroy', () => {
      // Piscina starts the next thread, if it does, before this turn is over.
      queueMicrotask(() => this.#onThreadLost(piscina, new Error('it ended before it was ready')))
    })
    this.#piscina = piscina
    return piscina
  }

  /**
   * A thread that ends before it is ready is not replaced by Piscina, and its queue would wait for
   * ever. So the queue is answered and emptied, and the next job begins with a new pool.
   */
  #onThreadLost(piscina: Piscina, error: unknown): void {
    if (piscina !== this.#piscina || piscina.threads.length > 0 || this.#pending.size === 0) return
    this.#piscina = undefined
    piscina.destroy().catch(() => undefined)
    this.#loseAll(error)
  }

  #loseAll(error: unknown): void {
    for (const settle of this.#pending) settle(lostWorker(error))
  }
}

/**
 * Threads inherit the flags of the process. `--input-type`, which goes with a program given on the
 * command line, is refused for a thread that runs a file; a process with it gives no flags on.
 */
function threadFlags(): { readonly execArgv?: string[] } {
  return process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {}
}
