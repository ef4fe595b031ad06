/**
 * `npm run bench:profile -- WORKLOAD`: one run of ours with V8's sampling profiler in every thread,
 * verified like any other; then tables of self time, and a flame graph.
 */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatSize, parseSize } from '../src/units.ts'
import { chooseByName } from './harness/choose.ts'
import { describeCost } from './harness/describe.ts'
import { renderFlameGraph } from './harness/flame-graph.ts'
import { interruptSignal } from './harness/interrupt.ts'
import { perfReport, perfShares, recorded, withPerf } from './harness/perf.ts'
import { readProfiles, renderProfile } from './harness/profile-report.ts'
import { saveProfile } from './harness/results-file.ts'
import { runOurs } from './harness/run-ours.ts'
import { stepsOf } from './harness/scale.ts'
import type { Command } from './peers/peer.ts'
import { writeReport } from './report/write.ts'
import { WORKLOADS } from './workloads/all.ts'
import type { Step, Workload } from './workloads/workload.ts'

/** Kept, and shown in the report. */
const KEPT = 'bench/results'
const REPORT = 'BENCHMARKS.md'

const RESULTS = 'bench/results/profile'

const USAGE = `npm run bench:profile -- WORKLOAD [--size 1GiB] [--count-scale 0.1] [--top 25] [--perf]

Runs ours once and tells where its threads were. Leaves .cpuprofile files (for the developer tools
of a browser, or speedscope) and flame-graph.svg below ${RESULTS}/WORKLOAD.

  --perf          Linux perf instead: native functions by name, and the kernel
  --write-report  By Linux perf as well: keeps what the time went into, and writes ${REPORT} from all
`

const NOTE = `Not seen here: what a thread does while it waits for events, reading from sockets included, and
threads that run no JavaScript, such as those of the compiler and the collector. --perf sees both.
`

/** Microseconds between two looks. Source: none; 500 costs a few per cent. */
const INTERVAL_MICROS = 500

interface Options {
  readonly workload: Workload
  readonly step: Step
  readonly top: number
  readonly perf: boolean
  readonly writesReport: boolean
}

function readOptions(argv: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      size: { type: 'string' },
      'count-scale': { type: 'string', default: '1' },
      top: { type: 'string', default: '25' },
      perf: { type: 'boolean', default: false },
      'write-report': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const [name] = positionals
  if (values.help || name === undefined) return undefined
  const [workload] = chooseByName(name, WORKLOADS)
  const size = values.size === undefined ? undefined : parseSize(values.size)
  if (values.size !== undefined && size === undefined) throw new Error('--size takes a size')
  const countScale = Number(values['count-scale'])
  const top = Number(values.top)
  const step = workload && stepsOf(workload, { size, countScale })[0]
  if (workload === undefined || step === undefined || !(countScale > 0) || !(top > 0)) {
    throw new Error(USAGE)
  }
  return { workload, step, top, perf: values.perf, writesReport: values['write-report'] }
}

async function main(argv: readonly string[]): Promise<void> {
  const options = readOptions(argv)
  if (options === undefined) return print(USAGE)
  const { workload, top, perf } = options
  const results = resolve(RESULTS, workload.name)
  await rm(results, { recursive: true, force: true })
  await mkdir(results, { recursive: true })
  if (options.writesReport) return keepShares(options, results)
  const wrap = perf ? withPerf : withProfiler
  await runOurs(workload, options.step, (command) => wrap(command, results), interruptSignal())
  if (perf) return print(await perfReport(results, top))
  const threads = await readProfiles(results)
  for (const thread of threads) print(`${renderProfile(thread, top)}\n`)
  print(`${NOTE}\n`)
  await writeFile(join(results, 'flame-graph.svg'), renderFlameGraph(threads))
  print(`${join(RESULTS, workload.name, 'flame-graph.svg')}\n`)
}

async function keepShares(options: Options, directory: string): Promise<void> {
  const { workload, step } = options
  const record = (command: Command): Command => recorded(command, directory)
  const sample = await runOurs(workload, step, record, interruptSignal())
  await saveProfile(KEPT, {
    workload: workload.name,
    title: workload.title(step),
    cost: describeCost(sample, step, workload.unit),
    date: new Date().toISOString().slice(0, 10),
    command: `npm run bench:profile -- ${workload.name}${scaleFlags(options)} --write-report`,
    shares: await perfShares(directory),
  })
  await writeReport(KEPT, REPORT)
}

/** Flags by which this run was made smaller than the workload is. */
function scaleFlags({ workload, step }: Options): string {
  const size =
    step.size === workload.size ? '' : ` --size ${formatSize(step.size).replace(' ', '')}`
  const share = step.count / workload.count
  return share === 1 ? size : `${size} --count-scale ${share}`
}

/** Node's own profiler; threads inherit it, and each leaves a file. */
function withProfiler({ file, args, env }: Command, directory: string): Command {
  const flags = [`--cpu-prof-dir=${directory}`, `--cpu-prof-interval=${INTERVAL_MICROS}`]
  return { file, args: ['--cpu-prof', ...flags, ...args], env }
}

function print(text: string): void {
  process.stdout.write(text)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench:profile: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
