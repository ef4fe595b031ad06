/**
 * The journal of a transfer as drivers use it.
 *
 * No transfer fails because its journal cannot be made or written: that is told once, and the
 * transfer goes on without. A process that dies then has less to go on with, and never wrong bytes:
 * each prefix of a journal is true.
 */

import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { isTransferError, type ErrorCode } from '../errors.ts'
import { connectionOf, openAttributes, placeOf, urlOfPlace } from '../journal/identities.ts'
import { jobName, type JobKey } from '../journal/job.ts'
import { JobJournal } from '../journal/job-journal.ts'
import { isOwnLock } from '../journal/job-lock.ts'
import type { DownloadBegin, JournalRecord, Place, UploadBegin } from '../journal/records.ts'
import type { JobState } from '../journal/replay.ts'
import { packageVersion } from '../package-version.ts'
import type { ObjectAttributes } from '../store/attributes.ts'
import type { TransferRun } from './transfer-run.ts'

/** Reasons to do without a journal. The others are for people to look at. */
const DONE_WITHOUT: readonly ErrorCode[] = [
  'ERR_JOURNAL_UNWRITABLE',
  'ERR_JOURNAL_UNSAFE',
  'ERR_DISK_FULL',
  'ERR_DISK_IO',
  'ERR_TOO_MANY_FILES',
]

/** What every journal begins with. */
export type Beginning = Pick<
  UploadBegin,
  | 'jobId'
  | 'engine'
  | 'startedAt'
  | 'connection'
  | 'place'
  | 'path'
  | 'attributes'
  | 'hasCustomerKey'
>

/** What is moved, from or to where. */
export interface JournalledFile {
  readonly size: number
  readonly path: string
  readonly versionId?: string | undefined
  /** What is asked for about the object. */
  readonly attributes: ObjectAttributes
}

/** Looks whether an earlier process left a journal of this transfer. Costs nothing where none is left. */
export async function lookForJournal(
  run: TransferRun,
  direction: 'upload' | 'download',
  path: string,
  versionId?: string,
): Promise<void> {
  const { earlier } = run.env.resume
  if (run.hasJournal || earlier.isEmpty) return
  run.hasJournal = earlier.has(jobName(await jobOf(run, direction, path, versionId)))
}

async function jobOf(
  run: TransferRun,
  direction: 'upload' | 'download',
  path: string,
  versionId: string | undefined,
): Promise<JobKey & { readonly place: Place }> {
  const { bucket, key } = run.info
  const route = await run.env.store.route(bucket, { signal: run.stopping })
  const place = placeOf(route, { bucket, key, versionId })
  return { direction, place, path: run.sourcePlace === undefined ? resolve(path) : path }
}

/** What is uploaded, by a name that is the same the next time; `undefined` for what cannot be read again. */
export function sourceNameOf({ info, sourcePlace }: TransferRun): string | undefined {
  return sourcePlace === undefined ? info.path : urlOfPlace(sourcePlace)
}

export class TransferJournal {
  readonly beginning: Beginning
  readonly #run: TransferRun
  readonly #journal: JobJournal
  #isStarted = false
  #isOver = false

  private constructor(run: TransferRun, journal: JobJournal, beginning: Beginning) {
    this.#run = run
    this.#journal = journal
    this.beginning = beginning
  }

  /**
   * Opens the journal of a transfer between an object and a file; `undefined` where there is none:
   * it is not wanted, cannot be made, or another transfer of this process has it.
   *
   * @throws ERR_JOURNAL_LOCKED while another process is at work, ERR_JOURNAL_VERSION
   */
  static async open(
    run: TransferRun,
    direction: 'upload' | 'download',
    { size, path: localPath, versionId, attributes }: JournalledFile,
  ): Promise<TransferJournal | undefined> {
    const { resume, openUploads } = run.env
    if (!run.hasJournal && !resume.covers(size)) return undefined
    const job = await jobOf(run, direction, localPath, versionId)
    const { place, path } = job
    const warn = (error: unknown): void => resume.warn(error)
    try {
      const journal = await JobJournal.open(openUploads.stateDirectory, job, warn)
      return new TransferJournal(run, journal, {
        jobId: randomUUID(),
        engine: packageVersion(),
        startedAt: Date.now(),
        connection: connectionOf(resume.connection),
        place,
        path,
        attributes: openAttributes(attributes),
        hasCustomerKey: attributes.sseCustomerKey !== undefined,
      })
    } catch (error) {
      if (!isTransferError(error)) throw error
      const { path: lock } = error.context
      if (error.code === 'ERR_JOURNAL_LOCKED' && lock !== undefined && isOwnLock(lock)) {
        return undefined
      }
      if (!DONE_WITHOUT.includes(error.code)) throw error
      warn(error)
      return undefined
    }
  }

  /** What an earlier process left. */
  get found(): JobState | undefined {
    return this.#journal.found
  }

  /** Begins anew, or with what is kept. Durable, if it can be. */
  async start(records: readonly [UploadBegin | DownloadBegin, ...JournalRecord[]]): Promise<void> {
    try {
      await this.#journal.start(records)
      this.#isStarted = true
    } catch (error) {
      this.#isStarted = false
      this.#run.env.resume.warn(error)
    }
  }

  /** Written soon. */
  append(record: JournalRecord): void {
    if (this.#isStarted) this.#journal.append(record)
  }

  /** Durable when it resolves, if it can be; the failure was told otherwise. */
  async appendDurably(record: JournalRecord): Promise<void> {
    if (this.#isStarted) await this.#journal.appendDurably(record).catch(() => undefined)
  }

  /** Nothing is left to go on with. */
  async end(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#run.env.resume.earlier.delete(this.#journal.id)
    await this.#journal.end()
  }

  /** The transfer was paused: the same call goes on. */
  async keep(): Promise<void> {
    const isThere = this.#isStarted || this.found !== undefined
    if (isThere) {
      this.#run.token = this.#journal.id
      this.#run.env.resume.earlier.add(this.#journal.id)
    }
    await this.close()
  }

  /** Leaves what is written. Without effect after an end. */
  async close(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    await this.#journal.close()
  }
}

/** What journals of uploads and of downloads have in common: how they end. */
export abstract class EndingJournal {
  protected readonly journal: TransferJournal

  protected constructor(journal: TransferJournal) {
    this.journal = journal
  }

  /** Nothing is left, or all is done. */
  async end(): Promise<void> {
    await this.journal.end()
  }

  /** Keeps what is written for the same call to go on with. */
  async keep(): Promise<void> {
    await this.journal.keep()
  }

  /** Leaves what is written. Without effect after an end. */
  async close(): Promise<void> {
    await this.journal.close()
  }
}
