/**
 * The sweeps under way, so that closing an engine can wait for them or cut them short.
 */

export class RunningSweeps {
  readonly #running = new Set<Promise<unknown>>()
  readonly #cut = new AbortController()

  /** Runs one. Its signal aborts with the caller's, or when all are cut short. */
  async run<T>(
    callers: AbortSignal | undefined,
    sweep: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signal =
      callers === undefined ? this.#cut.signal : AbortSignal.any([callers, this.#cut.signal])
    const running = sweep(signal)
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
