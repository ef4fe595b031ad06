/**
 * What is to be done about a tree, one action after the other: what is left out is told to the job.
 */

import { join } from 'node:path'
import { platform } from 'node:process'
import { isTransferError } from '../errors.ts'
import { preservedMetadata } from '../file-attributes.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { ChecksumVerdicts } from './checksum-compare.ts'
import { compare } from './compare.ts'
import type { FileEntry, NamedObject, ObjectEntry, TreeEntry } from './entries.ts'
import { localName, pathBelow } from './key-path.ts'
import { mergeJoin, type Pair } from './merge-join.ts'
import { wantedNames } from './name-list.ts'
import { namedFiles, namedObjects } from './named-entries.ts'
import type { ObjectOptions } from './object-options.ts'
import type { ActionReason, SkippedOutcome, TreeAction, UnchangedEntry } from './outcome.ts'
import { planSync, type SyncStep } from './plan-sync.ts'
import { filesOf, objectsOf, type TreeSpec } from './sides.ts'
import type { TreeJob } from './tree-job.ts'
import type { CheckedTree } from './tree-options.ts'
import {
  collisionText,
  watchList,
  watchObjects,
  watchTwins,
  type Fold,
  type Watched,
} from './watch-names.ts'

/** What was said, what the file system says, and what is said of each object. */
export interface Planning extends CheckedTree {
  readonly fold: Fold
  readonly objectOptions: ObjectOptions
  /** What compares by checksum, if that is asked for. */
  readonly verdicts: ChecksumVerdicts | undefined
  /** Whether a process died before it knew that both are the same. */
  readonly isUnfinished: (key: string, path: string) => boolean
}

type Source = FileEntry | Watched<ObjectEntry | NamedObject>
type Step = SyncStep<Source>

/** @throws what is wrong with the whole; ERR_DELETE_REFUSED after all else */
export async function* planTree(
  store: ObjectStore,
  job: TreeJob,
  spec: TreeSpec,
  options: Planning,
): AsyncGenerator<TreeAction> {
  const plan = spec.how === 'sync' ? syncSteps : copySteps
  for await (const step of plan(store, job, spec, options)) {
    const action = step.kind === 'copy' ? copyOf(spec, options, step) : removalOf(spec, step.name)
    if ('status' in action) {
      await job.ended(action)
      continue
    }
    if (options.preserve && step.kind === 'copy' && 'path' in step.source) {
      options.objectOptions.add(action, { metadata: preservedMetadata(step.source) })
    }
    job.planned(action)
    yield action
  }
  job.allPlanned()
}

async function* copySteps(
  store: ObjectStore,
  job: TreeJob,
  spec: TreeSpec,
  options: Planning,
): AsyncGenerator<Step> {
  const entries =
    spec.direction === 'upload' ? files(job, spec, options) : objects(store, job, spec, options)
  for await (const source of entries) yield { kind: 'copy', source, reason: 'copy' }
}

async function* files(
  job: TreeJob,
  spec: TreeSpec,
  { filter, filesFrom, followSymlinks, encodeNames }: Planning,
): AsyncGenerator<FileEntry> {
  const { local, remote } = spec
  const walking = { followSymlinks, decodeNames: encodeNames }
  const found =
    filesFrom === undefined
      ? filesOf(local, walking, { job, isSource: true }, ignore)
      : namedFiles(wantedNames(filesFrom, spec, job.signal), {
          local,
          remote,
          job,
          followSymlinks,
          encodeNames,
        })
  yield* filtered(found, filter)
}

async function* objects(
  store: ObjectStore,
  job: TreeJob,
  spec: TreeSpec,
  { filter, filesFrom, encodeNames, fold }: Planning,
): AsyncGenerator<Watched<ObjectEntry | NamedObject>> {
  const { remote } = spec
  const isWritten = ({ name }: NamedObject | ObjectEntry): boolean => isSafe(name, encodeNames)
  if (filesFrom !== undefined) {
    const names = wantedNames(filesFrom, spec, job.signal)
    yield* watchList(namedObjects(names, remote, job), fold, isWritten)
    return
  }
  const listed = objectsOf(store, remote, { job, isSource: true })
  yield* watchObjects(filtered(listed, filter), fold, isWritten)
}

