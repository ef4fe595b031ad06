/**
 * Memory that coordinator and workers both see: parts of streams and Buffers on their way up, and
 * ranges of an ordered read on their way down. Shared, not transferred, so that a retry, also on
 * another thread after the first one died, finds the bytes where they were.
 *
 * Buffers are kept for reuse while transfers run, since fresh memory costs page faults. How much is
 * out is bounded by the budgets of the scheduler, how much is kept by the limit given here. Sizes
 * are rounded up, so that few kinds exist and a buffer never stands in for a much smaller one.
 */

import { MiB } from '../units.ts'

export class SharedBuffers {
  readonly #free = new Map<number, SharedArrayBuffer[]>()
  readonly #keepMax: number
  #kept = 0
  #out = 0

  /** @param keepMax bytes kept for reuse at most */
  constructor(keepMax: number) {
    this.#keepMax = keepMax
  }

  /** A buffer of at least `size` bytes; its content is whatever it was. */
  take(size: number): SharedArrayBuffer {
    this.#out += 1
    const rounded = roundUp(size)
    const kept = this.#free.get(rounded)?.pop()
    if (kept === undefined) return new SharedArrayBuffer(rounded)
    this.#kept -= rounded
    return kept
  }

  /** Gives a buffer back. When none is out any more, all memory is let go. */
  give(buffer: SharedArrayBuffer): void {
    this.#out -= 1
    const size = buffer.byteLength
    if (this.#out === 0) {
      this.#free.clear()
      this.#kept = 0
    } else if (this.#kept + size <= this.#keepMax) {
      const alike = this.#free.get(size)
      if (alike === undefined) this.#free.set(size, [buffer])
      else alike.push(buffer)
      this.#kept += size
    }
  }
}

/** Powers of two up to 1 MiB, then whole MiB. */
function roundUp(size: number): number {
  if (size > MiB) return Math.ceil(size / MiB) * MiB
  return size <= 1 ? 1 : 2 ** Math.ceil(Math.log2(size))
}
