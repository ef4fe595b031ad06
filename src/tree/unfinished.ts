/**
 * Which pairs of file and object look the same and still have the journal of a process that died between
 * the end of a transfer and that of its journal. The call about such a pair finds that nothing is to be
 * moved any more, and removes what is left.
 */

import { resolve } from 'node:path'
import { placeOf } from '../journal/identities.ts'
import { jobName } from '../journal/job.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { EarlierJobs } from '../transfer/earlier-jobs.ts'
import type { Direction } from './compare.ts'

export interface UnfinishedOptions {
  readonly store: Pick<ObjectStore, 'route'>
  readonly earlier: Pick<EarlierJobs, 'isEmpty' | 'has'>
  readonly direction: Direction
  readonly bucket: string
  readonly signal: AbortSignal
}

/** Whether a transfer of a key and a path has a journal. Costs nothing where there is none at all. */
export async function findUnfinished({
  store,
  earlier,
  direction,
  bucket,
  signal,
}: UnfinishedOptions): Promise<(key: string, path: string) => boolean> {
  if (earlier.isEmpty) return () => false
  const route = await store.route(bucket, { signal })
  return (key, path) => {
    const place = placeOf(route, { bucket, key })
    return earlier.has(jobName({ direction, place, path: resolve(path) }))
  }
}
