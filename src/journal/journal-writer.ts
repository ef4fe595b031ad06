/**
 * Writes the journal of one transfer. One writer, one file, appended to only.
 *
 *   create (new file beside the old one: fsync, rename, fsync of the directory)
 *     → append … (soon)  → appendDurably … (written and synced when it resolves) → remove | close
 *
 * Records are written in groups: what is appended while the disk is busy, or within a quarter of a
 * second, goes with one call. After the first failure nothing is written any more: what a failed
 * sync leaves on the disk nobody knows, and asking again would be answered as if it had succeeded.
 */

import { constants } from 'node:fs'
import { open, rename, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { assert } from '../assert.ts'
import { errnoOf, journalError } from '../local-errors.ts'
import { encodeRecord } from './codec.ts'
import { Framer } from './lines.ts'
import type { DownloadBegin, JournalRecord, UploadBegin } from './records.ts'

/**
 * How long a record waits for company, and how many wait at most. A record lost in a crash costs a
 * part sent or hashed again. Milliseconds; records. Source: none, reasonable default: at 10 Gbit/s in
 * parts of 8 MiB it is five calls a second.
 */
const GROUP_MS = 250
const GROUP_RECORDS = 32

const CREATE_FLAGS =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)

/** What is needed of an open file. */
export type JournalFile = Pick<FileHandle, 'write' | 'datasync' | 'close'>

/** Hears of the first failure, once, whether somebody waits for a record or not. */
export type OnJournalFailure = (error: unknown) => void

export class JournalWriter {
  readonly path: string
  readonly #file: JournalFile
  readonly #framer: Framer
  readonly #onFailure: OnJournalFailure
  /** Lines to be written. */
  #waiting: string[] = []
  /** Whether one of them, or of those on their way, must be synced. */
  #wantsSync = false
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #isClosed = false

  /** Takes over an open file that ends with what `framer` made last. */
  constructor(path: string, file: JournalFile, framer: Framer, onFailure: OnJournalFailure) {
    this.path = path
    this.#file = file
    this.#framer = framer
    this.#onFailure = onFailure
  }

  /**
   * Starts a journal with what is known already, in place of one that may be there. The caller has
   * the lock of its transfer. It is whole
   * and durable under its name when this resolves; until then the old one is.
   *
   * @throws ERR_JOURNAL_UNWRITABLE, ERR_DISK_FULL, ERR_DISK_IO, ERR_TOO_MANY_FILES
   */
  static async create(
    path: string,
    records: readonly [UploadBegin | DownloadBegin, ...JournalRecord[]],
    onFailure: OnJournalFailure,
  ): Promise<JournalWriter> {
    const framer = new Framer()
    const lines = records.map((record) => framer.line(encodeRecord(record)))
    const text = framer.header() + lines.join('')
    const temporary = unfinishedPath(path)
    let file: FileHandle | undefined
    try {
      file = await open(temporary, CREATE_FLAGS, 0o600)
      await writeFully(file, text)
      await file.datasync()
      await rename(temporary, path)
      await syncDirectory(dirname(path))
      return new JournalWriter(path, file, framer, onFailure)
    } catch (error) {
      await file?.close()
      if (file !== undefined) await unlink(temporary).catch(() => undefined)
      throw journalError(error, path)
    }
  }

  /** Writes a record soon. Ignored after a failure, which `onFailure` was told. */
  append(record: JournalRecord): void {
    this.#add(record)
    if (this.#waiting.length >= GROUP_RECORDS) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), GROUP_MS).unref()
  }

  /**
   * Writes a record, and all before it; they survive a loss of power when this resolves.
   * @throws ERR_DISK_FULL, ERR_DISK_IO, … the first failure, also of a record before
   */
  async appendDurably(record: JournalRecord): Promise<void> {
    this.#add(record)
    this.#wantsSync = true
    await this.#written()
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Writes what waits, and lets go of the file: the transfer may be resumed. Never throws. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#written()
    await this.#file.close().catch(() => undefined)
  }

  /**
   * The transfer has ended and left nothing: so does its journal. Returns what could not be
   * removed; that it had ended is in it then.
   */
  async remove(): Promise<string | undefined> {
    try {
      await unlink(this.path)
      this.#waiting = []
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') {
        if (!this.#isClosed) this.#add({ type: 'ended' })
        return this.path
      }
    } finally {
      await this.close()
    }
    return undefined
  }

  #add(record: JournalRecord): void {
    assert(!this.#isClosed, 'a journal is not written after its end')
    if (this.#failure !== undefined) return
    this.#waiting.push(this.#framer.line(encodeRecord(record)))
  }

  /** Ends when nothing waits any more. */
  async #written(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running !== undefined) {
      this.#start()
      await this.#running
    }
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running ??= this.#writeGroups().finally(() => (this.#running = undefined))
  }

  async #writeGroups(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const lines = this.#waiting
        const sync = this.#wantsSync
        this.#waiting = []
        this.#wantsSync = false
        await writeFully(this.#file, lines.join(''))
        if (sync) await this.#file.datasync()
      }
    } catch (error) {
      this.#waiting = []
      this.#failure = { error: journalError(error, this.path) }
      this.#onFailure(this.#failure.error)
    }
  }
}

/** Where a journal is until it is whole. A process that was killed just then leaves it there. */
export function unfinishedPath(path: string): string {
  return `${path}.new`
}

/** Short writes happen, on a nearly full disk for example. */
async function writeFully(file: JournalFile, text: string): Promise<void> {
  const bytes = Buffer.from(text, 'latin1')
  let done = 0
  while (done < bytes.length) {
    done += (await file.write(bytes, done, bytes.length - done)).bytesWritten
  }
}

/** Makes the name durable, on file systems that can. */
export async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle | undefined
  try {
    directory = await open(path, 'r')
    await directory.sync()
  } catch (error) {
    if (errnoOf(error) === 'EIO') throw error
  } finally {
    await directory?.close()
  }
}
