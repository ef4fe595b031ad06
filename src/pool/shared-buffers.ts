/**
 * Memory that coordinator and workers both see: parts of streams and Buffers on their way up, and
 * ranges of an ordered read on their way down. Shared, not transferred, so that a retry, also on
 * another thread after the first one died, finds the bytes where they were.
 *
 * Buffers are kept for reuse while transfers run, since fresh memory costs page faults. How many
 * are out is bounded by the memory budget of the scheduler.
 */

export class SharedBuffers {
  readonly #free: SharedArrayBuffer[] = []
  #out = 0

  /** A buffer of at least `size` bytes; its content is whatever it was. */
  take(size: number): SharedArrayBuffer {
    this.#out += 1
    const index = this.#free.findIndex((buffer) => buffer.byteLength >= size)
    const [kept] = index === -1 ? [] : this.#free.splice(index, 1)
    return kept ?? new SharedArrayBuffer(size)
  }

  /** Gives a buffer back. When none is out any more, all memory is let go. */
  give(buffer: SharedArrayBuffer): void {
    this.#out -= 1
    if (this.#out === 0) this.#free.length = 0
    else this.#free.push(buffer)
  }
}
