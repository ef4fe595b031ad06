/**
 * One process per transfer.
 *
 *   <job>.<host>.<boot>.<namespace>.<pid>.<start>.lock      empty, mode 0600
 *
 * The name says whose lock it is, so it is whole the moment it exists. Taking it is: make one's own
 * file, then look for others of the same job. Of two that do this at once at least one sees the
 * other; whoever sees one that lives withdraws its own. A dead one's file is removed by its name,
 * which no living process can ever have, so nobody removes a lock that is held. The modification
 * time is a sign of life for machines that share the directory.
 */

import { readdir, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TransferError } from '../errors.ts'
import { errnoOf, journalError } from '../local-errors.ts'
import { livenessOf, ownIdentity, type ProcessIdentity } from './process-identity.ts'

/** How often the holder of a lock gives a sign of life. Milliseconds. */
const SIGN_OF_LIFE_MS = 60_000

/**
 * Silence after which a holder that cannot be seen is taken for dead. Milliseconds. Source: hosts may
 * share a home directory; S3 refuses clocks that are further apart than this.
 */
const DEAD_AFTER_MS = 15 * 60_000

/** Tries, so that two that withdraw for each other do not both give up; and the longest pause. */
const ATTEMPTS = 4
const PAUSE_MS = 40

const LOCK_NAME = /^([0-9a-f]+)\.([0-9a-f]+)\.([0-9a-f]+)\.(\d+)\.(\d+)\.(\d+)\.lock$/

/** Paths of the locks this process has, or is trying to get. */
const held = new Set<string>()

/** Who holds a lock. */
export interface LockHolder extends ProcessIdentity {
  /** Path of the file. */
  readonly path: string
}

export class JobLock {
  readonly #path: string
  readonly #timer: NodeJS.Timeout

  private constructor(path: string) {
    this.#path = path
    this.#timer = setInterval(() => {
      const now = new Date()
      utimes(path, now, now).catch(() => undefined)
    }, SIGN_OF_LIFE_MS).unref()
  }

  /**
   * Takes the lock of a job.
   * @param directory of the journals
   * @throws ERR_JOURNAL_LOCKED while another process has it, or another transfer of this one
   * @throws ERR_JOURNAL_UNWRITABLE, ERR_DISK_FULL, ERR_DISK_IO, ERR_TOO_MANY_FILES
   */
  static async take(directory: string, job: string): Promise<JobLock> {
    const path = join(directory, lockName(job, ownIdentity()))
    try {
      for (let attempt = 1; ; attempt += 1) {
        await create(path)
        const other = await holderOf(directory, job, basename(path))
        if (other === undefined) return new JobLock(path)
        await remove(path)
        if (attempt === ATTEMPTS) throw locked(other)
        await delay(Math.random() * PAUSE_MS)
      }
    } catch (error) {
      throw journalError(error, directory)
    }
  }

  /** Gives it back. Never throws: a lock that stays is one of a dead process soon. */
  async release(): Promise<void> {
    clearInterval(this.#timer)
    await remove(this.#path)
  }
}

/**
 * Whoever holds the lock of a job; `undefined` when nobody does. Removes locks of the dead.
 * @param except name of a lock that does not count
 */
export async function holderOf(
  directory: string,
  job: string,
  except?: string,
): Promise<LockHolder | undefined> {
  let living: LockHolder | undefined
  for (const name of await readdir(directory)) {
    const holder = name === except ? undefined : parseLock(directory, name, job)
    if (holder === undefined) continue
    if (await isAlive(holder)) living = holder
    else await unlink(holder.path).catch(() => undefined)
  }
  return living
}

/** Whether a lock, by its path, is one of this process. */
export function isOwnLock(path: string): boolean {
  const [job = ''] = basename(path).split('.')
  return basename(path) === lockName(job, ownIdentity())
}

async function create(path: string): Promise<void> {
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    // Where starts are not known, one that died may have had our id; its lock is ours then.
    const self = ownIdentity()
    if (self.startedAt !== '0' || held.has(path)) throw locked({ ...self, path })
  }
  held.add(path)
}

async function remove(path: string): Promise<void> {
  held.delete(path)
  await unlink(path).catch(() => undefined)
}

async function isAlive(holder: LockHolder): Promise<boolean> {
  const liveness = livenessOf(holder)
  if (liveness !== 'unknown') return liveness === 'alive'
  try {
    return Date.now() - (await stat(holder.path)).mtimeMs < DEAD_AFTER_MS
  } catch (error) {
    // It was given back meanwhile.
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

function lockName(job: string, self: ProcessIdentity): string {
  const { host, boot, namespace, pid, startedAt } = self
  return `${[job, host, boot, namespace, pid, startedAt].join('.')}.lock`
}

function parseLock(directory: string, name: string, job: string): LockHolder | undefined {
  const [, itsJob, host = '', boot = '', namespace = '', pid, startedAt = ''] =
    LOCK_NAME.exec(name) ?? []
  if (itsJob !== job) return undefined
  return { host, boot, namespace, pid: Number(pid), startedAt, path: join(directory, name) }
}

function locked({ pid, host, path }: LockHolder): TransferError {
  const self = ownIdentity()
  const who =
    host !== self.host
      ? `process ${pid} of another machine`
      : pid === self.pid
        ? 'this process'
        : `process ${pid}`
  const message = `The same transfer is at work in ${who} (${path})`
  return new TransferError('ERR_JOURNAL_LOCKED', message, { path })
}
