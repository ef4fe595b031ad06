/**
 * Makes bytes and names durable.
 *
 * Files: a call that blocks costs 3 µs where the disk is fast or there is none, one that does not
 * 15 to 60; so it blocks until a call was slow, and then does not for a while.
 * Directories: one call covers every name the directory had got by its start, so those who ask
 * while one runs share the next, and many small files cost few calls.
 */

import { close, fsync, fsyncSync, open } from 'node:fs'
import { promisify } from 'node:util'
import { errnoOf, targetError } from '../src/local-errors.ts'

const openFile = promisify(open)
const syncFile = promisify(fsync)
const closeFile = promisify(close)

/** A call longer than this must not block the thread's connections again. Milliseconds. */
const SLOW_MS = 2

/** Calls that do not block after a slow one, before the next try. */
const PAUSE = 64

interface Syncing {
  readonly done: Promise<void>
  next: Promise<void> | undefined
}

export class DiskSync {
  readonly #running = new Map<string, Syncing>()
  readonly #now: () => number
  /** Calls that are not to block yet. */
  #paused = 0

  /** @param now milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Makes the bytes of a file durable. */
  async file(fd: number): Promise<void> {
    if (this.#paused > 0) {
      this.#paused -= 1
      return syncFile(fd)
    }
    const startedAt = this.#now()
    fsyncSync(fd)
    if (this.#now() - startedAt > SLOW_MS) this.#paused = PAUSE
  }

  /** Makes the names a directory has got until now durable. */
  directory(path: string): Promise<void> {
    const running = this.#running.get(path)
    if (running === undefined) return this.#start(path)
    const again = (): Promise<void> => this.#start(path)
    running.next ??= running.done.then(again, again)
    return running.next
  }

  #start(path: string): Promise<void> {
    const done = syncDirectory(path)
    const syncing: Syncing = { done, next: undefined }
    this.#running.set(path, syncing)
    const end = (): void => {
      if (syncing.next === undefined) this.#running.delete(path)
    }
    done.then(end, end)
    return done
  }
}

/**
 * The file is verified and in place, so a directory that cannot be synced (not every file system
 * can) is no failure of the download.
 */
async function syncDirectory(path: string): Promise<void> {
  try {
    const fd = await openFile(path, 'r')
    try {
      await syncFile(fd)
    } finally {
      await closeFile(fd)
    }
  } catch (error) {
    if (errnoOf(error) === 'EIO') throw targetError(error, path)
  }
}
