/**
 * Finds threads that hang. Each thread writes the time into a cell of its own once a second; one
 * that has work and has not written for long does not come back: an endless loop, or a call that
 * blocks on a file system that is gone. It is ended, and what it had in hand is done again by
 * another.
 */

import type { Worker } from 'node:worker_threads'
import { HEARTBEAT_MS, type WorkerCounters } from './shared-state.ts'

export interface ThreadWatchOptions {
  /** Silence after which a thread counts as hung. Milliseconds; 0 for any. */
  readonly workerTimeoutMs: number
  threads(): readonly Worker[]
  counters(): readonly WorkerCounters[]
  /** Jobs a thread has in hand, by its id. */
  jobsOf(threadId: number): number
}

export class ThreadWatch {
  readonly #options: ThreadWatchOptions
  #timer: NodeJS.Timeout | undefined

  constructor(options: ThreadWatchOptions) {
    this.#options = options
  }

  /** Looks at threads as long as there is work. */
  watch(isBusy: boolean): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    if (!isBusy || this.#options.workerTimeoutMs === 0) return
    let lookedAt = Date.now()
    this.#timer = setInterval(() => {
      const now = Date.now()
      // If this thread itself stood still (a suspended machine, say), the others may have, too.
      if (now - lookedAt < 2 * HEARTBEAT_MS) this.#endHung(now)
      lookedAt = now
    }, HEARTBEAT_MS).unref()
  }

  #endHung(now: number): void {
    const { threads, counters, jobsOf, workerTimeoutMs } = this.#options
    const rows = counters()
    for (const thread of threads()) {
      const beatAt = rows.find(({ threadId }) => threadId === thread.threadId)?.beatAt ?? now
      if (now - beatAt < workerTimeoutMs || jobsOf(thread.threadId) === 0) continue
      // Its exit is what the pool hears of; there is nothing more to learn from this promise.
      thread.terminate().catch(() => undefined)
    }
  }
}
