/**
 * What is to be copied from store to store, one action after the other: everything, or what the
 * destination does not have like that.
 */

import { isTransferError, toTransferError, type TransferError } from '../errors.ts'
import type { RequestAttributes } from '../store/attributes.ts'
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts'
import { ahead } from './ahead.ts'
import { compare } from './compare.ts'
import { differByHeads } from './copy-compare.ts'
import type { NamedObject, ObjectEntry, TreeEntry } from './entries.ts'
import { mergeJoin } from './merge-join.ts'
import { wantedNames } from './name-list.ts'
import { namedObjects } from './named-entries.ts'
import type { ActionReason, FailedOutcome, TreeAction, UnchangedEntry } from './outcome.ts'
import { planSync, type SyncStep } from './plan-sync.ts'
import { objectsOf, type CopyTreeSpec } from './sides.ts'
import type { TreeJob } from './tree-job.ts'
import type { CheckedTree } from './tree-options.ts'

/** Objects looked at at once, where each is asked for. Source: none; enough for a store far away. */
const LOOKS_AHEAD = 32

export interface CopyPlanning extends CheckedTree {
  readonly source: ObjectStore
  readonly destination: ObjectStore
  /** Of requests that only look. */
  readonly attributes: RequestAttributes
  /** The same, at the source. */
  readonly sourceAttributes: RequestAttributes
  /** Hears of each request for one object that a run takes to find out what to do. */
  readonly onHead: () => void
  /** Whether a copy to a key, which looks the same, has the journal of a process that died. */
  readonly isUnfinished: (key: string) => boolean
}

type Source = ObjectEntry | NamedObject

/** @throws what is wrong with the whole; ERR_DELETE_REFUSED after all else */
export async function* planCopies(
  job: TreeJob,
  spec: CopyTreeSpec,
  planning: CopyPlanning,
): AsyncGenerator<TreeAction> {
  for await (const step of stepsOf(job, spec, planning)) {
    if ('status' in step) {
      await job.ended(step)
      continue
    }
    const action = actionOf(spec, planning, step)
    job.planned(action)
    yield action
  }
  job.allPlanned()
}

type Step = SyncStep<Source> | FailedOutcome

function stepsOf(
  job: TreeJob,
  spec: CopyTreeSpec,
  planning: CopyPlanning,
): AsyncGenerator<Step, void, undefined> {
  if (spec.how === 'copy') return copySteps(job, spec, planning)
  // A list may have any order, and under other names so has a side: then each object is asked for.
  const isJoined = planning.rename === undefined && planning.filesFrom === undefined
  return isJoined ? joinedSteps(job, spec, planning) : lookedUpSteps(job, spec, planning)
}

async function* sources(
  job: TreeJob,
  { from, remote }: CopyTreeSpec,
  { source, filter, filesFrom, names, range }: CopyPlanning,
): AsyncGenerator<Source> {
  if (filesFrom !== undefined) {
    const listed = { direction: 'copy', remote, listed: from } as const
    yield* namedObjects(names ?? wantedNames(filesFrom, listed, job.signal), from, job)
    return
  }
  const side = { job, isSource: true, withMarkers: true, range }
  for await (const entry of objectsOf(source, from, side)) {
    if (filter(entry)) yield entry
  }
}

async function* copySteps(
  job: TreeJob,
  spec: CopyTreeSpec,
  planning: CopyPlanning,
): AsyncGenerator<Step> {
  for await (const source of sources(job, spec, planning)) {
    yield { kind: 'copy', source, reason: 'copy' }
  }
}

async function* joinedSteps(
  job: TreeJob,
  spec: CopyTreeSpec,
  planning: CopyPlanning,
): AsyncGenerator<Step> {
  const { source, destination, filter, range } = planning
  const { from, remote } = spec
  const side = { job, withMarkers: true, range }
  const left = objectsOf(source, from, { ...side, isSource: true })
  const right = objectsOf(destination, remote, { ...side, isSource: false })
  const pairs = mergeJoin({ entries: left, kind: 'objects' }, { entries: right, kind: 'objects' })
  // Verdicts take a request each where contents are compared, so they are found some ahead.
  const verdicts = new WeakMap<ObjectEntry, ActionReason | TransferError | undefined>()
  const judged = ahead(pairs, LOOKS_AHEAD, async (pair) => {
    const { source: mine, destination: its } = pair
    if (mine === undefined || its === undefined || !filter(mine)) return pair
    verdicts.set(mine, await verdict(spec, planning, mine, its))
    return pair
  })
  yield* planSync(judged, {
    filter,
    differ: async (mine) => {
      const reason = verdicts.get(mine)
      if (!isTransferError(reason)) return reason
      const action = actionOf(spec, planning, { kind: 'copy', source: mine, reason: 'checksum' })
      await job.ended({ ...action, status: 'failed', error: reason })
      return 'told'
    },
    remove: planning.delete,
    removeMax: planning.maxDelete,
    veto: () => undefined,
    onUnchanged: (_, its) => job.unchanged(() => unchangedEntry(its)),
  })
}

