/**
 * What `--stats` says at the end of a command: one event, or a table for people.
 */

import type { EngineStats } from '../index.ts'
import { jsonLine, type TextStream } from './output.ts'

/** @param events where events go; without it, people read it on `stderr` */
export async function tellStatistics(
  stats: EngineStats,
  events: TextStream | undefined,
  stderr: TextStream,
): Promise<void> {
  if (events === undefined) {
    // Most commands are not asked for it.
    const { statsText } = await import('./stats-text.ts')
    stderr.write(statsText(stats))
    return
  }
  events.write(jsonLine({ event: 'stats', time: new Date().toISOString(), ...stats }))
}
