/**
 * The beginning of what a migration copies, by its listing or its list: what the look at what copies carry
 * takes its sample from.
 */

import { STANDARD } from '../store/storage-classes.ts'
import type { Beginning } from '../tree/beginning.ts'
import type { ObjectEntry } from '../tree/entries.ts'
import type { WantedName } from '../tree/name-list.ts'
import type { VersionedEntry } from '../tree/version-entries.ts'

/** Objects of the listing, or names, that the sample is taken from. Source: none; ten pages. */
export const LISTED_MAX = 10_000

export interface ListedRef {
  readonly key: string
  readonly versionId?: string | undefined
}

/** What copies are made of, as far as it is known before any is made. */
export interface Listed {
  readonly objects: readonly ListedRef[]
  readonly isAll: boolean
  readonly bytes: number | undefined
  /** `undefined` where only the objects themselves tell. */
  readonly storageClasses: Readonly<Record<string, number>> | undefined
  /** Whether somebody has named them: they may not be there. */
  readonly isOfNames?: true
  /** Whether all versions are copied. */
  readonly isOfVersions?: true
}

/** The first of a listing. @throws what it throws */
export async function listedOf(entries: AsyncIterable<ObjectEntry>): Promise<Listed> {
  const storageClasses: Record<string, number> = {}
  const objects: ListedRef[] = []
  let [bytes, isAll] = [0, true]
  for await (const { key, size, storageClass } of entries) {
    if (objects.length === LISTED_MAX) {
      isAll = false
      break
    }
    bytes += size
    countClass(storageClasses, storageClass)
    objects.push({ key })
  }
  return { objects, isAll, bytes, storageClasses }
}

/** The first versions of a listing. @throws what it throws */
export async function listedVersions(entries: AsyncIterable<VersionedEntry>): Promise<Listed> {
  const objects: ListedRef[] = []
  let [bytes, isAll] = [0, true]
  for await (const { versions } of entries) {
    if (objects.length >= LISTED_MAX) {
      isAll = false
      break
    }
    for (const { key, versionId, isMarker, size } of versions) {
      if (isMarker) continue
      bytes += size
      objects.push({ key, versionId })
    }
  }
  return { objects, isAll, bytes, storageClasses: undefined, isOfVersions: true }
}

/** The first of a list of names. */
export function listedNames(
  { items, isAll }: Pick<Beginning<WantedName>, 'items' | 'isAll'>,
  prefix: string,
): Listed {
  let bytes: number | undefined = 0
  for (const { size } of items) {
    bytes = bytes === undefined || size === undefined ? undefined : bytes + size
  }
  const objects = items.map(({ name }) => ({ key: prefix + name }))
  return { objects, isAll, bytes, storageClasses: undefined, isOfNames: true }
}

/** Stores mostly leave out STANDARD. */
export function countClass(
  classes: Record<string, number>,
  storageClass: string | undefined = STANDARD,
): void {
  classes[storageClass] = (classes[storageClass] ?? 0) + 1
}
