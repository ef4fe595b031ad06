/** Results as data: one file per workload, so that one can be measured again alone. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PROFILES } from '../report/load.ts'
import type { ProfileResult } from '../report/profiles.ts'
import type { WorkloadResult } from '../result.ts'

/** Replaces the result of this workload. */
export async function saveResult(directory: string, result: WorkloadResult): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, `${result.workload}.json`), toJson(result))
}

/** Replaces the profile of this workload. */
export async function saveProfile(directory: string, profile: ProfileResult): Promise<void> {
  const profiles = join(directory, PROFILES)
  await mkdir(profiles, { recursive: true })
  await writeFile(join(profiles, `${profile.workload}.json`), toJson(profile))
}

export function toJson(data: unknown): string {
  return `${JSON.stringify(data, undefined, 2)}\n`
}
