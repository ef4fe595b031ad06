/**
 * How many requests are worth having in flight: a search that only measurements of goodput move.
 * Pure: times are passed in, in milliseconds.
 *
 *   rising ──(no gain)──> holding ──> probing up or down ──> holding …
 *      ^──────────────── cut ────────────────┘
 *
 * It doubles while goodput grows with it, then tries a little more and a little less in turns, and
 * stays where more is not worth its latency. One window of measurement begins when requests have
 * had the time to follow the last change; a window in which the limit was not in the way says
 * nothing. By Little's law goodput × time is what is in flight, so requests that only wait longer
 * show as goodput that does not grow.
 * Source: TCP Vegas (Brakmo 1994) and "concurrency-limits" of Netflix for the idea and for steps of
 * the square root; gains are measured, since the least latency of requests of all sizes says little.
 */

/** What is known at one moment. Counts never go back, but by what a failed request had moved. */
export interface Measurement {
  readonly now: number
  /** Work done so far, in any unit. */
  readonly work: number
  /** Requests in flight, summed over the time so far. */
  readonly area: number
  readonly inFlight: number
  /** What a request takes, as a running average; `undefined` before one has ended. */
  readonly elapsedMs: number | undefined
}

export interface SearchBounds {
  readonly min: number
  readonly start: number
  readonly max: number
}

/** Bounds of a window. Milliseconds. Source: none, reasonable defaults. */
const WINDOW_MIN_MS = 300
const WINDOW_MAX_MS = 2000

/** Requests one after another that a window covers. Source: none, reasonable default. */
const WINDOW_REQUESTS = 3

/** Longest time requests get to follow a change. Milliseconds. Source: none, reasonable default. */
const SETTLE_MAX_MS = 1000

/** Share of the limit that must have been in use. Source: none, reasonable default. */
const IN_USE = 0.85

/**
 * Share of a growth in requests that must come back as goodput.
 * Source: simulated, `bench/simulation`: with less, random gains lead up; with more it stops short.
 */
const GAIN_MIN = 0.3

/** The same when it shrinks: a loss that may be. Source: simulated, as above. */
const LOSS_MAX = 0.2

/**
 * Above what the best goodput needs, where doubling was too much.
 * Source: none, reasonable default; the search goes on from there.
 */
const HEADROOM = 1.2

/**
 * Windows held between two probes, at first and after probes without result.
 * Source: simulated, as above; longer notices changes later.
 */
const HOLD_MIN = 2
const HOLD_MAX = 6

/**
 * By how much goodput may still grow by itself when it has started.
 * Source: none, reasonable default.
 */
const STEADY = 0.1

/**
 * By how much goodput differs when the line is no longer what it was.
 * Source: none, reasonable default; more than jitter makes.
 */
const CHANGE = 0.25

/**
 * Time for which a limit that failed is not tried again, at first and at most. Milliseconds.
 * Source: none, reasonable defaults; each trial costs some time-outs.
 */
const CEILING_MS = 10_000
const CEILING_MAX_MS = 80_000

type Phase = 'rising' | 'holding' | 'up' | 'down'

interface Point {
  readonly limit: number
  readonly rate: number
}

export class ConcurrencySearch {
  readonly #bounds: SearchBounds
  #limit: number
  #phase: Phase = 'rising'
  #from: Measurement | undefined
  #settledAt = 0
  #isStarting = true
  /** What the next window is compared with. */
  #before: Point | undefined
  #held = 0
  #holdFor = HOLD_MIN
  #next: 'up' | 'down' = 'up'
  /** Probes in a row that were worth it; each doubles the step. */
  #streak = 0
  /** Highest limit a whole window went well with. */
  #good: number | undefined
  #ceiling = Number.POSITIVE_INFINITY
  #ceilingUntil = Number.NEGATIVE_INFINITY
  #ceilingMs = CEILING_MS

  constructor(bounds: SearchBounds) {
    this.#bounds = bounds
    this.#limit = bounds.start
  }

  get limit(): number {
    return this.#limit
  }

  /** Takes a measurement; to be called every tenth of a second or so. */
  observe(at: Measurement): void {
    const from = this.#from
    // Too many in flight: a lower limit has not taken hold yet.
    if (from === undefined || at.now < this.#settledAt || at.inFlight > this.#limit) {
      this.#from = at
      return
    }
    const passed = at.now - from.now
    if (passed < windowMs(at.elapsedMs)) return
    this.#from = at
    const rate = (at.work - from.work) / passed
    const inUse = (at.area - from.area) / passed
    if (inUse < this.#limit * IN_USE) return this.#notInTheWay(at)
    if (rate <= 0) return
    this.#good = this.#limit
    this.#judge(rate, at)
  }

  /**
   * Fewer requests, since the store had too many: `factor` of what there are. Goodput then leads up
   * again at once, but no higher than `ceiling` for a time that doubles with every failure.
   * @param ceiling whether the limit that failed is to be avoided
   */
  cut(now: number, factor: number, ceiling: boolean): void {
    const failed = this.#limit
    if (ceiling) this.#avoid(failed, now)
    this.#limit = this.#clamp(failed * factor, now)
    this.#good = undefined
    this.#phase = 'rising'
    this.#before = undefined
    this.#streak = 0
    this.#from = undefined
    this.#settledAt = now + WINDOW_MIN_MS
  }

  #avoid(failed: number, now: number): void {
    const isSoon = now < this.#ceilingUntil + this.#ceilingMs
    this.#ceilingMs = isSoon ? Math.min(CEILING_MAX_MS, 2 * this.#ceilingMs) : CEILING_MS
    this.#ceiling = Math.max(this.#bounds.min, this.#good ?? failed * 0.75)
    this.#ceilingUntil = now + this.#ceilingMs
  }

