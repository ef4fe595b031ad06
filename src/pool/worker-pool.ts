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
 * The jobs of one turn of the event loop go together, as a few tasks; their answers come one by one
 * through the thread's own port, collected per turn as well. A task's own promise only tells its
 * end: a thread that dies rejects it, and what it has not answered by then is answered with
 * ERR_WORKER_LOST. Piscina starts another thread.
 */

import { BroadcastChannel } from 'node:worker_threads'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Piscina } from 'piscina'
import type { StoreRoute } from '../store/types.ts'
import { fromWire } from '../errors.ts'
import { lostWorker } from './lost-worker.ts'
import type { PartExecutor } from './part-executor.ts'
import { PendingJobs, type PendingJob, type Placement } from './pending-jobs.ts'
import type { PoolFeed } from './pool-feed.ts'
import type {
  AnswerMessage,
  ControlMessage,
  PartJob,
  PartResult,
  PoolMessage,
  TaskMessage,
  WorkerConfig,
} from './protocol.ts'
import { answerOf, jobRow } from './rows.ts'
import type { SharedState, WorkerCounters } from './shared-state.ts'
import { cutIntoTasks } from './task-cutter.ts'
import { createThreadBalancer } from './thread-balancer.ts'
import { ThreadWatch } from './thread-watch.ts'
import { afterTheEnd } from './worker-counters.ts'
import { workerUrl } from './worker-url.ts'

export interface WorkerPoolOptions {
  readonly workers: number
  readonly maxInFlight: number
  readonly prewarm: number
  readonly workerTimeoutMs: number
}

const require = createRequire(import.meta.url)

/**
 * How long a thread without work is kept. Milliseconds.
 * Source: none, reasonable default; starting one costs about 0.15 CPU s.
 */
const THREAD_IDLE_MS = 60_000

/** Routes as they are posted. */
interface Routes {
  readonly route: string | undefined
  readonly source?: string | undefined
}

/** Jobs that came in one turn for the same routes. */
interface Turn {
  readonly first: StoreRoute | undefined
  readonly routes: Routes
  readonly jobs: PendingJob[]
}

export class WorkerPool implements PartExecutor {
  readonly #config: WorkerConfig
  readonly #shared: SharedState
  readonly #feed: PoolFeed
  readonly #options: WorkerPoolOptions
  readonly #channel: BroadcastChannel
  readonly #pending: PendingJobs
  readonly #watch: ThreadWatch
  /** Jobs of this turn, which are posted at its end. */
  readonly #turn = new Map<string | undefined, Turn>()
  readonly #routeTexts = new WeakMap<StoreRoute, string>()
  #piscina: Piscina | undefined
  #closed = false

