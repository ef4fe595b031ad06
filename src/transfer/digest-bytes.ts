/**
 * The checksum of bytes at hand, computed by a worker. No request.
 */

import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'
import type { ByteLocation } from '../pool/protocol.ts'
import { attempt } from './attempt.ts'
import type { TransferRun } from './transfer-run.ts'

/** Hashes `length` bytes. */
export async function digestBytes(
  run: TransferRun,
  source: ByteLocation,
  length: number,
  algorithm: ChecksumAlgorithm,
): Promise<Uint8Array> {
  const done = await attempt(run, {
    partNumber: 0,
    length,
    operation: undefined,
    makeJob: (slot) => ({
      kind: 'digest',
      transferId: run.info.id,
      slot,
      source,
      length,
      algorithm,
    }),
  })
  return done.digest
}
