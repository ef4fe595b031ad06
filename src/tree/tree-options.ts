/**
 * What may be said of a whole tree, beside what may be said of each object in it.
 */

import type { TransferError } from '../errors.ts'
import type { CopyOptions, DownloadOptions, UploadOptions } from '../transfer-options.ts'
import type { AfterTransfer, BeforeTransfer } from './hooks.ts'
import type { Filter, FilterOptions } from './filters.ts'
import type { KeyRange } from './listing.ts'
import type { FilesFrom, WantedName } from './name-list.ts'
import type { Outcome } from './outcome.ts'
import type { Rename, RenameRule } from './rename.ts'
import type { TreeProgress } from './tree-transfer.ts'

/** Options of every transfer of trees. */
export interface TreeOptions {
  /**
   * Which take part: rules as the AWS CLI has them, or a function, which goes by the entry alone and may be
   * asked twice about one. @default all
   */
  readonly filter?: Filter | FilterOptions | undefined
  /** Follow symbolic links of the local side, instead of skipping them. @default false */
  readonly followSymlinks?: boolean | undefined
  /** Say what would be done, and do nothing: outcomes are `planned`. @default false */
  readonly dryRun?: boolean | undefined
  /**
   * Write keys that are no file names of this system as names that are, reversibly; and back when such
   * a tree goes up. Not for `sync`. @default false, they are skipped
   */
  readonly encodeNames?: boolean | undefined
  /**
   * Names that take part, relative to the root, instead of all there are: the path of a file with a name
   * a line, `{ path, format }` for others, or the names themselves. One that is not there fails. For a
   * `sync` only from store to store and not with `delete`; but for uploads not with `filter`.
   * @default all there are
   */
  readonly filesFrom?: FilesFrom | undefined
  /**
   * Keep time and permissions of files: written to the metadata `mtime` and `mode` of objects that go up, and
   * restored from it for files that come down, never set-id bits. A `sync` compares the times of objects
   * all the same. @default false, files bear the time of their objects
   */
  readonly preserve?: boolean | undefined
  /**
   * A file to write every object to that is in place, with its size, checksum, ETag and version, for
   * `verify`: what was moved, and of a `sync` what was the same. NDJSON, or CSV for a name in `.csv`;
   * compressed if it ends in `.gz`. Outside the tree; not with `dryRun`. @default none
   */
  readonly manifest?: string | undefined
  /** Begin nothing more after so many failures; 0 goes on to the end. @default 0 */
  readonly maxErrors?: number | undefined
  /**
   * Hears what became of each object, as it ends. While promises it returns are pending, no more is begun
   * than is under way at once. What it throws ends the tree.
   */
  readonly onOutcome?: ((outcome: Outcome) => unknown) | undefined
  /**
   * Asked before each object is moved, some ahead: may leave it out (`skip`), rename it (`key` of an
   * upload, `path` of a download; not for `sync`), and say more of it (`metadata` and other options of
   * one object). What it throws fails that object with ERR_HOOK_FAILED. Is asked in a dry run too.
   */
  readonly onBeforeTransfer?: BeforeTransfer | undefined
  /**
   * Hears of each object that was moved or failed, before `onOutcome` does, and is waited for. What it
   * throws makes that object a failed one, though it was moved.
   */
  readonly onAfterTransfer?: AfterTransfer | undefined
  /** Hears of the whole, at most ten times a second. */
  readonly onProgress?: ((progress: TreeProgress) => void) | undefined
  /** Ends it: what is under way is aborted, and what was done stays. */
  readonly signal?: AbortSignal | undefined
}

export interface UploadDirectoryOptions
  extends TreeOptions, Omit<UploadOptions, 'signal' | 'onProgress' | 'size' | 'ifMatch'> {}

export interface DownloadDirectoryOptions
  extends TreeOptions, Omit<DownloadOptions, 'signal' | 'onProgress' | 'versionId' | 'fsync'> {
  /**
   * Whether each file is on the disk before it gets its name. Without, that is so for objects in parts
   * only, and directories are synced at the end: after a loss of power a file may be empty.
   * @default false
   */
  readonly fsync?: boolean | undefined
}

export interface SyncOptions
  extends
    Omit<UploadDirectoryOptions, 'encodeNames' | 'removeSource'>,
    Pick<DownloadDirectoryOptions, 'fsync'>,
    Pick<CopyPrefixOptions, 'via' | 'sourceCustomerKey' | 'carry' | 'rename'> {
  /** Remove at the destination what the source does not have. @default false */
  readonly delete?: boolean | undefined
  /** Remove nothing at all if more than so many would be removed. @default no limit */
  readonly maxDelete?: number | undefined
  /** Compare sizes only. @default false */
  readonly sizeOnly?: boolean | undefined
  /**
   * Compare files of the same size with the checksums the store keeps of objects, by a HEAD each: those of
   * whole objects, or an ETag that is an MD5. Where there is neither, it is copied (`no-checksum`). Times
   * do not count then. @default false
   */
  readonly checksum?: boolean | undefined
  /**
   * Of downloads: a file that is older than its object is no match either. @default false, as the
   * AWS CLI has it
   */
  readonly exactTimestamps?: boolean | undefined
}

/** What a tree from store to store may be told: nothing of files. */
export interface CopyPrefixOptions
  extends
    Pick<
      TreeOptions,
      | 'filter'
      | 'dryRun'
      | 'filesFrom'
      | 'manifest'
      | 'maxErrors'
      | 'onOutcome'
      | 'onProgress'
      | 'onBeforeTransfer'
      | 'onAfterTransfer'
      | 'signal'
    >,
    Omit<CopyOptions, 'signal' | 'onProgress' | 'versionId' | 'ifMatch'> {
  /** The name of each copy behind the prefix of the destination, by that of its source. @default the same */
  readonly rename?: Rename | RenameRule | undefined
}

/** How copies meet what is there: what a migration asks for. */
export interface TreeCopyHow {
  readonly overwrite: 'newer' | 'always' | 'never'
  /** Compare contents. */
  readonly checksum: boolean
  /** With `always`: copies that are no older were made by this job. Epoch milliseconds. */
  readonly startedAt: number
  /** Why nothing more is to be begun. */
  readonly until: (() => TransferError | undefined) | undefined
  /** What `filesFrom` gives, where somebody reads it already. */
  readonly names: AsyncIterable<WantedName> | undefined
  /** All versions of each, in their order. */
  readonly allVersions: boolean
  /** Names of a stretch only; `undefined` for all. */
  readonly range?: KeyRange | undefined
}

export interface CheckedTree extends TreeCopyHow {
  readonly filesFrom: FilesFrom | undefined
  readonly filter: Filter
  readonly followSymlinks: boolean
  readonly encodeNames: boolean
  readonly dryRun: boolean
  readonly manifest: string | undefined
  readonly maxErrors: number
  readonly preserve: boolean
  readonly removeSource: boolean
  readonly onOutcome: ((outcome: Outcome) => unknown) | undefined
  readonly onProgress: ((progress: TreeProgress) => void) | undefined
  readonly onBeforeTransfer: BeforeTransfer | undefined
  readonly onAfterTransfer: AfterTransfer | undefined
  readonly signal: AbortSignal | undefined
  readonly delete: boolean
  readonly maxDelete: number
  readonly sizeOnly: boolean
  readonly exactTimestamps: boolean
  readonly rename: Rename | undefined
  /** What is left is said of each object. */
  readonly each: Readonly<Record<string, unknown>>
  /** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID for what cannot be said of each object */
  readonly checkEach: (each: object) => void
}
