/**
 * A whole tree, from one side to the other: every file or object, or those that differ.
 *
 *   walk ─┐                        ┌─ copy → the engine's call about one object
 *         ├─ (pairs) → plan → ────┤
 *   list ─┘                        └─ remove, when both sides were read to their ends
 */

import { join } from 'node:path'
import { platform } from 'node:process'
import type { ObjectStore } from '../store/object-store.ts'
import { compare } from './compare.ts'
import type { FileEntry, ObjectEntry } from './entries.ts'
import { localName, pathBelow } from './key-path.ts'
import { LocalDirectories } from './local-directories.ts'
import { mergeJoin, type Pair } from './merge-join.ts'
import { ObjectMover, transferring, type ObjectTransfers } from './object-mover.ts'
import type { SkippedOutcome, TreeAction } from './outcome.ts'
import { planSync, type SyncStep } from './plan-sync.ts'
import { runActions } from './run-actions.ts'
import { filesOf, objectsOf, type LocalSide, type StoreSide } from './sides.ts'
import type { TreeJob } from './tree-job.ts'
import type { CheckedTree } from './tree-options.ts'
import {
  collisionText,
  foldingOf,
  watchObjects,
  watchTwins,
  type Fold,
  type WatchedObject,
} from './watch-names.ts'

export interface TreeSpec {
  readonly direction: 'upload' | 'download'
  readonly local: LocalSide
  readonly remote: StoreSide
  /** Everything, or what differs. */
  readonly how: 'copy' | 'sync'
}

export interface TreeHost {
  readonly store: ObjectStore
  readonly objects: ObjectTransfers
  /** Transfers worked on at a time. */
  readonly maxTransfers: number
}

/** Ends when all has been done that could be. @throws for what is wrong with the whole */
export async function runTree(
  host: TreeHost,
  job: TreeJob,
  spec: TreeSpec,
  options: CheckedTree,
): Promise<void> {
  const { direction, local, remote } = spec
  const directories = direction === 'download' ? new LocalDirectories(local.root) : undefined
  const { signal } = job
  const { bucket } = remote
  const { store } = host
  const each = { ...options.each, signal }
  const transfer = transferring(host.objects, direction, bucket, each)
  const mover = new ObjectMover({ transfer, store, bucket, directories, signal })
  job.counts(() => mover.transferred)
  const fold = foldingOf(local.root, options.dryRun ? undefined : directories)
  const actions = actionsOf(store, job, spec, { ...options, fold })
  if (options.dryRun) {
    for await (const action of actions) {
      job.check()
      job.ended({ ...action, status: 'planned' })
    }
    return
  }
  // What keeps everything from moving, no region or no credentials, is told once.
  await store.route(bucket, { signal })
  await runActions(actions, {
    mover,
    // So that the next is there when one of them ends.
    window: 2 * host.maxTransfers,
    onOutcome: (outcome) => job.ended(outcome),
    check: () => job.check(),
    checkRemoval: () => job.checkRemoval(),
    signal,
  })
  await directories?.sync()
  job.check()
}

/** What was said, and what the file system says. */
interface Planning extends CheckedTree {
  readonly fold: Fold
}

async function* actionsOf(
  store: ObjectStore,
  job: TreeJob,
  spec: TreeSpec,
  options: Planning,
): AsyncGenerator<TreeAction> {
  for await (const step of stepsOf(store, job, spec, options)) {
    const action = step.kind === 'copy' ? copyOf(spec, options, step) : removalOf(spec, step.name)
    if ('status' in action) {
      job.ended(action)
      continue
    }
    job.planned(action)
    yield action
  }
}

async function* stepsOf(
  store: ObjectStore,
  job: TreeJob,
  { direction, local, remote, how }: TreeSpec,
  options: Planning,
): AsyncGenerator<SyncStep<FileEntry | WatchedObject>> {
  const { filter, followSymlinks, encodeNames, fold } = options
  const isUpload = direction === 'upload'
  let incomplete: string | undefined
  const walking = { followSymlinks, decodeNames: encodeNames }
  const files = filesOf(local, walking, { job, isSource: isUpload }, (reason) => {
    incomplete ??= reason
  })
  const listed = objectsOf(store, remote, { job, isSource: !isUpload })
  const isWritten = (object: ObjectEntry): boolean =>
    filter(object) && localName(object.name, { platform, encodeNames }).problem === undefined
  const objects = isUpload ? listed : watchObjects(listed, fold, isWritten)
  if (how === 'copy') {
    for await (const entry of isUpload ? files : objects) {
      if (filter(entry)) yield { kind: 'copy', source: entry, reason: 'copy' }
    }
    return
  }
  const left = { entries: files, kind: 'files' } as const
  const right = { entries: objects, kind: 'objects' } as const
  const joined: AsyncIterable<Pair<FileEntry | WatchedObject, FileEntry | ObjectEntry>> = isUpload
    ? mergeJoin(left, right)
    : mergeJoin(right, left)
  const mayRemoveFiles = options.delete && !isUpload
  const pairs = mayRemoveFiles ? watchTwins(joined, fold, (why) => (incomplete ??= why)) : joined
  yield* planSync(pairs, {
    filter,
    differ: (from, to) => {
      // It goes on, to be told.
      if ('collision' in from) return 'missing'
      const { reason } = compare(from, to, { direction, ...options })
      return reason === 'same' ? undefined : reason
    },
    remove: options.delete,
    removeMax: options.maxDelete,
    veto: () => incomplete,
    onUnchanged: () => job.unchanged(),
  })
}

function copyOf(
  { local, remote }: TreeSpec,
  { encodeNames }: CheckedTree,
  { source, reason }: Extract<SyncStep<FileEntry | WatchedObject>, { readonly kind: 'copy' }>,
): TreeAction | SkippedOutcome {
  const { name, size, mtimeMs } = source
  const key = remote.prefix + name
  if ('path' in source) {
    return { operation: 'upload', name, key, path: source.path, size, reason }
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
  return { operation: 'download', name, key, path, size, reason, mtimeMs }
}

function removalOf({ direction, local, remote }: TreeSpec, name: string): TreeAction {
  const path = direction === 'upload' ? undefined : join(local.root, name)
  return { operation: 'delete', name, key: remote.prefix + name, path, size: 0, reason: 'extra' }
}
