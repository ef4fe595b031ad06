/**
 * The engine in numbers, at one moment: plain data.
 */

import { addCounters, type PoolCounters, type WorkerCounters } from './pool/worker-counters.ts'
import type { LimitStats } from './transfer/request-lane.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'

/** What all workers together have counted since the engine was made; see `WorkerCounters`. */
export type PoolStats = PoolCounters

export interface EngineStats {
  /** Transfers submitted and not ended. */
  readonly transfers: number
  /** Requests in flight, and parts waiting to be. */
  readonly requests: { readonly inFlight: number; readonly waiting: number }
  /** What each operation on each bucket may have in flight, as measured and as the store allows. */
  readonly limits: readonly LimitStats[]
  /** Bytes of the memory budget in use. */
  readonly memory: { readonly taken: number; readonly limit: number }
  /** All workers together. */
  readonly pool: PoolStats
  /** Each worker that ever ran, by the id of its thread. */
  readonly workers: readonly WorkerCounters[]
}

export function engineStats(env: TransferEnvironment, transfers: number): EngineStats {
  const { requests, memory } = env.scheduler
  const workers = env.executor.workers()
  return {
    transfers,
    requests: { inFlight: requests.taken, waiting: requests.waiting },
    limits: requests.limits(),
    memory: { taken: memory.taken, limit: memory.capacity },
    pool: addCounters(workers),
    workers,
  }
}
