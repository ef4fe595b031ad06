/**
 * The connections of one thread to one origin: set up, acquire, use, release, maintain.
 *
 * - set up:   `prewarm(n)` opens connections before the first request
 * - acquire:  the connection used last comes first (its TCP window is open, the others may age
 *             out); a new one below `maxConnections`; else the caller waits, see `connection-limit`
 * - use:      one request at a time; pipelining gains nothing and one slow answer blocks the rest
 * - release:  a finished exchange returns the connection at once; a failed one destroys it, so
 *             that the retry uses another
 * - maintain: a sweep closes what idled too long, is too many idle, or too old, and cuts what is at
 *             work and hardly moves
 */

import type { CloseReason, WorkerState } from '../src/pool/shared-state.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import type { ConnectionLimit, LimitedPool, Stoppable } from './connection-limit.ts'
import type { PoolReporter } from './pool-reporter.ts'

export interface ConnectionPoolOptions extends ConnectionOptions {
  readonly maxIdleConnections: number
  /** 0 keeps connections of any age. */
  readonly connectionMaxAgeMs: number
}

/** Bounds of the interval of maintenance. Milliseconds. Source: none, reasonable defaults. */
const SWEEP_MIN_MS = 10
const SWEEP_MAX_MS = 1000

/** Sweeps in the shortest time that is kept by them. Source: none, reasonable default. */
const SWEEPS_PER_LIMIT = 4

/**
 * Spread of the maximum age, as a fraction, so that connections opened together do not all expire
 * together. Source: none, reasonable default.
 */
const AGE_JITTER = 0.2

export class ConnectionPool implements LimitedPool {
  readonly origin: string
  readonly #options: ConnectionPoolOptions
  readonly #state: WorkerState
  readonly #limit: ConnectionLimit
  readonly #reporter: PoolReporter
  readonly #all = new Set<Connection>()
  /** Idle connections; the one used last is at the end. */
  readonly #idle: Connection[] = []
  readonly #expiry = new WeakMap<Connection, number>()
  #sweeper: NodeJS.Timeout | undefined

  constructor(
    origin: string,
    options: ConnectionPoolOptions,
    state: WorkerState,
    limit: ConnectionLimit,
    reporter: PoolReporter,
  ) {
    this.origin = origin
    this.#options = options
    this.#state = state
    this.#limit = limit
    this.#reporter = reporter
    limit.join(this)
  }

  get size(): number {
    return this.#all.size
  }

  get longestIdle(): Connection | undefined {
    return this.#idle[0]
  }

  /**
   * Sees to it that `count` connections are open, if there is room for them. Resolves when each
   * stands or has failed.
   */
  async prewarm(count: number): Promise<void> {
    const fresh: Connection[] = []
    while (this.size < count && this.#limit.hasRoom) fresh.push(this.open())
    await Promise.all(fresh.map((connection) => connection.settled))
    for (const connection of fresh) {
      if (connection.usable) this.release(connection, true)
    }
  }

  /**
   * A connection for one request.
   *
   * @throws (rejects) ERR_ACQUIRE_TIMEOUT; what `token` is stopped with; an error when it is closed
   */
  acquire(token?: Stoppable): Promise<Connection> {
    return this.#limit.acquire(this, token)
  }

  /** Gives a connection back. With `reusable: false` it is cut, for the reason given. */
  release(connection: Connection, reusable: boolean, reason: CloseReason = 'failed'): void {
    if (connection.busy) {
      connection.rest()
      this.#state.add('busy', -1)
    }
    if (!reusable) {
      connection.destroy(undefined, reason)
    } else if (!connection.usable) {
      connection.destroy(undefined, 'server')
    } else if (this.#isExpired(connection)) {
      connection.destroy(undefined, 'age')
    } else if (!this.#limit.offer(this, connection)) {
      this.#idle.push(connection)
      this.#state.add('idle', 1)
    }
  }

  /** Marks the start of an exchange. */
  use(connection: Connection): void {
    if (connection.requests > 0) this.#state.add('reused', 1)
    this.#state.add('requests', 1)
    this.#state.add('busy', 1)
    connection.use()
  }

  /** Cuts every connection; requests at work fail. */
  close(): void {
    this.#limit.leave(this)
    for (const connection of this.#all) connection.destroy(undefined, 'shutdown')
  }

  takeIdle(): Connection | undefined {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      this.#state.add('idle', -1)
      if (!connection.usable) connection.destroy(undefined, 'server')
      else if (this.#isExpired(connection)) connection.destroy(undefined, 'age')
      else return connection
    }
    return undefined
  }

  open(): Connection {
    const startedAt = performance.now()
    const connection = new Connection(this.origin, this.#options)
    const { connectionMaxAgeMs } = this.#options
    const spread = 1 + AGE_JITTER * (2 * Math.random() - 1)
    this.#expiry.set(
      connection,
      connectionMaxAgeMs === 0 ? Infinity : Date.now() + connectionMaxAgeMs * spread,
    )
    this.#all.add(connection)
    this.#limit.opened()
    this.#state.add('open', 1)
    this.#state.add('opened', 1)
    this.#state.add('connecting', 1)
    this.#reporter.report('open', this.origin)
    connection.onStanding = () => {
      this.#state.add('connecting', -1)
      const elapsedMs = performance.now() - startedAt
      this.#state.note('handshakeMs', elapsedMs)
      this.#reporter.report('ready', this.origin, elapsedMs)
    }
    connection.onClosed = (reason) => this.#forget(connection, reason)
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepIntervalMs(this.#options)).unref()
    return connection
  }

  #forget(connection: Connection, reason: CloseReason): void {
    if (!this.#all.delete(connection)) return
    this.#state.add('open', -1)
    this.#state.addClosed(reason)
    if (!connection.hasStood) this.#state.add('connecting', -1)
    const index = this.#idle.indexOf(connection)
    if (index >= 0) {
      this.#idle.splice(index, 1)
      this.#state.add('idle', -1)
    }
    this.#reporter.report('close', this.origin, Date.now() - connection.openedAt, reason)
    if (this.#all.size === 0) {
      clearInterval(this.#sweeper)
      this.#sweeper = undefined
    }
    this.#limit.closed()
  }

  #isExpired(connection: Connection): boolean {
    return Date.now() >= (this.#expiry.get(connection) ?? Infinity)
  }

  #sweep(): void {
    const now = Date.now()
    const { idleTimeoutMs, maxIdleConnections } = this.#options
    const surplus = this.#idle.length - maxIdleConnections
    // The front of the list was used longest ago, so it goes first.
    for (const [index, connection] of [...this.#idle].entries()) {
      if (now - connection.lastUsedAt >= idleTimeoutMs) connection.destroy(undefined, 'idle')
      else if (index < surplus) connection.destroy(undefined, 'surplus')
      else if (this.#isExpired(connection)) connection.destroy(undefined, 'age')
    }
    for (const connection of this.#all) connection.watch()
  }
}

/** Small limits are kept as exactly as large ones. */
function sweepIntervalMs(options: ConnectionPoolOptions): number {
  const { idleTimeoutMs, minThroughput, minThroughputWindowMs } = options
  const windowMs = minThroughput === 0 ? Infinity : minThroughputWindowMs
  const shortest = Math.min(idleTimeoutMs, windowMs)
  return Math.max(SWEEP_MIN_MS, Math.min(SWEEP_MAX_MS, shortest / SWEEPS_PER_LIMIT))
}
