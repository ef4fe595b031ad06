/**
 * A pool of connections to a raw server, with its counters, for tests of `workers/`.
 */

import {
  SharedState,
  WorkerState,
  type BandwidthLimit,
  type WorkerCounters,
} from '../../../src/pool/shared-state.ts'
import { ConnectionPool, type ConnectionPoolOptions } from '../../../workers/connection-pool.ts'
import type { Connection } from '../../../workers/connection.ts'
import { ConnectionLimit, type ConnectionLimitOptions } from '../../../workers/connection-limit.ts'
import { exchange, type ExchangeAnswer, type PayloadSink } from '../../../workers/exchange.ts'

export interface PoolFixture {
  readonly pool: ConnectionPool
  /** A pool to another origin in the same thread. */
  another(origin: string): ConnectionPool
  counters(): WorkerCounters
  /** Shared with every thread there could be. */
  readonly bandwidth: BandwidthLimit
}

const SLOTS = 4

export function makePool(
  origin: string,
  overrides: Partial<ConnectionPoolOptions & ConnectionLimitOptions> = {},
): PoolFixture {
  const shared = new SharedState(SLOTS)
  const options = {
    maxConnections: 4,
    acquireTimeoutMs: 0,
    maxIdleConnections: 4,
    connectionMaxAgeMs: 0,
    minThroughput: 0,
    minThroughputWindowMs: 20_000,
    connectTimeoutMs: 5000,
    readTimeoutMs: 5000,
    idleTimeoutMs: 5000,
    tls: { rejectUnauthorized: true },
    sessions: new Map(),
    bandwidth: shared.bandwidth,
    ...overrides,
  }
  const state = new WorkerState(shared.buffer, SLOTS, 1)
  const limit = new ConnectionLimit(options, state)
  return {
    pool: new ConnectionPool(origin, options, state, limit),
    another: (elsewhere) => new ConnectionPool(elsewhere, options, state, limit),
    counters: () => {
      const [counters] = shared.workers()
      if (counters === undefined) throw new Error('no worker has registered')
      return counters
    },
    bandwidth: shared.bandwidth,
  }
}

/** GET on a connection that the caller has acquired. */
export function get(
  pool: ConnectionPool,
  connection: Connection,
  path = '/',
  sink?: PayloadSink,
): Promise<ExchangeAnswer> {
  return exchange(pool, connection, 'GET', { path, headers: [] }, null, sink)
}

/** Acquire, GET, release, as the jobs do it. */
export async function getOnce(pool: ConnectionPool, path = '/'): Promise<ExchangeAnswer> {
  const connection = await pool.acquire()
  let isReusable = false
  try {
    const answered = await get(pool, connection, path)
    isReusable = answered.headers['connection'] !== 'close'
    return answered
  } finally {
    pool.release(connection, isReusable)
  }
}

/** Waits until a condition holds. Fails after five seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
