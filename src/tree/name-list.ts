/**
 * Names that take the place of a walk or a listing: what a caller may give, and the sequence it is.
 */

import { TransferError } from '../errors.ts'
import { abortable } from '../store/abortable.ts'
import { failedNames } from './failed-names.ts'
import { readListFile, type ListFormat, type ListedName } from './files-from.ts'
import { listError } from './records.ts'
import type { StoreSide } from './sides.ts'

/** A file with names. */
export interface NameFile {
  /** `-` is the standard input. Compressed by gzip or not. */
  readonly path: string
  /**
   * `report`: what failed last by a report of the command or the `outcomes.ndjson` of a migration;
   * `manifest`: what is in place by a manifest. @default 'lines'
   */
  readonly format?: ListFormat | 'report' | 'manifest' | undefined
  /** Names of the columns of `csv` or `inventory`, if they are other than usual. */
  readonly columns?: readonly string[] | undefined
}

/** The path of a file with a name a line, a file of another format, or the names themselves. */
export type FilesFrom = string | NameFile | Iterable<string> | AsyncIterable<string>

const FORMATS: readonly unknown[] = ['lines', 'nul', 'csv', 'inventory', 'report', 'manifest']

/** The tree that names are of. */
export interface ListedTree {
  readonly direction: 'upload' | 'download' | 'copy'
  /** Of reports: the side of the store, of copies the destination. */
  readonly remote: StoreSide
  /** Of inventories and manifests. @default remote */
  readonly listed?: StoreSide | undefined
}

/** A name relative to the root, and its size in bytes if that is known. */
export type WantedName = Pick<ListedName, 'name' | 'size'>

/** @throws ERR_OPTION_INVALID */
export function checkFilesFrom(value: unknown, direction: ListedTree['direction']): void {
  if (typeof value === 'string' && value !== '') return
  if (typeof value === 'object' && value !== null) {
    if (Symbol.asyncIterator in value || Symbol.iterator in value) return
    const { path, format = 'lines', columns = [] } = value as Partial<NameFile>
    const isFormat = FORMATS.includes(format)
    if (typeof path === 'string' && path !== '' && isFormat && Array.isArray(columns)) {
      const hasObjects = format === 'inventory' || format === 'manifest'
      if (!hasObjects || direction !== 'upload') return
      throw invalid(`for an upload to be of another format than ${format}: it has objects`)
    }
  }
  throw invalid(`to be a path, { path, format } with one of ${FORMATS.join(', ')}, or names`)
}

/**
 * The names, as long as nobody aborts: who gives them may take their time.
 * @throws (while read) ERR_OPTION_INVALID for a list that is none or is of another bucket,
 *   ERR_MANIFEST_INVALID, ERR_MANIFEST_VERSION, ERR_MANIFEST_INCOMPLETE, ERR_SOURCE_NOT_FOUND,
 *   ERR_SOURCE_UNREADABLE, ERR_ABORTED
 */
export async function* wantedNames(
  from: FilesFrom,
  spec: ListedTree,
  signal: AbortSignal,
): AsyncGenerator<WantedName, void, void> {
  if (typeof from !== 'string' && !('path' in from)) {
    yield* namesGiven(from, signal)
    return
  }
  const file: NameFile = typeof from === 'string' ? { path: from } : from
  const { path, format = 'lines', columns } = file
  if (format === 'report') {
    yield* failedNames(path, spec, signal)
    return
  }
  const side = spec.listed ?? spec.remote
  if (format === 'manifest') {
    // What reads manifests is loaded by who has one.
    const { manifestNames } = await import('./manifest-names.ts')
    yield* manifestNames(path, side, signal)
    return
  }
  const { bucket, prefix } = side
  for await (const listed of readListFile(path, { format, columns, signal })) {
    if (format !== 'inventory') {
      yield listed
      continue
    }
    if (listed.bucket !== bucket) {
      throw listError(path, listed.line, `It is about the bucket ${String(listed.bucket)}.`)
    }
    // An inventory is of a whole bucket, and keys begin with the prefix.
    const { name: key, size } = listed
    if (key.startsWith(prefix)) yield { name: key.slice(prefix.length), size }
  }
}

async function* namesGiven(
  names: Iterable<string> | AsyncIterable<string>,
  signal: AbortSignal,
): AsyncGenerator<WantedName, void, void> {
  const iterator =
    Symbol.asyncIterator in names ? names[Symbol.asyncIterator]() : names[Symbol.iterator]()
  try {
    for (;;) {
      const { done, value } = await abortable(Promise.resolve(iterator.next()), signal)
      if (done === true) return
      if (typeof value !== 'string') throw invalid('to give texts')
      yield { name: value }
    }
  } finally {
    // One that gives nothing more may not hear of it either.
    void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}

function invalid(expected: string): TransferError {
  const message = `Expected \`filesFrom\` ${expected}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option: 'filesFrom' })
}
