/**
 * Reading a journal that an earlier process left. Looks, and changes nothing.
 */

import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { TransferError } from '../errors.ts'
import { errnoOf, journalError } from '../local-errors.ts'
import { decodeRecord } from './codec.ts'
import { jobNameOf, jobOfFile } from './job.ts'
import { JOURNAL_BYTES_MAX, JOURNAL_VERSION, readLines } from './lines.ts'
import type { JournalRecord } from './records.ts'
import { replay, type JobState } from './replay.ts'
import { checkOwner, unsafe } from './state-directory.ts'

/** Never through a link, and never waiting for somebody to write into a pipe. */
export const READ_FLAGS =
  constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** A journal as it was found. */
export interface FoundJournal {
  /** `undefined` when nothing of it can be believed; it may be replaced then. */
  readonly state: JobState | undefined
  /** Whether something at its end was not believed. */
  readonly isTorn: boolean
  /** When it was last written. Epoch milliseconds. */
  readonly modifiedAt: number
}

/**
 * Reads a journal; `undefined` when there is none.
 * @throws ERR_JOURNAL_VERSION, ERR_JOURNAL_UNSAFE, ERR_JOURNAL_UNWRITABLE, ERR_DISK_IO,
 *   ERR_TOO_MANY_FILES
 */
export async function readJournal(path: string): Promise<FoundJournal | undefined> {
  let file: FileHandle
  try {
    file = await open(path, READ_FLAGS)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw journalError(error, path)
  }
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw unsafe(`${path} is no file`, path)
    checkOwner(path, stats)
    const { mtimeMs: modifiedAt, size } = stats
    if (size > JOURNAL_BYTES_MAX) return { state: undefined, isTorn: true, modifiedAt }
    return { ...interpret(await file.readFile(), path), modifiedAt }
  } catch (error) {
    throw journalError(error, path)
  } finally {
    await file.close()
  }
}

/** What of the bytes of a journal, or of its beginning, can be believed. @throws ERR_JOURNAL_VERSION */
export function interpret(bytes: Uint8Array, path: string): Omit<FoundJournal, 'modifiedAt'> {
  const lines = readLines(bytes)
  const { version } = lines
  if (version !== undefined && version !== JOURNAL_VERSION) {
    const message = `${path} has format ${version}, this engine knows ${JOURNAL_VERSION}`
    throw new TransferError('ERR_JOURNAL_VERSION', message, { path })
  }
  const { state, count } = replay(decodeAll(lines.payloads))
  const isTorn = lines.isTorn || count < lines.payloads.length
  // A copy under another name is the journal of no transfer.
  const isNamed = state !== undefined && jobNameOf(state.begin) === jobOfFile(basename(path))
  return { state: isNamed ? state : undefined, isTorn: isTorn || !isNamed }
}

/** Records up to the first that is none. */
function* decodeAll(payloads: readonly string[]): Generator<JournalRecord> {
  for (const payload of payloads) {
    const record = decodeRecord(payload)
    if (record === undefined) return
    yield record
  }
}
