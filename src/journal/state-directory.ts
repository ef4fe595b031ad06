/**
 * Where an engine keeps what outlives its process, and that nobody else may write there: what a
 * journal says is believed, so whoever can write it can have wrong bytes taken for good.
 */

import { lstat, mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Stats } from 'node:fs'
import { TransferError } from '../errors.ts'
import { journalError } from '../local-errors.ts'

/** Bits of a mode that let others write. */
const WRITABLE_BY_OTHERS = 0o022

/** `$XDG_STATE_HOME/transfer-engine`, or below `~/.local/state`. Source: XDG Base Directory 0.8. */
export function defaultStateDirectory(): string {
  const home = process.env['XDG_STATE_HOME'] ?? ''
  const state = isAbsolute(home) ? home : join(homeDirectory(), '.local', 'state')
  return join(state, 'transfer-engine')
}

/** A user without a home has the root, which is told as unwritable by whoever writes there. */
function homeDirectory(): string {
  try {
    return homedir()
  } catch {
    return '/'
  }
}

/** Where the journals are. */
export function journalsDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'journals')
}

/** Where it is noted which trees come down. */
export function treesDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'trees')
}

/**
 * Makes the directory of the journals if it is missing, for its owner alone. Returns its path.
 * @throws ERR_JOURNAL_UNSAFE, ERR_JOURNAL_UNWRITABLE, ERR_DISK_FULL, ERR_DISK_IO
 */
export function makeJournalsDirectory(stateDirectory: string): Promise<string> {
  return make(stateDirectory, journalsDirectory(stateDirectory))
}

/** The same of the notes of trees. @throws as `makeJournalsDirectory` does */
export function makeTreesDirectory(stateDirectory: string): Promise<string> {
  return make(stateDirectory, treesDirectory(stateDirectory))
}

/**
 * Whether there are journals to be read. False without the directory.
 * @throws ERR_JOURNAL_UNSAFE, ERR_JOURNAL_UNWRITABLE
 */
export function haveJournals(stateDirectory: string): Promise<boolean> {
  return have(stateDirectory, journalsDirectory(stateDirectory))
}

/** The same of notes of trees. @throws as `haveJournals` does */
export function haveTreeNotes(stateDirectory: string): Promise<boolean> {
  return have(stateDirectory, treesDirectory(stateDirectory))
}

async function make(stateDirectory: string, directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw journalError(error, directory)
  }
  await checkDirectories([stateDirectory, directory])
  return directory
}

async function have(stateDirectory: string, directory: string): Promise<boolean> {
  try {
    await checkDirectories([stateDirectory, directory])
    return true
  } catch (error) {
    const cause = error instanceof TransferError ? error.cause : undefined
    if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return false
    throw error
  }
}

/** @throws ERR_JOURNAL_UNSAFE if what is there may be written by others */
export function checkOwner(path: string, stats: Pick<Stats, 'uid' | 'mode'>): void {
  // Windows has neither; there the profile directory is the user's own.
  const user = process.geteuid?.()
  if (user === undefined) return
  if (stats.uid !== user && stats.uid !== 0) {
    throw unsafe(`${path} belongs to another user (${stats.uid})`, path)
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8)
    throw unsafe(`${path} may be written by others (mode ${mode})`, path)
  }
}

/** What is at the place of a journal and is none. */
export function unsafe(message: string, path: string): TransferError {
  return new TransferError('ERR_JOURNAL_UNSAFE', message, { path })
}

/** @param paths the state directory, and one in it */
async function checkDirectories(paths: readonly [string, string]): Promise<void> {
  for (const path of paths) {
    let stats: Stats
    try {
      stats = await lstat(path)
    } catch (error) {
      throw journalError(error, path)
    }
    // The state directory itself may be a link its user made; what is behind it is looked at next.
    if (path === paths[0] && stats.isSymbolicLink()) continue
    if (!stats.isDirectory()) throw unsafe(`${path} is no directory`, path)
    checkOwner(path, stats)
  }
}
