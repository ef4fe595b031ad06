/**
 * What was said of a whole tree, checked: what is not about the tree is said of each object in it.
 */

import { TransferError } from '../errors.ts'
import { checkOption, unknownOption, type OptionRow } from '../option-check.ts'
import { filterBy } from './filters.ts'
import { checkFilesFrom } from './name-list.ts'
import { renameBy } from './rename.ts'
import type { CopyTreeSpec, TreeSpec } from './sides.ts'
import type {
  CheckedTree,
  CopyPrefixOptions,
  DownloadDirectoryOptions,
  SyncOptions,
  UploadDirectoryOptions,
} from './tree-options.ts'

/** Those with a bound. */
const ROWS = {
  followSymlinks: { kind: 'boolean', doc: 'Follow symbolic links, instead of skipping them' },
  dryRun: { kind: 'boolean', doc: 'Say what would be done, and do nothing' },
  encodeNames: { kind: 'boolean', doc: 'Write keys that are no file names as names that are' },
  removeSource: { kind: 'boolean', doc: 'Remove what was copied, once that is proved' },
  preserve: { kind: 'boolean', doc: 'Keep time and permissions of files in metadata' },
  manifest: { kind: 'text', doc: 'A file to write all to that is in place' },
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

const COMMON_NAMES = ['followSymlinks', 'dryRun', 'manifest', 'maxErrors', 'preserve'] as const
const COPY_NAMES = [...COMMON_NAMES, 'encodeNames', 'removeSource'] as const
const SYNC_NAMES = [
  ...COMMON_NAMES,
  'delete',
  'maxDelete',
  'sizeOnly',
  'checksum',
  'exactTimestamps',
] as const

const FUNCTIONS = ['onOutcome', 'onProgress', 'onBeforeTransfer', 'onAfterTransfer'] as const

/** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
export function checkTreeOptions(
  options: UploadDirectoryOptions | DownloadDirectoryOptions | SyncOptions | CopyPrefixOptions,
  { how: kind, direction }: Pick<TreeSpec | CopyTreeSpec, 'how' | 'direction'>,
  checkEach: (each: object) => void,
): CheckedTree {
  const all: readonly Row[] = kind === 'sync' ? SYNC_NAMES : COPY_NAMES
  const names = direction === 'copy' ? all.filter((name) => !OF_FILES.includes(name)) : all
  const { filter: wanted, onOutcome, onProgress, signal, ...more } = options
  const {
    onBeforeTransfer,
    onAfterTransfer,
    rename: renaming,
    ...others
  } = more as typeof more & Pick<CopyPrefixOptions, 'rename'>
  const { filesFrom, ...rest } = others
  checkFunctions({ onOutcome, onProgress, onBeforeTransfer, onAfterTransfer })
  const filter = wanted === undefined ? everything : filterBy(wanted)
  const rename = renaming === undefined ? undefined : renameBy(renaming)
  if (rename !== undefined && direction !== 'copy') {
    throw invalid('rename', 'left out: it is for copies from store to store')
  }
  if (filesFrom !== undefined) {
    if (kind === 'sync' && direction !== 'copy') {
      throw invalid('filesFrom', 'left out: a sync with files reads both sides whole')
    }
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
  const remove = read('delete') === true
  if (remove && rename !== undefined) {
    throw invalid(
      'delete',
      'left out beside `rename`: under other names nobody knows what is extra',
    )
  }
  if (remove && filesFrom !== undefined) {
    throw invalid('delete', 'left out beside `filesFrom`: what a list leaves out may be there')
  }
  const dryRun = read('dryRun') === true
  const manifest = read('manifest') as string | undefined
  if (manifest !== undefined && dryRun) {
    throw invalid('manifest', 'left out beside `dryRun`, which puts nothing in place')
  }
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
    dryRun,
    manifest,
    maxErrors: read('maxErrors') as number,
    preserve,
    removeSource: read('removeSource') === true,
    delete: remove,
    maxDelete: read('maxDelete') as number,
    sizeOnly,
    checksum,
    exactTimestamps,
    rename,
    overwrite: 'newer',
    startedAt: Infinity,
    until: undefined,
    names: undefined,
    allVersions: false,
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
