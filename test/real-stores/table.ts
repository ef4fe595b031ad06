/** What was found on real stores, as Markdown for the README. */

import { formatSize } from 'transfer-engine'
import type { Deviation } from './expected.ts'
import type { MigrationResult, Result, StoreResult, SuiteResult } from './results.ts'

const START = '<!-- real-stores:start -->'
const END = '<!-- real-stores:end -->'

/** Tables of the stores and of the copies between them. */
export function realStoresText(results: readonly Result[]): string {
  const stores = results.filter((result) => result.kind === 'store')
  const migrations = results.filter((result) => result.kind === 'migration')
  const lines = [
    '| store | version | run on | engine | protocol | what it does otherwise |',
    '|---|---|---|---|---|---|',
    ...stores.map(storeRow),
    '',
    '| copied from | to | run on | objects | killed | agree in the end |',
    '|---|---|---|---|---|---|',
    ...migrations.map(migrationRow),
  ]
  return [START, ...lines, END].join('\n')
}

/** A document with its block replaced. @throws Error without the marks */
export function withRealStores(document: string, results: readonly Result[]): string {
  const start = document.indexOf(START)
  const end = document.indexOf(END) + END.length
  if (start === -1 || end < start) throw new Error('The README has lost its marks of real stores')
  return document.slice(0, start) + realStoresText(results) + document.slice(end)
}

function storeRow({ title, version, date, engine, conformance }: StoreResult): string {
  const others = [...engine.deviations.map(engineText), ...conformance.deviations.map(textOf)]
  const cells = [title, version, date, scoreOf(engine), scoreOf(conformance), others.join('; ')]
  return rowOf(cells)
}

function migrationRow({
  from,
  to,
  date,
  objects,
  bytes,
  kills,
  compared,
}: MigrationResult): string {
  const ends = [from, to].map(({ title, version }) => `${title} ${version}`)
  const times = kills === 1 ? 'once' : `${kills} times`
  const what = `${objects}, ${formatSize(bytes)}`
  return rowOf([...ends, date, what, times, ['keys', 'bytes', ...compared].join(', ')])
}

function engineText({ reason, cases }: Deviation): string {
  return `**${reason}** (engine: ${cases.join(', ')})`
}

function textOf({ reason, cases }: Deviation): string {
  return cases.length === 1 ? reason : `${reason} (${cases.length} cases)`
}

function scoreOf({ passed, cases }: SuiteResult): string {
  return passed === cases ? `all ${cases}` : `${passed} of ${cases}`
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
