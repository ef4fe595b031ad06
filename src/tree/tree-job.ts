/**
 * One tree at work: its sums, who hears of them, and what ends it early.
 */

import { toTransferError, TransferError } from '../errors.ts'
import type { TreePlan } from './plan-sums.ts'
import {
  TreeTally,
  type Outcome,
  type TreeAction,
  type TreeCounts,
  type UnchangedEntry,
} from './outcome.ts'
import type { TreeProgress, TreeResult } from './tree-transfer.ts'
import type { CheckedTree } from './tree-options.ts'

/** Failures that are kept for the result. Source: none, reasonable default. */
const FAILURES_KEPT = 100

/** Shortest time between two reports of progress. Milliseconds. */
const PROGRESS_MS = 100

/** What of the options a job needs. */
export interface JobOptions
  extends
    Pick<CheckedTree, 'maxErrors' | 'onOutcome' | 'onProgress'>,
    Partial<Pick<CheckedTree, 'until'>> {
  /** Hears of what is the same on both sides. */
  readonly onUnchanged?: ((entry: UnchangedEntry) => unknown) | undefined
}

export class TreeJob {
  readonly signal: AbortSignal
  /** Pages of the listing that were read. */
  pages = 0
  readonly #options: JobOptions
  readonly #tally = new TreeTally()
  readonly #failures: TransferError[] = []
  readonly #startedAt = performance.now()
  #seen = 0
  #bytesKnown = 0
  #known = 0
  #isKnown = false
  #reportedAt = -Infinity
  /** What the one who hears of outcomes threw. */
  #broken: { readonly error: unknown } | undefined
  #underWay: () => number = () => 0

  /** @param signal ends it */
  constructor(signal: AbortSignal, options: JobOptions) {
    this.signal = signal
    this.#options = options
  }

  /** Says where bytes under way are counted. */
  counts(underWay: () => number): void {
    this.#underWay = underWay
  }

  /** A file or object was looked at. */
  saw(): void {
    this.#seen += 1
    if (this.#seen % 256 === 0) this.#report()
  }

  planned({ size }: Pick<TreeAction, 'size'>): void {
    this.#bytesKnown += size
    this.#known += 1
  }

  /** So many more are to be done elsewhere; fewer, when some of them turned out to be the same. */
  plannedElsewhere(things: number, bytes: number): void {
    this.#known += things
    this.#bytesKnown += bytes
  }

  /** So many were looked at elsewhere, and so many of them are the same on both sides. */
  sawElsewhere(seen: number, unchanged: number): void {
    this.#seen += seen
    this.#tally.unchanged(unchanged)
    this.#report()
  }

  /** There is no more to be planned. */
  allPlanned(): void {
    this.#isKnown = true
  }

  /**
   * One is the same on both sides.
   * @param entry made only if somebody hears of it
   * @returns nothing when nobody has to be waited for; rejects never
   */
  unchanged(entry: () => UnchangedEntry): Promise<void> | undefined {
    this.#tally.unchanged()
    const { onUnchanged } = this.#options
    return onUnchanged && this.#tell(() => onUnchanged(entry()))
  }

  /** Resolves when whoever hears of outcomes wants more; rejects never. */
  async ended(outcome: Outcome): Promise<void> {
    this.#tally.add(outcome)
    if (outcome.status === 'failed' && this.#failures.length < FAILURES_KEPT) {
      this.#failures.push(outcome.error)
    }
    this.#report()
    await this.#tell(() => this.#options.onOutcome?.(outcome))
  }

  /** @throws what the job is to end with, when nothing more is to be begun */
  check(): void {
    if (this.signal.aborted) throw abortedBy(this.signal.reason)
    if (this.#broken !== undefined) throw this.#broken.error
    const limit = this.#options.until?.()
    if (limit !== undefined) throw limit
    const { maxErrors } = this.#options
    const { failed } = this.#tally
    if (maxErrors === 0 || failed < maxErrors) return
    const message = `${failed} of a tree failed, as many as it may be; nothing more was begun`
    throw new TransferError('ERR_TOO_MANY_FAILURES', message, {}, { cause: this.#failures[0] })
  }

  /** @throws ERR_DELETE_REFUSED when not all of the source is at the destination */
  checkRemoval(): void {
    this.check()
    const { failed } = this.#tally
    if (failed === 0) return
    const message = `${failed} could not be copied, so nothing was removed`
    throw new TransferError('ERR_DELETE_REFUSED', message, {}, { cause: this.#failures[0] })
  }

  get progress(): TreeProgress {
    const counts: TreeCounts = this.#tally.counts
    const bytes = counts.bytes + this.#underWay()
    return {
      ...counts,
      bytes,
      seen: this.#seen,
      bytesKnown: this.#bytesKnown,
      known: this.#known,
      isKnown: this.#isKnown,
    }
  }

  /** The last word. @param plan of a dry run */
  result(plan: TreePlan | undefined): TreeResult {
    this.#report(true)
    const elapsedMs = performance.now() - this.#startedAt
    return { ...this.#tally.counts, elapsedMs, failures: this.#failures, plan }
  }

  /** What it rejects with. */
  failure(error: unknown): TransferError {
    return this.signal.aborted ? abortedBy(this.signal.reason) : toTransferError(error)
  }

  async #tell(tell: () => unknown): Promise<void> {
    try {
      await tell()
    } catch (error) {
      this.#broken ??= { error }
    }
  }

  #report(isLast = false): void {
    const { onProgress } = this.#options
    if (onProgress === undefined) return
    const now = performance.now()
    if (!isLast && now - this.#reportedAt < PROGRESS_MS) return
    this.#reportedAt = now
    onProgress(this.progress)
  }
}

function abortedBy(cause: unknown): TransferError {
  return new TransferError(
    'ERR_ABORTED',
    'The tree was aborted; what was done stays',
    {},
    { cause },
  )
}
