/**
 * The two sides of a tree as sorted streams of what takes part: what is left out is told to the job.
 */

import { existsSync } from 'node:fs'
import type { BucketAttributes } from '../store/attributes.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { isFailure, isSkipped, type FileEntry, type ObjectEntry } from './entries.ts'
import { isFolderMarker } from './key-path.ts'
import { listPages, type KeyRange } from './listing.ts'
import type { TreeJob } from './tree-job.ts'
import { walk, type WalkOptions } from './walk.ts'

/** Where a tree is. */
export type Side =
  | { readonly kind: 'local'; readonly root: string }
  /** The prefix is empty or ends in `/`. */
  | {
      readonly kind: 'store'
      readonly bucket: string
      readonly prefix: string
      /** Said of requests about many objects. */
      readonly attributes?: BucketAttributes | undefined
    }

export type LocalSide = Extract<Side, { readonly kind: 'local' }>
export type StoreSide = Extract<Side, { readonly kind: 'store' }>

/** What goes from store to store. */
export interface CopyTreeSpec {
  readonly direction: 'copy'
  readonly from: StoreSide
  readonly remote: StoreSide
  readonly how: 'copy' | 'sync'
}

/** What goes where, if one side is here. */
export interface TreeSpec {
  readonly direction: 'upload' | 'download'
  readonly local: LocalSide
  readonly remote: StoreSide
  /** Everything, or what differs. */
  readonly how: 'copy' | 'sync'
}

export interface SideOptions {
  readonly job: TreeJob
  /** Whether what is left out is told: of a source, not of a destination. */
  readonly isSource: boolean
  /** Whether what stands for a folder takes part: as an object, which it is. @default false */
  readonly withMarkers?: boolean | undefined
  /** Names of a stretch only. @default all */
  readonly range?: KeyRange | undefined
}

/** Hears that a side could not be read whole. */
export type OnIncomplete = (reason: string) => void

export async function* filesOf(
  { root }: LocalSide,
  walking: Pick<WalkOptions, 'followSymlinks' | 'decodeNames'>,
  { job, isSource }: SideOptions,
  onIncomplete: OnIncomplete,
): AsyncGenerator<FileEntry> {
  // A destination that is not there yet is an empty one.
  if (!isSource && !existsSync(root)) return
  for await (const entry of walk(root, { ...walking, signal: job.signal })) {
    if (isSkipped(entry)) {
      const { name, reason, detail } = entry
      if (isFailure(reason)) onIncomplete(`${name} could not be read (${reason})`)
      if (isSource) await job.ended({ status: 'skipped', name, reason, detail })
      continue
    }
    if (isSource) job.saw()
    yield entry
  }
}

export async function* objectsOf(
  store: ObjectStore,
  { bucket, prefix, attributes }: StoreSide,
  { job, isSource, withMarkers = false, range }: SideOptions,
): AsyncGenerator<ObjectEntry> {
  const { signal } = job
  // Where there is nothing, it takes a request to see that.
  job.pages = 1
  let pages = 0
  const listing = { bucket, prefix, range: range && keysOf(prefix, range), attributes, signal }
  for await (const { objects } of listPages(store, listing)) {
    pages += 1
    job.pages = pages
    for (const { key, size, etag, lastModified = 0, storageClass } of objects) {
      const name = key.slice(prefix.length)
      if (isSource) job.saw()
      // What stands for a folder is no file: tools that show folders make such objects.
      if ((!withMarkers || name === '') && isFolderMarker({ name: key, size })) {
        if (isSource && name !== '') {
          await job.ended({ status: 'skipped', name, reason: 'folder-marker', detail: undefined })
        }
        continue
      }
      yield { name, size, mtimeMs: lastModified, key, etag, storageClass }
    }
  }
}

/** Of names behind a prefix. */
function keysOf(prefix: string, { after, upTo }: KeyRange): KeyRange {
  const keyOf = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : prefix + name
  return { after: keyOf(after), upTo: keyOf(upTo) }
}
