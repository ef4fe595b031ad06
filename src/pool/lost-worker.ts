/**
 * The answer on behalf of a thread that can no longer answer.
 */

import { toWire, TransferError } from '../errors.ts'
import type { PartFailed } from './protocol.ts'

export function lostWorker(cause: unknown): PartFailed {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const error = new TransferError(
    'ERR_WORKER_LOST',
    `A worker thread ended: ${reason}`,
    {},
    { cause },
  )
  return { ok: false, workerId: 0, error: toWire(error), received: 0, digest: new Uint8Array(0) }
}
