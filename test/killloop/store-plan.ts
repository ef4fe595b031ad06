/** What a round does in which the store is killed, all of it from seed and number. */

import { MiB } from 'transfer-engine'
import { Dice } from '../soak/dice.ts'
import { planFiles, type TreePlan } from './plan.ts'

/** When the store is killed: after some time, or once it has begun so many requests of a kind. */
export type StoreMoment =
  | { readonly after: number }
  | { readonly operation: string; readonly count: number }

export interface StoreKill {
  /** Since it was started. */
  readonly moment: StoreMoment
  /** How long it stays dead. Milliseconds. */
  readonly deadMs: number
}

export interface StoreKillPlan extends TreePlan {
  readonly kills: readonly StoreKill[]
  /** Attempts of the command per request: few, so that it gives up, or enough to wait. */
  readonly maxAttempts: number
}

const AFTER_MAX = 1200
const DEAD_MAX = 1200

/** Those of a transfer in parts, and of the removal of one that failed. */
const OPERATIONS = [
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'HeadObject',
  'GetObject',
  'AbortMultipartUpload',
] as const

export function planStoreKills(seed: number, round: number): StoreKillPlan {
  const dice = new Dice(seed, round)
  const moment = (): StoreMoment => {
    if (dice.chance(0.4)) return { after: dice.int(20, AFTER_MAX) }
    return { operation: dice.pick(OPERATIONS), count: dice.int(1, 4) }
  }
  return {
    files: planFiles(dice, false),
    atOnce: dice.chance(0.5),
    bandwidth: dice.int(24, 64) * MiB,
    kills: Array.from({ length: dice.int(1, 4) }, () => {
      return { moment: moment(), deadMs: dice.int(0, DEAD_MAX) }
    }),
    maxAttempts: dice.pick([2, 3, 6, 10]),
  }
}
