/** Results as data: one file per workload, so that one can be measured again alone. */

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from './machine.ts'
import type { Sample } from './measure.ts'

export interface WorkloadResult {
  readonly workload: string
  readonly title: string
  readonly verification: string
  /** Bytes each run moved. */
  readonly size: number
  /** Name of the peer the others are divided by. */
  readonly reference: string
  readonly peers: readonly { readonly name: string; readonly settings: string }[]
  /** `2026-11-22` */
  readonly date: string
  readonly command: string
  /** Load average before the first run: what else the machine was doing. */
  readonly loadBefore: number
  readonly machine: Machine
  readonly samples: readonly Sample[]
}

/** Replaces the result of this workload. */
export async function saveResult(directory: string, result: WorkloadResult): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, `${result.workload}.json`), toJson(result))
}

/** All results, in the order of `names`; others are left out. */
export async function loadResults(
  directory: string,
  names: readonly string[],
): Promise<WorkloadResult[]> {
  const files = await readdir(directory)
  const results: WorkloadResult[] = []
  for (const name of names) {
    if (!files.includes(`${name}.json`)) continue
    const content = await readFile(join(directory, `${name}.json`), 'utf8')
    results.push(JSON.parse(content) as WorkloadResult)
  }
  return results
}

export function toJson(data: unknown): string {
  return `${JSON.stringify(data, undefined, 2)}\n`
}
