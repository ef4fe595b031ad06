/**
 * A pool of connections to a raw server, with its counters, for tests of `workers/`.
 */

import type { Lookup } from '../../../src/network/addresses.ts'
import { AddressBook } from '../../../src/network/addresses.ts'
import { Dialler, type DiallerOptions } from '../../../src/network/dialler.ts'
import type { PoolEvent } from '../../../src/pool/pool-event.ts'
import {
  SharedState,
  WorkerState,
  type BandwidthLimit,
  type WorkerCounters,
} from '../../../src/pool/shared-state.ts'
import { ConnectionPool, type ConnectionPoolOptions } from '../../../workers/connection-pool.ts'
import type { Connection } from '../../../workers/connection.ts'
import { ConnectionLimit, type ConnectionLimitOptions } from '../../../workers/connection-limit.ts'
import { PoolReporter } from '../../../workers/pool-reporter.ts'
import { exchange, type ExchangeAnswer, type PayloadSink } from '../../../workers/exchange.ts'

export interface PoolFixture {
  readonly pool: ConnectionPool
  /** A pool to another origin in the same thread. */
  another(origin: string): ConnectionPool
  counters(): WorkerCounters
  /** What it told since `listen(true)`. */
  readonly events: readonly PoolEvent[]
  listen(wanted: boolean): void
  /** Shared with every thread there could be. */
  readonly bandwidth: BandwidthLimit
}

/** What a test may set; `lookup` is asked instead of the system's resolver. */
type PoolOverrides = Partial<Omit<ConnectionPoolOptions, 'dialler'>> &
  Partial<ConnectionLimitOptions & DiallerOptions> & { readonly lookup?: Lookup }

const SLOTS = 4

export function makeDialler(options: Partial<DiallerOptions> = {}, lookup?: Lookup): Dialler {
  const settings = { connectTimeoutMs: 5000, tls: { rejectUnauthorized: true }, ...options }
  return new Dialler(settings, lookup === undefined ? undefined : new AddressBook(lookup))
}

export function makePool(origin: string, overrides: PoolOverrides = {}): PoolFixture {
  const shared = new SharedState(SLOTS)
  const { lookup, ...given } = overrides
  const settings = {
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
    bandwidth: shared.bandwidth,
    ...given,
  }
  const options = { ...settings, dialler: makeDialler(settings, lookup) }
  const state = new WorkerState(shared.buffer, SLOTS, 1)
  const events: PoolEvent[] = []
  const reporter = new PoolReporter(1, state, (told) => void events.push(...told))
  const limit = new ConnectionLimit(options, state, reporter)
  return {
    pool: new ConnectionPool(origin, options, state, limit, reporter),
    another: (elsewhere) => new ConnectionPool(elsewhere, options, state, limit, reporter),
    counters: () => {
      const [counters] = shared.workers()
      if (counters === undefined) throw new Error('no worker has registered')
      return counters
    },
    events,
    listen: (wanted) => shared.wantPoolEvents(wanted),
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
