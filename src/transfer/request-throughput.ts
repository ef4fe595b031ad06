/**
 * How fast one request moves its bytes, as a running average over the parts that have arrived.
 */

/**
 * Shortest part that says something of the rate and not of the latency. Bytes.
 * Source: none, reasonable default.
 */
const TELLING = 1024 * 1024

/** Weight of the newest part. Source: none, reasonable default. */
const WEIGHT = 0.1

export class RequestThroughput {
  #bytesPerSecond: number | undefined

  /** Bytes per second; `undefined` until a part has arrived. */
  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond
  }

  note(bytes: number, elapsedMs: number): void {
    if (bytes < TELLING || elapsedMs <= 0) return
    const rate = (1000 * bytes) / elapsedMs
    const before = this.#bytesPerSecond ?? rate
    this.#bytesPerSecond = before + WEIGHT * (rate - before)
  }
}
