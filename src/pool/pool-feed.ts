/**
 * The coordinator's end of pool events: tells workers whether anybody listens, and hands on what
 * they tell. Nobody is told of a subscriber to a diagnostics channel, so whoever has work for
 * workers looks again.
 */

import type { EventHub } from '../events.ts'
import type { PoolEvent } from './pool-event.ts'
import type { SharedState } from './shared-state.ts'

export class PoolFeed {
  readonly #shared: SharedState
  readonly #events: EventHub

  constructor(shared: SharedState, events: EventHub) {
    this.#shared = shared
    this.#events = events
    events.onListeners = () => this.refresh()
  }

  /** Sees whether anybody listens. */
  refresh(): void {
    this.#shared.wantPoolEvents(this.#events.hears('pool'))
  }

  /** Events of a worker, in their order. */
  tell(events: readonly PoolEvent[]): void {
    for (const event of events) this.#events.emit('pool', event)
    this.refresh()
  }
}
