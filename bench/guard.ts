/**
 * `npm run bench:guard`: a small upload and download, ours and the SDK's in turn, and a failure
 * when ours got more than a fifth dearer beside it than it was when the guard was recorded.
 *
 * Ratios of neighbours in time, because machines differ; medians, because runs do; and before it
 * fails it measures once more, with more runs, because everything else does, too.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatSize, MiB } from '../src/units.ts'
import { interruptSignal } from './harness/interrupt.ts'
import { runStep } from './harness/interleave.ts'
import { describeMachine } from './harness/machine.ts'
import { toJson } from './harness/results-file.ts'
import { startSinkSite } from './harness/sink-site.ts'
import type { Site } from './harness/site.ts'
import { median, pairedRatios } from './harness/statistics.ts'
import { describeVerdict, type GuardRecord, judge, parseRecord } from './harness/verdict.ts'
import { PEERS, peerNamed } from './peers/all.ts'
import type { Sample } from './result.ts'
import { LARGE } from './workloads/large.ts'
import type { Workload } from './workloads/workload.ts'

const RECORD = 'bench/results/guard.json'
const SIZE = 64 * MiB

/** Runs of each peer, and runs before it is said that something got worse. */
const RUNS = 7
const RUNS_TO_BE_SURE = 15

const USAGE = `npm run bench:guard -- [--record]

Compares CPU time of ours with that of the SDK at ${formatSize(SIZE)}, and fails when the ratio got
worse than the one in ${RECORD} by more than a fifth.

  --record   Writes that file from what is measured now
`

interface Context {
  readonly site: Site
  readonly directory: string
  readonly signal: AbortSignal
}

const WATCHED = ['upload-4g', 'download-4g'] as const

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { record: { type: 'boolean', default: false }, help: { type: 'boolean' } },
  })
  if (values.help === true) {
    process.stdout.write(USAGE)
    return
  }
  const record = values.record ? undefined : parseRecord(await readRecord())
  const signal = interruptSignal()
  const parent = process.env['BENCH_DIR'] ?? tmpdir()
  const directory = await mkdtemp(join(parent, 'transfer-engine-guard-'))
  try {
    await using site = await startSinkSite()
    const context = { site, directory, signal }
    if (record === undefined) await writeRecord(context)
    else await compare(record, context)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function readRecord(): Promise<string> {
  try {
    return await readFile(RECORD, 'utf8')
  } catch {
    throw new Error(`There is no ${RECORD}; --record writes it`)
  }
}

async function compare(record: GuardRecord, context: Context): Promise<void> {
  if (record.size !== SIZE) throw new Error(`${RECORD} is of another size; --record renews it`)
  for (const workload of watched()) {
    const { name, reference } = workload
    const recorded = record.ratios[name]
    if (recorded === undefined) throw new Error(`${name} was not recorded; --record does`)
    for (const runs of [RUNS, RUNS_TO_BE_SURE]) {
      const ratios = await measureRatios(workload, runs, context)
      const verdict = judge(ratios, recorded)
      process.stdout.write(`${describeVerdict(name, reference, ratios, verdict)}\n`)
      if (!verdict.isWorse) break
      if (runs === RUNS_TO_BE_SURE) process.exitCode = 1
      else process.stdout.write(`Once more, with ${RUNS_TO_BE_SURE} runs, to be sure\n`)
    }
  }
}

async function writeRecord(context: Context): Promise<void> {
  const ratios: Record<string, number> = {}
  for (const workload of watched()) {
    const measured = await measureRatios(workload, RUNS_TO_BE_SURE, context)
    ratios[workload.name] = Number(median(measured).toFixed(3))
    process.stdout.write(`${workload.name}: ${ratios[workload.name]} of ${workload.reference}\n`)
  }
  const record: GuardRecord = {
    date: new Date().toISOString().slice(0, 10),
    size: SIZE,
    runs: RUNS_TO_BE_SURE,
    machine: await describeMachine(context.directory),
    ratios,
  }
  await writeFile(RECORD, toJson(record))
}

function watched(): Workload[] {
  return LARGE.filter(({ name }) => (WATCHED as readonly string[]).includes(name))
}

/** CPU time of ours divided by that of the reference, run by run. */
async function measureRatios(
  workload: Workload,
  runs: number,
  context: Context,
): Promise<number[]> {
  const ours = PEERS.filter(({ kind }) => kind === 'ours')
  const samples = await runStep({
    ...context,
    workload,
    step: { count: 1, size: SIZE },
    peers: [...ours, peerNamed(workload.reference)],
    variants: ['equal'],
    runs,
    onSample: () => undefined,
    onFailure: ({ peer, error }) => {
      throw new Error(`${peer}: ${error.message}`)
    },
  })
  const cpuOf = (isReference: boolean): number[] =>
    samples.filter(({ peer }) => (peer === workload.reference) === isReference).map(cpuSeconds)
  return pairedRatios(cpuOf(false), cpuOf(true))
}

function cpuSeconds({ userSeconds, systemSeconds }: Sample): number {
  return userSeconds + systemSeconds
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench:guard: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
