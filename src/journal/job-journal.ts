/**
 * The journal of one transfer, from the driver's side: locked while it is open, with what an earlier
 * process left of it, and one of two ends: kept for a resume, or gone with its transfer.
 *
 *   open (lock, read) → start → append | appendDurably … → end   nothing is left
 *                                                        ↘ close what is written stays
 */

import { unlink } from 'node:fs/promises'
import { assert } from '../assert.ts'
import { errnoOf } from '../local-errors.ts'
import { jobName, journalPath, type JobKey } from './job.ts'
import { JobLock } from './job-lock.ts'
import { JournalWriter, unfinishedPath, type OnJournalFailure } from './journal-writer.ts'
import { readJournal } from './read-journal.ts'
import type { DownloadBegin, JournalRecord, UploadBegin } from './records.ts'
import type { JobState } from './replay.ts'
import { makeJournalsDirectory } from './state-directory.ts'

export class JobJournal {
  /** Names the transfer. */
  readonly id: string
  /** What an earlier process left; `undefined` when there is nothing to go on with. */
  readonly found: JobState | undefined
  readonly #path: string
  readonly #lock: JobLock
  readonly #onFailure: OnJournalFailure
  #writer: JournalWriter | undefined

  private constructor(
    id: string,
    path: string,
    lock: JobLock,
    found: JobState | undefined,
    onFailure: OnJournalFailure,
  ) {
    this.id = id
    this.#path = path
    this.#lock = lock
    this.found = found
    this.#onFailure = onFailure
  }

  /**
   * Locks the transfer and reads what there is of it. Writes nothing yet.
   *
   * @param onFailure hears, once, that the journal cannot be written any more
   * @throws ERR_JOURNAL_LOCKED, ERR_JOURNAL_VERSION, ERR_JOURNAL_UNSAFE, ERR_JOURNAL_UNWRITABLE,
   *   ERR_DISK_FULL, ERR_DISK_IO, ERR_TOO_MANY_FILES
   */
  static async open(
    stateDirectory: string,
    key: JobKey,
    onFailure: OnJournalFailure,
  ): Promise<JobJournal> {
    const directory = await makeJournalsDirectory(stateDirectory)
    const id = jobName(key)
    const path = journalPath(stateDirectory, id)
    const lock = await JobLock.take(directory, id)
    try {
      await remove(unfinishedPath(path))
      const found = await readJournal(path)
      const state = found?.state?.ended === true ? undefined : found?.state
      return new JobJournal(id, path, lock, state, onFailure)
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /**
   * Begins the journal with what is known: a beginning, and what of the one before is kept. It takes
   * the place of that in one step, durably.
   */
  async start(records: readonly [UploadBegin | DownloadBegin, ...JournalRecord[]]): Promise<void> {
    await this.#writer?.close()
    this.#writer = await JournalWriter.create(this.#path, records, this.#onFailure)
  }

  /** Writes a record soon; see `JournalWriter`. */
  append(record: JournalRecord): void {
    this.#started().append(record)
  }

  /** Writes a record, and all before it, to the disk. @throws the first failure of the journal */
  async appendDurably(record: JournalRecord): Promise<void> {
    await this.#started().appendDurably(record)
  }

  /** Nothing is left to resume. Returns what could not be removed. Never throws. */
  async end(): Promise<string | undefined> {
    const left = this.#writer === undefined ? await remove(this.#path) : await this.#writer.remove()
    await this.#lock.release()
    return left
  }

  /** Leaves what is written, for a resume. Never throws. */
  async close(): Promise<void> {
    await this.#writer?.close()
    await this.#lock.release()
  }

  #started(): JournalWriter {
    assert(this.#writer !== undefined, 'a journal is started before it is written')
    return this.#writer
  }
}

async function remove(path: string): Promise<string | undefined> {
  try {
    await unlink(path)
    return undefined
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? undefined : path
  }
}
