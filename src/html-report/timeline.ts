/** A run over time, made of looks at its sums and at the statistics of its engine. */

import type { EngineStats, TreeProgress } from '../index.ts'
import { Series, type Bin } from './series.ts'

/** What of the statistics is drawn or listed. */
export type SeenStats = Pick<EngineStats, 'requests' | 'retries' | 'pool' | 'memory'>

const KINDS = {
  bytes: 'flow',
  ended: 'flow',
  requests: 'flow',
  failed: 'event',
  retried: 'event',
  inFlight: 'level',
  waiting: 'level',
  open: 'level',
  busy: 'level',
} as const

export type TimelineName = keyof typeof KINDS
export type TimelineBin = Bin<TimelineName>

/** Counted from the beginning. */
type Sums = Readonly<Record<'bytes' | 'ended' | 'requests' | 'failed' | 'retried', number>>

export class Timeline {
  readonly #series = new Series<TimelineName>(KINDS)
  readonly #startMs: number
  #lastMs: number
  #last: Sums = { bytes: 0, ended: 0, requests: 0, failed: 0, retried: 0 }
  #stats: SeenStats | undefined
  #progress: TreeProgress | undefined

  /** @param startMs on the clock of the looks */
  constructor(startMs: number) {
    this.#startMs = startMs
    this.#lastMs = startMs
  }

  look(atMs: number, progress: TreeProgress, stats: SeenStats): void {
    const sums = sumsOf(progress, stats)
    const { inFlight, waiting } = stats.requests
    const { open, busy } = stats.pool
    const start = this.#startMs
    this.#series.add(this.#lastMs - start, atMs - start, {
      bytes: sums.bytes - this.#last.bytes,
      ended: sums.ended - this.#last.ended,
      requests: sums.requests - this.#last.requests,
      failed: sums.failed - this.#last.failed,
      retried: sums.retried - this.#last.retried,
      inFlight,
      waiting,
      open,
      busy,
    })
    this.#lastMs = atMs
    this.#last = sums
    this.#stats = stats
    this.#progress = progress
  }

  /** As of the last look; `undefined` before the first. */
  get stats(): SeenStats | undefined {
    return this.#stats
  }

  get progress(): TreeProgress | undefined {
    return this.#progress
  }

  /** Milliseconds from the start to the last look. */
  get elapsedMs(): number {
    return this.#lastMs - this.#startMs
  }

  get bins(): readonly TimelineBin[] {
    return this.#series.bins
  }

  get binMs(): number {
    return this.#series.widthMs
  }
}

function sumsOf(progress: TreeProgress, { pool, retries }: SeenStats): Sums {
  const { bytes, uploaded, downloaded, copied, deleted, failed } = progress
  const ended = uploaded + downloaded + copied + deleted + failed
  return { bytes, ended, failed, requests: pool.requests, retried: retries.total }
}
