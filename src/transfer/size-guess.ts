/**
 * Whether the next object is probably small, judged by those before it. A small one that is fetched
 * as if it were large costs one request more; a large one that is fetched as if it were small costs
 * a connection and the bytes on their way. So one large object outweighs several small ones, and
 * while nothing is known, one of many is tried and the others wait for what it finds.
 */

import { abortable, type StopSignal } from '../store/abortable.ts'

/** Small ones in a row after which the next is expected to be small again. */
const CONVINCING = 4

/** Transfers at work from which objects are expected to be small. Source: none, reasonable default. */
export const MANY = 8

export class SizeGuess {
  /** Small ones still missing until one is expected; `undefined` while nothing is known. */
  #missing: number | undefined
  #trial: Promise<void> | undefined
  #endTrial: (() => void) | undefined

  /** Whoever is told true says what came of it: `note`, or `giveUp`. */
  async isSmall(atWork: number, signal: StopSignal): Promise<boolean> {
    if (this.#missing === undefined) {
      if (this.#trial === undefined) return atWork >= MANY && this.#startTrial()
      await abortable(this.#trial, signal)
    }
    return this.#missing === 0
  }

  note(wasSmall: boolean): void {
    this.#missing = wasSmall ? Math.max(0, (this.#missing ?? 1) - 1) : CONVINCING
    this.#endTrial?.()
  }

  /** The attempt told nothing of the size. */
  giveUp(): void {
    this.#missing ??= 1
    this.#endTrial?.()
  }

  #startTrial(): true {
    this.#trial = new Promise((resolve) => {
      this.#endTrial = resolve
    })
    return true
  }
}
