/**
 * Turns for threads that write to one file. The kernel lets one thread at a time write to an inode
 * and lets the others spin, which burns up to a core per waiting thread; here they sleep. A lock
 * is only a courtesy: a thread that waits too long (its holder may have died) takes it over and
 * writes as well. Cells name their holder, so that one that was only slow gives nothing away.
 */

/** Locks; transfers share them by number. Even, so that the memory stays a whole of 8 bytes. */
export const LOCK_CELLS = 64

/** A cell is free, or holds the number of a thread, times two, and whether somebody sleeps on it. */
const FREE = 0
const WANTED = 1

/** Longest sleep. Milliseconds. Source: none; a write of 1 MiB takes 0.2 to 1 ms. */
const PATIENCE_MS = 20

export class WriteLocks {
  readonly #cells: Int32Array
  readonly #mine: number
  readonly #patienceMs: number

  /** @param patienceMs after which a lock is taken over */
  constructor(cells: Int32Array, threadId: number, patienceMs: number = PATIENCE_MS) {
    this.#cells = cells
    this.#mine = 2 * (threadId + 1)
    this.#patienceMs = patienceMs
  }

  /** Runs `write` while no other thread of this engine writes for the same transfer. */
  with(transferId: number, write: () => void): void {
    const cell = transferId % this.#cells.length
    this.#acquire(cell)
    try {
      write()
    } finally {
      this.#release(cell)
    }
  }

  #acquire(cell: number): void {
    const cells = this.#cells
    let mine = this.#mine
    for (;;) {
      const seen = Atomics.compareExchange(cells, cell, FREE, mine)
      if (seen === FREE) return
      const wanted = seen | WANTED
      const marked = seen === wanted ? seen : Atomics.compareExchange(cells, cell, seen, wanted)
      if (marked !== seen) continue
      // Others may sleep as well: whoever slept has to wake the next.
      mine = this.#mine | WANTED
      const isOver = Atomics.wait(cells, cell, wanted, this.#patienceMs) === 'timed-out'
      if (isOver && Atomics.compareExchange(cells, cell, wanted, mine) === wanted) return
    }
  }

  #release(cell: number): void {
    const cells = this.#cells
    const seen = Atomics.compareExchange(cells, cell, this.#mine, FREE)
    const wanted = this.#mine | WANTED
    if (seen !== wanted) return
    if (Atomics.compareExchange(cells, cell, wanted, FREE) === wanted) {
      Atomics.notify(cells, cell, 1)
    }
  }
}
