/**
 * The connections of one thread to one origin: set up, acquire, use, release, maintain.
 *
 * - set up:   `prewarm(n)` opens connections before the first request
 * - acquire:  the connection used last comes first (its TCP window is open, the others may age
 *             out); a new one below `maxConnections`; else the caller waits, first come first served
 * - use:      one request at a time; pipelining gains nothing and one slow answer blocks the rest
 * - release:  a finished exchange returns the connection at once; a failed one destroys it, so
 *             that the retry uses another
 * - maintain: a sweep closes what idled too long, is too many idle, or too old
 */

import type { WorkerState } from '../src/pool/shared-state.ts'
import { Connection, type ConnectionOptions } from './connection.ts'

export interface ConnectionPoolOptions extends ConnectionOptions {
  readonly maxConnections: number
  readonly maxIdleConnections: number
  /** 0 keeps connections of any age. */
  readonly connectionMaxAgeMs: number
}

/** Maintenance interval. Milliseconds. Source: none, reasonable default. */
const SWEEP_MS = 1000

/**
 * Spread of the maximum age, as a fraction, so that connections opened together do not all expire
 * together. Source: none, reasonable default.
 */
const AGE_JITTER = 0.2

interface Waiter {
  readonly resolve: (connection: Connection) => void
  readonly reject: (error: Error) => void
}

export class ConnectionPool {
  readonly origin: string
  readonly #options: ConnectionPoolOptions
  readonly #state: WorkerState
  readonly #all = new Set<Connection>()
  /** Idle connections; the one used last is at the end. */
  readonly #idle: Connection[] = []
  readonly #waiting: Waiter[] = []
  readonly #expiry = new WeakMap<Connection, number>()
  #sweeper: NodeJS.Timeout | undefined
  #closed = false

  constructor(origin: string, options: ConnectionPoolOptions, state: WorkerState) {
    this.origin = origin
    this.#options = options
    this.#state = state
  }

  /** Opens up to `count` connections now. Resolves when each stands or has failed. */
  async prewarm(count: number): Promise<void> {
    const fresh: Connection[] = []
    while (fresh.length < count) {
      const connection = this.#open()
      if (connection === undefined) break
      fresh.push(connection)
    }
    await Promise.all(fresh.map((connection) => connection.settled))
    for (const connection of fresh) {
      if (connection.usable) this.release(connection, true)
    }
  }

  /** A connection for one request. Rejects only when the pool is closed. */
  acquire(): Promise<Connection> {
    if (this.#closed) return Promise.reject(new Error('The connection pool is closed'))
    const connection = this.#takeIdle() ?? this.#open()
    if (connection !== undefined) return Promise.resolve(connection)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Gives a connection back. With `reusable: false` it is cut. */
  release(connection: Connection, reusable: boolean): void {
    if (connection.busy) {
      connection.rest()
      this.#state.add('busy', -1)
    }
    if (!reusable || !connection.usable || this.#isExpired(connection)) {
      connection.destroy()
    } else {
      this.#idle.push(connection)
    }
    this.#serveWaiting()
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
    this.#closed = true
    clearInterval(this.#sweeper)
    for (const waiter of this.#waiting.splice(0)) {
      waiter.reject(new Error('The connection pool is closed'))
    }
    for (const connection of this.#all) connection.destroy()
  }

  #takeIdle(): Connection | undefined {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (connection.usable && !this.#isExpired(connection)) return connection
      connection.destroy()
    }
    return undefined
  }

  #open(): Connection | undefined {
    if (this.#all.size >= this.#options.maxConnections) return undefined
    const connection = new Connection(this.origin, this.#options)
    const { connectionMaxAgeMs } = this.#options
    const spread = 1 + AGE_JITTER * (2 * Math.random() - 1)
    this.#expiry.set(
      connection,
      connectionMaxAgeMs === 0 ? Infinity : Date.now() + connectionMaxAgeMs * spread,
    )
    this.#all.add(connection)
    this.#state.add('open', 1)
    this.#state.add('opened', 1)
    connection.onClosed = () => this.#forget(connection)
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref()
    return connection
  }

  #forget(connection: Connection): void {
    if (!this.#all.delete(connection)) return
    this.#state.add('open', -1)
    this.#state.add('closed', 1)
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
    this.#serveWaiting()
  }

  #serveWaiting(): void {
    while (this.#waiting.length > 0 && !this.#closed) {
      const connection = this.#takeIdle() ?? this.#open()
      if (connection === undefined) return
      const waiter = this.#waiting.shift()
      // Cutting an expired connection serves the queue as well, so it may be empty by now.
      if (waiter === undefined) this.#idle.push(connection)
      else waiter.resolve(connection)
    }
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
      const idledOut = now - connection.lastUsedAt >= idleTimeoutMs
      if (index < surplus || idledOut || this.#isExpired(connection)) connection.destroy()
    }
  }
}
