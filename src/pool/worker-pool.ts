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
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type { StoreRoute } from '../store/types.ts'
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

/**
 * How long a thread without work is kept. Milliseconds.
 * Source: none, reasonable default; starting one costs about 0.15 CPU s.
 */
const THREAD_IDLE_MS = 60_000

/** A worker that cannot even start would be started over and over; this many times is enough. */
const STARTS_FAILED_MAX = 3

export class WorkerPool implements PartExecutor {
  readonly #config: WorkerConfig
  readonly #shared: SharedState
  readonly #options: WorkerPoolOptions
  readonly #channel: BroadcastChannel
  readonly #pending = new Set<(result: PartResult) => void>()
  /** Slots with a job, and the transfer it belongs to. */
  readonly #slots = new Map<number, number>()
  #piscina: Piscina | undefined
  #startsFailed = 0
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
    const message: ControlMessage = { type: 'cancel', transferId }
    this.#channel.postMessage(message)
  }

  /**
   * Starts all threads, with their connections, and waits until each answers an empty task. An
   * idle thread comes first with the balancer, so each gets one.
   */
  async ready(route: StoreRoute | undefined): Promise<void> {
    const { workers } = this.#options
    const pool = this.#pool(route, workers)
    const empty: PartTask = { route, jobs: [] }
    await Promise.all(Array.from({ length: workers }, () => pool.run(empty)))
  }

  workers(): WorkerCounters[] {
    return this.#shared.workers()
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
    const piscina = new Piscina({
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
      workerData,
    })
    piscina.on('error', (error: unknown) => this.#onThreadError(error))
    this.#piscina = piscina
    return piscina
  }

  /**
   * A thread died without work of its own. Should none be able to start, the jobs in the queue
   * would wait for ever, so they are answered.
   */
  #onThreadError(error: unknown): void {
    this.#startsFailed += 1
    if (this.#startsFailed >= STARTS_FAILED_MAX || this.#piscina?.threads.length === 0) {
      this.#loseAll(error)
    }
  }

  #loseAll(error: unknown): void {
    for (const settle of this.#pending) settle(lostWorker(error))
  }
}
