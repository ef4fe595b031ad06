/**
 * What may be said of a whole tree, beside what may be said of each object in it.
 */

import { TransferError } from '../errors.ts'
import { checkOption, unknownOption, type OptionRow } from '../option-check.ts'
import type { CopyOptions, DownloadOptions, UploadOptions } from '../transfer-options.ts'
import type { TreeEntry } from './entries.ts'
import type { AfterTransfer, BeforeTransfer } from './hooks.ts'
import { checkFilesFrom, type FilesFrom } from './name-list.ts'
import type { Outcome } from './outcome.ts'
import type { TreeProgress } from './tree-transfer.ts'
import type { CopyTreeSpec, TreeSpec } from './sides.ts'

/** Options of every transfer of trees. */
export interface TreeOptions {
  /** Which take part; goes by the entry alone, and may be asked twice about one. @default all */
  readonly filter?: ((entry: TreeEntry) => boolean) | undefined
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
   * a line, `{ path, format }` for others, or the names themselves. One that is not there fails. Not
   * for `sync`, and for a download not with `filter`. @default all there are
   */
  readonly filesFrom?: FilesFrom | undefined
  /**
   * Keep time and permissions of files: written to the metadata `mtime` and `mode` of objects that go up, and
   * restored from it for files that come down, never set-id bits. A `sync` compares the times of objects
   * all the same. @default false, files bear the time of their objects
   */
  readonly preserve?: boolean | undefined
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
    Omit<UploadDirectoryOptions, 'encodeNames' | 'filesFrom' | 'removeSource'>,
    Pick<DownloadDirectoryOptions, 'fsync'>,
    Pick<CopyPrefixOptions, 'via' | 'sourceCustomerKey' | 'rename'> {
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
      | 'maxErrors'
      | 'onOutcome'
      | 'onProgress'
      | 'onBeforeTransfer'
      | 'onAfterTransfer'
      | 'signal'
    >,
    Omit<CopyOptions, 'signal' | 'onProgress' | 'versionId' | 'ifMatch'> {
  /** The name of each copy behind the prefix of the destination, by that of its source. @default the same */
  readonly rename?: ((name: string) => string) | undefined
}

/** Those with a bound. */
const ROWS = {
  followSymlinks: { kind: 'boolean', doc: 'Follow symbolic links, instead of skipping them' },
  dryRun: { kind: 'boolean', doc: 'Say what would be done, and do nothing' },
  encodeNames: { kind: 'boolean', doc: 'Write keys that are no file names as names that are' },
  removeSource: { kind: 'boolean', doc: 'Remove what was copied, once that is proved' },
  preserve: { kind: 'boolean', doc: 'Keep time and permissions of files in metadata' },
  maxErrors: { kind: 'count', default: 0, min: 0, max: 1e9, doc: 'Stop after so many failures' },
  delete: { kind: 'boolean', doc: 'Remove at the destination what the source does not have' },
  maxDelete: {
    kind: 'count',
    default: 1e12,
    min: 0,
    max: 1e12,
    doc: 'Remove nothing if more than so many would be removed',
  },
  sizeOnly: { kind: 'boolean', doc: 'Compare sizes only' },
  checksum: { kind: 'boolean', doc: 'Compare contents with stored checksums' },
  exactTimestamps: { kind: 'boolean', doc: 'Of downloads: times must be the same' },
} as const satisfies Record<string, OptionRow>

type Row = keyof typeof ROWS

/** Those that are about files. */
const OF_FILES: readonly Row[] = ['followSymlinks', 'preserve', 'encodeNames', 'exactTimestamps']

const COMMON_NAMES = ['followSymlinks', 'dryRun', 'maxErrors', 'preserve'] as const
const COPY_NAMES = [...COMMON_NAMES, 'encodeNames', 'removeSource'] as const
const SYNC_NAMES = [
  ...COMMON_NAMES,
  'delete',
  'maxDelete',
  'sizeOnly',
  'checksum',
  'exactTimestamps',
] as const

const FUNCTIONS = [
  'filter',
  'onOutcome',
  'onProgress',
  'onBeforeTransfer',
  'onAfterTransfer',
  'rename',
] as const

/** How copies meet what is there: what a migration asks for. */
export interface TreeCopyHow {
  readonly overwrite: 'newer' | 'always' | 'never'
  /** Compare contents. */
  readonly checksum: boolean
  /** With `always`: copies that are no older were made by this job. Epoch milliseconds. */
  readonly startedAt: number
  /** Why nothing more is to be begun. */
  readonly until: (() => TransferError | undefined) | undefined
}

export interface CheckedTree extends TreeCopyHow {
  readonly filesFrom: FilesFrom | undefined
  readonly filter: (entry: TreeEntry) => boolean
  readonly followSymlinks: boolean
  readonly encodeNames: boolean
  readonly dryRun: boolean
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
  readonly rename: ((name: string) => string) | undefined
  /** What is left is said of each object. */
  readonly each: Readonly<Record<string, unknown>>
  /** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID for what cannot be said of each object */
  readonly checkEach: (each: object) => void
}

/** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
export function checkTreeOptions(
  options: UploadDirectoryOptions | DownloadDirectoryOptions | SyncOptions | CopyPrefixOptions,
  { how: kind, direction }: Pick<TreeSpec | CopyTreeSpec, 'how' | 'direction'>,
  checkEach: (each: object) => void,
): CheckedTree {
  const all: readonly Row[] = kind === 'sync' ? SYNC_NAMES : COPY_NAMES
  const names = direction === 'copy' ? all.filter((name) => !OF_FILES.includes(name)) : all
  const { filter = everything, onOutcome, onProgress, signal, ...more } = options
  const { onBeforeTransfer, onAfterTransfer, rename, ...others } = more as typeof more &
    Pick<CopyPrefixOptions, 'rename'>
  const { filesFrom, ...rest } = others as typeof others & Pick<TreeOptions, 'filesFrom'>
  checkFunctions({ filter, onOutcome, onProgress, onBeforeTransfer, onAfterTransfer, rename })
  if (rename !== undefined && direction !== 'copy') {
    throw invalid('rename', 'left out: it is for copies from store to store')
  }
  if (filesFrom !== undefined) {
    if (kind === 'sync') throw invalid('filesFrom', 'left out: a sync reads both sides whole')
    checkFilesFrom(filesFrom, direction)
    if (direction !== 'upload' && filter !== everything) {
      throw invalid('filter', 'left out beside `filesFrom`, which says all that is known')
    }
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid('signal', 'an AbortSignal')
  }
  const given = rest as Readonly<Record<string, unknown>>
  const each: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    if ((names as readonly string[]).includes(name)) continue
    if (Object.hasOwn(ROWS, name)) throw unknownOption(name, rowsOf(names))
    each[name] = value
  }
  checkEach(each)
  const read = (name: Row): unknown =>
    checkOption(name, ROWS[name], names.includes(name) ? given[name] : undefined)
  const preserve = read('preserve') === true
  const exactTimestamps = read('exactTimestamps') === true
  const sizeOnly = read('sizeOnly') === true
  const checksum = read('checksum') === true
  if (checksum && (sizeOnly || exactTimestamps)) {
    const other = sizeOnly ? 'sizeOnly' : 'exactTimestamps'
    throw invalid(other, 'left out beside `checksum`, which goes by contents')
  }
  if (preserve && exactTimestamps) {
    throw invalid(
      'exactTimestamps',
      'left out beside `preserve`: files have times of their own then',
    )
  }
  return {
    filter,
    filesFrom,
    onOutcome,
    onProgress,
    onBeforeTransfer,
    onAfterTransfer,
    signal,
    encodeNames: read('encodeNames') === true,
    followSymlinks: read('followSymlinks') === true,
    dryRun: read('dryRun') === true,
    maxErrors: read('maxErrors') as number,
    preserve,
    removeSource: read('removeSource') === true,
    delete: read('delete') === true,
    maxDelete: read('maxDelete') as number,
    sizeOnly,
    checksum,
    exactTimestamps,
    rename,
    overwrite: 'newer',
    startedAt: Infinity,
    until: undefined,
    each,
    checkEach,
  }
}

function everything(): boolean {
  return true
}

function rowsOf(names: readonly Row[]): Readonly<Record<string, OptionRow>> {
  return Object.fromEntries(names.map((name) => [name, ROWS[name]]))
}

function checkFunctions(functions: Readonly<Record<(typeof FUNCTIONS)[number], unknown>>): void {
  for (const name of FUNCTIONS) {
    const value = functions[name]
    if (value !== undefined && typeof value !== 'function') throw invalid(name, 'a function')
  }
}

function invalid(option: string, expected: string): TransferError {
  return new TransferError('ERR_OPTION_INVALID', `Expected \`${option}\` to be ${expected}.`, {
    option,
  })
}
