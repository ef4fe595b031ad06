/**
 * What makes a move of a copy: its source is removed once the copy is whole and proved, and only if it
 * is still what was copied. What keeps it from being removed loses nothing and is a failure.
 */

import { isTransferError, TransferError, type ErrorContext } from '../errors.ts'
import {
  removeObject,
  type RemoveObjectOptions,
  type RemovingStore,
} from '../store/remove-object.ts'
import { CopiedFile } from './copied-file.ts'
import type { CopyResult, DownloadResult, UploadResult, Verification } from './results.ts'

/** What is known of a copy. */
interface Copied {
  readonly verified: Verification
}

/** Uploads a file by `copy`, then removes it. @throws ERR_SOURCE_NOT_REMOVED, and what `copy` does */
export async function moveFile(
  path: string,
  context: ErrorContext,
  copy: () => Promise<UploadResult>,
): Promise<UploadResult> {
  const file = await CopiedFile.note(path)
  const result = await copy()
  await removeSource(result, context, () => file.remove())
  return { ...result, moved: true }
}

/** Downloads an object by `copy`, then removes it. @throws as `moveFile` does */
export async function moveObject(
  store: RemovingStore,
  context: ErrorContext,
  options: RemoveObjectOptions,
  copy: () => Promise<DownloadResult>,
): Promise<DownloadResult> {
  const result = await copy()
  const { object, etag } = result
  await removeSource(result, context, () => removeObject(store, object, etag, options))
  return { ...result, moved: true }
}

/** Copies an object by `copy`, then removes its source. @throws as `moveFile` does */
export async function moveCopy(
  source: RemovingStore,
  context: ErrorContext,
  options: RemoveObjectOptions,
  copy: () => Promise<CopyResult>,
): Promise<CopyResult> {
  const result = await copy()
  const { bucket, key } = result.source
  const { verified, sourceVerified } = result
  const proved = verified === 'none' || sourceVerified === 'none' ? 'none' : verified
  const remove = () => removeObject(source, { bucket, key }, result.sourceEtag, options)
  await removeSource({ verified: proved }, context, remove)
  return { ...result, moved: true }
}

/**
 * The last step of a move.
 * @param remove removes the source, unless it is another one by now
 * @throws ERR_SOURCE_NOT_REMOVED, ERR_ABORTED
 */
export async function removeSource(
  { verified }: Copied,
  context: ErrorContext,
  remove: () => Promise<void>,
): Promise<void> {
  if (verified === 'none') {
    throw notRemoved('the store lets us not look at the copy, so nothing proves it', context)
  }
  try {
    await remove()
  } catch (error) {
    if (!isTransferError(error)) throw notRemoved(String(error), context, error)
    if (error.code === 'ERR_ABORTED') throw error
    throw notRemoved(error.message, { ...error.context, ...context }, error)
  }
}

function notRemoved(reason: string, context: ErrorContext, cause?: unknown): TransferError {
  const message = `Copied, but the source is still there: ${reason}`
  return new TransferError('ERR_SOURCE_NOT_REMOVED', message, context, { cause })
}