  constructor(
    config: WorkerConfig,
    shared: SharedState,
    feed: PoolFeed,
    options: WorkerPoolOptions,
  ) {
    this.#config = config
    this.#shared = shared
    this.#feed = feed
    this.#options = options
    this.#channel = new BroadcastChannel(config.channel)
    this.#channel.unref()
    // Answers come through ports that let a process end.
    this.#pending = new PendingJobs((isBusy) => {
      if (isBusy) this.#channel.ref()
      else this.#channel.unref()
      this.#watch.watch(isBusy)
    })
    this.#watch = new ThreadWatch({
      workerTimeoutMs: options.workerTimeoutMs,
      threads: () => this.#piscina?.threads ?? [],
      counters: () => shared.workers(),
      jobsOf: (threadId) => this.#pending.inHand(threadId),
    })
  }

  run(route: StoreRoute | undefined, job: PartJob, source?: StoreRoute): Promise<PartResult> {
    if (this.#closed) return Promise.resolve(lostWorker('the engine was closed'))
    this.#shared.clearProgress(job.slot)
    this.#feed.refresh()
    return new Promise((resolve) => {
      const pending = this.#pending.add(job, resolve)
      const text = route && this.#textOf(route)
      const from = source && this.#textOf(source)
      const name = from === undefined ? text : `${text}\n${from}`
      const alike = this.#turn.get(name)
      if (alike !== undefined) {
        alike.jobs.push(pending)
        return
      }
      if (this.#turn.size === 0) setImmediate(() => this.#endTurn())
      const routes = { route: text, source: from }
      this.#turn.set(name, { first: route, routes, jobs: [pending] })
    })
  }

  cancel(transferId: number, slot?: number): void {
    if (slot === undefined) {
      for (const each of this.#pending.slotsOf(transferId)) this.#shared.cancel(each, transferId)
    }
    const job = slot === undefined ? undefined : this.#pending.numberOf(transferId, slot)
    if (this.#closed || (slot !== undefined && job === undefined)) return
    const message: ControlMessage = { type: 'cancel', transferId, job }
    this.#channel.postMessage(message)
  }

  /**
   * Starts all threads, with their connections, and waits until each answers an empty task. An
   * idle thread comes first with the balancer, so each gets one.
   */
  async ready(route: StoreRoute | undefined): Promise<void> {
    if (this.#closed) return
    this.#feed.refresh()
    const { workers } = this.#options
    const pool = this.#pool(route, workers)
    const empty = async (): Promise<void> => {
      const placement: Placement = { weight: 1 }
      try {
        await pool.run(this.#message({ route: undefined }, [], placement))
      } finally {
        this.#pending.leave(placement)
      }
    }
    try {
      await Promise.all(Array.from({ length: workers }, empty))
    } catch (error) {
      throw fromWire(lostWorker(error).error)
    }
  }

  workers(): WorkerCounters[] {
    const threads = new Set(this.#piscina?.threads.map((thread) => thread.threadId))
    return this.#shared.workers().map((row) => (threads.has(row.threadId) ? row : afterTheEnd(row)))
  }

  progress(slot: number): number {
    return this.#shared.progress(slot)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#watch.watch(false)
    await this.#piscina?.destroy()
    this.#loseAll(new Error('the engine was closed'))
    this.#channel.close()
  }

  #endTurn(): void {
    const turns = [...this.#turn.values()]
    this.#turn.clear()
    if (this.#closed) return
    for (const { first, routes, jobs } of turns) {
      const pool = this.#pool(first, 1)
      for (const task of cutIntoTasks(jobs, pool.threads.length)) this.#post(pool, routes, task)
    }
  }

  #post(pool: Piscina, routes: Routes, jobs: readonly PendingJob[]): void {
    const placement: Placement = { weight: jobs.length }
    for (const job of jobs) job.placement = placement
    pool.run(this.#message(routes, jobs, placement)).catch((error: unknown) => {
      for (const { number } of jobs) this.#pending.settle(number, lostWorker(error))
    })
  }

  #message(
    { route, source }: Routes,
    jobs: readonly PendingJob[],
    placement: Placement,
  ): TaskMessage {
    return {
      route,
      source,
      numbers: jobs.map(({ number }) => number),
      jobs: jobs.map(({ job }) => jobRow(job)),
      // For the balancer; what a symbol names is not posted.
      [threads().queueOptionsSymbol]: placement,
    }
  }

  #textOf(route: StoreRoute): string {
    const known = this.#routeTexts.get(route)
    if (known !== undefined) return known
    const text = JSON.stringify(route)
    this.#routeTexts.set(route, text)
    return text
  }

  #pool(route: StoreRoute | undefined, minThreads: number): Piscina {
    if (this.#piscina !== undefined) return this.#piscina
    const { workers, maxInFlight, prewarm } = this.#options
    const prewarming =
      route === undefined || prewarm === 0
        ? undefined
        : { origin: route.origin, connections: prewarm }
    const workerData: WorkerConfig = { ...this.#config, prewarm: prewarming }
    const piscina = new (threads())({
      filename: fileURLToPath(workerUrl('part')),
      minThreads,
      maxThreads: workers,
      concurrentTasksPerWorker: maxInFlight,
      loadBalancer: createThreadBalancer({
        maxThreads: workers,
        maxJobs: Math.max(this.#config.maxConnections, Math.ceil(maxInFlight / workers)),
        jobsOf: (threadId) => this.#pending.inHand(threadId),
        onPlaced: (task, threadId) => this.#pending.place(placementOf(task), threadId),
        threads: () => this.#piscina?.threads ?? [],
      }),
      maxQueue: Infinity,
      idleTimeout: THREAD_IDLE_MS,
      atomics: 'disabled',
      recordTiming: false,
      ...threadFlags(),
      workerData,
    })
    piscina.on('message', (message: AnswerMessage | PoolMessage) => {
      if ('pool' in message) return this.#feed.tell(message.pool)
      for (const answer of message) this.#pending.settle(answer[0], answerOf(answer))
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
    this.#turn.clear()
    for (const number of this.#pending.numbers()) this.#pending.settle(number, lostWorker(error))
  }
}

/** Piscina's types leave out that a task carries what its message has under this symbol. */
function placementOf(task: object): Placement {
  return (task as Readonly<Record<symbol, Placement>>)[threads().queueOptionsSymbol] as Placement
}

/** By `require`: 10 ms of CPU less than through the module loader. */
function threads(): typeof Piscina {
  return (require('piscina') as { readonly Piscina: typeof Piscina }).Piscina
}

/**
 * Threads inherit the flags of the process. `--input-type`, which goes with a program given on the
 * command line, is refused for a thread that runs a file; a process with it gives no flags on.
 */
function threadFlags(): { readonly execArgv?: string[] } {
  return process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {}
}
