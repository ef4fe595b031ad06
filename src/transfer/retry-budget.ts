/**
 * How many failures one transfer may have altogether. Each part has attempts of its own; a transfer
 * of thousands of parts would go on for hours over a line on which most of them fail.
 */

/**
 * Failures any transfer may have, however short it is.
 * Source: none, reasonable default; a few requests that fail at once are no rate.
 */
const ALWAYS = 32

/**
 * Failures for each request that moved bytes.
 * Source: none, reasonable default; where more than half of all requests fail, less would be more.
 */
const PER_SUCCESS = 1

/**
 * Failures for each request that may be in flight: an outage fails all of them at once, and again
 * until it is over. Source: none, reasonable default; less than their own attempts allow.
 */
const PER_PLACE = 4

export class RetryBudget {
  readonly #always: number
  #succeeded = 0
  #failed = 0

  /** @param maxInFlight requests that may be in flight */
  constructor(maxInFlight: number) {
    this.#always = Math.max(ALWAYS, PER_PLACE * maxInFlight)
  }

  get failed(): number {
    return this.#failed
  }

  get succeeded(): number {
    return this.#succeeded
  }

  /** A request moved bytes that count. */
  noteProgress(): void {
    this.#succeeded += 1
  }

  /** A request failed. Returns whether another may be made for it. */
  take(): boolean {
    this.#failed += 1
    return this.#failed <= this.#always + PER_SUCCESS * this.#succeeded
  }
}
