/**
 * What could be resumed: one line per journal, for people to choose from.
 */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isTransferError, type TransferError } from '../errors.ts'
import { journalError } from '../local-errors.ts'
import { jobOfFile } from './job.ts'
import { holderOf } from './job-lock.ts'
import { readJournal } from './read-journal.ts'
import type { Connection, Place } from './records.ts'
import { bytesDone, sizeOf } from './replay.ts'
import { haveJournals, journalsDirectory } from './state-directory.ts'

/** A transfer that was begun and has not ended. */
export interface ResumableJob {
  /** Names it. */
  readonly id: string
  readonly direction: 'upload' | 'download' | 'copy'
  readonly place: Place
  /** Options of the engine that began it, as far as they say where: give them to another one. */
  readonly connection: Connection
  /** Whether it needs the customer key it was begun with. */
  readonly needsCustomerKey: boolean
  /** The source of an upload, the target of a download; of a copy the URL of its source. */
  readonly path: string
  /** Epoch milliseconds, by this machine's clock. */
  readonly startedAt: number
  /** When something was last noted. Epoch milliseconds. */
  readonly modifiedAt: number
  readonly bytesDone: number
  readonly bytesTotal: number
  /** Whether a process works on it now. */
  readonly isRunning: boolean
}

/** What is left of transfers: those that can be resumed, the oldest first, and those that cannot be read. */
export interface JobList {
  readonly jobs: readonly ResumableJob[]
  readonly failures: readonly { readonly id: string; readonly error: TransferError }[]
}

/**
 * Reads every journal of a state directory.
 * @throws ERR_JOURNAL_UNSAFE, ERR_JOURNAL_UNWRITABLE for the directory; of a journal in the result
 */
export async function listJobs(stateDirectory: string): Promise<JobList> {
  const jobs: ResumableJob[] = []
  const failures: { id: string; error: TransferError }[] = []
  for (const id of await jobNames(stateDirectory)) {
    try {
      const job = await describeJob(stateDirectory, id)
      if (job !== undefined) jobs.push(job)
    } catch (error) {
      if (!isTransferError(error)) throw error
      failures.push({ id, error })
    }
  }
  return { jobs: jobs.sort((a, b) => a.startedAt - b.startedAt), failures }
}

async function jobNames(stateDirectory: string): Promise<string[]> {
  if (!(await haveJournals(stateDirectory))) return []
  const directory = journalsDirectory(stateDirectory)
  try {
    const names = (await readdir(directory)).map(jobOfFile)
    return names.filter((name) => name !== undefined).sort()
  } catch (error) {
    throw journalError(error, directory)
  }
}

async function describeJob(stateDirectory: string, id: string): Promise<ResumableJob | undefined> {
  const directory = journalsDirectory(stateDirectory)
  const found = await readJournal(join(directory, `${id}.journal`))
  const state = found?.state
  // Of one that ended only the file is left; one of nothing that can be believed is no memory.
  if (found === undefined || state === undefined || state.ended) return undefined
  const { begin } = state
  return {
    id,
    direction: begin.type === 'upload' && begin.from !== undefined ? 'copy' : begin.type,
    place: begin.place,
    connection: begin.connection,
    needsCustomerKey: begin.hasCustomerKey,
    path: begin.path,
    startedAt: begin.startedAt,
    modifiedAt: found.modifiedAt,
    bytesDone: bytesDone(state),
    bytesTotal: sizeOf(begin),
    isRunning: (await holderOf(directory, id)) !== undefined,
  }
}
