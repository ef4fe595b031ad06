/**
 * When the next request may start, under a limit of requests per second. Pure: times are passed in,
 * in milliseconds.
 *
 * Each start moves the next one by one interval. A turn that was missed may be made up for within
 * `BURST_MS`, since timers are late; so in any span of time there start at most the limit times its
 * length, plus `BURST_MS` of it, plus one, and what is counted without having waited.
 */

/** Source: 5 % of 10 s are 500 ms; a busy event loop is late by some ten. Milliseconds. */
const BURST_MS = 200

export class RateLimit {
  #perSecond: number
  #nextAt = 0

  /** @param perSecond 0 for no limit */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** 0 for no limit. */
  get perSecond(): number {
    return this.#perSecond
  }

  /** Changes the limit; who waits does so no longer than the new one asks for. */
  set(perSecond: number, now: number): void {
    this.#perSecond = perSecond
    this.#nextAt = Math.min(this.#nextAt, now + this.#intervalMs)
  }

  /** Milliseconds until a request may start. */
  waitMs(now: number): number {
    return this.#perSecond === 0 ? 0 : Math.max(0, this.#nextAt - now)
  }

  /** A request starts. */
  start(now: number): void {
    this.#nextAt = Math.max(this.#nextAt, now - BURST_MS) + this.#intervalMs
  }

  get #intervalMs(): number {
    return this.#perSecond === 0 ? 0 : 1000 / this.#perSecond
  }
}
