/** All that a page tells of a run. Types only. */

import type { OutcomeTally } from './outcome-tally.ts'
import type { Timeline } from './timeline.ts'

/** What is known before it begins. */
export interface RunInfo {
  /** Of this package. */
  readonly version: string
  /** As it was called: `sync`. */
  readonly command: string
  readonly source: string
  readonly target: string
  readonly isDryRun: boolean
  readonly startedAt: Date
  /** What was given on the command line, without secrets. */
  readonly options: readonly (readonly [flag: string, value: string])[]
}

/** Why a run ended before its end. */
export interface EarlyEnd {
  readonly code: string
  readonly message: string
  readonly hint: string
}

export interface RunSummary {
  readonly info: RunInfo
  readonly endedAt: Date
  readonly earlyEnd: EarlyEnd | undefined
  readonly tally: OutcomeTally
  readonly timeline: Timeline
}
