/**
 * The multipart uploads this engine holds open, written down while they are (`upload-records.ts`).
 *
 * No transfer waits for the disk or fails because of it: writing happens beside the transfer, and a
 * failure is told once, as a process warning. Where the directory cannot be written at all, nothing
 * is recorded from then on. What is held is known in memory all the same, so that an engine never
 * sweeps an upload of its own. Nothing is synced: a record survives the process, not always a loss
 * of power.
 */

import { mkdir, unlink, utimes, writeFile } from 'node:fs/promises'
import { defaultStateDirectory } from '../journal/state-directory.ts'
import { errnoOf } from '../local-errors.ts'
import type { ConnectionTarget } from '../options.ts'
import {
  recordPath,
  recordsDirectory,
  SIGN_OF_LIFE_MS,
  type UploadRecord,
} from './upload-records.ts'

/** Failures that will be the same for the next upload; others, such as a full disk, may pass. */
const UNWRITABLE: readonly string[] = ['EROFS', 'EACCES', 'ENOTDIR']

/** Names an upload. */
type UploadId = Pick<UploadRecord, 'bucket' | 'key' | 'uploadId'>

/** One upload: what is known of it at once, and where its bucket is reached. */
export interface OpenedUpload extends Omit<UploadRecord, 'origin' | 'startedAt'> {
  /** May fail; then the record does without. */
  readonly origin: () => Promise<string>
}

export class OpenUploads {
  readonly stateDirectory: string
  /** By token, the last thing that is done about its file. */
  readonly #writing = new Map<string, Promise<void>>()
  /** All that are open, by token. */
  readonly #open = new Map<string, UploadId>()
  /** Tokens of those that have a file. */
  readonly #noted = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #enabled: boolean
  #hasWarned = false

  /** Touches nothing. */
  constructor(options: Pick<ConnectionTarget, 'stateDir' | 'recordUploads'>) {
    const { stateDir, recordUploads = true } = options
    this.stateDirectory = stateDir ?? defaultStateDirectory()
    this.#enabled = recordUploads
  }

  /**
   * Notes an upload, and gives signs of life for it until it ends or is given up. One that an earlier
   * process noted keeps its note.
   */
  opened(upload: OpenedUpload): void {
    const { stateDirectory } = this
    this.#open.set(upload.token, upload)
    if (!this.#enabled) return
    this.#noted.add(upload.token)
    this.#timer ??= setInterval(() => this.#giveSignOfLife(), SIGN_OF_LIFE_MS).unref()
    this.#then(upload.token, async () => writeRecord(stateDirectory, upload))
  }

  /** The upload stays as it is, for a resume; after a while whoever looks for leftovers may take it. */
  released(token: string): void {
    this.#letGo(token, async () => {})
  }

  /** Whether a transfer of this engine works on it, noted or not. */
  holds({ bucket, key, uploadId }: UploadId): boolean {
    for (const open of this.#open.values()) {
      if (open.uploadId === uploadId && open.key === key && open.bucket === bucket) return true
    }
    return false
  }

  /** The upload is gone from the store: completed, or aborted with nothing left. */
  ended(token: string): void {
    this.#letGo(token, unlink)
  }

  /** The upload could not be removed: whoever looks for leftovers may take it at once. */
  givenUp(token: string): void {
    this.#letGo(token, async (path) => utimes(path, 0, 0))
  }

  /** Ends when everything is written. */
  async settled(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#writing.values())
  }

  #letGo(token: string, change: (path: string) => Promise<void>): void {
    const { stateDirectory } = this
    this.#open.delete(token)
    if (!this.#noted.delete(token)) return
    if (this.#noted.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    this.#then(token, async () => change(recordPath(stateDirectory, token)))
  }

  /** What happens to one file happens in order. */
  #then(token: string, work: () => Promise<void>): void {
    const before = this.#writing.get(token) ?? Promise.resolve()
    const done = before
      .then(work)
      .catch((error: unknown) => this.#warn(error))
      .finally(() => {
        if (this.#writing.get(token) === done) this.#writing.delete(token)
      })
    this.#writing.set(token, done)
  }

  #giveSignOfLife(): void {
    for (const token of this.#noted) {
      // One that was swept by hand has no file any more, which harms nobody.
      giveSignOfLife(recordPath(this.stateDirectory, token)).catch(() => undefined)
    }
  }

  #warn(error: unknown): void {
    const errno = errnoOf(error) ?? ''
    // The file was removed by somebody else; it is not there, as it should be.
    if (errno === 'ENOENT') return
    if (UNWRITABLE.includes(errno)) this.#enabled = false
    if (this.#hasWarned) return
    this.#hasWarned = true
    const reason = error instanceof Error ? error.message : String(error)
    const message =
      `Open uploads cannot be noted (${reason}): should this process die, ` +
      '`cleanup` will not know them. Set `stateDir`, or `recordUploads: false`.'
    process.emitWarning(message, { type: 'TransferEngineWarning', code: 'STATE_UNWRITABLE' })
  }
}

async function writeRecord(stateDirectory: string, upload: OpenedUpload): Promise<void> {
  const { token, bucket, key, uploadId } = upload
  const startedAt = Date.now()
  const origin = await upload.origin().catch(() => undefined)
  const text = `${JSON.stringify({ version: 1, bucket, key, uploadId, origin, startedAt })}\n`
  const write = async (): Promise<void> =>
    writeFile(recordPath(stateDirectory, token), text, { mode: 0o600, flag: 'wx' })
  try {
    await write()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return giveSignOfLife(recordPath(stateDirectory, token))
    if (code !== 'ENOENT') throw error
    await mkdir(recordsDirectory(stateDirectory), { recursive: true, mode: 0o700 })
    await write()
  }
}

async function giveSignOfLife(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now)
}
