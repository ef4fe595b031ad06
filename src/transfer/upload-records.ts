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

/** How often the holder of an upload gives a sign of life. Milliseconds. */
export const SIGN_OF_LIFE_MS = 60_000

/**
 * Silence after which the holder is taken for dead. Milliseconds. Source: hosts may share a home
 * directory; S3 refuses clocks that are further apart than this.
 */
const DEAD_AFTER_MS = 15 * 60_000

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

/** All records; what is none, or being written, is left out. No directory means no records. */
export async function readRecords(stateDirectory: string): Promise<readonly FoundRecord[]> {
  const names = await readdir(recordsDirectory(stateDirectory)).catch(noNames)
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
    const fields = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    const { bucket, key, uploadId, origin, startedAt } = fields
    const isWhole = [bucket, key, uploadId].every((field) => typeof field === 'string')
    if (!isWhole || typeof startedAt !== 'number') return undefined
    const isHeld = Date.now() - (await stat(path)).mtimeMs < DEAD_AFTER_MS
    const names = { bucket, key, uploadId, origin } as Omit<UploadRecord, 'token' | 'startedAt'>
    return { ...names, token, startedAt, isHeld }
  } catch {
    return undefined
  }
}

function noNames(): string[] {
  return []
}
