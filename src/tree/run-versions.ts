/**
 * A whole tree from store to store with all versions of each object, and the markers that say that it was
 * removed: of one key the oldest first and one after the other, keys side by side.
 */

import { toTransferError, TransferError } from '../errors.ts'
import type { RequestAttributes } from '../store/attributes.ts'
import type { ListedVersion, ObjectStore } from '../store/object-store.ts'
import { Semaphore } from '../transfer/semaphore.ts'
import { differByHeads } from './copy-compare.ts'
import { afterHook } from './hooks.ts'
import { firstMissing } from './match-versions.ts'
import { mergeJoin, type Pair } from './merge-join.ts'
import { doneOutcome, type Outcome, type TreeAction } from './outcome.ts'
import type { Mover } from './run-actions.ts'
import type { CopyTreeSpec } from './sides.ts'
import type { TreeJob } from './tree-job.ts'
import type { CheckedTree } from './tree-options.ts'
import { versionedEntries, type VersionedEntry } from './version-entries.ts'

export interface VersionsRun {
  readonly spec: CopyTreeSpec
  readonly source: ObjectStore
  readonly destination: ObjectStore
  readonly options: Pick<CheckedTree, 'filter' | 'onAfterTransfer'>
  /** Of requests that only look, on both sides. */
  readonly attributes: RequestAttributes
  readonly sourceAttributes: RequestAttributes
  readonly mover: Pick<Mover, 'move'>
  /** Hears of each request for one object that it takes to find out what to do. */
  readonly onHead: () => void
}

type Versions = Pair<VersionedEntry, VersionedEntry> & { readonly source: VersionedEntry }

/** Keys that are looked at and copied side by side, at most `window`. @throws what is wrong with the whole */
export async function runVersions(job: TreeJob, run: VersionsRun, window: number): Promise<void> {
  const places = new Semaphore(window)
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  try {
    for await (const pair of pairsOf(job, run)) {
      job.check()
      const leave = await places.acquire(1, 0, job.signal)
      const working = copyVersions(job, run, pair)
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => {
          underWay.delete(working)
          leave()
        })
      underWay.add(working)
      if (failure !== undefined) break
    }
  } finally {
    await Promise.all(underWay)
  }
  if (failure !== undefined) throw failure.error
  job.allPlanned()
}

/** What would be done, one key after the other. @throws the same */
export async function* plannedVersions(
  job: TreeJob,
  run: VersionsRun,
): AsyncGenerator<TreeAction, void, undefined> {
  for await (const pair of pairsOf(job, run)) {
    const actions = await missingOf(job, run, pair)
    for (const action of actions) {
      job.planned(action)
      yield action
    }
  }
  job.allPlanned()
}

async function* pairsOf(
  job: TreeJob,
  { spec, source, destination, options }: VersionsRun,
): AsyncGenerator<Versions, void, undefined> {
  const left = versionedEntries(source, spec.from, { job, isSource: true })
  const right = versionedEntries(destination, spec.remote, { job, isSource: false })
  const pairs = mergeJoin({ entries: left, kind: 'objects' }, { entries: right, kind: 'objects' })
  for await (const pair of pairs) {
    const mine = pair.source
    if (mine !== undefined && options.filter(mine)) yield { ...pair, source: mine }
  }
}

/** @throws when nothing more is to be begun */
async function copyVersions(job: TreeJob, run: VersionsRun, pair: Versions): Promise<void> {
  const { onAfterTransfer: after } = run.options
  const actions = await missingOf(job, run, pair)
  for (const action of actions) job.planned(action)
  let failed: TransferError | undefined
  for (const action of actions) {
    if (failed === undefined) job.check()
    const outcome: Outcome =
      failed === undefined
        ? await carryOut(run, action, job.signal)
        : { ...action, status: 'failed', error: failed }
    if (outcome.status === 'failed') failed ??= notInOrder(outcome.error)
    await job.ended(after === undefined ? outcome : await afterHook(outcome, after))
  }
}

/** What is behind one that could not be copied would take its place. */
function notInOrder(cause: TransferError): TransferError {
  const message = `An older version of it could not be copied: ${cause.message}`
  return new TransferError(cause.code, message, cause.context, { cause })
}

/** Tells what is there already; of a key that cannot be compared all versions fail. */
async function missingOf(
  job: TreeJob,
  run: VersionsRun,
  { source: mine, destination: its }: Versions,
): Promise<readonly TreeAction[]> {
  const { versions } = mine
  const actions = versions.map((version) => actionOf(run.spec, mine, version))
  try {
    const copies = its?.versions ?? []
    const first = await firstMissing(versions, copies, (version, copy) =>
      haveSameContent(run, version, copy),
    )
    for (const [index, { name, key, size }] of actions.slice(0, first).entries()) {
      const { etag, lastModified = 0 } = versions[index] as ListedVersion
      await job.unchanged(() => ({ name, key, size, etag, lastModified, checksum: undefined }))
    }
    return actions.slice(first)
  } catch (error) {
    const failure = toTransferError(error)
    for (const action of actions) await job.ended({ ...action, status: 'failed', error: failure })
    return []
  }
}

function actionOf(
  { remote }: CopyTreeSpec,
  { name, key: sourceKey }: VersionedEntry,
  { isMarker, versionId: sourceVersionId, size, lastModified: mtimeMs }: ListedVersion,
): TreeAction {
  const key = remote.prefix + name
  const what = { name, key, path: undefined, size, sourceVersionId, mtimeMs }
  return isMarker
    ? { operation: 'delete', ...what, reason: 'marker' }
    : { operation: 'copy', ...what, sourceKey, reason: 'missing' }
}

/** By checksums; where neither side has one to compare, a copy is no older than what it is of. */
async function haveSameContent(
  { spec, source, destination, attributes, sourceAttributes, onHead }: VersionsRun,
  version: ListedVersion,
  copy: ListedVersion,
): Promise<boolean> {
  const [from, to] = [refOf(spec.from.bucket, version), refOf(spec.remote.bucket, copy)]
  onHead()
  onHead()
  const [a, b] = await Promise.all([
    source.head(from, { attributes: sourceAttributes }),
    destination.head(to, { attributes }),
  ])
  const reason = differByHeads(a, b)
  if (reason !== 'no-checksum') return reason === undefined
  return (copy.lastModified ?? 0) >= (version.lastModified ?? 0)
}

function refOf(bucket: string, { key, versionId }: ListedVersion) {
  return { bucket, key, versionId }
}

/** Never rejects. */
async function carryOut(
  { destination, spec, mover }: VersionsRun,
  action: TreeAction,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    if (action.operation !== 'delete') return doneOutcome(action, await mover.move(action))
    const startedAt = performance.now()
    const { bucket, attributes } = spec.remote
    await destination.deleteObject({ bucket, key: action.key }, { attributes, signal })
    const elapsedMs = performance.now() - startedAt
    return doneOutcome(action, { size: 0, attempts: 1, elapsedMs })
  } catch (error) {
    return { ...action, status: 'failed', error: toTransferError(error) }
  }
}
