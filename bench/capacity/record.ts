/**
 * What `npm run bench:capacity -- --measure` keeps, `bench/results/capacity.json`: how the CPU time of
 * a run is shared between the main thread and the others, which no result of a workload tells.
 */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toJson } from '../harness/results-file.ts'
import type { Machine } from '../result.ts'

/** One run of ours. Seconds of CPU time, bytes. */
export interface MeasuredRun {
  /** Name of the workload it is a part of. */
  readonly workload: string
  readonly count: number
  readonly size: number
  readonly mainSeconds: number
  readonly processSeconds: number
  readonly peakRss: number
  /** `2026-11-22` */
  readonly date: string
}

export interface CapacityRecord {
  readonly machine: Machine
  readonly runs: readonly MeasuredRun[]
  /** What a coordinator does with an outcome: reads it as JSON, and writes it as a line. Seconds of one thread. */
  readonly outcomeSeconds: number
}

const FILE = 'capacity.json'

/** @throws Error when nothing has been measured */
export async function loadCapacityRecord(resultsDirectory: string): Promise<CapacityRecord> {
  return JSON.parse(await readFile(join(resultsDirectory, FILE), 'utf8')) as CapacityRecord
}

export async function saveCapacityRecord(
  resultsDirectory: string,
  record: CapacityRecord,
): Promise<void> {
  await writeFile(join(resultsDirectory, FILE), toJson(record))
}
