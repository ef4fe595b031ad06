/**
 * What a file bears beside its bytes, when it comes down with a tree: the time of its object, or time and
 * mode as the metadata of the object has them, under the names other tools use:
 *
 * - `mtime`: seconds since the epoch with a fraction, as rclone and s3fs write it
 * - `mode`: kind and permissions in octal, `100644`, as rclone writes it; s3fs writes the same number in
 *   decimal, `33188`, which is told from it by the kind
 */

type Metadata = Readonly<Record<string, string>>

/** Kind of a regular file, and the mask of the kind. Source: `st_mode` of POSIX systems. */
const REGULAR = 0o100000
const KIND = 0o170000

/** What is restored of a mode: never set-id bits, which would lend rights to what came from elsewhere. */
const PERMISSIONS = 0o777

/** What a file is given: the time of its object, or what metadata says and else that time. */
export type Restore = 'time' | 'preserved'

/** What of an object says what its file should be like. */
export interface Described {
  /** Epoch milliseconds. */
  readonly lastModified: number | undefined
  readonly metadata: Metadata
}

/** What is set of a file; what is absent stays. */
export interface FileAttributes {
  /** Epoch milliseconds. */
  readonly mtimeMs?: number | undefined
  readonly permissions?: number | undefined
}

/** What a file is to bear, so that the next `sync` sees that both are the same. */
export function attributesFor(
  restore: Restore | undefined,
  { lastModified, metadata }: Described,
): FileAttributes {
  if (restore === undefined) return {}
  if (restore === 'time') return { mtimeMs: lastModified }
  const { mtimeMs = lastModified, permissions } = preservedOf(metadata)
  return { mtimeMs, permissions }
}

/** The metadata for a file. Times to the microsecond, which is what is known of them. */
export function preservedMetadata({
  mtimeMs,
  mode,
}: {
  readonly mtimeMs: number
  readonly mode: number
}): Metadata {
  const mtime = (mtimeMs / 1000).toFixed(6).replace(/\.?0+$/u, '')
  return { mtime, mode: (REGULAR | mode).toString(8) }
}

/** What metadata says of time and permissions; nothing where it says nothing that can be read. */
export function preservedOf({ mtime, mode }: Metadata): FileAttributes {
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
