/** Results as they lie on disk: one JSON file per workload, in the order the report shows them. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkloadResult } from '../result.ts'
import type { ProfileResult } from './profiles.ts'

/** Directory of the profiles, below that of the results. */
export const PROFILES = 'profiles'

/** Order of the groups in the report; others come behind. */
const GROUPS = [
  'large',
  'large-tls',
  'many',
  'small',
  'tree',
  'request',
  'read',
  'disk',
  'start',
  'sweep',
]

/**
 * All results in a directory. Other JSON files may lie there: what is no result of a workload is
 * left out. None where the directory does not exist.
 */
export async function loadResults(directory: string): Promise<WorkloadResult[]> {
  return sortResults((await contentsOf(directory)).filter(isResult))
}

async function contentsOf(directory: string): Promise<unknown[]> {
  const files = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const contents = await Promise.all(
    files
      .filter((file) => file.endsWith('.json'))
      .map((file) => readFile(join(directory, file), 'utf8')),
  )
  return contents.map((content): unknown => JSON.parse(content))
}

/** All profiles kept, by the name of their workload. */
export async function loadProfiles(directory: string): Promise<ProfileResult[]> {
  const contents = await contentsOf(join(directory, PROFILES))
  return (contents as ProfileResult[]).toSorted((a, b) => compare(a.workload, b.workload))
}

/** By group, then by name, with numbers in names by their value. */
export function sortResults(results: readonly WorkloadResult[]): WorkloadResult[] {
  const place = ({ group }: WorkloadResult): number => {
    const index = GROUPS.indexOf(group)
    return index < 0 ? GROUPS.length : index
  }
  return [...results].sort(
    (a, b) => place(a) - place(b) || compare(a.group, b.group) || compare(a.workload, b.workload),
  )
}

/** The same order on every machine, whatever its locale. */
function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

function isResult(value: unknown): value is WorkloadResult {
  if (typeof value !== 'object' || value === null) return false
  const { workload, unit, peers, samples } = value as Partial<Record<string, unknown>>
  return (
    typeof workload === 'string' &&
    typeof unit === 'string' &&
    Array.isArray(peers) &&
    Array.isArray(samples)
  )
}
