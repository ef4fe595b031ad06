/**
 * Simulated runs as they are kept, for the report: `bench/results/simulation.json`. Rates are
 * rounded to what a plot shows.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ScenarioRun } from './run-scenario.ts'

/** A run of a scenario: a number per sample, of each client where there are several lists. */
export interface RunRecord {
  readonly name: string
  readonly title: string
  readonly unit: 'requests/s' | 'Mbit/s'
  /** Seconds between two samples. */
  readonly step: number
  /** Seconds of the beginning, and after a change of the line, that do not count. */
  readonly warmUps: readonly (readonly [from: number, to: number])[]
  readonly reached: number
  /** `undefined` where no store refuses. */
  readonly refused?: number
  /** `undefined` for a single transfer. */
  readonly fairness?: number
  readonly limits: readonly (readonly number[])[]
  readonly goodputs: readonly (readonly number[])[]
  readonly achievable: readonly number[]
}

const FILE = 'simulation.json'

/** Up to this length it is requests that count, and not bytes. */
const SMALL_REQUEST = 64 * 1024

export function recordOf(run: ScenarioRun): RunRecord {
  const { scenario, samples } = run
  const { name, title, store, clients, requestBytes, warmUp, change } = scenario
  const isSmall = requestBytes < SMALL_REQUEST
  const scale = (rate: number): number => digits(isSmall ? rate / requestBytes : rate / 125_000)
  const each = Array.from({ length: clients }, (_, index) => index)
  return {
    name,
    title,
    unit: isSmall ? 'requests/s' : 'Mbit/s',
    step: (samples[1]?.at ?? 0) - (samples[0]?.at ?? 0),
    warmUps: [
      [0, warmUp],
      ...(change === undefined ? [] : [[change.at, change.at + change.warmUp] as const]),
    ],
    reached: digits(run.reached),
    ...(store.throttle === undefined ? {} : { refused: digits(run.refused) }),
    ...(clients === 1 ? {} : { fairness: digits(run.fairness) }),
    limits: each.map((index) => samples.map(({ limits }) => limits[index] ?? 0)),
    goodputs: each.map((index) => samples.map(({ goodputs }) => scale(goodputs[index] ?? 0))),
    achievable: samples.map(({ achievable }) => scale(achievable)),
  }
}

/** A line per list, so that a change of one run is a change of a few lines. */
export function recordsToJson(records: readonly RunRecord[]): string {
  const runs = records.map((record) => {
    const fields = Object.entries(record).map(
      ([name, value]) => `      ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
    )
    return `    {\n${fields.join(',\n')}\n    }`
  })
  return `{\n  "runs": [\n${runs.join(',\n')}\n  ]\n}\n`
}

export function recordFile(resultsDirectory: string): string {
  return join(resultsDirectory, FILE)
}

/** Those that are kept; none where there is no such file. */
export async function loadRecords(resultsDirectory: string): Promise<readonly RunRecord[]> {
  try {
    const content = await readFile(recordFile(resultsDirectory), 'utf8')
    return (JSON.parse(content) as { readonly runs: readonly RunRecord[] }).runs
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Four significant digits. */
function digits(value: number): number {
  return Number(value.toPrecision(4))
}
