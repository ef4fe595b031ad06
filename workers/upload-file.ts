/**
 * One PUT of a small file, from opening it to closing it. The rules for sources are those of a file
 * the coordinator opens: a regular one, unchanged from the moment it was measured until it has
 * arrived.
 */

import { closeSync, fstatSync, openSync, type BigIntStats } from 'node:fs'
import { toTransferError, TransferError } from '../src/errors.ts'
import { notAFile, SOURCE_FLAGS, sourceError } from '../src/local-errors.ts'
import type { PartDone, PutFileJob, PutJob } from '../src/pool/protocol.ts'
import { checkUnchanged } from './byte-source.ts'

/**
 * @param upload sends the file as one part
 * @throws ERR_SOURCE_NOT_FOUND, ERR_SOURCE_NOT_FILE, ERR_SOURCE_UNREADABLE, ERR_SOURCE_CHANGED
 * @throws ERR_OBJECT_TOO_LARGE, before anything is sent, when the file is longer than the job says
 */
export async function uploadFile(
  job: PutFileJob,
  upload: (part: PutJob) => Promise<PartDone>,
): Promise<PartDone> {
  const { path, transferId, slot, key, query, headers, algorithm, sendChecksum } = job
  const fd = openFile(path)
  try {
    const { size, mtimeNs } = measure(fd, path)
    const length = Number(size)
    if (length > job.length) {
      throw new TransferError('ERR_OBJECT_TOO_LARGE', `${path} is too large for one job`)
    }
    const source = { kind: 'file', fd, offset: 0, planned: { size, mtimeNs } } as const
    const request = { transferId, slot, key, query, headers, algorithm, sendChecksum }
    const done = await upload({ kind: 'put', ...request, source, length })
    checkUnchanged(source)
    return done
  } finally {
    closeSync(fd)
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, SOURCE_FLAGS)
  } catch (error) {
    throw toTransferError(sourceError(error, path))
  }
}

function measure(fd: number, path: string): BigIntStats {
  const stats = fstatSync(fd, { bigint: true })
  if (!stats.isFile()) throw notAFile(path, stats)
  return stats
}
