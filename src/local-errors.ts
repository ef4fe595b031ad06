/**
 * Errors of the local file system → `TransferError`, in one place for coordinator and workers.
 */

import { constants } from 'node:fs'
import { TransferError, type ErrorCode, type ErrorContext } from './errors.ts'

/** What no other path would help against. */
const OF_THE_MACHINE: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'ERR_DISK_FULL',
  EDQUOT: 'ERR_DISK_FULL',
  EFBIG: 'ERR_DISK_FULL',
  EMFILE: 'ERR_TOO_MANY_FILES',
  ENFILE: 'ERR_TOO_MANY_FILES',
  EIO: 'ERR_DISK_IO',
}

const SOURCE_CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'ERR_SOURCE_NOT_FOUND',
  ENOTDIR: 'ERR_SOURCE_NOT_FOUND',
  EISDIR: 'ERR_SOURCE_NOT_FILE',
  EACCES: 'ERR_SOURCE_UNREADABLE',
  EPERM: 'ERR_SOURCE_UNREADABLE',
  ELOOP: 'ERR_SOURCE_UNREADABLE',
  ...OF_THE_MACHINE,
}

const TARGET_CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'ERR_TARGET_UNWRITABLE',
  ENOTDIR: 'ERR_TARGET_UNWRITABLE',
  EISDIR: 'ERR_TARGET_IS_DIRECTORY',
  EACCES: 'ERR_TARGET_UNWRITABLE',
  EPERM: 'ERR_TARGET_UNWRITABLE',
  EROFS: 'ERR_TARGET_UNWRITABLE',
  ENAMETOOLONG: 'ERR_TARGET_UNWRITABLE',
  EEXIST: 'ERR_TARGET_EXISTS',
  ...OF_THE_MACHINE,
}

/** A journal is no file the caller named, so not being able to write it has a code of its own. */
const JOURNAL_CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'ERR_JOURNAL_UNWRITABLE',
  ENOTDIR: 'ERR_JOURNAL_UNWRITABLE',
  EISDIR: 'ERR_JOURNAL_UNWRITABLE',
  EACCES: 'ERR_JOURNAL_UNWRITABLE',
  EPERM: 'ERR_JOURNAL_UNWRITABLE',
  EROFS: 'ERR_JOURNAL_UNWRITABLE',
  ENAMETOOLONG: 'ERR_JOURNAL_UNWRITABLE',
  EEXIST: 'ERR_JOURNAL_UNWRITABLE',
  // Something that is no file of ours bears its name.
  ELOOP: 'ERR_JOURNAL_UNSAFE',
  ...OF_THE_MACHINE,
}

/** The errno name of a system error, `'ENOENT'`; `undefined` for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/**
 * How a file to upload is opened: without waiting, since a named pipe would keep its opener until
 * somebody writes.
 */
export const SOURCE_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** The error for a source that is no file. */
export function notAFile(
  path: string,
  stats: { isDirectory(): boolean },
  context: ErrorContext = {},
): TransferError {
  const kind = stats.isDirectory() ? 'a directory' : 'not a regular file'
  const where = { ...context, path }
  return new TransferError('ERR_SOURCE_NOT_FILE', `${path} is ${kind}`, where)
}

/** A failure to open or read the file to upload. A worker may know a descriptor and no path. */
export function sourceError(
  error: unknown,
  path: string | undefined,
  context: ErrorContext = {},
): unknown {
  return localError(SOURCE_CODES, 'read', error, path, context)
}

/** A failure to create, write, sync or rename the file downloaded to. */
export function targetError(
  error: unknown,
  path: string | undefined,
  context: ErrorContext = {},
): unknown {
  return localError(TARGET_CODES, 'write', error, path, context)
}

/** A failure to remove a file. */
export function removalError(error: unknown, path: string): unknown {
  return localError(TARGET_CODES, 'remove', error, path, {})
}

/** A failure to read, create, write or sync what is remembered of a transfer. */
export function journalError(
  error: unknown,
  path: string | undefined,
  context: ErrorContext = {},
): unknown {
  return localError(JOURNAL_CODES, 'keep the journal', error, path, context)
}

function localError(
  codes: Readonly<Record<string, ErrorCode>>,
  verb: string,
  error: unknown,
  path: string | undefined,
  context: ErrorContext,
): unknown {
  const errno = errnoOf(error)
  const code = errno === undefined ? undefined : codes[errno]
  if (code === undefined) return error
  const message = `Cannot ${verb} ${path ?? 'the file'}: ${errno}`
  const where = path === undefined ? context : { ...context, path }
  return new TransferError(code, message, where, { cause: error })
}
