/**
 * The parts of one transfer under way. Bounded, so that a large object does not queue thousands of
 * promises; the first failure stops the run, and the others are waited for.
 */

import type { Operation } from './request-lane.ts'
import type { TransferRun } from './transfer-run.ts'

/**
 * Parts started for each request there may be in flight: when the limit doubles, those to fill it
 * are there, and no more wait than that.
 */
const AHEAD = 2

export class PartWindow {
  readonly #run: TransferRun
  readonly #operation: Operation
  readonly #most: number
  readonly #parts = new Set<Promise<void>>()

  /** @param most parts at work, however many there might be */
  constructor(run: TransferRun, operation: Operation, most: number = Infinity) {
    this.#run = run
    this.#operation = operation
    this.#most = most
  }

  /** Waits until another part may start. Rejects with the reason the run was stopped. */
  async room(): Promise<void> {
    while (this.#parts.size >= this.#limit) await Promise.race(this.#parts)
    this.#run.stopping.throwIfAborted()
  }

  get #limit(): number {
    const { env, info } = this.#run
    const limit = env.scheduler.requests.limitOf({
      bucket: info.bucket,
      operation: this.#operation,
    })
    return Math.min(this.#most, env.tuning.maxInFlight, AHEAD * limit)
  }

  /** Takes a part that has started. */
  add(part: Promise<void>): void {
    const watched = part
      .catch((error: unknown) => this.#run.stop(error))
      .finally(() => this.#parts.delete(watched))
    this.#parts.add(watched)
  }

  /** Waits for all parts. Rejects with the reason the run was stopped. */
  async drained(): Promise<void> {
    await this.settled()
    this.#run.stopping.throwIfAborted()
  }

  /** Waits until no part is at work, however they ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#parts)
  }
}
