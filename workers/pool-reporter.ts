/**
 * Tells the coordinator what happens to the connections of this thread, if it wants to know. The
 * events of one turn of the event loop go together; while nobody listens each costs one look at a
 * flag in shared memory.
 */

import type { PoolEvent, PoolEventType } from '../src/pool/pool-event.ts'
import type { CloseReason, WorkerState } from '../src/pool/shared-state.ts'

export class PoolReporter {
  readonly #workerId: number
  readonly #state: WorkerState
  readonly #post: (events: readonly PoolEvent[]) => void
  #events: PoolEvent[] = []

  constructor(workerId: number, state: WorkerState, post: (events: readonly PoolEvent[]) => void) {
    this.#workerId = workerId
    this.#state = state
    this.#post = post
  }

  /** Something has happened, and is counted already. See `PoolEvent`. */
  report(type: PoolEventType, origin: string, elapsedMs?: number, reason?: CloseReason): void {
    const state = this.#state
    if (!state.wantsPoolEvents) return
    this.#events.push({
      type,
      workerId: this.#workerId,
      origin,
      reason,
      elapsedMs,
      open: state.count('open'),
      busy: state.count('busy'),
      idle: state.count('idle'),
      waiting: state.count('waiting'),
    })
    if (this.#events.length === 1) setImmediate(() => this.flush())
  }

  /** Posts what has gathered. */
  flush(): void {
    if (this.#events.length === 0) return
    const events = this.#events
    this.#events = []
    this.#post(events)
  }
}
