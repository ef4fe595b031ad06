/**
 * Where a tree comes down, noted while it does, so that whoever comes after a process that was killed can
 * tell its temporary files from files of the user: all of them bear the token in their names.
 *
 *   <state directory>/trees/<token>.json      the root of the tree; mode 0600
 *   <state directory>/trees/<token>.….lock    whose it is; see `job-lock.ts`
 *
 * The lock is made before the note and removed after it, so a note without is one of the dead.
 */

import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { open, readFile, unlink, type FileHandle } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { errnoOf, journalError } from '../local-errors.ts'
import { holderOf, JobLock } from './job-lock.ts'
import { syncDirectory } from './journal-writer.ts'
import { haveTreeNotes, makeTreesDirectory, treesDirectory } from './state-directory.ts'

/** Bytes of a token: enough that no file of a user bears one. Source: none. */
const TOKEN_BYTES = 8

/** What stands in the directory: notes and locks, by their token. */
const NAME = /^([0-9a-f]{16})\.(?:json|[0-9a-f.]+\.lock)$/

/** A tree that came down in a process that has died. */
export interface TreeNote {
  /** Hexadecimal. */
  readonly token: string
  /** Absolute path. */
  readonly root: string
}

/** A token for the temporary files of one tree. Hexadecimal. */
export function treeToken(): string {
  return randomBytes(TOKEN_BYTES).toString('hex')
}

/** A note of this process. */
export class HeldTreeNote {
  readonly #path: string
  readonly #lock: JobLock

  private constructor(path: string, lock: JobLock) {
    this.#path = path
    this.#lock = lock
  }

  /**
   * Writes a note; it survives a loss of power when this resolves.
   * @throws ERR_JOURNAL_UNSAFE, ERR_JOURNAL_UNWRITABLE, ERR_DISK_FULL, ERR_DISK_IO, ERR_TOO_MANY_FILES
   */
  static async write(stateDirectory: string, { token, root }: TreeNote): Promise<HeldTreeNote> {
    const directory = await makeTreesDirectory(stateDirectory)
    const lock = await JobLock.take(directory, token)
    const path = notePath(directory, token)
    let file: FileHandle | undefined
    try {
      file = await open(path, 'wx', 0o600)
      await file.writeFile(`${JSON.stringify({ version: 1, root })}\n`)
      await file.datasync()
      await syncDirectory(directory)
      return new HeldTreeNote(path, lock)
    } catch (error) {
      if (file !== undefined) await unlink(path).catch(() => undefined)
      await lock.release()
      throw journalError(error, path)
    } finally {
      await file?.close()
    }
  }

  /**
   * The tree has ended. Never throws: a note that stays leads to no file any more.
   * @param isClean whether it left nothing; else the note stays for whoever comes next
   */
  async end(isClean: boolean): Promise<void> {
    if (isClean) await unlink(this.#path).catch(() => undefined)
    await this.#lock.release()
  }
}

/**
 * The notes of processes that have died. Costs a look at a directory where there are none.
 * @throws ERR_JOURNAL_UNSAFE, ERR_JOURNAL_UNWRITABLE
 */
export async function deadTreeNotes(stateDirectory: string): Promise<readonly TreeNote[]> {
  const directory = treesDirectory(stateDirectory)
  const tokens = tokensIn(directory)
  if (tokens.size === 0 || !(await haveTreeNotes(stateDirectory))) return []
  const notes: TreeNote[] = []
  for (const token of tokens) {
    if ((await holderOf(directory, token)) !== undefined) continue
    const root = await rootIn(notePath(directory, token))
    if (root !== undefined) notes.push({ token, root })
  }
  return notes
}

/** Forgets one. Never throws: it leads to no file any more. */
export async function forgetTreeNote(stateDirectory: string, { token }: TreeNote): Promise<void> {
  await unlink(notePath(treesDirectory(stateDirectory), token)).catch(() => undefined)
}

function notePath(directory: string, token: string): string {
  return join(directory, `${token}.json`)
}

function tokensIn(directory: string): ReadonlySet<string> {
  try {
    const tokens = readdirSync(directory).map((name) => NAME.exec(name)?.[1])
    return new Set(tokens.filter((token) => token !== undefined))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Set()
    throw journalError(error, directory)
  }
}

/** `undefined` where there is no note, or one that leads nowhere. */
async function rootIn(path: string): Promise<string | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw journalError(error, path)
  }
  const note = parsed(text)
  if (note === undefined) {
    // Its process was killed while it wrote it, and had made no other file.
    await unlink(path).catch(() => undefined)
    return undefined
  }
  const { version, root } = note
  return version === 1 && typeof root === 'string' && isAbsolute(root) ? root : undefined
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}