async function* syncSteps(
  store: ObjectStore,
  job: TreeJob,
  spec: TreeSpec,
  options: Planning,
): AsyncGenerator<Step> {
  const { direction, local, remote } = spec
  const { filter, followSymlinks, fold, verdicts } = options
  const unfinished = (from: Source): ActionReason | undefined => {
    const path = 'path' in from ? from.path : join(local.root, from.name)
    return options.isUnfinished(remote.prefix + from.name, path) ? 'unfinished' : undefined
  }
  const isUpload = direction === 'upload'
  let incomplete: string | undefined
  const onIncomplete = (reason: string): void => {
    incomplete ??= reason
  }
  const isMeant = (object: ObjectEntry): boolean => filter(object) && isSafe(object.name, false)
  const listed = objectsOf(store, remote, { job, isSource: !isUpload })
  const left = {
    entries: filesOf(local, { followSymlinks }, { job, isSource: isUpload }, onIncomplete),
    kind: 'files',
  } as const
  const right = {
    entries: isUpload ? listed : watchObjects(listed, fold, isMeant),
    kind: 'objects',
  } as const
  const joined: AsyncIterable<Pair<FileEntry | Watched<ObjectEntry>, FileEntry | ObjectEntry>> =
    isUpload ? mergeJoin(left, right) : mergeJoin(right, left)
  const mayRemoveFiles = options.delete && !isUpload
  const watched = mayRemoveFiles ? watchTwins(joined, fold, onIncomplete) : joined
  yield* planSync(verdicts === undefined ? watched : verdicts.pairs(watched, filter), {
    filter,
    differ: async (from, to) => {
      // It goes on, to be told.
      if ('collision' in from) return 'missing'
      if (verdicts === undefined) {
        const { reason } = compare(from, to, { direction, ...options })
        return reason === 'same' ? unfinished(from) : reason
      }
      const verdict = verdicts.of(from)
      if (!isTransferError(verdict)) return verdict?.reason ?? unfinished(from)
      const action = copyOf(spec, options, { kind: 'copy', source: from, reason: 'copy' })
      await job.ended('status' in action ? action : { ...action, status: 'failed', error: verdict })
      return 'told'
    },
    remove: options.delete,
    removeMax: options.maxDelete,
    veto: () => incomplete,
    onUnchanged: (from, to) => job.unchanged(() => unchangedEntry(from, to, verdicts)),
  })
}

async function* filtered<T extends TreeEntry>(
  entries: AsyncIterable<T>,
  filter: Planning['filter'],
): AsyncGenerator<T> {
  for await (const entry of entries) if (filter(entry)) yield entry
}

function isSafe(name: string, encodeNames: boolean): boolean {
  return localName(name, { platform, encodeNames }).problem === undefined
}

function copyOf(
  { local, remote }: TreeSpec,
  { encodeNames, removeSource }: CheckedTree,
  { source, reason }: Extract<Step, { readonly kind: 'copy' }>,
): TreeAction | SkippedOutcome {
  const { name, size, mtimeMs } = source
  const key = remote.prefix + name
  const move = removeSource || undefined
  if ('path' in source) {
    const { path } = source
    return { operation: 'upload', name, key, path, size, reason, move, mtimeMs }
  }
  const file = localName(name, { platform, encodeNames })
  if (file.problem !== undefined) {
    return { status: 'skipped', name, reason: 'name-unsafe', detail: file.detail }
  }
  if (source.collision !== undefined) {
    const detail = collisionText(source.collision)
    return { status: 'skipped', name, reason: 'name-collision', detail }
  }
  const path = pathBelow(local.root, file.name, platform)
  return { operation: 'download', name, key, path, size, reason, move, mtimeMs }
}

/** What is known of a pair without asking for more. */
function unchangedEntry(
  from: FileEntry | ObjectEntry,
  to: FileEntry | ObjectEntry,
  verdicts: ChecksumVerdicts | undefined,
): UnchangedEntry {
  const [file, object] = 'path' in from ? [from, to] : [to, from]
  const { name, size, key, mtimeMs, etag } = object as ObjectEntry
  const verdict = verdicts?.of(from)
  const checksum = isTransferError(verdict) ? undefined : verdict?.checksum
  const lastModified = mtimeMs
  return { name, key, size, etag, lastModified, fileMtimeMs: file.mtimeMs, checksum }
}

function removalOf({ direction, local, remote }: TreeSpec, name: string): TreeAction {
  const path = direction === 'upload' ? undefined : join(local.root, name)
  return { operation: 'delete', name, key: remote.prefix + name, path, size: 0, reason: 'extra' }
}

function ignore(): void {
  // What could not be read is told as an outcome; nothing is removed.
}
