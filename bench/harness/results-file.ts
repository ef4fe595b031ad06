/** Results as data: one file per workload, so that one can be measured again alone. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkloadResult } from '../result.ts'

/** Replaces the result of this workload. */
export async function saveResult(directory: string, result: WorkloadResult): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, `${result.workload}.json`), toJson(result))
}

export function toJson(data: unknown): string {
  return `${JSON.stringify(data, undefined, 2)}\n`
}
