/**
 * How many events there are in a second, by those of the last one. Pure: times are passed in, in
 * milliseconds, and never go back.
 */

/** What is counted back. Milliseconds. Source: the second in which stores count. */
const SPAN_MS = 1000

/** Cells of the ring. Source: none, reasonable default; the count is exact to a twentieth. */
const CELLS = 20

const CELL_MS = SPAN_MS / CELLS

/** Shortest time that says something of a rate. Milliseconds. Source: none, reasonable default. */
const SPAN_MIN_MS = 50

export class EventRate {
  readonly #cells = new Float64Array(CELLS)
  #cell = 0
  #sum = 0
  /** When the first event came after a second without any. */
  #since = 0

  note(now: number): void {
    this.#turn(now)
    if (this.#sum === 0) this.#since = now
    const at = this.#cell % CELLS
    this.#cells[at] = (this.#cells[at] as number) + 1
    this.#sum += 1
  }

  /** Events of the last second. */
  count(now: number): number {
    this.#turn(now)
    return this.#sum
  }

  /** Events per second; when they began less than a second ago, at the rate until now. */
  perSecond(now: number): number {
    this.#turn(now)
    const span = Math.min(SPAN_MS, Math.max(SPAN_MIN_MS, now - this.#since))
    return (1000 * this.#sum) / span
  }

  /** Empties the cells that lie a second back. */
  #turn(now: number): void {
    const cell = Math.floor(now / CELL_MS)
    if (cell <= this.#cell) return
    for (let old = Math.max(this.#cell + 1, cell - CELLS + 1); old <= cell; old += 1) {
      const at = old % CELLS
      this.#sum -= this.#cells[at] as number
      this.#cells[at] = 0
    }
    this.#cell = cell
  }
}
