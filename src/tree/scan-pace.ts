/**
 * How many requests a listing may have under way: as many as its reader is faster than one of them,
 * so none ahead of a slow reader. Times are milliseconds, smoothed.
 */

/** Requests at once. Source: none; S3 serves 5,500 a second, but a page is made of 1,000 keys. */
const REQUESTS_MAX = 8

/** Weight of the newest time. Source: none, reasonable default. */
const WEIGHT = 0.25

/** So that a reader that needs no time at all is only very fast. */
const TIME_MIN_MS = 0.01

export class ScanPace {
  #answerMs: number | undefined
  #readMs: number | undefined

  /** From a question to its answer. */
  answered(ms: number): void {
    this.#answerMs = smooth(this.#answerMs, ms)
  }

  /** From handing out a page until the reader wants another. */
  read(ms: number): void {
    this.#readMs = smooth(this.#readMs, ms)
  }

  get requests(): number {
    if (this.#answerMs === undefined || this.#readMs === undefined) return 1
    const needed = Math.ceil(this.#answerMs / Math.max(TIME_MIN_MS, this.#readMs))
    return Math.min(REQUESTS_MAX, Math.max(1, needed))
  }
}

function smooth(before: number | undefined, now: number): number {
  return before === undefined ? now : before + (now - before) * WEIGHT
}
