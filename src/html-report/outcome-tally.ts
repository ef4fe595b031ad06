/** What became of the files and objects of a run, in memory that does not grow with their number. */

import type { DoneOutcome, FailedOutcome, Outcome, SkippedOutcome } from '../index.ts'
import { isFailure } from '../tree/entries.ts'
import { DURATION_BOUNDS, LogHistogram, SIZE_BOUNDS } from './log-histogram.ts'
import { clip } from './markup.ts'
import { TopList } from './top-list.ts'

/** Rows of the lists of the largest and the slowest. */
const LISTED = 20
/** Examples of each error code and each reason of skipping, and how many of errors in all. */
const EXAMPLES = 3
const EXAMPLES_MAX = 40

export interface OperationCounts {
  readonly operation: string
  readonly done: number
  readonly failed: number
  readonly planned: number
  /** Of what was done, or in a dry run would be. */
  readonly bytes: number
}

export interface Moved {
  readonly name: string
  readonly operation: string
  readonly size: number
  readonly elapsedMs: number
  readonly attempts: number
}

export interface FailureExample {
  readonly operation: string
  readonly key: string
  readonly message: string
  readonly requestId: string | undefined
  /** What the store said: `403 AccessDenied`. */
  readonly answer: string
  /** The last one. */
  readonly attempt: number | undefined
}

/** All with one error code, and the first of them. */
export interface FailureGroup {
  readonly code: string
  readonly hint: string
  readonly count: number
  readonly examples: readonly FailureExample[]
}

export interface SkipGroup {
  readonly reason: string
  /** Whether it should have been moved. */
  readonly isFailure: boolean
  readonly count: number
  readonly examples: readonly { readonly name: string; readonly detail: string }[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export class OutcomeTally {
  readonly #operations = new Map<string, Mutable<OperationCounts>>()
  readonly #failures = new Map<string, Mutable<FailureGroup>>()
  readonly #skipped = new Map<string, Mutable<SkipGroup>>()
  readonly #reasons = new Map<string, number>()
  readonly #verified = new Map<string, number>()
  readonly #ways = new Map<string, number>()
  readonly #largest = new TopList<Moved>(LISTED, ({ size }) => size)
  readonly #slowest = new TopList<Moved>(LISTED, ({ elapsedMs }) => elapsedMs)
  #examples = 0
  /** Gone on with after an earlier run. */
  resumed = 0
  /** Of what was moved, or would be. */
  readonly sizes = new LogHistogram(SIZE_BOUNDS)
  /** Of what was moved. */
  readonly durations = new LogHistogram(DURATION_BOUNDS)

  add(outcome: Outcome): void {
    if (outcome.status === 'skipped') {
      this.#skip(outcome)
      return
    }
    const { operation, status, reason, size } = outcome
    const counts = this.#countsOf(operation)
    counts[status] += 1
    if (status === 'failed') {
      this.#fail(outcome)
      return
    }
    increment(this.#reasons, reason)
    counts.bytes += size
    if (operation === 'delete') return
    this.sizes.add(size)
    if (status === 'done') this.#moved(outcome)
  }

  get operations(): readonly OperationCounts[] {
    return [...this.#operations.values()]
  }

  /** Most frequent first. */
  get failures(): readonly FailureGroup[] {
    return byCount(this.#failures)
  }

  get skipped(): readonly SkipGroup[] {
    return byCount(this.#skipped)
  }

  /** Why things were done. */
  get reasons(): ReadonlyMap<string, number> {
    return this.#reasons
  }

  /** By what the content of what was moved is proved. */
  get verified(): ReadonlyMap<string, number> {
    return this.#verified
  }

  /** Of copies: by the store, or through here. */
  get ways(): ReadonlyMap<string, number> {
    return this.#ways
  }

  get largest(): readonly Moved[] {
    return this.#largest.items
  }

  get slowest(): readonly Moved[] {
    return this.#slowest.items
  }

  #moved({
    operation,
    name,
    size,
    elapsedMs,
    attempts,
    verified,
    how,
    resumed,
  }: DoneOutcome): void {
    const moved = { name, operation, size, elapsedMs, attempts }
    this.#largest.add(moved)
    this.#slowest.add(moved)
    this.durations.add(elapsedMs)
    increment(this.#verified, verified ?? 'unknown')
    if (how !== undefined) increment(this.#ways, how)
    if (resumed === true) this.resumed += 1
  }

  #fail({ operation, key, error }: FailedOutcome): void {
    const { code, hint, message, context } = error
    let group = this.#failures.get(code)
    if (group === undefined)
      this.#failures.set(code, (group = { code, hint, count: 0, examples: [] }))
    group.count += 1
    if (group.examples.length >= EXAMPLES || this.#examples >= EXAMPLES_MAX) return
    this.#examples += 1
    const { requestId, status, storeCode, attempt } = context
    const answer = [status, storeCode].filter((each) => each !== undefined).join(' ')
    const example = { operation, key: clip(key), message: clip(message), answer: clip(answer) }
    const more = { requestId: requestId === undefined ? undefined : clip(requestId), attempt }
    group.examples = [...group.examples, { ...example, ...more }]
  }

  #skip({ name, reason, detail = '' }: SkippedOutcome): void {
    let group = this.#skipped.get(reason)
    if (group === undefined) {
      group = { reason, isFailure: isFailure(reason), count: 0, examples: [] }
      this.#skipped.set(reason, group)
    }
    group.count += 1
    if (group.examples.length >= EXAMPLES) return
    group.examples = [...group.examples, { name: clip(name), detail: clip(detail) }]
  }

  #countsOf(operation: string): Mutable<OperationCounts> {
    let counts = this.#operations.get(operation)
    if (counts === undefined) {
      counts = { operation, done: 0, failed: 0, planned: 0, bytes: 0 }
      this.#operations.set(operation, counts)
    }
    return counts
  }
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function byCount<T extends { readonly count: number }>(groups: ReadonlyMap<string, T>): T[] {
  return [...groups.values()].sort((a, b) => b.count - a.count)
}
