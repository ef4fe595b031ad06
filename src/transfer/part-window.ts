/**
 * The parts of one transfer under way. Bounded, so that a large object does not queue thousands of
 * promises; the first failure stops the run, and the others are waited for.
 */

import type { TransferRun } from './transfer-run.ts'

export class PartWindow {
  readonly #run: TransferRun
  readonly #parts = new Set<Promise<void>>()

  constructor(run: TransferRun) {
    this.#run = run
  }

  /** Waits until another part may start. Rejects with the reason the run was stopped. */
  async room(): Promise<void> {
    const limit = this.#run.env.tuning.maxInFlight
    while (this.#parts.size >= limit) await Promise.race(this.#parts)
    this.#run.stopping.throwIfAborted()
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
