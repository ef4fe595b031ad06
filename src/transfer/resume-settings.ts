/**
 * Whether the transfers of an engine are written down so that they can be gone on with.
 *
 * No transfer fails because that is impossible: it is told once, as a process warning, and the
 * transfer goes on without.
 */

import type { Connection } from '../journal/records.ts'
import { defaultStateDirectory } from '../journal/state-directory.ts'
import type { ConnectionTarget } from '../options.ts'
import { MiB } from '../units.ts'
import { EarlierJobs } from './earlier-jobs.ts'

/**
 * Smallest transfer that is written down by itself. Bytes. Source: measured; its journal costs some 3 ms
 * of CPU, about 2 % of a transfer of this size and less of larger ones; what is smaller is soon moved
 * again.
 */
const RESUMABLE_MIN = 64 * MiB

export class ResumeSettings {
  readonly #sizeMin: number
  /** Whether what is on the disk is hashed before it is believed, also if no power was lost. */
  readonly recheck: boolean
  /** What leads to the places of this engine; may have more fields than a journal keeps. */
  readonly connection: Connection
  /** Where what outlives a process is written down; `undefined` where nothing is to be. */
  readonly stateDirectory: string | undefined
  /** What earlier processes left. */
  readonly earlier: EarlierJobs
  #hasWarned = false

  constructor(options: ConnectionTarget) {
    const { resume = 'auto', recheck = false, stateDir = defaultStateDirectory() } = options
    this.connection = options
    this.stateDirectory = resume === 'off' ? undefined : stateDir
    this.earlier = new EarlierJobs(this.stateDirectory)
    this.#sizeMin = { auto: RESUMABLE_MIN, always: 0, off: Infinity }[resume]
    this.recheck = recheck
  }

  /** Whether a transfer of so many bytes, in parts, is written down. */
  covers(size: number): boolean {
    return size >= this.#sizeMin
  }

  /** Tells, once, that transfers cannot be written down. */
  warn(error: unknown): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const reason = error instanceof Error ? error.message : String(error)
    const message =
      `Transfers cannot be written down (${reason}): should this process die, they begin anew. ` +
      "Set `stateDir`, or `resume: 'off'`."
    process.emitWarning(message, { type: 'TransferEngineWarning', code: 'STATE_UNWRITABLE' })
  }
}
