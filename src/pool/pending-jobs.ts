/**
 * Jobs that were given to threads and are not answered yet: by number, and counted by thread. A job
 * is answered once; what comes for it later (its thread was given up too early) finds nobody.
 */

import type { PartJob, PartResult } from './protocol.ts'

/** What goes to one thread together. */
export interface Placement {
  /** Jobs, or 1 for a task without: it occupies a thread all the same. */
  readonly weight: number
  /** Absent until a thread has been found. */
  threadId?: number
}

export interface PendingJob {
  readonly number: number
  readonly job: PartJob
  /** Bytes, as far as they are known: a small file counts for nothing. */
  readonly length: number
  readonly resolve: (result: PartResult) => void
  /** Absent until the job is posted. */
  placement?: Placement
}

export class PendingJobs {
  readonly #jobs = new Map<number, PendingJob>()
  readonly #inHand = new Map<number, number>()
  readonly #onBusy: (busy: boolean) => void
  #last = 0

  /** @param onBusy told when the first job comes and when the last has been answered */
  constructor(onBusy: (busy: boolean) => void) {
    this.#onBusy = onBusy
  }

  get size(): number {
    return this.#jobs.size
  }

  add(job: PartJob, resolve: (result: PartResult) => void): PendingJob {
    this.#last += 1
    const length = job.kind === 'put-file' || job.kind === 'get-file' ? 0 : job.length
    const pending: PendingJob = { number: this.#last, job, length, resolve }
    this.#jobs.set(pending.number, pending)
    if (this.#jobs.size === 1) this.#onBusy(true)
    return pending
  }

  /** Answers a job, unless it has been. */
  settle(number: number, result: PartResult): void {
    const pending = this.#jobs.get(number)
    if (pending === undefined) return
    this.#jobs.delete(number)
    this.#count(pending.placement?.threadId, -1)
    if (this.#jobs.size === 0) this.#onBusy(false)
    pending.resolve(result)
  }

  /** Number of a transfer's job in a slot: a slot may have another job before a word about it arrives. */
  numberOf(transferId: number, slot: number): number | undefined {
    for (const { number, job } of this.#jobs.values()) {
      if (job.slot === slot && job.transferId === transferId) return number
    }
    return undefined
  }

  /** Slots of a transfer's jobs. */
  *slotsOf(transferId: number): Generator<number> {
    for (const { job } of this.#jobs.values()) if (job.transferId === transferId) yield job.slot
  }

  numbers(): readonly number[] {
    return [...this.#jobs.keys()]
  }

  /** Jobs a thread has in hand. */
  inHand(threadId: number): number {
    return this.#inHand.get(threadId) ?? 0
  }

  /** A task went to a thread. */
  place(placement: Placement, threadId: number): void {
    placement.threadId = threadId
    this.#count(threadId, placement.weight)
  }

  /** A task without jobs is over. */
  leave(placement: Placement): void {
    this.#count(placement.threadId, -placement.weight)
  }

  #count(threadId: number | undefined, change: number): void {
    if (threadId === undefined) return
    const left = this.inHand(threadId) + change
    if (left === 0) this.#inHand.delete(threadId)
    else this.#inHand.set(threadId, left)
  }
}
