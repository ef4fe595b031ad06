/**
 * Which transfers the arguments of `resume` mean. An ID may be cut short as long as it is of one.
 */

import type { ResumableJob } from '../index.ts'
import { UsageError } from './usage-error.ts'

export interface Choice {
  readonly ids: readonly string[]
  readonly all: boolean
  readonly list: boolean
}

/**
 * Those that are meant, each once; all of them for a list without IDs.
 * @throws UsageError
 */
export function chooseJobs(jobs: readonly ResumableJob[], choice: Choice): ResumableJob[] {
  const { ids, all, list } = choice
  if (ids.length === 0 && !all && !list) {
    const message = 'Say which transfers to go on with.'
    throw new UsageError('ERR_USAGE', message, 'Give an ID, --all, or --list to see them.')
  }
  if (all && ids.length > 0) {
    throw new UsageError('ERR_USAGE', 'Give IDs or --all, not both.', 'Leave one out.')
  }
  if (ids.length === 0) return [...jobs]
  return [...new Set(ids.map((id) => jobOf(jobs, id)))]
}

function jobOf(jobs: readonly ResumableJob[], id: string): ResumableJob {
  const found = jobs.filter((job) => id !== '' && job.id.startsWith(id.toLowerCase()))
  const [job] = found
  if (job !== undefined && found.length === 1) return job
  const message =
    found.length > 1
      ? `'${id}' is the beginning of ${found.length} IDs.`
      : `Nothing with the ID '${id}' can be gone on with.`
  throw new UsageError('ERR_USAGE', message, 'See transfer-engine resume --list.')
}
