/**
 * Time and mode of a file in the metadata of its object, and back, under the names other tools use:
 *
 * - `mtime`: seconds since the epoch with a fraction, as rclone and s3fs write it
 * - `mode`: kind and permissions in octal, `100644`, as rclone writes it; s3fs writes the same number in
 *   decimal, `33188`, which is told from it by the kind
 */

import { chmodSync, utimesSync } from 'node:fs'
import { errnoOf, targetError } from '../local-errors.ts'
import type { FileEntry } from './entries.ts'

type Metadata = Readonly<Record<string, string>>

/** Kind of a regular file, and the mask of the kind. Source: `st_mode` of POSIX systems. */
const REGULAR = 0o100000
const KIND = 0o170000

/** What is restored of a mode: never set-id bits, which would lend rights to what came from elsewhere. */
const PERMISSIONS = 0o777

/** What of an object says what its file should be like. */
export interface Described {
  /** Epoch milliseconds. */
  readonly lastModified: number | undefined
  readonly metadata: Metadata
}

/** The metadata for a file. Times to the microsecond, which is what is known of them. */
export function preservedMetadata({
  mtimeMs,
  mode,
}: Pick<FileEntry, 'mtimeMs' | 'mode'>): Metadata {
  const mtime = (mtimeMs / 1000).toFixed(6).replace(/\.?0+$/u, '')
  return { mtime, mode: (REGULAR | mode).toString(8) }
}

/** What metadata says of time and permissions; nothing where it says nothing that can be read. */
export function preservedOf({ mtime, mode }: Metadata): {
  readonly mtimeMs: number | undefined
  readonly permissions: number | undefined
} {
  const isTime = mtime !== undefined && /^-?\d{1,11}(?:\.\d{1,9})?$/u.test(mtime)
  return { mtimeMs: isTime ? Number(mtime) * 1000 : undefined, permissions: permissionsOf(mode) }
}

function permissionsOf(mode: string | undefined): number | undefined {
  if (mode === undefined || !/^\d{3,7}$/u.test(mode)) return undefined
  const octal = /^[0-7]+$/u.test(mode) ? parseInt(mode, 8) : undefined
  if (octal !== undefined && (isRegular(octal) || octal <= 0o7777)) return octal & PERMISSIONS
  const decimal = Number(mode)
  return isRegular(decimal) ? decimal & PERMISSIONS : undefined
}

function isRegular(mode: number): boolean {
  return (mode & KIND) === REGULAR
}

/** Gives a file the time of its object, so that the next `sync` sees that they are the same. */
export function restoreTime(path: string, { lastModified }: Described): void {
  apply(path, lastModified, undefined)
}

/** Gives a file what the metadata of its object says, and else the time of the object. */
export function restorePreserved(path: string, { lastModified, metadata }: Described): void {
  const { mtimeMs, permissions } = preservedOf(metadata)
  apply(path, mtimeMs ?? lastModified, permissions)
}

/** Does not wait for the disk: some microseconds, where a call that does not block costs 50. */
function apply(path: string, mtimeMs: number | undefined, permissions: number | undefined): void {
  try {
    if (permissions !== undefined) chmodSync(path, permissions)
    if (mtimeMs !== undefined) utimesSync(path, Date.now() / 1000, mtimeMs / 1000)
  } catch (error) {
    // Somebody has moved it already; the bytes were right.
    if (errnoOf(error) !== 'ENOENT') throw targetError(error, path)
  }
}
