/**
 * Values over time in memory that does not grow: so many bins, and when time runs out of them each two
 * are joined. Nothing is lost by that but detail. Pure.
 */

/**
 * - `flow`: an amount that came evenly between two looks, so its bins share it
 * - `event`: a count that came whole, so it is in the bin of the later look
 * - `level`: how much there was; a bin has the mean over its time, and the most
 */
type Kind = 'flow' | 'event' | 'level'

export interface Bin<N extends string> {
  /** Milliseconds since the start. */
  readonly fromMs: number
  readonly toMs: number
  /** Milliseconds of it that were looked at: less of the last one. */
  readonly seenMs: number
  /** Sums of flows and events, means of levels. */
  readonly values: Readonly<Record<N, number>>
  readonly peaks: Readonly<Record<N, number>>
}

interface Cell {
  seenMs: number
  readonly sums: Float64Array
  readonly peaks: Float64Array
}

/** As many as a chart has room for, and a width that shows a short run. Source: none. */
const BINS_MAX = 240
const FIRST_WIDTH_MS = 250

export class Series<N extends string> {
  readonly #names: readonly N[]
  readonly #kinds: readonly Kind[]
  readonly #most: number
  #widthMs: number
  #cells: Cell[] = []

  constructor(kinds: Readonly<Record<N, Kind>>, most = BINS_MAX, widthMs = FIRST_WIDTH_MS) {
    this.#names = Object.keys(kinds) as N[]
    this.#kinds = Object.values(kinds)
    this.#most = most
    this.#widthMs = widthMs
  }

  /** Milliseconds of a bin. */
  get widthMs(): number {
    return this.#widthMs
  }

  /**
   * What was seen at `toMs`, since `fromMs`.
   * @param values of flows and events by how much they grew, of levels as they are
   */
  add(fromMs: number, toMs: number, values: Readonly<Record<N, number>>): void {
    const end = Math.max(0, toMs)
    const start = Math.min(Math.max(0, fromMs), end)
    while (end > this.#widthMs * this.#most) this.#join()
    const last = this.#binOf(end)
    // One is added to, though no time went by.
    for (let bin = Math.min(this.#binOf(start), last); bin <= last; bin += 1) {
      const low = Math.max(start, bin * this.#widthMs)
      const high = Math.min(end, (bin + 1) * this.#widthMs)
      const ms = Math.max(0, high - low)
      const share = end === start ? 1 : ms / (end - start)
      if (share > 0) this.#note(this.#cellAt(bin), values, { ms, share, isLast: bin === last })
    }
  }

  get bins(): readonly Bin<N>[] {
    return this.#cells.map(({ seenMs, sums, peaks }, index) => ({
      fromMs: index * this.#widthMs,
      toMs: (index + 1) * this.#widthMs,
      seenMs,
      values: this.#named((at) => {
        const sum = sums[at] ?? 0
        if (this.#kinds[at] !== 'level') return sum
        return seenMs === 0 ? (peaks[at] ?? 0) : sum / seenMs
      }),
      peaks: this.#named((at) => peaks[at] ?? 0),
    }))
  }

  #note(
    cell: Cell,
    values: Readonly<Record<N, number>>,
    {
      ms,
      share,
      isLast,
    }: { readonly ms: number; readonly share: number; readonly isLast: boolean },
  ): void {
    const { sums, peaks } = cell
    for (const [at, name] of this.#names.entries()) {
      const value = values[name]
      const kind = this.#kinds[at]
      const part =
        kind === 'level' ? value * ms : kind === 'flow' ? value * share : isLast ? value : 0
      sums[at] = (sums[at] as number) + part
      peaks[at] = Math.max(peaks[at] as number, kind === 'level' ? value : 0)
    }
    cell.seenMs += ms
  }

  /** A time at a border belongs to the bin it ends. */
  #binOf(ms: number): number {
    return Math.max(0, Math.ceil(ms / this.#widthMs) - 1)
  }

  #cellAt(bin: number): Cell {
    while (this.#cells.length <= bin) this.#cells.push(this.#emptyCell())
    return this.#cells[bin] as Cell
  }

  #emptyCell(): Cell {
    const { length } = this.#names
    return { seenMs: 0, sums: new Float64Array(length), peaks: new Float64Array(length) }
  }

  #join(): void {
    this.#widthMs *= 2
    const joined: Cell[] = []
    for (let index = 0; index < this.#cells.length; index += 2) {
      const [one, other] = [this.#cells[index], this.#cells[index + 1] ?? this.#emptyCell()]
      if (one === undefined) break
      joined.push({
        seenMs: one.seenMs + other.seenMs,
        sums: one.sums.map((sum, at) => sum + (other.sums[at] ?? 0)),
        peaks: one.peaks.map((peak, at) => Math.max(peak, other.peaks[at] ?? 0)),
      })
    }
    this.#cells = joined
  }

  #named(value: (at: number) => number): Readonly<Record<N, number>> {
    return Object.fromEntries(this.#names.map((name, at) => [name, value(at)])) as Record<N, number>
  }
}
