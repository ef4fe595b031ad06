/**
 * The checksum of a whole file, computed by a worker beside the transfers, in their budget of places.
 */

import { open } from 'node:fs/promises'
import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'
import { fromWire } from '../errors.ts'
import { notAFile, SOURCE_FLAGS, sourceError } from '../local-errors.ts'
import type { PartExecutor } from '../pool/part-executor.ts'
import { throwIfAborted } from '../store/abortable.ts'
import type { Scheduler } from './scheduler.ts'

/** Before all transfers, whose order counts from 1: a pass over a file keeps many from being moved. */
const SEQUENCE = 0

/** Stands for a transfer where there is none: below those of transfers, and never used again. */
let lastId = 0

/**
 * Hashes a file from its beginning to its end.
 * @throws ERR_SOURCE_NOT_FOUND, ERR_SOURCE_NOT_FILE, ERR_SOURCE_UNREADABLE, ERR_SOURCE_CHANGED,
 *   ERR_WORKER_LOST, ERR_ABORTED
 */
export async function digestFile(
  { executor, scheduler }: { readonly executor: PartExecutor; readonly scheduler: Scheduler },
  path: string,
  algorithm: ChecksumAlgorithm,
  signal: AbortSignal,
): Promise<Uint8Array> {
  throwIfAborted(signal)
  const file = await open(path, SOURCE_FLAGS).catch((error: unknown) => {
    throw sourceError(error, path)
  })
  try {
    const stats = await file.stat({ bigint: true })
    if (!stats.isFile()) throw notAFile(path, stats)
    const { size, mtimeNs } = stats
    const permit = await scheduler.acquireRequest(SEQUENCE, signal, undefined)
    const { slot } = permit
    lastId -= 1
    const id = lastId
    const cut = (): void => executor.cancel(id)
    signal.addEventListener('abort', cut)
    try {
      permit.begin()
      const result = await executor.run(undefined, {
        kind: 'digest',
        transferId: id,
        slot,
        source: { kind: 'file', fd: file.fd, offset: 0, planned: { size, mtimeNs } },
        length: Number(size),
        algorithm,
      })
      if (!result.ok) throw fromWire(result.error).with({ path })
      return result.digest
    } finally {
      signal.removeEventListener('abort', cut)
      permit.release('done', 0)
    }
  } finally {
    await file.close()
  }
}
