/**
 * What a round of the kill loop does, all of it from seed and number.
 */

import { MiB } from 'transfer-engine'
import { Dice } from '../soak/dice.ts'

/** Bytes of a part. */
export const PART_SIZE = 5 * MiB

/** Requests in flight. */
export const IN_FLIGHT = 3

/** When the command is killed: after some time, or once its journal has a word or so many lines. */
export type KillMoment =
  | { readonly after: number }
  | { readonly lines: number }
  | { readonly word: string }

export interface KillPlan {
  readonly direction: 'upload' | 'download'
  readonly size: number
  readonly kills: readonly KillMoment[]
  /** Bytes per second. */
  readonly bandwidth: number
  /** Milliseconds by which Complete is answered late. */
  readonly completeDelayMs: number
  /** Whether the store has the object by then. */
  readonly completesFirst: boolean
}

/** Longest time to a kill: a start of the command, and a transfer. Milliseconds. */
const AFTER_MAX = 2500

const WORDS = {
  upload: ['"upload"', '"created"', '"completing"', '"completed"'],
  download: ['"download"', '"opened"', '"finishing"'],
} as const

export function planKills(seed: number, round: number): KillPlan {
  const dice = new Dice(seed, round)
  const direction = dice.chance(0.5) ? 'upload' : 'download'
  const moment = (): KillMoment => {
    const kind = dice.int(1, 3)
    if (kind === 1) return { after: dice.int(100, AFTER_MAX) }
    if (kind === 2) return { lines: dice.int(2, 8) }
    return { word: dice.pick(WORDS[direction]) }
  }
  return {
    direction,
    size: dice.int(2 * PART_SIZE + 1, 8 * PART_SIZE),
    kills: Array.from({ length: dice.int(1, 3) }, moment),
    bandwidth: dice.int(24, 64) * MiB,
    completeDelayMs: dice.pick([0, 100, 300]),
    completesFirst: dice.chance(0.5),
  }
}
