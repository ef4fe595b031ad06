/**
 * `npm run bench`: runs the workloads, prints their tables, and, when told to, keeps the results
 * and writes BENCHMARKS.md. To be started in the root of the project, as npm does.
 */

import { writeFile } from 'node:fs/promises'
import { type BenchOptions, readArguments, USAGE } from './harness/arguments.ts'
import { checkOut } from './harness/checkout.ts'
import { commandFor, describeSample } from './harness/describe.ts'
import { interruptSignal } from './harness/interrupt.ts'
import { findPeers, type Checkout } from './harness/roster.ts'
import { saveResult, toJson } from './harness/results-file.ts'
import { runWorkload } from './harness/run-workload.ts'
import { startSinkSite } from './harness/sink-site.ts'
import type { Site } from './harness/site.ts'
import { storeSite } from './harness/store-site.ts'
import { PEERS } from './peers/all.ts'
import { renderTable } from './report/tables.ts'
import { writeReport } from './report/write.ts'
import type { WorkloadResult } from './result.ts'
import { WORKLOADS } from './workloads/all.ts'

const RESULTS = 'bench/results'
const REPORT = 'BENCHMARKS.md'

/** Peers that only some workloads have can be named, too. */
const ALL_PEERS = [...PEERS, ...WORKLOADS.flatMap(({ ownPeers = [] }) => ownPeers)]

async function main(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const options = readArguments(argv, WORKLOADS, ALL_PEERS)
  if (options.action === 'help') return print(USAGE)
  if (options.action === 'list') return list()
  const results: WorkloadResult[] = []
  if (options.runs > 0) {
    await using checkout =
      options.against === undefined ? undefined : await checkOut(options.against, signal)
    await using site = await siteFor(options)
    await runAll(options, site, checkout, signal, results)
  }
  if (options.json !== undefined) await writeFile(options.json, toJson(results))
  if (options.writeReport) await writeReport(RESULTS, REPORT)
}

function siteFor({ endpoint }: BenchOptions): Promise<Site> {
  if (endpoint === undefined) return startSinkSite()
  return Promise.resolve(storeSite(endpoint, process.env))
}

async function runAll(
  options: BenchOptions,
  site: Site,
  checkout: Checkout | undefined,
  signal: AbortSignal,
  results: WorkloadResult[],
): Promise<void> {
  for (const workload of WORKLOADS.filter(({ name }) => options.workloads.includes(name))) {
    note(workload.name)
    const result = await runWorkload(workload, site, {
      ...options,
      peers: PEERS,
      chosen: options.peers,
      checkout,
      command: commandFor(workload, options),
      signal,
      onSample: (sample, step) => note(`  ${describeSample(sample, step, workload.unit)}`),
      onFailure: ({ peer, variant, run, error }) => {
        process.exitCode = 1
        note(`  run ${run}  ${peer} (${variant}): ${error.message}`)
      },
      onLeftOut: (text) => note(`  left out: ${text}`),
    })
    if (result === undefined) continue
    results.push(result)
    print(`${renderTable(result)}\n`)
    if (options.writeReport) await saveResult(RESULTS, result)
  }
}

async function list(): Promise<void> {
  print('Workloads\n')
  for (const { name, title, count, size } of WORKLOADS) {
    print(`  ${name.padEnd(20)} ${title({ count, size })}\n`)
  }
  const { present, absent } = await findPeers(PEERS, [])
  print('\nPeers\n')
  for (const { peer, version } of present) {
    print(`  ${peer.name.padEnd(20)} ${peer.title}, ${version}\n`)
  }
  for (const { name, reason } of absent) print(`  ${name.padEnd(20)} ${reason}\n`)
}

function print(text: string): void {
  process.stdout.write(text)
}

/** What goes on, beside the tables. */
function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

const signal = interruptSignal()
try {
  await main(process.argv.slice(2), signal)
} catch (error) {
  const cause: unknown = signal.aborted ? signal.reason : error
  note(`bench: ${cause instanceof Error ? cause.message : String(cause)}`)
  process.exitCode = 1
}
