/**
 * How far the destinations of an engine's replications are behind, for statistics and metrics.
 */

export interface ReplicationStats {
  /** Replications under way. */
  readonly running: number
  /**
   * The longest time since a pass began that did everything, over all that run; since the start of those
   * without one. Milliseconds.
   */
  readonly lagMs: number
}

/** One replication at work. */
export class Lag {
  readonly #startedAt: number
  readonly #now: () => number
  #inStepAt: number | undefined

  constructor(now: () => number = Date.now) {
    this.#now = now
    this.#startedAt = now()
  }

  /** A pass that began then did everything. */
  inStepAsOf(startedAt: number): void {
    this.#inStepAt = startedAt
  }

  /** `undefined` while no pass has done everything. */
  lagMs(): number | undefined {
    return this.#inStepAt === undefined ? undefined : Math.max(0, this.#now() - this.#inStepAt)
  }

  /** The same, counted from the start while there was none. */
  sinceMs(): number {
    return Math.max(0, this.#now() - (this.#inStepAt ?? this.#startedAt))
  }
}

/** All of an engine. */
export class Lags {
  readonly #running = new Set<Lag>()

  add(lag: Lag): () => void {
    this.#running.add(lag)
    return () => this.#running.delete(lag)
  }

  stats(): ReplicationStats {
    const lags = [...this.#running].map((lag) => lag.sinceMs())
    return { running: lags.length, lagMs: Math.max(0, ...lags) }
  }
}
