/**
 * The pace of requests to a store that refuses those above a rate: a token bucket whose rate is
 * learnt from refusals. Pure: times are passed in, in milliseconds.
 *
 * A limit of requests in flight alone cannot do it: four requests of 5 ms are 800 in a second.
 * While nothing is refused there is no pace. A refusal sets it a little below what succeeded in the
 * last second; from there it grows by a cubic, fast towards the rate that was refused and slowly
 * past it. When that is not refused again the store has changed, and the pace doubles until it is
 * refused or no longer in the way.
 * Source: RFC 9438 (CUBIC), which the adaptive retries of AWS SDKs apply to requests as well.
 */

import { EventRate } from './event-rate.ts'

/** Share of the refused rate that is left. Source: none, reasonable default: see `PLATEAU_MS`. */
const KEPT = 0.92

/**
 * Time from a refusal back to the rate that was refused. Milliseconds.
 * Source: none, reasonable default; with `KEPT` a store is asked for 98 % of its rate on average,
 * and refuses one request or two in some ten seconds.
 */
const PLATEAU_MS = 6000

/**
 * Time in which a pace doubles that is not refused far above where it was. Milliseconds.
 * Source: none, reasonable default; from 1 to 3,500 requests/s in 36 s.
 */
const DOUBLING_MS = 3000

/**
 * A pace not refused for so long has nothing to do with the store any more. Milliseconds.
 * Source: none, reasonable default; it has doubled sixteen times by then.
 */
const FORGET_MS = 60_000

/** What is left when every request is refused. Source: none, reasonable default. */
const ALL_REFUSED_KEPT = 0.25

/**
 * Shortest time between two cuts: over less the rate of successes is not known. Milliseconds.
 * Source: the second in which stores count.
 */
const CUT_INTERVAL_MS = 1000

/**
 * Slowest pace. Requests per second.
 * Source: none, reasonable default; a store that takes fewer refuses some, which are asked for again.
 */
const RATE_MIN = 10

/**
 * Least share of the requests of a second whose refusal says something of the rate. Fewer are the
 * trouble of single servers, which any rate meets: a pace learnt from them would only go down.
 * Source: none, reasonable default; below the 5 % that may be refused by a store that is driven hard.
 */
const TELLING_SHARE = 0.02

/**
 * Time whose requests may go at once, since timers are no finer. Milliseconds.
 * Source: none, reasonable default.
 */
const BURST_MS = 10

/** A pace so many times what is sent is no longer in the way. Source: none, reasonable default. */
const SLACK = 2

export class RefusalPace {
  readonly #successes = new EventRate()
  readonly #starts = new EventRate()
  readonly #refusals = new EventRate()
  #isOn = false
  #refusedRate = 0
  #cutAt = Number.NEGATIVE_INFINITY
  #tokens = 0
  #filledAt = 0

  /** Requests per second; `undefined` while nothing is held back. */
  rate(now: number): number | undefined {
    const passedMs = now - this.#cutAt
    if (!this.#isOn || passedMs > FORGET_MS) return undefined
    const beyond = Math.min(1, passedMs / PLATEAU_MS - 1)
    const doublings = Math.max(0, passedMs - 2 * PLATEAU_MS) / DOUBLING_MS
    return Math.max(
      RATE_MIN,
      this.#refusedRate * (1 + (1 - KEPT) * beyond * beyond * beyond) * 2 ** doublings,
    )
  }

  /** Milliseconds until a request may start; 0 for now. */
  waitMs(now: number): number {
    const rate = this.rate(now)
    if (rate === undefined) return 0
    this.#fill(now, rate)
    return this.#tokens >= 1 ? 0 : (1000 * (1 - this.#tokens)) / rate
  }

  /** A request starts. */
  start(now: number): void {
    this.#starts.note(now)
    if (this.#isOn) this.#tokens = Math.max(0, this.#tokens - 1)
  }

  succeeded(now: number): void {
    this.#successes.note(now)
  }

  /** A request was refused. Returns whether it was the first to say so of this pace. */
  refused(startedAt: number, now: number): boolean {
    this.#refusals.note(now)
    if (startedAt <= this.#cutAt || now - this.#cutAt < CUT_INTERVAL_MS) return false
    const refusals = this.#refusals.count(now)
    if (refusals < TELLING_SHARE * (refusals + this.#successes.count(now))) return false
    const rate = this.rate(now) ?? Number.POSITIVE_INFINITY
    const successes = this.#successes.perSecond(now)
    const taken = successes > 0 ? successes : this.#starts.perSecond(now) * ALL_REFUSED_KEPT
    this.#refusedRate = Math.max(RATE_MIN, Math.min(rate, taken))
    this.#cutAt = now
    this.#tokens = 0
    this.#filledAt = now
    this.#isOn = true
    return true
  }

  /** Lets go of a pace that is no longer in the way. To be called now and then. */
  relax(now: number): void {
    const rate = this.rate(now)
    if (rate === undefined || now - this.#cutAt < PLATEAU_MS) return
    if (rate > RATE_MIN + SLACK * this.#starts.perSecond(now)) this.#isOn = false
  }

  #fill(now: number, rate: number): void {
    const most = Math.max(1, (rate * BURST_MS) / 1000)
    this.#tokens = Math.min(most, this.#tokens + ((now - this.#filledAt) * rate) / 1000)
    this.#filledAt = now
  }
}
