/**
 * What a transfer is about, by the first record of its journal: read at once, since whoever goes on
 * with a transfer by its name wants a handle of it at once. The driver reads the rest under the lock.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { TransferError } from '../errors.ts'
import { errnoOf, journalError } from '../local-errors.ts'
import { journalPath, NAME } from './job.ts'
import { BEGINNING_BYTES_MAX } from './lines.ts'
import { interpret, READ_FLAGS } from './read-journal.ts'
import type { DownloadBegin, UploadBegin } from './records.ts'
import { checkOwner, unsafe } from './state-directory.ts'

/**
 * Reads how a transfer began.
 * @throws ERR_JOURNAL_NOT_FOUND if there is none of this name, or nothing in it can be believed;
 *   ERR_JOURNAL_VERSION, ERR_JOURNAL_UNSAFE, ERR_JOURNAL_UNWRITABLE, ERR_DISK_IO
 */
export function readBeginning(stateDirectory: string, name: string): UploadBegin | DownloadBegin {
  if (!NAME.test(name)) throw notFound(name, stateDirectory)
  const path = journalPath(stateDirectory, name)
  let fd: number
  try {
    fd = openSync(path, READ_FLAGS)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw notFound(name, stateDirectory)
    throw journalError(error, path)
  }
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw unsafe(`${path} is no file`, path)
    checkOwner(path, stats)
    const bytes = Buffer.alloc(Math.min(stats.size, BEGINNING_BYTES_MAX))
    const length = readSync(fd, bytes, 0, bytes.length, 0)
    const { state } = interpret(bytes.subarray(0, length), path)
    if (state === undefined || state.ended) throw notFound(name, stateDirectory)
    return state.begin
  } catch (error) {
    throw journalError(error, path)
  } finally {
    closeSync(fd)
  }
}

function notFound(name: string, stateDirectory: string): TransferError {
  const message = `Nothing named ${JSON.stringify(name)} can be gone on with in ${stateDirectory}`
  return new TransferError('ERR_JOURNAL_NOT_FOUND', message, { path: stateDirectory })
}
