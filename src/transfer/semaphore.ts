/**
 * A counted budget shared by all transfers: requests in flight, bytes of memory. Who came first
 * as a *transfer* is served first, so that equals finish in the order of their submission; nobody
 * overtakes the first waiter, even if less would do, so that nobody starves.
 */

import { assert } from '../assert.ts'
import type { StopSignal } from '../store/abortable.ts'
import { SequenceQueue } from './sequence-queue.ts'

interface Waiter {
  readonly amount: number
  readonly sequence: number
  readonly grant: () => void
}

export class Semaphore {
  readonly capacity: number
  readonly #queue = new SequenceQueue<Waiter>()
  #taken = 0

  constructor(capacity: number) {
    assert(capacity > 0, 'a budget is positive')
    this.capacity = capacity
  }

  get taken(): number {
    return this.#taken
  }

  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Waits for `amount`; what exceeds the capacity counts as all of it, so that it is slow and not
   * stuck. Rejects with the signal's reason when that aborts first.
   */
  acquire(amount: number, sequence: number, signal: StopSignal): Promise<() => void> {
    // oxlint-disable-next-line prefer-promise-reject-errors -- the reason of a run is an error
    if (signal.aborted) return Promise.reject(signal.reason)
    return Promise.resolve(this.tryAcquire(amount) ?? this.#wait(amount, sequence, signal))
  }

  #releaser(amount: number): () => void {
    let released = false
    return () => {
      assert(!released, 'a permit is released once')
      released = true
      this.#taken -= amount
      assert(this.#taken >= 0, 'permits are never negative')
      this.#serve()
    }
  }

  /** Takes `amount` if that needs no waiting. */
  tryAcquire(amount: number): (() => void) | undefined {
    const needed = Math.min(amount, this.capacity)
    if (this.waiting > 0 || this.#taken + needed > this.capacity) return undefined
    this.#taken += needed
    return this.#releaser(needed)
  }

  #wait(amount: number, sequence: number, signal: StopSignal): Promise<() => void> {
    const needed = Math.min(amount, this.capacity)
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        amount: needed,
        sequence,
        grant: () => {
          signal.removeEventListener('abort', onAbort)
          resolve(this.#releaser(needed))
        },
      }
      const onAbort = (): void => {
        this.#queue.remove(waiter)
        reject(signal.reason)
        this.#serve()
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#queue.add(waiter)
    })
  }

  #serve(): void {
    for (;;) {
      const { first } = this.#queue
      if (first === undefined || this.#taken + first.amount > this.capacity) return
      this.#taken += first.amount
      this.#queue.removeFirst()
      first.grant()
    }
  }
}
