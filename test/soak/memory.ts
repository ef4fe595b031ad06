/** Whether memory comes back to where it was: looked at between rounds, when nothing is at work. */

import { setTimeout as wait } from 'node:timers/promises'

/** Rounds after which everything that is loaded once has been. Source: none, seen. */
const WARM_ROUNDS = 4

/** What may come and go between rounds. Bytes. Source: none, twice what was seen. */
const ALLOWED = 24 * 1024 * 1024

export class MemoryWatch {
  readonly #gc = (globalThis as { readonly gc?: () => void }).gc
  #base = 0
  #rounds = 0

  /** Bytes of the heap and outside of it. @throws Error when they have grown */
  async look(): Promise<number> {
    if (this.#gc === undefined) throw new Error('memory is measured with --expose-gc')
    let used = Infinity
    // Buffers of threads that ended are freed some time later.
    for (let turn = 0; turn < 3; turn += 1) {
      await wait(10)
      this.#gc()
      const { heapUsed, external } = process.memoryUsage()
      used = Math.min(used, heapUsed + external)
    }
    this.#rounds += 1
    if (this.#rounds <= WARM_ROUNDS) this.#base = Math.max(this.#base, used)
    else if (used > this.#base + ALLOWED) {
      throw new Error(`${used} bytes are in use, ${this.#base} were before`)
    }
    return used
  }
}
