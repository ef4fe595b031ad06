/**
 * One look at a child of a directory: what it is now, or why it is left out. Waiting for a thread of libuv
 * to make one call costs some twenty times the call where the system has the answer at hand, and that
 * is the rule; so looks are made at once, until they turn out to be slow, as on a disk that is far
 * away. Then many are under way, and none is waited for in the calling thread.
 */

import { lstatSync, statSync, type Stats } from 'node:fs'
import { lstat, stat } from 'node:fs/promises'
import { errnoOf } from '../local-errors.ts'
import type { FileEntry, SkippedEntry, SkipReason } from './entries.ts'
import { specialKind, type Child } from './read-directory.ts'

/** A child that is no directory. */
export type Leaf = Exclude<Child, { readonly kind: 'directory' }>

/** Children looked at together: asked of a slow disk at once, or between two turns of the event loop. */
export const LOOKS_AT_ONCE = 32

/**
 * Milliseconds for a whole set of looks, above which the disk is slow. Source: measured; a look takes
 * 0.002 to 0.01, and a thread that has to let another go first waits about 4.
 */
const SLOW_MS = 16

/** Looks that wait for nobody before it is tried again whether the disk still is slow. */
const SLOW_LOOKS = 1024

/** Looks, and knows how quick the disk has been. Never rejects. */
export class Looker {
  readonly #now: () => number
  /** Time this set of looks has taken. */
  #setMs = 0
  #slowLooks = 0

  /** @param now milliseconds */
  constructor(now = () => performance.now()) {
    this.#now = now
  }

  /** Whether looks are made at once. */
  get isQuick(): boolean {
    return this.#slowLooks === 0
  }

  /** A set of looks begins. */
  begin(): void {
    this.#setMs = 0
  }

  look(path: string, name: string, child: Leaf): Looked | Promise<Looked> {
    if (child.kind === 'skipped') return skipped(name, child.reason, child.detail)
    const isLink = child.kind === 'link'
    if (this.isQuick) return this.#lookNow(path, name, isLink)
    this.#slowLooks -= 1
    return (isLink ? stat(path) : lstat(path)).then(
      (stats) => fileOf(name, path, stats),
      (error: unknown) => notRead(name, error),
    )
  }

  #lookNow(path: string, name: string, isLink: boolean): Looked {
    const startedAt = this.#now()
    try {
      return fileOf(name, path, isLink ? statSync(path) : lstatSync(path))
    } catch (error) {
      return notRead(name, error)
    } finally {
      this.#setMs += this.#now() - startedAt
      if (this.#setMs > SLOW_MS) this.#slowLooks = SLOW_LOOKS
    }
  }
}

export type Looked = FileEntry | SkippedEntry

function fileOf(name: string, path: string, stats: Stats): Looked {
  if (stats.isFile()) {
    return { name, size: stats.size, mtimeMs: stats.mtimeMs, path, mode: stats.mode & 0o7777 }
  }
  // Something else took its place since its directory was read.
  if (stats.isSymbolicLink()) return skipped(name, 'symbolic-link')
  if (stats.isDirectory()) return skipped(name, 'vanished', 'It is a directory now.')
  return skipped(name, 'special-file', specialKind(stats))
}

/** What cannot be looked at, or into. */
export function notRead(name: string, error: unknown): SkippedEntry {
  const errno = errnoOf(error)
  const isGone = errno === 'ENOENT' || errno === 'ENOTDIR'
  return isGone ? skipped(name, 'vanished') : skipped(name, 'unreadable', errno ?? String(error))
}

function skipped(name: string, reason: SkipReason, detail?: string): SkippedEntry {
  return detail === undefined ? { name, reason } : { name, reason, detail }
}
