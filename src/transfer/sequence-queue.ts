/**
 * Those who wait, in the order of their transfers; equals in the order they came. Thousands may
 * wait, and most come in order.
 */

export class SequenceQueue<T extends { readonly sequence: number }> {
  /** Ascending by sequence. Those before `#first` are gone. */
  readonly #queue: T[] = []
  #first = 0

  get length(): number {
    return this.#queue.length - this.#first
  }

  get first(): T | undefined {
    return this.#queue[this.#first]
  }

  /** From the back, where a new transfer belongs. */
  add(waiter: T): void {
    let at = this.#queue.length
    while (at > this.#first && (this.#queue[at - 1] as T).sequence > waiter.sequence) at -= 1
    if (at === this.#queue.length) this.#queue.push(waiter)
    else this.#queue.splice(at, 0, waiter)
  }

  removeFirst(): void {
    this.#first += 1
    // Moving thousands of waiters up for each that leaves would cost more than their turn.
    if (this.#first * 2 < this.#queue.length) return
    this.#queue.splice(0, this.#first)
    this.#first = 0
  }

  /** Takes out one that waits. */
  remove(waiter: T): void {
    this.#queue.splice(this.#queue.indexOf(waiter, this.#first), 1)
  }
}
