/**
 * Finds the exchange that moves, but too little: a trickle starts every idle time-out anew. Looks at
 * a counter of bytes now and then, and compares it with what it was one window ago.
 *
 * The window slides in steps of a quarter, so that what became slow is found after one window and a
 * half, whatever had moved before. Times in milliseconds.
 */

import { formatDuration, formatSize } from '../src/units.ts'

/** Steps of a window. Source: none, reasonable default. */
const STEPS = 4

/** Longest pause between two looks, in windows. Source: none, reasonable default. */
const PAUSE_MAX = 0.5

interface Mark {
  readonly at: number
  readonly moved: number
}

export class ThroughputWatch {
  readonly #bytesPerSecond: number
  readonly #windowMs: number
  /** What was seen during one window, oldest first. */
  #marks: Mark[] = []
  #lastAt = 0
  #lastExchange = 0

  /** @param bytesPerSecond 0 to find nothing too slow */
  constructor(bytesPerSecond: number, windowMs: number) {
    this.#bytesPerSecond = bytesPerSecond
    this.#windowMs = windowMs
  }

  /**
   * Takes a look. Another exchange, one that is not moving anything, and a pause in which nobody
   * looked (then the thread was busy, and the line may not be to blame) start anew.
   *
   * @param exchange number of the exchange at work
   * @param moved bytes so far; undefined while nothing has to move
   * @returns what was too slow, as a sentence
   */
  sample(now: number, exchange: number, moved: number | undefined): string | undefined {
    if (this.#bytesPerSecond === 0) return undefined
    const pause = now - this.#lastAt
    this.#lastAt = now
    if (exchange !== this.#lastExchange || pause > this.#windowMs * PAUSE_MAX) this.#marks = []
    this.#lastExchange = exchange
    if (moved === undefined) {
      this.#marks = []
      return undefined
    }
    return this.#compare(now, moved)
  }

  #compare(now: number, moved: number): string | undefined {
    const marks = this.#marks
    const newest = marks.at(-1)
    if (newest !== undefined && now - newest.at < this.#windowMs / STEPS) return undefined
    marks.push({ at: now, moved })
    // The oldest mark is the last one that lies a whole window back.
    while (now - (marks[1]?.at ?? now) >= this.#windowMs) marks.shift()
    const [oldest] = marks
    if (oldest === undefined || now - oldest.at < this.#windowMs) return undefined
    const bytes = moved - oldest.moved
    const elapsedMs = now - oldest.at
    if (bytes >= (this.#bytesPerSecond * elapsedMs) / 1000) return undefined
    const least = formatSize(this.#bytesPerSecond)
    const time = formatDuration(elapsedMs)
    return `Only ${formatSize(bytes)} moved in ${time}; \`minThroughput\` is ${least} a second`
  }
}
