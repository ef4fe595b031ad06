/**
 * `npm run test:real -- [NAME …]`: the conformance suite and the engine on real stores that are on this
 * machine; `migrate FROM TO` copies from one to the other. Nothing is installed: a store that is not
 * there is skipped, and said so. With `--write-table` what was found is kept and the README's table made.
 */

import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readResults } from './results.ts'
import { runMigration } from './run-migration.ts'
import { runStore } from './run-store.ts'
import { summaryOf, type Ended } from './summary.ts'
import { STORE_KINDS } from './stores/all.ts'
import type { StoreKind } from './store-kind.ts'
import { withRealStores } from './table.ts'

const NAMES = STORE_KINDS.map(({ name }) => name).join(', ')

const USAGE = `Usage: npm run test:real -- [NAME …] [--write-table]
       npm run test:real -- migrate FROM TO [--write-table]
  NAME           ${NAMES}; all without one
  --write-table  keep what was found, and make the table in the README of all that is kept
  Programs are looked for in REAL_STORES_DIR (directories as in PATH), then in PATH.
`

/** Source: 128 and the number of SIGINT, as shells have it. */
const INTERRUPTED = 130

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const RESULTS = `${ROOT}test/real-stores/results`
const README = `${ROOT}README.md`

function kindOf(name: string): StoreKind {
  const kind = STORE_KINDS.find((each) => each.name === name)
  if (kind === undefined) throw new Error(`There is no store ${name}.\n${USAGE}`)
  return kind
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'write-table': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(USAGE)
  process.exitCode = 1
  // Servers end with this process.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(INTERRUPTED))
  const site = { root: ROOT, keep: values['write-table'] ? RESULTS : undefined }
  const [first, ...names] = positionals
  const ended: Ended[] = []
  if (first === 'migrate') {
    const [from, to, ...rest] = names.map(kindOf)
    if (from === undefined || to === undefined || rest.length > 0) throw new Error(USAGE)
    ended.push(await runMigration(from, to, site))
  } else {
    const kinds = first === undefined ? STORE_KINDS : positionals.map(kindOf)
    for (const kind of kinds) ended.push(await runStore(kind, site))
  }
  if (values['write-table']) {
    const text = withRealStores(await readFile(README, 'utf8'), await readResults(RESULTS))
    await writeFile(README, text)
  }
  const { text, isGood } = summaryOf(ended, { asked: positionals.length > 0 })
  console.log(text)
  if (isGood) process.exitCode = 0
}

await main()
