/**
 * The engine in numbers, at one moment: plain data.
 */

import { addCounters, type PoolCounters, type WorkerCounters } from './pool/worker-counters.ts'
import type { ReplicationStats } from './replicate/lag.ts'
import type { LimitStats } from './transfer/request-lane.ts'
import type { TransferTotals } from './transfer/transfer-counts.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'

/** What all workers together have counted since the engine was made; see `WorkerCounters`. */
export interface PoolStats extends PoolCounters {
  /** Connections opened for a thousand requests: small where they are reused. 0 without requests. */
  readonly openedPerThousandRequests: number
}

/** Bytes of a budget of memory. */
export interface BudgetStats {
  readonly taken: number
  readonly limit: number
}

export interface EngineStats extends TransferTotals {
  /** Transfers submitted and not ended. */
  readonly transfers: number
  /** Requests in flight, and parts waiting to be. */
  readonly requests: { readonly inFlight: number; readonly waiting: number }
  /** Limits in force, 0 for none, and requests that wait for their turn under `maxRequestRate`. */
  readonly limits: {
    readonly maxBandwidth: number
    readonly maxRequestRate: number
    readonly waiting: number
  }
  /** What each operation on each bucket may have in flight, as measured and as the store allows. */
  readonly operations: readonly LimitStats[]
  /** Memory for parts in flight. */
  readonly memory: BudgetStats
  /** Memory for ranges that wait for the reader of `read()`. */
  readonly readAhead: BudgetStats
  /** All workers together. */
  readonly pool: PoolStats
  readonly replications: ReplicationStats
  /** Each worker that ever ran, by the id of its thread. */
  readonly workers: readonly WorkerCounters[]
}

export function engineStats(
  env: TransferEnvironment,
  transfers: number,
  replications: ReplicationStats = { running: 0, lagMs: 0 },
): EngineStats {
  const { requests, memory, readAhead } = env.scheduler
  const { maxBandwidth, maxRequestRate } = env.limits
  const workers = env.executor.workers()
  const pool = addCounters(workers)
  return {
    transfers,
    requests: { inFlight: requests.taken, waiting: requests.waiting },
    limits: { maxBandwidth, maxRequestRate, waiting: env.limits.requests.waiting },
    operations: requests.limits(),
    memory: { taken: memory.taken, limit: memory.capacity },
    readAhead: { taken: readAhead.taken, limit: readAhead.capacity },
    ...env.counts.totals(),
    replications,
    pool: {
      ...pool,
      openedPerThousandRequests: pool.requests === 0 ? 0 : (1000 * pool.opened) / pool.requests,
    },
    workers,
  }
}
