/**
 * `npm run bench:capacity`: how far the engine goes, by a model on what was measured and by a simulation. The same
 * on any machine, but for `--measure`. To be started in the root of the project, as npm does.
 */

import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { loadInputs } from './capacity/inputs.ts'
import { measureMainThread } from './capacity/measure.ts'
import { listCases, renderCapacity } from './capacity/table.ts'
import { replaceResults } from './report/document.ts'

const RESULTS = 'bench/results'
const DOCUMENT = 'ARCHITECTURE.md'

const USAGE = `npm run bench:capacity -- [--write | --all | --measure NAMES]

Prints how far one host and many go, from what is kept in ${RESULTS}.

  --write          Writes it into ${DOCUMENT}
  --all            Every fleet, link, number of prefixes, operation and size, with tabs between fields
  --measure NAMES  First measures the main thread's share in these workloads, with commas between them; “all” for all,
                   “new” for what has not been measured
`

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      write: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      measure: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return print(USAGE)
  if (values.measure !== undefined) await measureMainThread(RESULTS, values.measure.split(','))
  const inputs = await loadInputs(RESULTS)
  if (values.all) return print(listCases(inputs))
  const rendered = `${renderCapacity(inputs)}\n`
  print(rendered)
  if (values.write) {
    const before = await readFile(DOCUMENT, 'utf8')
    await writeFile(DOCUMENT, replaceResults(before, rendered, 'capacity'))
  }
}

function print(text: string): void {
  process.stdout.write(text)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(
    `bench:capacity: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exitCode = 1
}
