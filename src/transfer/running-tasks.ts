/**
 * Work under way that consists of many requests or transfers, a sweep or a whole tree, so that closing
 * an engine can wait for it or cut it short.
 */

import { setMaxListeners } from 'node:events'

export class RunningTasks {
  readonly #running = new Set<Promise<unknown>>()
  readonly #cut = new AbortController()

  /** Runs one. Its signal aborts with the caller's, or when all are cut short. */
  async run<T>(
    callers: AbortSignal | undefined,
    task: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signal =
      callers === undefined ? this.#cut.signal : AbortSignal.any([callers, this.#cut.signal])
    // Many requests of one task listen at once.
    setMaxListeners(0, signal)
    const running = task(signal)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  cut(reason: Error): void {
    this.#cut.abort(reason)
  }

  /** Ends when all have. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running)
  }
}
