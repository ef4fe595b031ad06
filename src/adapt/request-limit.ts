/**
 * What one operation on one bucket may have in flight, and how fast its requests may follow each
 * other. Pure: no clock and no timer; times are passed in, in milliseconds, and never go back.
 *
 * - `ConcurrencySearch` moves the limit by goodput;
 * - a refusal (503 SlowDown, 429) halves it and sets a `RefusalPace`, a time-out halves it;
 * - requests that were sent before a cut say nothing about what came of it, so that a burst of
 *   failures counts once.
 *
 * Invariants: `min` ≤ limit ≤ `max`; in flight is never negative.
 */

import { assert } from '../assert.ts'
import { ConcurrencySearch } from './concurrency-search.ts'
import { RefusalPace } from './refusal-pace.ts'

/** How a request ended: well, refused for its rate, without an answer in time, otherwise badly. */
export type RequestEnd = 'done' | 'refused' | 'timed-out' | 'failed'

/**
 * Lowest limit. Requests.
 * Source: none, reasonable default; fewer would not notice that a store has recovered.
 */
export const LIMIT_MIN = 4

/**
 * Limit to begin with. Requests.
 * Source: none, reasonable default; enough for a fast line that is near, little for a thin one.
 */
export const LIMIT_START = 16

/** What a cut leaves. Source: AIMD as in TCP (RFC 5681). */
const CUT = 0.5

/**
 * What a request counts besides its bytes, so that small ones are measured by their number. Bytes.
 * Source: none, reasonable default; about what a connection moves while one is prepared.
 */
const REQUEST_WORK = 64 * 1024

/** Weight of the newest request in the average time. Source: none, reasonable default. */
const WEIGHT = 0.1

export class RequestLimit {
  readonly #search: ConcurrencySearch
  readonly #pace = new RefusalPace()
  #inFlight = 0
  /** Requests in flight × milliseconds so far. */
  #area = 0
  #areaAt = 0
  #work = 0
  #elapsedMs: number | undefined
  #cutAt = Number.NEGATIVE_INFINITY

  /** @param max most requests in flight, positive */
  constructor(max: number) {
    assert(max > 0, 'a limit is positive')
    const min = Math.min(LIMIT_MIN, max)
    this.#search = new ConcurrencySearch({ min, start: Math.min(LIMIT_START, max), max })
  }

  get limit(): number {
    return this.#search.limit
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Requests per second it is held to; `undefined` while nothing was refused. */
  rate(now: number): number | undefined {
    return this.#pace.rate(now)
  }

  /** Milliseconds until a request may start: 0 for now, infinite until another has ended. */
  waitMs(now: number): number {
    if (this.#inFlight >= this.#search.limit) return Number.POSITIVE_INFINITY
    return this.#pace.waitMs(now)
  }

  /** A request starts; `end` follows once. */
  start(now: number): void {
    this.#sum(now)
    this.#inFlight += 1
    this.#pace.start(now)
  }

  /** @param bytes of the request that count, whatever became of it */
  end(startedAt: number, how: RequestEnd, bytes: number, now: number): void {
    this.#sum(now)
    this.#inFlight -= 1
    assert(this.#inFlight >= 0, 'a request ends once')
    this.#work += bytes
    if (how === 'done') this.#done(now - startedAt, now)
    else if (how === 'refused') {
      // The pace keeps it from happening again, so the limit may rise at once.
      if (this.#pace.refused(startedAt, now)) this.#cut(now, false)
    } else if (how === 'timed-out' && startedAt > this.#cutAt) this.#cut(now, true)
  }

  /**
   * Looks at what was moved; to be called every tenth of a second while requests are in flight.
   * @param partial bytes of the requests in flight so far
   */
  tick(now: number, partial: number): void {
    this.#sum(now)
    this.#pace.relax(now)
    this.#search.observe({
      now,
      work: this.#work + partial,
      area: this.#area,
      inFlight: this.#inFlight,
      elapsedMs: this.#elapsedMs,
    })
  }

  #done(elapsedMs: number, now: number): void {
    this.#work += REQUEST_WORK
    const before = this.#elapsedMs ?? elapsedMs
    this.#elapsedMs = before + WEIGHT * (elapsedMs - before)
    this.#pace.succeeded(now)
  }

  #cut(now: number, ceiling: boolean): void {
    this.#cutAt = now
    this.#search.cut(now, CUT, ceiling)
  }

  #sum(now: number): void {
    this.#area += this.#inFlight * (now - this.#areaAt)
    this.#areaAt = now
  }
}
