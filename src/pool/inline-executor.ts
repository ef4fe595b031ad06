/**
 * Runs jobs in the calling thread, with the code of the workers. For `workers: 0`: debugging,
 * tests, and very small jobs that a thread would cost more than it brings.
 */

import type { StoreRoute } from '../store/types.ts'
import type { PartExecutor, PartRunnerFactory, PartRunnerLike } from './part-executor.ts'
import type { PoolEvent } from './pool-event.ts'
import type { PoolFeed } from './pool-feed.ts'
import type { PartJob, PartResult, WorkerConfig } from './protocol.ts'
import type { SharedState, WorkerCounters } from './shared-state.ts'
import { lostWorker } from './lost-worker.ts'
import { workerUrl } from './worker-url.ts'

export class InlineExecutor implements PartExecutor {
  readonly #config: WorkerConfig
  readonly #shared: SharedState
  readonly #feed: PoolFeed
  /** Number of the last job in each slot. */
  readonly #numbers = new Map<number, number>()
  #last = 0
  readonly #prewarm: number
  readonly #factory: PartRunnerFactory | undefined
  #runner: Promise<PartRunnerLike> | undefined

  /** Without a factory the runner is imported when first needed. */
  constructor(
    config: WorkerConfig,
    shared: SharedState,
    feed: PoolFeed,
    prewarm: number,
    factory?: PartRunnerFactory,
  ) {
    this.#config = config
    this.#shared = shared
    this.#feed = feed
    this.#prewarm = prewarm
    this.#factory = factory
  }

  async run(route: StoreRoute | undefined, job: PartJob, source?: StoreRoute): Promise<PartResult> {
    this.#shared.clearProgress(job.slot)
    this.#feed.refresh()
    this.#last += 1
    const number = this.#last
    this.#numbers.set(job.slot, number)
    try {
      const runner = await this.#load()
      const [result] = await runner.run({ route, source, jobs: [job], numbers: [number] })
      return result ?? lostWorker('a task came back without an answer')
    } catch (error) {
      return lostWorker(error)
    }
  }

  cancel(transferId: number, slot?: number): void {
    const job = slot === undefined ? undefined : this.#numbers.get(slot)
    if (slot !== undefined && job === undefined) return
    this.#runner?.then((runner) => runner.cancel(transferId, job)).catch(() => undefined)
  }

  async ready(route: StoreRoute | undefined): Promise<void> {
    this.#feed.refresh()
    const runner = await this.#load()
    if (route !== undefined) await runner.prewarm(route.origin, this.#prewarm)
  }

  workers(): WorkerCounters[] {
    return this.#shared.workers()
  }

  progress(slot: number): number {
    return this.#shared.progress(slot)
  }

  async close(): Promise<void> {
    const runner = await this.#runner
    runner?.close()
  }

  #load(): Promise<PartRunnerLike> {
    this.#runner ??= this.#create()
    return this.#runner
  }

  async #create(): Promise<PartRunnerLike> {
    const tell = (events: readonly PoolEvent[]): void => this.#feed.tell(events)
    if (this.#factory !== undefined) return this.#factory(this.#config, tell)
    const module = (await import(workerUrl('part-runner').href)) as {
      readonly PartRunner: new (...given: Parameters<PartRunnerFactory>) => PartRunnerLike
    }
    return new module.PartRunner(this.#config, tell)
  }
}
