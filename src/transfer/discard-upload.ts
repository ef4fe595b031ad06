/**
 * The removal of a multipart upload: abort, then look, until nothing of it is left.
 *
 * A part that was under way may reappear after an abort, so S3 says to list the parts and to abort
 * again. It has a time-out of its own: it runs when the signals of a transfer have already fired.
 */

import { isTransferError, TransferError } from '../errors.ts'
import type { RequestAttributes } from '../store/attributes.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { ObjectRef } from '../store/types.ts'
import { formatDuration } from '../units.ts'

/** How long clean-up may take. Milliseconds. Source: none, reasonable default. */
const DISCARD_MS = 15_000

/** Aborts tried. Source: S3 API reference, AbortMultipartUpload: "multiple times". */
const DISCARD_ROUNDS = 3

/**
 * Removes an upload. Idempotent: one that is gone already counts as removed.
 * @returns false when parts are still listed after the last abort
 * @throws what the store answered to an abort or a look; ERR_STORE_UNAVAILABLE if that took too long
 */
export async function discardUpload(
  store: ObjectStore,
  object: ObjectRef,
  uploadId: string,
  attributes?: RequestAttributes,
): Promise<boolean> {
  const options = { signal: AbortSignal.timeout(DISCARD_MS), attributes, isRemoval: true }
  try {
    for (let round = 1; round <= DISCARD_ROUNDS; round += 1) {
      await store.abortMultipartUpload(object, uploadId, options)
      if (await isGone(store, object, uploadId, options)) return true
    }
    return false
  } catch (error) {
    if (!options.signal.aborted) throw error
    const message = `The store did not remove the upload within ${formatDuration(DISCARD_MS)}.`
    const context = { ...object, uploadId }
    throw new TransferError('ERR_STORE_UNAVAILABLE', message, context, { cause: error })
  }
}

async function isGone(
  store: ObjectStore,
  object: ObjectRef,
  uploadId: string,
  options: Parameters<ObjectStore['listParts']>[2],
): Promise<boolean> {
  try {
    return (await store.listParts(object, uploadId, options)).length === 0
  } catch (error) {
    if (!isTransferError(error)) throw error
    // Some stores have no ListParts, or do not let us: the abort was answered, which must do.
    const answered = ['ERR_UPLOAD_NOT_FOUND', 'ERR_NOT_SUPPORTED', 'ERR_ACCESS_DENIED']
    if (answered.includes(error.code)) return true
    throw error
  }
}
