/**
 * All files below a directory, in the order in which S3 would list their keys, in memory that does
 * not grow with their number: held are the names in the directories on the way down, and what has
 * been read ahead. Nothing that goes wrong below the root ends the walk; it is told in its place.
 */

import { stat } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { TransferError } from '../errors.ts'
import { errnoOf, sourceError } from '../local-errors.ts'
import { throwIfAborted } from '../store/abortable.ts'
import type { FileEntry, SkippedEntry } from './entries.ts'
import { Looker, LOOKS_AT_ONCE, notRead, type Looked } from './look.ts'
import { childPath, readChildren, type Child, type ReadRules } from './read-directory.ts'

export interface WalkOptions {
  /**
   * Whether links below the root are taken for what they lead to. The root itself may be a link.
   * @default false
   */
  readonly followSymlinks?: boolean | undefined
  /**
   * Whether names that were encoded when they were downloaded are told, and sorted, as what they
   * were before. @default false
   */
  readonly decodeNames?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** A directory on the way down, or one read ahead. */
interface Level {
  readonly path: string
  /** Begins the names of what is in it: empty, or ending in '/'. */
  readonly prefix: string
  /** Device and inode, to tell a loop; empty when links are not followed. */
  readonly identity: string
  readonly children: readonly Child[]
  /** The child that is looked at next. */
  next: number
  readonly ahead: (Looked | Promise<Looked | Level>)[]
}

/**
 * Walks a directory. Files appear while it runs and vanish; each is seen as it was at one moment.
 * @param root a directory, or a link to one
 * @throws (rejects) ERR_SOURCE_NOT_FOUND, ERR_SOURCE_UNREADABLE for the root, ERR_ABORTED
 */
export async function* walk(
  root: string,
  options: WalkOptions = {},
): AsyncGenerator<FileEntry | SkippedEntry, void, void> {
  const { followSymlinks = false, decodeNames = false, signal } = options
  const rules = { followLinks: followSymlinks, decodeNames }
  throwIfAborted(signal)
  const looker = new Looker()
  const levels = [await openRoot(root, rules)]
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    if (level.ahead.length === 0 && looker.isQuick) await nextTurn()
    if (level.ahead.length === 0 || !looker.isQuick) readAhead(level, rules, looker)
    const pending = level.ahead.shift()
    if (pending === undefined) {
      levels.pop()
      continue
    }
    const found = pending instanceof Promise ? await pending : pending
    throwIfAborted(signal)
    if (!('children' in found)) {
      yield found
    } else if (
      found.identity !== '' &&
      levels.some(({ identity }) => identity === found.identity)
    ) {
      yield { name: found.prefix, reason: 'link-loop', detail: 'It leads to a directory above it.' }
    } else {
      readDirectoryAhead(level, rules)
      levels.push(found)
    }
  }
}

async function openRoot(root: string, rules: ReadRules): Promise<Level> {
  try {
    return await openLevel(root, '', rules)
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') {
      const message = `${root} is not a directory`
      throw new TransferError('ERR_SOURCE_NOT_FOUND', message, { path: root }, { cause: error })
    }
    throw sourceError(error, root)
  }
}

async function openLevel(path: string, prefix: string, rules: ReadRules): Promise<Level> {
  // Without links a directory is met once. BigInt, since an inode may not fit into a number.
  const stats = rules.followLinks ? await stat(path, { bigint: true }) : undefined
  const identity = stats === undefined ? '' : `${stats.dev}:${stats.ino}`
  const children = await readChildren(path, rules)
  return { path, prefix, identity, children, next: 0, ahead: [] }
}

/**
 * Looks at the next children, up to the first directory: what is behind it is looked at once that has
 * been walked, which may take hours.
 */
function readAhead(level: Level, rules: ReadRules, looker: Looker): void {
  const { children, ahead } = level
  looker.begin()
  while (ahead.length < LOOKS_AT_ONCE) {
    const child = children[level.next]
    if (child === undefined) return
    if (child.kind === 'directory') {
      if (ahead.length === 0) readDirectoryAhead(level, rules)
      return
    }
    level.next += 1
    const path = childPath(level.path, child.file)
    ahead.push(looker.look(path, `${level.prefix}${child.name}`, child))
  }
}

/** Reads the directory that follows at once, if one does, while the one before it is walked. */
function readDirectoryAhead(level: Level, rules: ReadRules): void {
  const child = level.children[level.next]
  if (child?.kind !== 'directory') return
  level.next += 1
  const prefix = `${level.prefix}${child.name}/`
  const opened = openLevel(childPath(level.path, child.file), prefix, rules)
  // Never rejects, so that what was read ahead can be left alone.
  level.ahead.push(opened.catch((error: unknown) => notRead(prefix, error)))
}
