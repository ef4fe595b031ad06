/**
 * `npm run bench`: runs the workloads, prints their tables, and, when told to, keeps the results
 * and writes BENCHMARKS.md. To be started in the root of the project, as npm does.
 */

import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { formatSize, GiB, MiB, parseSize } from '../src/units.ts'
import { isolateEnvironment } from './environment.ts'
import type { Sample } from './measure.ts'
import { cpuSeconds, renderResults, replaceTables } from './report.ts'
import { loadResults, saveResult, toJson, type WorkloadResult } from './results.ts'
import { runWorkload } from './run-workload.ts'
import { WORKLOADS } from './workloads/all.ts'
import type { Workload } from './workloads/workload.ts'

const RESULTS = 'bench/results'
const REPORT = 'BENCHMARKS.md'

const USAGE = `npm run bench -- [--size 1GiB] [--runs 3] [--filter TEXT] [--json FILE] [--write-report]

  --size SIZE     Size of the object, in whole blocks of 8 MiB; some workloads have their own
  --runs N        Runs of each peer; 0 runs nothing, to write the report again
  --filter TEXT   Workloads whose name starts with TEXT: ${WORKLOADS.map(({ name }) => name).join(', ')}
  --json FILE     Writes every sample there
  --write-report  Keeps the results below ${RESULTS} and writes the tables of ${REPORT}

BENCH_DIR names the directory for the files that are moved; 4 GiB and some must be free there.
`

interface Arguments {
  readonly size: number
  readonly runs: number
  readonly filter: string
  readonly json: string | undefined
  readonly writeReport: boolean
}

/** Smallest size that goes up in parts with every peer. Bytes. */
const SIZE_MIN = 16 * MiB

/** @throws Error that tells what is wrong. */
function readArguments(argv: readonly string[]): Arguments | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      size: { type: 'string', default: '1GiB' },
      runs: { type: 'string', default: '3' },
      filter: { type: 'string', default: '' },
      json: { type: 'string' },
      'write-report': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const size = parseSize(values.size)
  if (size === undefined || size < SIZE_MIN || size % (8 * MiB) !== 0) {
    throw new Error(`--size takes a multiple of 8 MiB from 16 MiB on, not ${values.size}`)
  }
  const runs = Number(values.runs)
  if (!Number.isInteger(runs) || runs < 0 || runs > 100) {
    throw new Error(`--runs takes a number from 0 to 100, not ${values.runs}`)
  }
  const { filter, json, 'write-report': writeReport } = values
  if (!WORKLOADS.some(({ name }) => name.startsWith(filter))) {
    throw new Error(`No workload's name starts with ${filter}`)
  }
  return { size, runs, filter, json, writeReport }
}

async function main(argv: readonly string[]): Promise<void> {
  const options = readArguments(argv)
  if (options === undefined) {
    process.stdout.write(USAGE)
    return
  }
  const { size, runs, filter } = options
  const results: WorkloadResult[] = []
  for (const workload of WORKLOADS) {
    if (runs === 0 || !workload.name.startsWith(filter)) continue
    const moved = workload.size ?? size
    process.stderr.write(`${workload.name}, ${formatSize(moved)}\n`)
    const onSample = (sample: Sample): void => {
      process.stderr.write(`  ${describe(sample, moved)}\n`)
    }
    const result = await runWorkload(workload, {
      size,
      runs,
      command: commandFor(workload, options),
      onSample,
    })
    results.push(result)
    if (options.writeReport) await saveResult(RESULTS, result)
  }
  if (results.length > 0) process.stdout.write(`${renderResults(results)}\n`)
  if (options.json !== undefined) await writeFile(options.json, toJson(results))
  if (options.writeReport) await writeReport()
}

/** What to type to get this table again. */
function commandFor(workload: Workload, { size, runs }: Arguments): string {
  const sized = workload.size === undefined ? ` --size ${formatSize(size).replace(' ', '')}` : ''
  return `npm run bench -- --filter ${workload.name}${sized} --runs ${runs}`
}

function describe(sample: Sample, size: number): string {
  const perGiB = cpuSeconds(sample) / (size / GiB)
  return (
    `run ${sample.run}  ${sample.peer.padEnd(16)} ${perGiB.toFixed(2)} CPU s/GiB, ` +
    `${(sample.peakRss / MiB).toFixed(0)} MiB, ${(sample.wallMs / 1000).toFixed(1)} s, verified`
  )
}

async function writeReport(): Promise<void> {
  const names = WORKLOADS.map(({ name }) => name)
  const tables = renderResults(await loadResults(RESULTS, names))
  await writeFile(REPORT, replaceTables(await readFile(REPORT, 'utf8'), tables))
}

isolateEnvironment(process.env)
try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
