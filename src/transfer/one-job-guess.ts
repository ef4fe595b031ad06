/**
 * Whether the next object is worth a try in one job, judged by those before it: one that turns out to need
 * more has cost a request for nothing, and where many do, as where all have tags, hardly any is tried.
 */

/** Objects left out after the first that needed more. Source: none, reasonable default. */
const FIRST = 4

/** Most left out at once: then a try costs next to nothing. Source: none, reasonable default. */
const MOST = 256

export class OneJobGuess {
  /** Objects that are not tried any more. */
  #left = 0
  #next = FIRST

  /** Whether to try. Whoever is told true says what came of it by `note`, if that says anything. */
  mayTry(): boolean {
    if (this.#left === 0) return true
    this.#left -= 1
    return false
  }

  note(didDo: boolean): void {
    if (didDo) {
      this.#next = FIRST
      return
    }
    // Of those tried at the same time only the first says something new.
    if (this.#left > 0) return
    this.#left = this.#next
    this.#next = Math.min(MOST, 2 * this.#next)
  }
}