async function verdict(
  { from, remote }: CopyTreeSpec,
  planning: CopyPlanning,
  mine: ObjectEntry,
  its: ObjectEntry,
): Promise<ActionReason | TransferError | undefined> {
  const { source, destination, checksum, overwrite, attributes, sourceAttributes } = planning
  const reason = differ(planning, mine, its)
  if (reason !== undefined) return reason
  const left = planning.isUnfinished(its.key) ? 'unfinished' : undefined
  if (!checksum || overwrite !== 'newer') return left
  try {
    const [a, b] = await Promise.all([
      source.head({ bucket: from.bucket, key: mine.key }, { attributes: sourceAttributes }),
      destination.head({ bucket: remote.bucket, key: its.key }, { attributes }),
    ])
    return differByHeads(a, b) ?? left
  } catch (error) {
    return toTransferError(error)
  }
}

/** Clocks of stores tell seconds, and ours is not theirs. Milliseconds. Source: none. */
const CLOCKS_MS = 60_000

/** Why an object that is there is copied once more, by size and time. */
function differ(
  { overwrite, startedAt, sizeOnly, checksum }: CopyPlanning,
  mine: TreeEntry,
  its: TreeEntry,
): ActionReason | undefined {
  if (overwrite === 'never') return undefined
  const { reason } = compare(mine, its, { direction: 'upload', sizeOnly: sizeOnly || checksum })
  if (reason !== 'same') return reason
  return overwrite === 'always' && its.mtimeMs < startedAt - CLOCKS_MS ? 'copy' : undefined
}

/** Each is looked for under the name it will have. Nothing is removed: what is extra is not known. */
async function* lookedUpSteps(
  job: TreeJob,
  spec: CopyTreeSpec,
  planning: CopyPlanning,
): AsyncGenerator<Step> {
  const { source, destination, attributes, sourceAttributes, onHead } = planning
  const { bucket } = spec.remote
  const isByContent = planning.checksum && planning.overwrite === 'newer'
  const askSource = (key: string): Promise<ObjectInfo> =>
    source.head({ bucket: spec.from.bucket, key }, { attributes: sourceAttributes })
  const look = async (listed: Source): Promise<Step | UnchangedEntry> => {
    const action = actionOf(spec, planning, { kind: 'copy', source: listed, reason: 'missing' })
    const { key } = action
    try {
      onHead()
      const found = await unlessMissing(destination.head({ bucket, key }, { attributes }))
      const isCompared = found !== undefined && planning.overwrite !== 'never'
      // One that somebody has named is known by its name only.
      const isAsked = listed.mtimeMs === undefined && (isCompared || planning.dryRun)
      let info = isAsked ? await askSource(listed.key) : undefined
      const mine = info === undefined ? listed : entryOf(listed, info)
      if (found === undefined) return { kind: 'copy', source: mine, reason: 'missing' }
      if (isAsked) onHead()
      const { size, lastModified: mtimeMs = 0, etag } = found
      const { name, mtimeMs: ours = 0 } = mine
      const reason = differ(planning, { ...mine, mtimeMs: ours }, { name, size, mtimeMs })
      if (reason !== undefined) return { kind: 'copy', source: mine, reason }
      if (isByContent) {
        if (info === undefined) onHead()
        info ??= await askSource(listed.key)
        const differs = differByHeads(info, found)
        if (differs !== undefined) return { kind: 'copy', source: mine, reason: differs }
      }
      if (planning.isUnfinished(key)) return { kind: 'copy', source: mine, reason: 'unfinished' }
      return { name, key, size, etag, lastModified: mtimeMs, checksum: undefined }
    } catch (error) {
      return { ...action, status: 'failed', error: toTransferError(error) }
    }
  }
  for await (const step of ahead(sources(job, spec, planning), LOOKS_AHEAD, look)) {
    if ('kind' in step || 'status' in step) yield step
    else await job.unchanged(() => step)
  }
}

async function unlessMissing(asked: Promise<ObjectInfo>): Promise<ObjectInfo | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isTransferError(error) && error.code === 'ERR_OBJECT_NOT_FOUND') return undefined
    throw error
  }
}

function entryOf({ name, key }: Source, { size, lastModified = 0, etag }: ObjectInfo): ObjectEntry {
  return { name, key, size, mtimeMs: lastModified, etag }
}

function unchangedEntry({ name, key, size, etag, mtimeMs }: ObjectEntry): UnchangedEntry {
  return { name, key, size, etag, lastModified: mtimeMs, checksum: undefined }
}

function actionOf(
  { from, remote }: CopyTreeSpec,
  { rename, removeSource }: Pick<CheckedTree, 'rename' | 'removeSource'>,
  step: SyncStep<Source>,
): TreeAction {
  if (step.kind === 'remove') {
    const { name } = step
    const key = remote.prefix + name
    return { operation: 'delete', name, key, path: undefined, size: 0, reason: 'extra' }
  }
  const { source, reason } = step
  const { name, size, mtimeMs } = source
  const key = remote.prefix + (rename === undefined ? name : rename(name))
  const sourceKey = from.prefix + name
  const move = removeSource ? true : undefined
  const sourceEtag = 'etag' in source ? source.etag : undefined
  const what = { operation: 'copy', name, key, sourceKey, sourceEtag, path: undefined } as const
  return { ...what, size, reason, mtimeMs, move }
}
