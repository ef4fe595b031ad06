/**
 * The names of what comes down, watched for those that would be one file here: such a one is found
 * before it is written. What the file system takes for one name is found out when the first name comes.
 */

import { platform } from 'node:process'
import { CollisionWatch, NameSet, type Collision, type FoldRules } from './collisions.ts'
import type { ObjectEntry } from './entries.ts'
import type { LocalDirectories } from './local-directories.ts'
import type { Pair } from './merge-join.ts'
import { probeCase } from './probe-file-system.ts'

/** Asks the file system, when it is called. */
export type Fold = () => Promise<FoldRules>

interface Named {
  readonly name: string
}

/** Something, and the earlier name that keeps it from being written. */
export type Watched<T> = T & { readonly collision?: Collision }

/**
 * Asks the file system of a root, which it makes; once, however often it is called. Without
 * directories nothing may be written: then it is what is usual on this system.
 */
export function foldingOf(root: string, directories: LocalDirectories | undefined): Fold {
  let asked: Promise<FoldRules> | undefined
  const probe = async (): Promise<FoldRules> => {
    await directories?.makeRoot()
    // One that cannot be written to is told by the files that should be there, each by itself.
    return directories === undefined ? usualFolding() : probeCase(root)
  }
  return () => (asked ??= probe().catch(usualFolding))
}

function usualFolding(): FoldRules {
  return {
    foldsCase: platform === 'win32' || platform === 'darwin',
    foldsNormalForm: platform === 'darwin',
  }
}

/**
 * Passes objects on in their order, marked where their name collides.
 * @param isWritten whether an object takes part, and has a name that can be written
 */
export async function* watchObjects(
  objects: AsyncIterable<ObjectEntry>,
  fold: Fold,
  isWritten: (object: ObjectEntry) => boolean,
): AsyncGenerator<Watched<ObjectEntry>> {
  let watch: CollisionWatch | undefined
  for await (const object of objects) {
    if (!isWritten(object)) {
      yield object
      continue
    }
    watch ??= new CollisionWatch(await fold())
    const collision = watch.check(object.name)
    yield collision === undefined ? object : { ...object, collision }
  }
}

/**
 * The same for names in any order, which are held where the file system folds names; elsewhere it tells
 * itself of a file in the way of a directory.
 */
export async function* watchList<T extends Named>(
  items: AsyncIterable<T>,
  fold: Fold,
  isWritten: (item: T) => boolean,
): AsyncGenerator<Watched<T>> {
  let watch: NameSet | undefined
  for await (const item of items) {
    watch ??= new NameSet(await fold())
    const collision = isWritten(item) ? watch.check(item.name) : undefined
    yield collision === undefined ? item : { ...item, collision }
  }
}

/**
 * Passes pairs on, and tells of files here that may be one with something of another spelling: to
 * remove the one could be to remove the other.
 */
export async function* watchTwins<S, D>(
  pairs: AsyncIterable<Pair<S, D>>,
  fold: Fold,
  onTwins: (sentence: string) => void,
): AsyncGenerator<Pair<S, D>> {
  let watch: CollisionWatch | undefined
  for await (const pair of pairs) {
    watch ??= new CollisionWatch(await fold())
    const collision = watch.check(pair.name)
    if (collision !== undefined && collision.kind !== 'file-and-directory') {
      onTwins(`${pair.name} and ${collision.other} are one here`)
    }
    yield pair
  }
}

/** Why a name is left alone. */
export function collisionText({ kind, other }: Collision): string {
  switch (kind) {
    case 'file-and-directory':
      return other.endsWith('/')
        ? `${other} is a directory already, or the same to this file system`
        : `${other} is a file already`
    case 'case':
      return `It differs from ${other} only in case, and this file system takes both for one`
    case 'normal-form':
      return `It differs from ${other} only in Unicode form, and this file system takes both for one`
  }
}
