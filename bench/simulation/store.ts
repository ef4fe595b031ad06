/**
 * A store on a clock of its own: latency with jitter, a line with a rate for all and one for each
 * connection, TCP's slow start, a limit of requests per second, a limit of requests at work. Pure:
 * nothing but the seed decides what happens.
 */

import type { RequestEnd } from '../../src/adapt/request-limit.ts'
import type { EventQueue } from './event-queue.ts'
import { Link } from './link.ts'
import { seededRandom } from './random.ts'

export interface StoreModel {
  /** Bytes per second of the whole line. */
  readonly bandwidth: number
  /** Bytes per second of one connection. */
  readonly perConnection: number
  /** Time to the first byte, on average. Milliseconds. */
  readonly latencyMs: number
  /** How much of the latency is chance, 0 to 1; that share is spread like 1 − log(random). */
  readonly jitter: number
  /** Requests per second; those above are refused with 503 SlowDown. */
  readonly throttle?: number | undefined
  /** Requests at work; those above get no answer. */
  readonly maxAtWork?: number | undefined
  /** Bytes a new connection may send in its first round trip; the window then doubles. */
  readonly firstWindow?: number | undefined
}

/** Time after which a client gives a request up. Milliseconds. */
const TIME_OUT_MS = 2000

/** Seconds of its rate a throttle lets pass at once. */
const THROTTLE_BURST = 0.25

export interface SimulatedRequest {
  /** Bytes that have arrived so far. */
  moved(): number
}

export class SimulatedStore {
  readonly #events: EventQueue
  readonly #model: StoreModel
  readonly #random: () => number
  readonly #link: Link
  #atWork = 0
  /** Connections that have sent before and idle. */
  #warm = 0
  #tokens: number
  #filledAt = 0

  constructor(events: EventQueue, model: StoreModel, seed: number) {
    this.#events = events
    this.#model = model
    this.#random = seededRandom(seed)
    this.#link = new Link(events, model.bandwidth, model.perConnection)
    this.#tokens = (model.throttle ?? 0) * THROTTLE_BURST
  }

  set bandwidth(bytesPerSecond: number) {
    this.#link.bandwidth = bytesPerSecond
  }

  request(bytes: number, onEnd: (how: RequestEnd) => void): SimulatedRequest {
    const { maxAtWork = Number.POSITIVE_INFINITY } = this.#model
    let moved = (): number => 0
    this.#atWork += 1
    const end = (how: RequestEnd): void => {
      this.#atWork -= 1
      this.#warm += 1
      onEnd(how)
    }
    const latencyMs = this.#latencyMs()
    if (this.#isRefused()) {
      this.#events.after(latencyMs, () => end('refused'))
    } else if (this.#atWork > maxAtWork) {
      this.#events.after(TIME_OUT_MS, () => end('timed-out'))
    } else {
      this.#events.after(latencyMs + this.#slowStartMs(bytes), () => {
        moved = this.#link.send(bytes, () => end('done'))
      })
    }
    return { moved: () => moved() }
  }

  #latencyMs(): number {
    const { latencyMs, jitter } = this.#model
    return latencyMs * (1 - jitter - jitter * Math.log(1 - this.#random()))
  }

  /** Round trips in which a new connection sends less than it could. */
  #slowStartMs(bytes: number): number {
    const { firstWindow, latencyMs, perConnection } = this.#model
    if (this.#warm > 0) this.#warm -= 1
    else if (firstWindow !== undefined) {
      const full = Math.min(bytes, (perConnection * latencyMs) / 1000)
      return latencyMs * Math.max(0, Math.ceil(Math.log2(full / firstWindow)))
    }
    return 0
  }

  #isRefused(): boolean {
    const { throttle } = this.#model
    if (throttle === undefined) return false
    const { now } = this.#events
    const filled = this.#tokens + ((now - this.#filledAt) * throttle) / 1000
    this.#tokens = Math.min(throttle * THROTTLE_BURST, filled)
    this.#filledAt = now
    if (this.#tokens < 1) return true
    this.#tokens -= 1
    return false
  }
}
