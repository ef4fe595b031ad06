/** Choices of a soak, all from one seed. */

import { seededRandom } from '../../bench/simulation/random.ts'

/** What a round multiplies its seed with, so that rounds of two seeds have nothing in common. */
const ROUNDS_APART = 1_000_003

export class Dice {
  readonly #random: () => number

  constructor(seed: number, round: number) {
    this.#random = seededRandom(Math.imul(seed, ROUNDS_APART) + round)
    // The first numbers of near seeds are alike.
    for (let turn = 0; turn < 8; turn += 1) this.#random()
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.#random() * (max - min + 1))
  }

  /** The same, with small numbers as likely as large ones. */
  spread(min: number, max: number): number {
    return Math.floor(
      Math.exp(Math.log(min + 1) + this.#random() * Math.log((max + 1) / (min + 1))),
    )
  }

  chance(share: number): boolean {
    return this.#random() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)] as T
  }

  /** Some of a list, in its order. */
  some<T>(list: readonly T[], count: number): T[] {
    const chosen = new Set<number>()
    while (chosen.size < Math.min(count, list.length)) chosen.add(this.int(0, list.length - 1))
    return [...chosen].sort((a, b) => a - b).map((index) => list[index] as T)
  }
}
