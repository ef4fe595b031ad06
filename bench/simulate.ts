/**
 * `npm run bench:simulate`: runs the adaptation on simulated stores, prints what each reached, keeps
 * the runs, draws them, and writes their part of BENCHMARKS.md. The same every time, on any
 * machine. To be started in the root of the project, as npm does.
 */

import { writeFile } from 'node:fs/promises'
import { writeReport } from './report/write.ts'
import { recordFile, recordOf, recordsToJson } from './simulation/record.ts'
import { runScenario } from './simulation/run-scenario.ts'
import { SCENARIOS } from './simulation/scenarios.ts'

const RESULTS = 'bench/results'

const records = SCENARIOS.map((scenario) => {
  const record = recordOf(runScenario(scenario))
  process.stdout.write(`${(100 * record.reached).toFixed(1).padStart(6)} %  ${record.title}\n`)
  return record
})
await writeFile(recordFile(RESULTS), recordsToJson(records))
await writeReport(RESULTS, 'BENCHMARKS.md')