  #judge(rate: number, at: Measurement): void {
    const before = this.#before
    if (this.#phase === 'rising') return this.#judgeRise(rate, at)
    if (this.#phase === 'holding' || before === undefined) return this.#hold(rate, at)
    const change = this.#limit / before.limit - 1
    const needed = before.rate * (1 + change * (change > 0 ? GAIN_MIN : LOSS_MAX))
    if (rate < needed) {
      this.#set(before.limit, at)
      this.#holdFor = Math.min(HOLD_MAX, this.#holdFor + 1)
      return this.#rest(before.rate)
    }
    this.#streak += 1
    this.#holdFor = HOLD_MIN
    this.#probe(this.#phase, rate, at)
  }

  #judgeRise(rate: number, at: Measurement): void {
    const before = this.#before
    if (this.#isStarting) {
      // Threads and connections that are just starting make it faster without any more requests.
      this.#isStarting = before === undefined || rate > before.rate * (1 + STEADY)
      this.#before = { limit: this.#limit, rate }
      if (!this.#isStarting) this.#rise(rate, at)
      return
    }
    const growth = before === undefined ? 0 : this.#limit / before.limit - 1
    if (before === undefined || rate >= before.rate * (1 + growth * GAIN_MIN)) {
      return this.#rise(rate, at)
    }
    const needed = Math.ceil(before.limit * Math.max(1, rate / before.rate) * HEADROOM)
    this.#set(Math.min(this.#limit, needed), at)
    this.#rest(undefined)
  }

  #rise(rate: number, at: Measurement): void {
    this.#before = { limit: this.#limit, rate }
    if (!this.#set(2 * this.#limit, at)) this.#rest(rate)
  }

  #hold(rate: number, at: Measurement): void {
    const known = this.#before?.rate
    if (known !== undefined && Math.abs(rate / known - 1) > CHANGE) {
      this.#holdFor = HOLD_MIN
      this.#next = rate < known ? 'down' : 'up'
      return this.#rest(rate)
    }
    const sum = (this.#before?.rate ?? 0) * this.#held + rate
    this.#held += 1
    const mean = sum / this.#held
    this.#before = { limit: this.#limit, rate: mean }
    if (this.#held < this.#holdFor) return
    this.#probe(this.#next, mean, at)
  }

  #probe(direction: 'up' | 'down', rate: number, at: Measurement): void {
    const step = Math.ceil(Math.sqrt(this.#limit)) * 2 ** Math.min(this.#streak, 4)
    this.#before = { limit: this.#limit, rate }
    this.#next = direction === 'up' ? 'down' : 'up'
    this.#phase = direction
    const target =
      direction === 'up' ? this.#limit + step : this.#limit - Math.min(step, this.#limit / 4)
    if (!this.#set(target, at)) this.#rest(rate)
  }

  #rest(rate: number | undefined): void {
    this.#phase = 'holding'
    this.#streak = 0
    this.#held = rate === undefined ? 0 : 1
    this.#before = rate === undefined ? undefined : { limit: this.#limit, rate }
  }

  /** Something else bounds what is in flight: a probe learns nothing. */
  #notInTheWay(at: Measurement): void {
    if (this.#phase !== 'up' && this.#phase !== 'down') return
    if (this.#before !== undefined) this.#set(this.#before.limit, at)
    this.#rest(undefined)
  }

  /** Returns whether that changed anything. */
  #set(limit: number, { now, elapsedMs = WINDOW_MIN_MS }: Measurement): boolean {
    const before = this.#limit
    this.#limit = this.#clamp(limit, now)
    this.#settledAt = now + Math.min(SETTLE_MAX_MS, 1.5 * elapsedMs)
    return this.#limit !== before
  }

  #clamp(limit: number, now: number): number {
    const { min, max } = this.#bounds
    const most = now < this.#ceilingUntil ? Math.min(max, this.#ceiling) : max
    return Math.max(min, Math.min(most, Math.round(limit)))
  }
}

function windowMs(elapsedMs = WINDOW_MIN_MS): number {
  return Math.min(WINDOW_MAX_MS, Math.max(WINDOW_MIN_MS, WINDOW_REQUESTS * elapsedMs))
}
