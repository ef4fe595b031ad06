/** What happens next: events by their time, equals in the order they were added. Pure. */

interface Entry {
  readonly at: number
  readonly order: number
  readonly act: () => void
}

export class EventQueue {
  readonly #heap: Entry[] = []
  #order = 0
  #now = 0

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now
  }

  /** Lets something happen after so many milliseconds. */
  after(ms: number, act: () => void): void {
    this.#order += 1
    const heap = this.#heap
    const entry = { at: this.#now + Math.max(0, ms), order: this.#order, act }
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(entry, heap[parent] as Entry)) break
      heap[index] = heap[parent] as Entry
      index = parent
    }
    heap[index] = entry
  }

  /** Lets everything happen until that time. */
  runUntil(end: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#now = next.at
      this.#removeFirst()
      next.act()
    }
    this.#now = end
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop() as Entry
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as Entry)) child += 1
      if (!isBefore(heap[child] as Entry, last)) break
      heap[index] = heap[child] as Entry
      index = child
    }
    heap[index] = last
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
