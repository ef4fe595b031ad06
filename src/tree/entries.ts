/**
 * What lies below the root of a tree, on disk or in a bucket, and the words for what is left out.
 */

/** One file or object below the root of a tree. */
export interface TreeEntry {
  /**
   * Relative to the root, '/' between names, never empty, no leading slash. Of an object: its key
   * behind the prefix.
   */
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Epoch milliseconds, of a file with a fraction; of an object its LastModified. */
  readonly mtimeMs: number
}

export interface FileEntry extends TreeEntry {
  /** Where to open it. */
  readonly path: string
  /** Permission bits, set-id bits and sticky bit: the low twelve of `st_mode`. */
  readonly mode: number
}

/** An object somebody has named: that it is there is not known, nor mostly its size. */
export interface NamedObject {
  readonly name: string
  readonly key: string
  /** Bytes; 0 where it is not known. */
  readonly size: number
  readonly mtimeMs?: undefined
}

export interface ObjectEntry extends TreeEntry {
  readonly key: string
  /** As sent; some stores leave it out of a listing. */
  readonly etag: string | undefined
  readonly storageClass?: string | undefined
}

/** What was left out, and why: for the report. */
export interface SkippedEntry {
  /**
   * As in `TreeEntry`; ends in '/' when all below a directory is left out. Bytes that are no UTF-8
   * are shown as U+FFFD.
   */
  readonly name: string
  readonly reason: SkipReason
  /** The error number or kind of file, for example, or a sentence. */
  readonly detail?: string
}

/** Words for what is wanted by nobody, or cannot be moved by its nature. */
const LEFT_OUT = [
  /** A symbolic link, and links are not followed. */
  'symbolic-link',
  /** Links are followed, and this one leads back to a directory above it. */
  'link-loop',
  /** Links are followed, and this one leads nowhere. */
  'broken-link',
  /** A socket, pipe or device. */
  'special-file',
  /** An object of no bytes whose key ends in '/'. */
  'folder-marker',
  /** `onBeforeTransfer` said so. */
  'hook',
  /** Something is there, and nothing is to be replaced. */
  'exists',
] as const

/** Words for what should have been moved: it is missing on the other side afterwards. */
const FAILED = [
  'unreadable',
  /** It was there when its directory was read, and was not when it was looked at. */
  'vanished',
  /** A file name that is no UTF-8, so no key. */
  'name-not-utf8',
  /** A key that is no safe path on this system. */
  'name-unsafe',
  /** A key whose file would be that of an earlier one. */
  'name-collision',
] as const

export type SkipReason = (typeof LEFT_OUT)[number] | (typeof FAILED)[number]

const failed: ReadonlySet<string> = new Set(FAILED)

/**
 * Whether what was skipped counts as a failure. Nothing may be deleted on the other side because of
 * a name, or a directory, that is absent for such a reason.
 */
export function isFailure(reason: SkipReason): boolean {
  return failed.has(reason)
}

/** Tells what was left out from what is there. */
export function isSkipped(entry: object): entry is SkippedEntry {
  return 'reason' in entry
}
