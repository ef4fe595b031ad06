/**
 * A counted budget shared by all transfers: requests in flight, bytes of memory. Who came first
 * as a *transfer* is served first, so that equals finish in the order of their submission; nobody
 * overtakes the first waiter, even if less would do, so that nobody starves.
 */

import { assert } from '../assert.ts'

interface Waiter {
  readonly amount: number
  readonly sequence: number
  readonly grant: () => void
}

export class Semaphore {
  readonly capacity: number
  #taken = 0
  /** Ascending by sequence; among equals in the order of arrival. */
  readonly #waiting: Waiter[] = []

  constructor(capacity: number) {
    assert(capacity > 0, 'a budget is positive')
    this.capacity = capacity
  }

  get taken(): number {
    return this.#taken
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * Waits for `amount`; what exceeds the capacity counts as all of it, so that it is slow and not
   * stuck. Rejects with the signal's reason when that aborts first.
   */
  async acquire(amount: number, sequence: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    const needed = Math.min(amount, this.capacity)
    if (this.#waiting.length === 0 && this.#taken + needed <= this.capacity) {
      this.#taken += needed
    } else {
      await this.#wait(needed, sequence, signal)
    }
    return this.#releaser(needed)
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
    if (this.#waiting.length > 0 || this.#taken + needed > this.capacity) return undefined
    this.#taken += needed
    return this.#releaser(needed)
  }

  #wait(amount: number, sequence: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        amount,
        sequence,
        grant: () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        reject(signal.reason as Error)
        this.#serve()
      }
      signal.addEventListener('abort', onAbort, { once: true })
      // From the back, where a new transfer belongs: thousands may wait.
      const before = this.#waiting.findLastIndex((other) => other.sequence <= sequence)
      this.#waiting.splice(before + 1, 0, waiter)
    })
  }

  #serve(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#taken + first.amount > this.capacity) return
      this.#taken += first.amount
      this.#waiting.shift()
      first.grant()
    }
  }
}
