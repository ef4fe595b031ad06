/**
 * The connections of one thread over all origins: how many there may be, and whose turn it is.
 *
 * - never more than `maxConnections` are open, those being opened included
 * - where the limit is reached, an idle connection makes way, the one that idled longest; else the
 *   caller waits, first come first served over all origins
 * - but a connection that becomes free stays with its origin while somebody waits for that origin,
 *   unless another has none, or at least two less: closing one to open another for each request
 *   would cost a handshake each
 *
 * Invariant: while somebody waits, the limit is reached and no connection is idle.
 */

import { TransferError } from '../src/errors.ts'
import type { WorkerState } from '../src/pool/shared-state.ts'
import type { Connection } from './connection.ts'
import type { PoolReporter } from './pool-reporter.ts'

export interface ConnectionLimitOptions {
  /** Share of this thread. */
  readonly maxConnections: number
  /** 0 waits as long as it takes. */
  readonly acquireTimeoutMs: number
}

/** What the limit asks of the connections of one origin. */
export interface LimitedPool {
  readonly origin: string
  /** Connections that are open. */
  readonly size: number
  /** The idle connection that was used longest ago. */
  readonly longestIdle: Connection | undefined
  /** Takes an idle connection that may be used. */
  takeIdle(): Connection | undefined
  open(): Connection
}

/** Tells whoever waits that it need not any more; see `JobToken`. */
export interface Stoppable {
  hold(stop: ((error: TransferError) => void) | undefined): void
}

interface Waiter {
  readonly pool: LimitedPool
  readonly since: number
  readonly resolve: (connection: Connection) => void
  readonly reject: (error: Error) => void
  timer: NodeJS.Timeout | undefined
}

export class ConnectionLimit {
  readonly #options: ConnectionLimitOptions
  readonly #state: WorkerState
  readonly #reporter: PoolReporter
  readonly #pools = new Set<LimitedPool>()
  readonly #waiting: Waiter[] = []
  #open = 0
  /** While set, room that appears is spoken for. */
  #isTaken = false
  #closed = false

  constructor(options: ConnectionLimitOptions, state: WorkerState, reporter: PoolReporter) {
    this.#options = options
    this.#state = state
    this.#reporter = reporter
  }

  /** Whether another connection may be opened without closing one. */
  get hasRoom(): boolean {
    return this.#open < this.#options.maxConnections
  }

  join(pool: LimitedPool): void {
    this.#pools.add(pool)
  }

  /** Refuses all who wait for a pool. */
  leave(pool: LimitedPool): void {
    this.#pools.delete(pool)
    for (const waiter of this.#waiting.filter((each) => each.pool === pool)) this.#refuse(waiter)
  }

  /** Refuses all who wait, and all who come. */
  close(): void {
    this.#closed = true
    while (this.#waiting[0] !== undefined) this.#refuse(this.#waiting[0])
  }

  /**
   * A connection of a pool, for one request.
   *
   * @throws (rejects) ERR_ACQUIRE_TIMEOUT; what `token` is stopped with; an error when it is closed
   */
  acquire(pool: LimitedPool, token?: Stoppable): Promise<Connection> {
    if (this.#closed || !this.#pools.has(pool)) return Promise.reject(closedError())
    const connection = pool.takeIdle() ?? (this.#makeRoom() ? pool.open() : undefined)
    if (connection === undefined) return this.#wait(pool, token)
    this.#state.note('acquireMs', 0)
    return Promise.resolve(connection)
  }

  /** Counts a connection that is being opened. */
  opened(): void {
    this.#open += 1
  }

  /** Counts a connection that is gone, and gives the room to whose turn it is. */
  closed(): void {
    this.#open -= 1
    if (this.#isTaken) return
    while (this.hasRoom && !this.#closed) {
      const next = this.#waiting[0]
      if (next === undefined) return
      this.#serve(next, next.pool.open())
    }
  }

  /** Offers a connection that has become free. Returns whether somebody took it, or its room. */
  offer(pool: LimitedPool, connection: Connection): boolean {
    const waiter =
      this.#waiting.find((each) => each.pool === pool || isEntitled(each.pool, pool)) ??
      this.#waiting[0]
    if (waiter === undefined) return false
    if (waiter.pool === pool) {
      this.#serve(waiter, connection)
    } else {
      this.#vacate(connection)
      this.#serve(waiter, waiter.pool.open())
    }
    return true
  }

  #makeRoom(): boolean {
    if (this.hasRoom) return true
    let longest: Connection | undefined
    for (const { longestIdle } of this.#pools) {
      if (longestIdle === undefined) continue
      if (longest === undefined || longestIdle.lastUsedAt < longest.lastUsedAt) {
        longest = longestIdle
      }
    }
    if (longest === undefined) return false
    this.#vacate(longest)
    return true
  }

  /** Cuts a connection whose room somebody has been promised. */
  #vacate(connection: Connection): void {
    this.#isTaken = true
    connection.destroy(undefined, 'room')
    this.#isTaken = false
  }

  #wait(pool: LimitedPool, token: Stoppable | undefined): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const since = performance.now()
      const waiter: Waiter = { pool, since, resolve, reject, timer: undefined }
      const { acquireTimeoutMs } = this.#options
      if (acquireTimeoutMs > 0) {
        waiter.timer = setTimeout(() => this.#refuse(waiter, this.#tooLong()), acquireTimeoutMs)
      }
      this.#waiting.push(waiter)
      this.#state.add('waiting', 1)
      this.#reporter.report('wait', pool.origin)
      token?.hold((error) => this.#refuse(waiter, error))
    })
  }

  #serve(waiter: Waiter, connection: Connection): void {
    if (this.#take(waiter)) waiter.resolve(connection)
  }

  #refuse(waiter: Waiter, error: Error = closedError()): void {
    if (this.#take(waiter)) waiter.reject(error)
  }

  /** Takes a waiter off the queue. Returns whether it was still in it. */
  #take(waiter: Waiter): boolean {
    const index = this.#waiting.indexOf(waiter)
    if (index < 0) return false
    this.#waiting.splice(index, 1)
    clearTimeout(waiter.timer)
    this.#state.add('waiting', -1)
    const elapsedMs = performance.now() - waiter.since
    this.#state.note('acquireMs', elapsedMs)
    this.#reporter.report('waited', waiter.pool.origin, elapsedMs)
    return true
  }

  #tooLong(): TransferError {
    const { acquireTimeoutMs } = this.#options
    const message =
      `All ${this.#open} connections of this thread, its share of \`maxConnections\`, were in use ` +
      `for ${acquireTimeoutMs} ms: raise \`maxConnections\` or \`acquireTimeoutMs\``
    return new TransferError('ERR_ACQUIRE_TIMEOUT', message)
  }
}

/** Whether one origin holds so much less than another that it may take a connection from it. */
function isEntitled(wanting: LimitedPool, giving: LimitedPool): boolean {
  return wanting.size === 0 || wanting.size + 1 < giving.size
}

function closedError(): Error {
  return new Error('The connection pool is closed')
}
