/** Trees in which nothing has changed, and trees that are only listed. */

import { KiB } from '../../src/units.ts'
import type { Operation, TaskName } from '../peers/peer.ts'
import type { Step, Workload } from './workload.ts'

/** A million files are empty: what is of interest is memory, not a disk full of blocks. */
const MILLION: Step = { count: 1_000_000, size: 0 }

export const TREES: readonly Workload[] = [
  tree('sync-100k-unchanged', 'sync', 'upload', { count: 100_000, size: 4 * KiB }),
  tree('sync-100k-unchanged-down', 'sync', 'download', { count: 100_000, size: 4 * KiB }),
  tree('sync-1m', 'sync', 'upload', MILLION),
  tree('list-1m', 'list', 'download', MILLION),
]

function tree(name: string, task: TaskName, operation: Operation, step: Step): Workload {
  return {
    ...step,
    name,
    group: 'tree',
    operation,
    secure: false,
    task,
    unit: 'µs/object',
    reference: 'client-s3',
    title: ({ count }) => titleOf(task, operation, count),
    scaledBy: 'count',
    hasVariants: false,
    verification:
      'The server counts the requests: at least one for each 1,000 keys, and none that is neither a ' +
      'listing nor a HEAD.',
  }
}

function titleOf(task: TaskName, operation: Operation, count: number): string {
  const many = `${count.toLocaleString('en-US')} objects`
  if (task === 'list') return `Listing of ${many}`
  return `Sync of ${many} ${operation === 'upload' ? 'up' : 'down'}, of which none has changed`
}
