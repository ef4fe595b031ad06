/**
 * The port through which the coordinator has work done. Two implementations: `WorkerPool` over
 * threads, `InlineExecutor` in the calling thread with the very same code.
 */

import type { StoreRoute } from '../store/types.ts'
import type { PoolEvent } from './pool-event.ts'
import type { PartJob, PartResult, PartTask, WorkerConfig } from './protocol.ts'
import type { WorkerCounters } from './shared-state.ts'

/** What a `PartRunner` of `workers/` can do; named here so that `src` never imports it. */
export interface PartRunnerLike {
  /** Answers in the order of the jobs, and tells of each as it ends. Never rejects. */
  run(
    task: PartTask,
    onAnswer?: (result: PartResult, index: number) => void,
  ): Promise<readonly PartResult[]>
  prewarm(origin: string, count: number): Promise<void>
  cancel(transferId: number, job?: number): void
  close(): void
}

export type PartRunnerFactory = (
  config: WorkerConfig,
  onPoolEvents: (events: readonly PoolEvent[]) => void,
) => PartRunnerLike

export interface PartExecutor {
  /**
   * Runs one attempt of a job. Never rejects: a thread that died answers ERR_WORKER_LOST, and its
   * descriptors and buffers are no longer in use when it does.
   * @param source to where a relayed object is read
   */
  run(route: StoreRoute | undefined, job: PartJob, source?: StoreRoute): Promise<PartResult>

  /** Cuts the jobs of a transfer, or the one in a slot; each still answers, with ERR_ABORTED. */
  cancel(transferId: number, slot?: number): void

  /** Starts what can be started ahead: threads, code, connections to the route's origin. */
  ready(route: StoreRoute | undefined): Promise<void>

  /** Counters of each worker so far. */
  workers(): WorkerCounters[]

  /** Bytes the job in a progress slot has moved. */
  progress(slot: number): number

  /** Ends threads and connections; jobs at work answer ERR_WORKER_LOST. Idempotent. */
  close(): Promise<void>
}
