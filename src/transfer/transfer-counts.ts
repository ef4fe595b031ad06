/**
 * What an engine counts of its transfers, whether or not anybody listens to events: plain numbers,
 * a few additions per transfer.
 */

import type { ErrorCode, TransferError } from '../errors.ts'
import type { TransferInfo } from '../events.ts'
import { cellsOf, histogramAt, noteValue, type Histogram } from '../pool/histogram.ts'

/** Ends the caller wanted. */
const WANTED: readonly ErrorCode[] = ['ERR_ABORTED', 'ERR_PAUSED']

type TransferKind = TransferInfo['kind']

/** Transfers of one kind since the engine was made; what is not in the other counts is under way. */
export interface KindCounts {
  readonly submitted: number
  readonly succeeded: number
  readonly failed: number
  /** Ended by ERR_ABORTED or ERR_PAUSED. */
  readonly aborted: number
  /** Time from submission to the end, however it ended. */
  readonly elapsedMs: Histogram
}

/** How often something happened for each error code, and in all. */
export interface CodeCounts {
  readonly total: number
  readonly byCode: Readonly<Partial<Record<ErrorCode, number>>>
}

export interface TransferTotals {
  readonly kinds: Readonly<Record<TransferKind, KindCounts>>
  /** Requests that failed and were made again, those of the control plane too. */
  readonly retries: CodeCounts
  /** Transfers that failed, aborted ones left out. */
  readonly failures: CodeCounts
}

/**
 * Upper bounds for the times of transfers. Milliseconds. Source: none, reasonable defaults, from
 * one small object to hours for a large one.
 */
const BOUNDS_MS = [
  10, 50, 100, 500, 1000, 5000, 10_000, 60_000, 300_000, 1_800_000, 7_200_000,
] as const

class KindCells {
  submitted = 0
  succeeded = 0
  failed = 0
  aborted = 0
  readonly elapsed = new Float64Array(cellsOf(BOUNDS_MS))
}

export class TransferCounts {
  readonly #kinds = {
    upload: new KindCells(),
    download: new KindCells(),
    read: new KindCells(),
    copy: new KindCells(),
  }
  readonly #retries = new Map<ErrorCode, number>()
  readonly #failures = new Map<ErrorCode, number>()

  submitted(kind: TransferKind): void {
    this.#kinds[kind].submitted += 1
  }

  ended(kind: TransferKind, error: TransferError | undefined, elapsedMs: number): void {
    const cells = this.#kinds[kind]
    noteValue(cells.elapsed, 0, elapsedMs, BOUNDS_MS)
    if (error === undefined) cells.succeeded += 1
    else if (WANTED.includes(error.code)) cells.aborted += 1
    else {
      cells.failed += 1
      increment(this.#failures, error.code)
    }
  }

  /** A request failed and is made again. */
  retried(code: ErrorCode): void {
    increment(this.#retries, code)
  }

  totals(): TransferTotals {
    const { upload, download, read, copy } = this.#kinds
    return {
      kinds: {
        upload: countsOf(upload),
        download: countsOf(download),
        read: countsOf(read),
        copy: countsOf(copy),
      },
      retries: codeCounts(this.#retries),
      failures: codeCounts(this.#failures),
    }
  }
}

function countsOf({ submitted, succeeded, failed, aborted, elapsed }: KindCells): KindCounts {
  const elapsedMs = histogramAt(elapsed, 0, BOUNDS_MS)
  return { submitted, succeeded, failed, aborted, elapsedMs }
}

function increment(counts: Map<ErrorCode, number>, code: ErrorCode): void {
  counts.set(code, (counts.get(code) ?? 0) + 1)
}

function codeCounts(counts: ReadonlyMap<ErrorCode, number>): CodeCounts {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return { total, byCode: Object.fromEntries(counts) }
}
