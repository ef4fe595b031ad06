/** The largest of many, in memory that does not grow with how many there are. Pure. */

export class TopList<T> {
  readonly #most: number
  readonly #weigh: (item: T) => number
  readonly #items: T[] = []

  /** @param most how many are kept */
  constructor(most: number, weigh: (item: T) => number) {
    this.#most = most
    this.#weigh = weigh
  }

  /** Of equal ones the earlier stays. */
  add(item: T): void {
    const weight = this.#weigh(item)
    const last = this.#items.at(-1)
    const isFull = this.#items.length >= this.#most
    if (isFull && last !== undefined && weight <= this.#weigh(last)) return
    if (isFull) this.#items.pop()
    const place = this.#items.findIndex((each) => this.#weigh(each) < weight)
    this.#items.splice(place < 0 ? this.#items.length : place, 0, item)
  }

  /** Largest first. */
  get items(): readonly T[] {
    return this.#items
  }
}
