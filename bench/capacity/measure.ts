/**
 * How the CPU time of a run is shared between the main thread and the others, at each size the model
 * has a cost of. Each run is verified as any of the benchmark.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { GiB, KiB, MiB } from '../../src/units.ts'
import { interruptSignal } from '../harness/interrupt.ts'
import { describeMachine } from '../harness/machine.ts'
import { runOurs } from '../harness/run-ours.ts'
import type { Command } from '../peers/peer.ts'
import { WORKLOADS } from '../workloads/all.ts'
import type { Step } from '../workloads/workload.ts'
import type { ThreadTimes } from './main-thread-clock.ts'
import { outcomeSeconds } from './outcome-sample.ts'
import {
  type CapacityRecord,
  loadCapacityRecord,
  type MeasuredRun,
  saveCapacityRecord,
} from './record.ts'

/** Smaller than the workloads where the share is what counts; the last upload shows whether memory grows. */
const STEPS: readonly (Step & { readonly workload: string })[] = [
  { workload: 'start-ready', count: 1, size: 1 },
  { workload: 'upload-20k-4k', count: 20_000, size: 4 * KiB },
  { workload: 'upload-20k-4k', count: 100_000, size: 4 * KiB },
  { workload: 'upload-10k-64k', count: 10_000, size: 64 * KiB },
  { workload: 'upload-10k-64k', count: 1000, size: MiB },
  { workload: 'upload-64x64m', count: 32, size: 64 * MiB },
  { workload: 'upload-4g', count: 1, size: 2 * GiB },
  { workload: 'download-20k-4k', count: 10_000, size: 4 * KiB },
  { workload: 'download-10k-64k', count: 5000, size: 64 * KiB },
  { workload: 'download-10k-64k', count: 1000, size: MiB },
  { workload: 'download-64x64m', count: 32, size: 64 * MiB },
  { workload: 'download-4g', count: 1, size: 2 * GiB },
  { workload: 'relay-5k-64k', count: 10_000, size: 4 * KiB },
  { workload: 'relay-5k-64k', count: 10_000, size: 64 * KiB },
  { workload: 'relay-5k-64k', count: 1000, size: MiB },
  { workload: 'relay-5k-64k', count: 32, size: 64 * MiB },
  { workload: 'relay-1g', count: 1, size: GiB },
  { workload: 'sync-100k-unchanged', count: 100_000, size: 4 * KiB },
]

/** Compiled beside this file. */
const CLOCK = './dist/bench/capacity/main-thread-clock.js'

/**
 * Measures some steps, and keeps the others as they are.
 *
 * @param names of workloads; `all` for every one, `new` for steps that have not been measured
 * @throws Error when there is no such step, or a run fails
 */
export async function measureMainThread(results: string, names: readonly string[]): Promise<void> {
  const known = await loadCapacityRecord(results).catch(() => undefined)
  const isNew = (step: Step & { readonly workload: string }): boolean =>
    !(known?.runs.some((run) => isOf(run, step)) ?? false)
  const chosen = STEPS.filter(
    (step) =>
      names.includes('all') ||
      names.includes(step.workload) ||
      (names.includes('new') && isNew(step)),
  )
  if (chosen.length === 0) throw new Error(`There is nothing to measure by ${names.join(', ')}`)
  const directory = await mkdtemp(join(tmpdir(), 'transfer-engine-capacity-'))
  const signal = interruptSignal()
  try {
    const machine = await describeMachine(directory)
    for (const step of chosen) {
      const run = await measureStep(step, join(directory, 'clock.json'), signal)
      const before = await loadCapacityRecord(results).catch(() => undefined)
      await saveCapacityRecord(results, merged(before, run, machine))
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function measureStep(
  { workload: name, count, size }: (typeof STEPS)[number],
  clock: string,
  signal: AbortSignal,
): Promise<MeasuredRun> {
  const workload = WORKLOADS.find((each) => each.name === name)
  if (workload === undefined) throw new Error(`There is no workload ${name}`)
  const { peakRss } = await runOurs(
    workload,
    { count, size },
    (command) => withClock(command, clock),
    signal,
  )
  const times = JSON.parse(await readFile(clock, 'utf8')) as ThreadTimes
  const [mainSeconds, processSeconds] = [round(times.mainSeconds), round(times.processSeconds)]
  const date = new Date().toISOString().slice(0, 10)
  return { workload: name, count, size, mainSeconds, processSeconds, peakRss, date }
}

function withClock({ file, args, env }: Command, path: string): Command {
  return {
    file,
    args: ['--import', CLOCK, ...args],
    env: { ...env, MAIN_THREAD_CLOCK: resolve(path) },
  }
}

function merged(
  before: CapacityRecord | undefined,
  run: MeasuredRun,
  machine: CapacityRecord['machine'],
): CapacityRecord {
  const runs = STEPS.flatMap((step) =>
    isOf(run, step) ? [run] : (before?.runs ?? []).filter((each) => isOf(each, step)),
  )
  return { machine, runs, outcomeSeconds: before?.outcomeSeconds ?? outcomeSeconds() }
}

function isOf(run: MeasuredRun, { workload, count, size }: (typeof STEPS)[number]): boolean {
  return run.workload === workload && run.count === count && run.size === size
}

function round(seconds: number): number {
  return Number(seconds.toFixed(3))
}
