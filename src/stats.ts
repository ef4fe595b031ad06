/**
 * The engine in numbers, at one moment: plain data.
 */

import type { WorkerCounters } from './pool/shared-state.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'

/** Counters since the engine was made; `open` and `busy` are of this moment. */
export type PoolStats = Omit<WorkerCounters, 'threadId' | 'beatAt'>

export interface EngineStats {
  /** Transfers submitted and not ended. */
  readonly transfers: number
  /** Requests in flight, and parts waiting to be. */
  readonly requests: { readonly inFlight: number; readonly waiting: number }
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
    memory: { taken: memory.taken, limit: memory.capacity },
    pool: totals(workers),
    workers,
  }
}

function totals(workers: readonly WorkerCounters[]): PoolStats {
  const sum = {
    open: 0,
    busy: 0,
    opened: 0,
    reused: 0,
    closed: 0,
    failed: 0,
    requests: 0,
    bytesSent: 0,
    bytesReceived: 0,
  }
  for (const worker of workers) {
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += worker[name]
  }
  return sum
}
