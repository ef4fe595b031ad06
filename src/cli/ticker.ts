/** When a display is drawn. */

/** Time, so that tests can make their own. */
export interface Ticker {
  /** Milliseconds on a clock that never goes back. */
  now(): number
  /** Calls `tick` every `ms`; the answer ends that. */
  every(ms: number, tick: () => void): () => void
}

/** Milliseconds between two drawings on a terminal. */
export const REDRAW_MS = 100

export const systemTicker: Ticker = {
  now: () => performance.now(),
  every: (ms, tick) => {
    const timer = setInterval(tick, ms).unref()
    return () => clearInterval(timer)
  },
}
