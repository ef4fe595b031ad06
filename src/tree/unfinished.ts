/**
 * Which pairs of file and object, or of two objects, look the same and still have the journal of a process
 * that died between the end of a transfer and that of its journal. The call about such a pair finds that
 * nothing is to be moved any more, and removes what is left.
 */

import { resolve } from 'node:path'
import { placeOf } from '../journal/identities.ts'
import { jobName } from '../journal/job.ts'
import { readBeginning } from '../journal/read-beginning.ts'
import type { Place } from '../journal/records.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { EarlierJobs } from '../transfer/earlier-jobs.ts'
import type { ResumeSettings } from '../transfer/resume-settings.ts'
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

export interface UnfinishedCopiesOptions extends Pick<
  UnfinishedOptions,
  'store' | 'bucket' | 'signal'
> {
  readonly resume: Pick<ResumeSettings, 'earlier' | 'stateDirectory'>
}

/**
 * Whether a copy to a key has a journal. Its name has the version of the source in it, which nobody has asked
 * for; so what journals there are, are looked into.
 */
export async function findUnfinishedCopies({
  store,
  resume: { earlier, stateDirectory },
  bucket,
  signal,
}: UnfinishedCopiesOptions): Promise<(key: string) => boolean> {
  if (stateDirectory === undefined || earlier.isEmpty) return () => false
  const { endpoint } = placeOf(await store.route(bucket, { signal }), { bucket, key: '' })
  const places = earlier.names().map((name) => placeOfCopy(stateDirectory, name))
  const here = places.filter((place) => place?.endpoint === endpoint && place.bucket === bucket)
  const keys = new Set(here.map((place) => place?.key))
  return (key) => keys.has(key)
}

/** Nothing for journals of other transfers, and for those that cannot be read. */
function placeOfCopy(stateDirectory: string, name: string): Place | undefined {
  try {
    const begin = readBeginning(stateDirectory, name)
    return begin.type === 'upload' && begin.from !== undefined ? begin.place : undefined
  } catch {
    return undefined
  }
}
