/**
 * When a request is slow enough to be worth a second one. Pure: times are passed in.
 *
 * A few requests of S3 take many times as long as all others, mostly because of one server or one
 * path; another connection is over before they are. What counts as slow is learnt from requests of
 * the same kind and length, and second requests are few, so that they never become the load that
 * makes requests slow.
 * Source: AWS whitepaper "Best Practices Design Patterns: Optimizing Amazon S3 Performance",
 * "Timeouts and Retries for Latency-Sensitive Applications".
 */

/** Share of requests slower than what counts as slow. */
const SLOWEST = 0.05

/** Most second requests, as a share of all requests. */
const HEDGED_MAX = 0.02

/** Requests remembered of each kind and length. Source: none, reasonable default. */
const REMEMBERED = 100

/** Requests needed before any counts as slow: fewer have no percentile. */
const NEEDED = 20

/**
 * Shortest time that counts as slow. Milliseconds.
 * Source: none, reasonable default; a second connection costs some ten milliseconds by itself.
 */
const SLOW_MIN_MS = 500

/** Kinds and lengths remembered; an engine that meets more of them forgets all. */
const KINDS_MAX = 256

interface Times {
  readonly ring: number[]
  at: number
  /** `undefined` when a time came since it was computed. */
  percentile: number | undefined
}

export class Hedging {
  readonly #times = new Map<string, Times>()
  #requests = 0
  #hedged = 0

  /** A request succeeded. @param kind requests that are comparable, their length included */
  noteArrived(kind: string, elapsedMs: number): void {
    this.#requests += 1
    let times = this.#times.get(kind)
    if (times === undefined) {
      if (this.#times.size >= KINDS_MAX) this.#times.clear()
      times = { ring: [], at: 0, percentile: undefined }
      this.#times.set(kind, times)
    }
    times.ring[times.at] = elapsedMs
    times.at = (times.at + 1) % REMEMBERED
    times.percentile = undefined
  }

  /** Milliseconds after which a request of that kind is slow; `undefined` while too few are known. */
  slowAfterMs(kind: string): number | undefined {
    const times = this.#times.get(kind)
    if (times === undefined || times.ring.length < NEEDED) return undefined
    times.percentile ??= percentileOf(times.ring)
    return Math.max(SLOW_MIN_MS, times.percentile)
  }

  /** Takes one of the second requests there may be. */
  tryStart(): boolean {
    if (this.#hedged + 1 > this.#requests * HEDGED_MAX) return false
    this.#hedged += 1
    return true
  }
}

function percentileOf(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * (1 - SLOWEST)) - 1] ?? 0
}
