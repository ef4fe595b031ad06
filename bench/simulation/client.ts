/**
 * A transfer that always has more to ask for, held back by the limit the engine uses, the very same
 * class. What is refused is asked for again later, so it is only counted.
 */

import { RequestLimit, type RequestEnd } from '../../src/adapt/request-limit.ts'
import type { EventQueue } from './event-queue.ts'
import { seededRandom } from './random.ts'
import type { SimulatedRequest, SimulatedStore } from './store.ts'

/** How often goodput is looked at, as in the engine. Milliseconds. */
const TICK_MS = 100

/** Timers are no finer. Milliseconds. */
const TIMER_MS = 1

export interface ClientCounts {
  /** Bytes that have arrived, unfinished requests included. */
  readonly bytes: number
  readonly done: number
  readonly refused: number
  readonly timedOut: number
}

export class SimulatedClient {
  readonly limit: RequestLimit
  readonly #events: EventQueue
  readonly #store: SimulatedStore
  readonly #requestBytes: number
  readonly #random: () => number
  readonly #running = new Set<SimulatedRequest>()
  readonly #counts = { done: 0, refused: 0, 'timed-out': 0, failed: 0 }
  #bytes = 0
  #isWaiting = false

  constructor(
    events: EventQueue,
    store: SimulatedStore,
    options: { readonly maxInFlight: number; readonly requestBytes: number; readonly seed: number },
  ) {
    this.limit = new RequestLimit(options.maxInFlight)
    this.#events = events
    this.#store = store
    this.#requestBytes = options.requestBytes
    this.#random = seededRandom(options.seed)
  }

  get counts(): ClientCounts {
    const { done, refused } = this.#counts
    const timedOut = this.#counts['timed-out']
    return { bytes: this.#bytes + this.#partial(), done, refused, timedOut }
  }

  begin(): void {
    this.#fill()
    this.#events.after(TICK_MS, () => this.#tick())
  }

  #tick(): void {
    this.limit.tick(this.#events.now, this.#partial())
    this.#fill()
    this.#events.after(TICK_MS, () => this.#tick())
  }

  #partial(): number {
    let sum = 0
    for (const request of this.#running) sum += request.moved()
    return sum
  }

  #fill(): void {
    for (;;) {
      const waitMs = this.limit.waitMs(this.#events.now)
      if (waitMs > 0) return this.#wait(waitMs)
      this.#start()
    }
  }

  #wait(ms: number): void {
    if (this.#isWaiting || ms === Number.POSITIVE_INFINITY) return
    this.#isWaiting = true
    // A timer comes late by up to its own precision.
    const late = TIMER_MS * (1 + this.#random())
    this.#events.after(ms + late, () => {
      this.#isWaiting = false
      this.#fill()
    })
  }

  #start(): void {
    const startedAt = this.#events.now
    this.limit.start(startedAt)
    const request = this.#store.request(this.#requestBytes, (how: RequestEnd) => {
      this.#running.delete(request)
      const bytes = how === 'done' ? this.#requestBytes : 0
      this.#bytes += bytes
      this.#counts[how] += 1
      this.limit.end(startedAt, how, bytes, this.#events.now)
      this.#fill()
    })
    this.#running.add(request)
  }
}
