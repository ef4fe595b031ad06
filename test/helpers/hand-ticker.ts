import type { Ticker } from '../../src/cli/ticker.ts'

/** A clock that is turned by hand. */
export function handTicker(): {
  readonly ticker: Ticker
  readonly advance: (ms: number) => void
  readonly isRunning: () => boolean
} {
  let now = 0
  let period = Infinity
  let next = Infinity
  let tick: (() => void) | undefined
  const ticker: Ticker = {
    now: () => now,
    every: (ms, call) => {
      period = ms
      next = ms
      tick = call
      return () => (tick = undefined)
    },
  }
  const advance = (ms: number): void => {
    for (const end = now + ms; now < end;) {
      now = Math.min(end, next)
      if (now < next) return
      next += period
      tick?.()
    }
  }
  return { ticker, advance, isRunning: () => tick !== undefined }
}
