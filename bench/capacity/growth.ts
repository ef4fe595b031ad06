/** What grows with the number of objects, and what does not: bytes in memory, in Redis and on disk, and hours. Pure. */

import type { Inputs } from './inputs.ts'
import { type Fleet, type Load, reach } from './model.ts'
import { KEY_LENGTH, outcomeLine } from './outcome-sample.ts'
import { jobMemory, QUEUE, resultMemory, shardObjects } from './queue.ts'

export interface Growth {
  readonly objects: number
  /** Seconds at the rate of the model. */
  readonly moved: number
  /** Seconds of one thread to list the source, and to read all lines of a job when it goes on. */
  readonly listed: number
  readonly read: number
  /** Bytes of `outcomes.ndjson`. */
  readonly outcomes: number
  readonly shards: number
  /** Bytes in Redis: of the shards that are open, and of all of them, were they handed out at once. */
  readonly jobsOpen: number
  readonly jobsAtOnce: number
  /** Bytes of outcomes in Redis after a minute in which nobody took them. */
  readonly backlog: number
  /** Bytes of names, were every object one to be removed: they are kept in memory until all else has ended. */
  readonly removals: number
}

/** Seconds a coordinator is away. */
export const AWAY = 60

export function growth(inputs: Inputs, fleet: Fleet, load: Load, objects: number): Growth {
  const { rate } = reach(inputs, fleet, load)
  const line = Buffer.byteLength(outcomeLine())
  const shards = Math.ceil(objects / shardObjects(load.size))
  return {
    objects,
    moved: objects / rate,
    listed: objects * inputs.listed,
    read: objects * inputs.noted,
    outcomes: objects * line,
    shards,
    jobsOpen: jobMemory(objects, load.size),
    jobsAtOnce: shards * QUEUE.jobBytes,
    backlog: resultMemory(Math.min(objects, rate * AWAY)),
    removals: objects * (KEY_LENGTH + 1),
  }
}
