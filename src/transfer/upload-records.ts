/**
 * What this machine remembers of multipart uploads, so that one whose process died can be found
 * again: a small file for each upload that is open, made when it is opened, removed with it.
 *
 *   <state directory>/uploads/<token>.json    mode 0600, no secrets
 *
 * S3 lists open uploads without their metadata, so our token cannot be seen there before the
 * object exists; a file that names bucket, key and upload id can. Its modification time is the
 * last sign of life of the engine that holds the upload; the epoch means that it gave it up.
 */

import { readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { TransferError } from '../errors.ts'
import { errnoOf } from '../local-errors.ts'

/** How often the holder of an upload gives a sign of life. Milliseconds. */
export const SIGN_OF_LIFE_MS = 60_000

/**
 * Silence after which the holder is taken for dead. Milliseconds. Source: hosts may share a home
 * directory; S3 refuses clocks that are further apart than this.
 */
const DEAD_AFTER_MS = 15 * 60_000

/** Longest file that is read as a record. Bytes. Source: bucket, key and id fit in 8 KiB. */
const RECORD_MAX = 64 * 1024

/** Why a record that is there may not be read: the machine's trouble, not the file's. */
const MACHINE_ERRORS: readonly string[] = ['EMFILE', 'ENFILE', 'EIO', 'ENOMEM']

/** An open upload. */
export interface UploadRecord {
  /** Names the file; the same as in the metadata of the object to be. */
  readonly token: string
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  /** Where the bucket was reached; `undefined` if that was not known. */
  readonly origin: string | undefined
  /** Milliseconds since the epoch, by this machine's clock. */
  readonly startedAt: number
}

/** A record as it was found. */
export interface FoundRecord extends UploadRecord {
  /** Whether an engine, of this process or another, still works on it. */
  readonly isHeld: boolean
}

/** Where the records are. */
export function recordsDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'uploads')
}

/** The file of one record. */
export function recordPath(stateDirectory: string, token: string): string {
  return join(recordsDirectory(stateDirectory), `${token}.json`)
}

/**
 * All records; what is none, or being written, is left out. No directory means no records.
 * @throws ERR_SOURCE_UNREADABLE when it cannot be known which there are
 */
export async function readRecords(stateDirectory: string): Promise<readonly FoundRecord[]> {
  const directory = recordsDirectory(stateDirectory)
  const names = await readdir(directory).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    throw unreadable(directory, error)
  })
  const records: FoundRecord[] = []
  for (const name of names) {
    if (!name.endsWith('.json')) continue
    const record = await readRecord(stateDirectory, name.slice(0, -'.json'.length))
    if (record !== undefined) records.push(record)
  }
  return records
}

/** Forgets an upload that is gone. */
export async function forgetRecord(stateDirectory: string, token: string): Promise<void> {
  await unlink(recordPath(stateDirectory, token)).catch(() => undefined)
}

async function readRecord(stateDirectory: string, token: string): Promise<FoundRecord | undefined> {
  const path = recordPath(stateDirectory, token)
  try {
    const stats = await stat(path)
    // A named pipe would keep us for ever.
    if (!stats.isFile() || stats.size > RECORD_MAX) return undefined
    const fields = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    const { bucket, key, uploadId, origin, startedAt } = fields
    const isWhole = [bucket, key, uploadId].every((field) => typeof field === 'string')
    if (!isWhole || !isTime(startedAt)) return undefined
    const isHeld = Date.now() - stats.mtimeMs < DEAD_AFTER_MS
    const names = { bucket, key, uploadId, origin } as Omit<UploadRecord, 'token' | 'startedAt'>
    return { ...names, token, startedAt, isHeld }
  } catch (error) {
    // An upload of which we do not know that it is held would be taken for anybody's.
    if (MACHINE_ERRORS.includes(errnoOf(error) ?? '')) throw unreadable(path, error)
    return undefined
  }
}

/** Milliseconds that a date can have. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(new Date(value).valueOf())
}

function unreadable(path: string, error: unknown): TransferError {
  const reason = errnoOf(error) ?? String(error)
  const message = `Cannot read the notes of open uploads in ${path}: ${reason}`
  return new TransferError('ERR_SOURCE_UNREADABLE', message, { path }, { cause: error })
}
