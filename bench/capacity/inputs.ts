/**
 * What was measured, read from `bench/results`: costs per object at some sizes, of the main thread and of
 * all, and where each comes from. Nothing measured is written down here.
 */

import { formatSize, GiB, KiB, MiB } from '../../src/units.ts'
import { median } from '../harness/statistics.ts'
import { loadResults } from '../report/load.ts'
import { cpuSeconds, OURS } from '../report/rows.ts'
import type { Sample, WorkloadResult } from '../result.ts'
import type { CostPoint } from './curve.ts'
import { type CapacityRecord, loadCapacityRecord, type MeasuredRun } from './record.ts'
import type { Operation } from './requests.ts'

export interface Inputs {
  /** Over plain http, by size. */
  readonly costs: Readonly<Record<Operation, readonly CostPoint[]>>
  /** What TLS adds to a byte. CPU seconds. */
  readonly tls: Readonly<Record<Operation, number>>
  /** Of the main thread, for a key that is listed. CPU seconds. */
  readonly listed: number
  /** Of a file or object that is the same on both sides: of all threads, and of the main one. CPU seconds. */
  readonly judged: Pick<CostPoint, 'cpuSeconds' | 'mainSeconds'>
  /** Of the coordinator's thread, for an outcome that is read and written. CPU seconds. */
  readonly noted: number
  /** Of a process, by objects moved. Bytes. */
  readonly memory: readonly { readonly count: number; readonly peakRss: number }[]
  readonly processor: string
}

/** What each curve is made of: results, and runs of `capacity.json` at sizes that no result is of. */
const CURVES: Readonly<
  Record<
    Operation,
    { readonly results: readonly string[]; readonly runs: readonly (readonly [string, number])[] }
  >
> = {
  upload: {
    results: ['upload-20k-4k', 'upload-10k-64k', 'upload-64x64m', 'upload-4g'],
    runs: [['upload-10k-64k', MiB]],
  },
  download: {
    results: ['download-20k-4k', 'download-10k-64k', 'download-64x64m', 'download-4g'],
    runs: [['download-10k-64k', MiB]],
  },
  relay: {
    results: ['relay-5k-64k', 'relay-1g'],
    runs: [
      ['relay-5k-64k', 4 * KiB],
      ['relay-5k-64k', MiB],
      ['relay-5k-64k', 64 * MiB],
    ],
  },
}

const START = 'start-ready'

/** @throws Error when a result is missing */
export async function loadInputs(resultsDirectory: string): Promise<Inputs> {
  const results = await loadResults(resultsDirectory)
  return inputsFrom(results, await loadCapacityRecord(resultsDirectory))
}

/** @throws Error when a result is missing */
export function inputsFrom(results: readonly WorkloadResult[], record: CapacityRecord): Inputs {
  const named = (name: string): WorkloadResult => {
    const found = results.find(({ workload }) => workload === name)
    if (found === undefined)
      throw new Error(`bench/results has no ${name}; npm run bench measures it`)
    return found
  }
  const start = cpuOf(named(START))
  const point = (name: string): CostPoint => {
    const result = named(name)
    return pointOf(result, start, shareOf(record, name, result.size))
  }
  const curve = (operation: Operation): CostPoint[] =>
    [
      ...CURVES[operation].results.map(point),
      ...CURVES[operation].runs.map(([name, size]) => runPoint(record, name, size)),
    ].toSorted((a, b) => a.size - b.size)
  const extra = (direction: 'upload' | 'download'): number =>
    Math.max(0, cpuOf(named(`${direction}-4g-tls`)) - cpuOf(named(`${direction}-4g`))) / (4 * GiB)
  const [upload, download] = [extra('upload'), extra('download')]
  const list = named('list-1m')
  return {
    costs: {
      upload: curve('upload'),
      download: curve('download'),
      relay: curve('relay'),
    },
    tls: { upload, download, relay: upload + download },
    listed: (cpuOf(list) - start) / list.count,
    judged: point('sync-100k-unchanged'),
    noted: record.outcomeSeconds,
    memory: memoryOf(named('counts-upload'), record),
    processor: record.machine['processor'] ?? 'unknown',
  }
}

/** Start-up is taken away: it says nothing of a run of hours. */
function pointOf(result: WorkloadResult, start: number, share: number): CostPoint {
  const { workload, count, size, samples, date } = result
  const each = (cpuOf(result) - start) / count
  const runs = samplesOf(samples).length
  return {
    size,
    cpuSeconds: each,
    mainSeconds: each * share,
    source: `${workload}, median of ${runs}, ${date}`,
  }
}

/** Share of the main thread in the CPU time of a run, start-up taken away of both. */
function shareOf(record: CapacityRecord, workload: string, size: number): number {
  const { main, all } = withoutStart(record, runNamed(record, workload, size))
  return main / all
}

function runPoint(record: CapacityRecord, workload: string, size: number): CostPoint {
  const run = runNamed(record, workload, size)
  const { main, all } = withoutStart(record, run)
  return {
    size,
    cpuSeconds: all / run.count,
    mainSeconds: main / run.count,
    source: `capacity, one run, ${run.date}`,
  }
}

function withoutStart(record: CapacityRecord, run: MeasuredRun): { main: number; all: number } {
  const start = runNamed(record, START, 1)
  const main = run.mainSeconds - start.mainSeconds
  return { main, all: run.processSeconds - start.processSeconds }
}

/** The longest of its size; a large object may have been measured smaller than the workload is. */
function runNamed({ runs }: CapacityRecord, name: string, size: number): MeasuredRun {
  const own = runs.filter(({ workload }) => workload === name)
  const same = own.filter((run) => run.size === size)
  const found = (same.length > 0 ? same : own.filter(({ count }) => count === 1)).toSorted(
    (a, b) => b.count - a.count,
  )[0]
  if (found !== undefined) return found
  throw new Error(
    `capacity.json has no ${name} of ${formatSize(size)}; ` +
      `npm run bench:capacity -- --measure ${name} measures it`,
  )
}

function memoryOf(sweep: WorkloadResult, { runs }: CapacityRecord): Inputs['memory'] {
  const last = sweep.steps?.at(-1)?.count ?? 0
  const swept = (sweep.steps ?? []).map(({ count, samples }) => ({
    count,
    peakRss: median(samplesOf(samples).map(({ peakRss }) => peakRss)),
  }))
  const more = runs.filter(({ workload, count }) => workload === 'upload-20k-4k' && count > last)
  return [...swept, ...more.map(({ count, peakRss }) => ({ count, peakRss }))]
}

/** Median CPU time of ours. Seconds. */
function cpuOf({ samples }: WorkloadResult): number {
  return median(samplesOf(samples).map(cpuSeconds))
}

function samplesOf(samples: readonly Sample[]): Sample[] {
  return samples.filter(({ peer, variant }) => peer === OURS && variant === 'equal')
}
