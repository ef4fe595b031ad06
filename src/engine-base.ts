/**
 * What an engine is beside its verbs: wired from its options, listened to, limited, counted, closed. It
 * holds one scheduler, one executor and one store; every call shares their budgets.
 */

import { createEnvironment, exposition } from './environment.ts'
import { TransferError } from './errors.ts'
import type { EventName, Listener } from './events.ts'
import type { MetricsServer, MetricsServerOptions } from './metrics/server.ts'
import { ObjectCalls } from './object-calls.ts'
import { resolveOptions, type EngineOptions, type ResolvedOptions } from './options.ts'
import { RunningWork, shutDown } from './shut-down.ts'
import { engineStats, type EngineStats } from './stats.ts'
import { parseS3Uri } from './store/uri.ts'
import type { Limits } from './transfer/running-limits.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'
import { TreeCalls } from './tree-calls.ts'

export abstract class EngineBase implements AsyncDisposable {
  // Set once.
  protected readonly options: ResolvedOptions
  protected readonly env: TransferEnvironment
  // Owned by the coordinator.
  protected readonly work: RunningWork
  protected readonly objects: ObjectCalls
  protected readonly trees: TreeCalls
  #closing: Promise<void> | undefined

  /** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID, ERR_URI_INVALID */
  constructor(options: EngineOptions = {}) {
    this.options = resolveOptions(options)
    const { target } = this.options.target
    if (target !== undefined) parseS3Uri(target)
    this.env = createEnvironment(this.options)
    this.work = new RunningWork(this.env)
    this.objects = new ObjectCalls(this.env, this.work.transfers, this.options)
    this.trees = new TreeCalls({
      env: this.env,
      objects: this.objects,
      tuning: this.options.tuning,
      tasks: this.work.tasks,
      check: this.check,
    })
  }

  /**
   * Starts threads and, if the engine has a `target`, opens `prewarmConnections` to it in each, so
   * that the first transfer pays for neither. Optional, and of use only before the first transfer.
   * @throws (rejects) ERR_CLOSED, ERR_CREDENTIALS, ERR_WORKER_LOST
   */
  async ready(): Promise<void> {
    this.assertOpen()
    const { store, executor } = this.env
    const uri = this.options.target.target
    const route = uri === undefined ? undefined : await store.route(parseS3Uri(uri).bucket)
    await executor.ready(route)
  }

  /** Hears of what happens; see `TransferEvents`. */
  on<E extends EventName>(event: E, listener: Listener<E>): this {
    this.env.events.on(event, listener)
    return this
  }

  off<E extends EventName>(event: E, listener: Listener<E>): this {
    this.env.events.off(event, listener)
    return this
  }

  /**
   * Changes limits while transfers run: what waits under the old one is let go by the new one, at
   * the latest after a fifth of a second. Limits that are left out stay as they are; 0 is none.
   *
   * @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID
   */
  setLimits(limits: Limits): void {
    this.env.limits.set(limits)
  }

  /** Workers, connections, requests and budgets at this moment. */
  stats(): EngineStats {
    return engineStats(this.env, this.work.transfers.size, this.work.lags.stats())
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
    this.assertOpen()
    const starting = exposition.server().then((m) => m.serveMetrics(() => this.metrics(), options))
    this.work.servers.push(starting)
    return starting
  }

  /**
   * Takes no more work and ends. Uploads and downloads under way are waited for, `graceMs` long
   * at most, then aborted; reads and listings are aborted at once. The first call counts.
   */
  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= shutDown(this.env, this.work, options.graceMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  protected readonly check = (): void => this.assertOpen()

  protected assertOpen(): void {
    if (this.#closing === undefined) return
    throw new TransferError('ERR_CLOSED', 'The engine was closed')
  }
}
