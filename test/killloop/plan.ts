/**
 * What a round of the kill loop does, all of it from seed and number: a tree of files of random sizes,
 * and the moments at which the command that moves each of them is killed.
 */

import { MiB } from 'transfer-engine'
import { Dice } from '../soak/dice.ts'

/** Bytes of a part. */
export const PART_SIZE = 5 * MiB

/** Requests in flight, of one run of the command. */
export const IN_FLIGHT = 3

/** Smallest upload in parts. A download is in ranges as soon as it has two. */
export const THRESHOLD = 2 * PART_SIZE

/**
 * When the command is killed: after some time, once its journal has a word or so many lines, once it
 * has printed an event, or once the store has so many of its parts.
 */
export type KillMoment =
  | { readonly after: number }
  | { readonly lines: number }
  | { readonly word: string }
  | { readonly said: string }
  | { readonly stored: number }

/** One file, moved by runs of the command of its own. */
export interface FilePlan {
  /** Of the file and of the object. */
  readonly name: string
  readonly direction: 'upload' | 'download'
  readonly size: number
  readonly kills: readonly KillMoment[]
}

/** What a round has in common, whoever is killed. */
export interface TreePlan {
  readonly files: readonly FilePlan[]
  /** Whether the files are moved at the same time, by as many commands. */
  readonly atOnce: boolean
  /** Bytes per second, of each command. */
  readonly bandwidth: number
}

export interface KillPlan extends TreePlan {
  /** Milliseconds by which Complete is answered late. */
  readonly completeDelayMs: number
  /** Whether the store has the object by then. */
  readonly completesFirst: boolean
}

/** Longest time to a kill: a start of the command, and a transfer. Milliseconds. */
const AFTER_MAX = { parts: 1500, one: 600 } as const

const WORDS = {
  upload: ['"upload"', '"created"', '"completing"', '"completed"'],
  download: ['"download"', '"opened"', '"finishing"'],
} as const

/** Events of the command; nothing may be wrong any more once it has told the result. */
const EVENTS = ['start', 'part', 'result'] as const

export function planKills(seed: number, round: number): KillPlan {
  const dice = new Dice(seed, round)
  return {
    files: planFiles(dice, true),
    atOnce: dice.chance(0.5),
    bandwidth: dice.int(32, 96) * MiB,
    completeDelayMs: dice.pick([0, 100, 300]),
    completesFirst: dice.chance(0.5),
  }
}

/** At least one of the files goes in parts. */
export function planFiles(dice: Dice, isKilled: boolean): readonly FilePlan[] {
  const count = dice.int(2, 3)
  return Array.from({ length: count }, (_, index) => {
    const direction = dice.chance(0.5) ? 'upload' : 'download'
    const size = index === 0 ? sizeInParts(dice) : anySize(dice)
    const most = size > PART_SIZE ? dice.int(1, 3) : dice.int(0, 1)
    const kills = Array.from({ length: isKilled ? most : 0 }, () => momentOf(dice, direction, size))
    return { name: `file-${index}`, direction, size, kills }
  })
}

/** Whether a transfer is in parts, and so has a journal. */
export function isInParts({ direction, size }: Pick<FilePlan, 'direction' | 'size'>): boolean {
  return direction === 'upload' ? size >= THRESHOLD : size > PART_SIZE
}

function anySize(dice: Dice): number {
  if (dice.chance(0.2)) return sizeInParts(dice)
  return dice.chance(0.3) ? 0 : dice.spread(1, 2 * MiB)
}

function sizeInParts(dice: Dice): number {
  return dice.int(THRESHOLD + 1, 5 * PART_SIZE)
}

function momentOf(dice: Dice, direction: FilePlan['direction'], size: number): KillMoment {
  const hasJournal = isInParts({ direction, size })
  const kind = dice.int(1, hasJournal ? 5 : 2)
  if (kind === 1) return { after: dice.int(50, hasJournal ? AFTER_MAX.parts : AFTER_MAX.one) }
  if (kind === 2) return { said: dice.pick(EVENTS) }
  if (kind === 3) return { word: dice.pick(WORDS[direction]) }
  return { lines: dice.int(2, 7) }
}
