/**
 * All files below a directory, in the order in which S3 would list their keys, in memory that does
 * not grow with their number: held are the names in the directories on the way down, and what has
 * been read ahead. Nothing that goes wrong below the root ends the walk; it is told in its place.
 */

import type { Stats } from 'node:fs'
import { lstat, stat } from 'node:fs/promises'
import { TransferError } from '../errors.ts'
import { errnoOf, sourceError } from '../local-errors.ts'
import { throwIfAborted } from '../store/abortable.ts'
import type { FileEntry, SkippedEntry, SkipReason } from './entries.ts'
import {
  childPath,
  readChildren,
  specialKind,
  type Child,
  type ReadRules,
} from './read-directory.ts'

/**
 * Children looked at ahead of the one handed out. Source: none; enough that a disk with some
 * latency is asked for many at once (libuv runs four at a time unless UV_THREADPOOL_SIZE is set).
 */
const CHILDREN_AHEAD = 32

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
  readonly ahead: Promise<FileEntry | SkippedEntry | Level>[]
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
  const levels = [await openRoot(root, rules)]
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    readAhead(level, rules)
    const pending = level.ahead.shift()
    if (pending === undefined) {
      levels.pop()
      continue
    }
    const found = await pending
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
 * Begins to look at the next children, up to the first directory: what is behind it is looked at
 * once that has been walked, which may take hours.
 */
function readAhead(level: Level, rules: ReadRules): void {
  const { children, ahead } = level
  while (ahead.length < CHILDREN_AHEAD) {
    const behind = children[level.next - 1]
    if (ahead.length > 0 && behind?.kind === 'directory') return
    const child = children[level.next]
    if (child === undefined) return
    level.next += 1
    ahead.push(look(level, child, rules))
  }
}

/** Reads the directory that follows at once, if one does, while the one before it is walked. */
function readDirectoryAhead(level: Level, rules: ReadRules): void {
  const child = level.children[level.next]
  if (child?.kind !== 'directory') return
  level.next += 1
  level.ahead.push(look(level, child, rules))
}

/** Never rejects, so that what was read ahead can be left alone. */
async function look(
  level: Level,
  child: Child,
  rules: ReadRules,
): Promise<Level | FileEntry | SkippedEntry> {
  const name = `${level.prefix}${child.name}`
  if (child.kind === 'skipped') return skipped(name, child.reason, child.detail)
  const path = childPath(level.path, child.file)
  if (child.kind === 'directory') {
    return openLevel(path, `${name}/`, rules).catch((error: unknown) => notRead(`${name}/`, error))
  }
  const looked = child.kind === 'link' ? stat(path) : lstat(path)
  return looked.then(
    (stats) => fileOf(name, path, stats),
    (error: unknown) => notRead(name, error),
  )
}

function fileOf(name: string, path: string, stats: Stats): FileEntry | SkippedEntry {
  if (stats.isFile()) {
    return { name, size: stats.size, mtimeMs: stats.mtimeMs, path, mode: stats.mode & 0o7777 }
  }
  // Something else took its place since its directory was read.
  if (stats.isSymbolicLink()) return skipped(name, 'symbolic-link')
  if (stats.isDirectory()) return skipped(name, 'vanished', 'It is a directory now.')
  return skipped(name, 'special-file', specialKind(stats))
}

function notRead(name: string, error: unknown): SkippedEntry {
  const errno = errnoOf(error)
  const isGone = errno === 'ENOENT' || errno === 'ENOTDIR'
  return isGone ? skipped(name, 'vanished') : skipped(name, 'unreadable', errno ?? String(error))
}

function skipped(name: string, reason: SkipReason, detail?: string): SkippedEntry {
  return detail === undefined ? { name, reason } : { name, reason, detail }
}
