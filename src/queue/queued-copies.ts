/**
 * Copies of a migration that others make, as far as this process takes part: from what is asked to its
 * coordinator.
 */

import type { CopyHow } from '../migrate/migrate.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { objectsOf, type CopyTreeSpec } from '../tree/sides.ts'
import { TreeJob } from '../tree/tree-job.ts'
import type { CopyPrefixOptions } from '../tree/tree-options.ts'
import { coordinate } from './coordinate.ts'
import { portableOptions, type JobRecord } from './job-record.ts'
import type { CheckedQueue } from './options.ts'
import { placesOf } from './places.ts'

/** What they stand on. */
export interface QueuedCopiesHost {
  readonly source: ObjectStore
  readonly store: ObjectStore
  readonly spec: CopyTreeSpec
  /** Of the job, as the caller wrote them. */
  readonly uris: Pick<JobRecord, 'source' | 'destination'>
  readonly limits: JobRecord['limits']
  readonly notes: NonNullable<CopyHow['job']>
  /** Hears of all; its signal ends it. */
  readonly job: TreeJob
}

/** @throws as `coordinate` does */
export async function runQueuedCopies(
  { source, store, spec, uris, limits, notes, job }: QueuedCopiesHost,
  queue: CheckedQueue,
  options: CopyPrefixOptions,
  how: Pick<CopyHow, 'overwrite' | 'checksum' | 'startedAt'>,
): Promise<void> {
  const { signal } = job
  const places = await placesOf({ source, store }, spec, signal)
  const record = { ...uris, places, options: portableOptions(options), limits, ...how }
  // What is listed here is looked at by workers, and counted when they have.
  const side = { job: new TreeJob(signal, SILENT), isSource: false, withMarkers: true }
  const entries = (after: string | undefined) =>
    objectsOf(source, spec.from, { ...side, range: { after } })
  await coordinate({ job, entries, record, notes }, queue)
}

const SILENT = { maxErrors: 0, onOutcome: undefined, onProgress: undefined }
