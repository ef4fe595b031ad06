/** What a run found, as it is kept in `results/NAME.json`: what the table in the README is made of. */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deviation, Suite } from './expected.ts'

export interface SuiteResult {
  readonly passed: number
  /** All there were. */
  readonly cases: number
  readonly deviations: readonly Deviation[]
}

export interface StoreResult extends Readonly<Record<Suite, SuiteResult>> {
  readonly kind: 'store'
  readonly title: string
  readonly version: string
  /** Day of the run, `2026-11-29`. */
  readonly date: string
}

/** One end of a migration. */
export interface End {
  readonly title: string
  readonly version: string
}

export interface MigrationResult {
  readonly kind: 'migration'
  readonly from: End
  readonly to: End
  readonly date: string
  readonly objects: number
  readonly bytes: number
  readonly kills: number
  /** What was compared besides keys and bytes. */
  readonly compared: readonly string[]
}

export type Result = StoreResult | MigrationResult

/** All that is kept, by name of the file. */
export async function readResults(directory: string): Promise<readonly Result[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
  return texts.map((text) => JSON.parse(text) as Result)
}

/** @param name of the store, or `from-to` of both */
export async function keepResult(directory: string, name: string, result: Result): Promise<void> {
  await writeFile(join(directory, `${name}.json`), `${JSON.stringify(result, undefined, 2)}\n`)
}
