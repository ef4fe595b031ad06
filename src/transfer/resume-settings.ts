/**
 * Whether the transfers of an engine are written down so that they can be gone on with.
 *
 * No transfer fails because that is impossible: it is told once, as a process warning, and the
 * transfer goes on without.
 */

import type { ConnectionTarget } from '../options.ts'

export class ResumeSettings {
  readonly enabled: boolean
  /** Whether what is on the disk is hashed before it is believed, also if no power was lost. */
  readonly recheck: boolean
  #hasWarned = false

  constructor({ resume = 'auto', recheck = false }: Pick<ConnectionTarget, 'resume' | 'recheck'>) {
    this.enabled = resume === 'auto'
    this.recheck = recheck
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
