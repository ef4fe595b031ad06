/**
 * The budgets all transfers of an engine share, and the progress slots that go with requests.
 *
 * A request in flight has a permit and a slot; a part held in memory has its bytes. Memory is
 * taken first and kept over retries, a request permit only for the time of one attempt, so a part
 * that waits for its next attempt keeps no connection from others.
 */

import { assert } from '../assert.ts'
import type { StopSignal } from '../store/abortable.ts'
import { Hedging } from './hedging.ts'
import { RequestRate } from './request-rate.ts'
import { Semaphore } from './semaphore.ts'
import { SizeGuess } from './size-guess.ts'

export interface RequestPermit {
  /** Progress slot, from 0. */
  readonly slot: number
  release(): void
}

export class Scheduler {
  readonly requests: Semaphore
  readonly memory: Semaphore
  /**
   * Memory for ranges read ahead of their reader. A budget of its own: it is given back only as
   * fast as the reader takes, and a reader may be waiting for an upload that waits for memory.
   */
  readonly readAhead: Semaphore
  /** Transfers worked on; the others wait, holding nothing but their arguments. */
  readonly transfers: Semaphore
  /** Whether the last file that was looked at was small: the next is probably like it. */
  lastFileWasSmall = false
  /** The same of objects to download. */
  readonly smallObjects = new SizeGuess()
  /** What one request moves; every part that arrives is noted. */
  readonly requestRate = new RequestRate()
  /** Second requests for slow ones. */
  readonly hedging = new Hedging()
  readonly #freeSlots: number[]

  constructor(limits: {
    readonly maxInFlight: number
    readonly memoryLimit: number
    readonly maxTransfers: number
  }) {
    this.requests = new Semaphore(limits.maxInFlight)
    this.memory = new Semaphore(limits.memoryLimit)
    this.readAhead = new Semaphore(limits.memoryLimit)
    this.transfers = new Semaphore(limits.maxTransfers)
    this.#freeSlots = Array.from({ length: limits.maxInFlight }, (_, slot) => slot)
  }

  /** Whether a request more would keep none from its turn. */
  get hasRoom(): boolean {
    return this.requests.waiting === 0 && this.requests.taken < this.requests.capacity
  }

  async acquireRequest(sequence: number, signal: StopSignal): Promise<RequestPermit> {
    const release = await this.requests.acquire(1, sequence, signal)
    const slot = this.#freeSlots.pop()
    assert(slot !== undefined, 'there is a slot per permit')
    return {
      slot,
      release: () => {
        this.#freeSlots.push(slot)
        release()
      },
    }
  }
}
