/**
 * After a Complete whose answer was lost, or whose process died: whether the object at the key is
 * the one it made.
 */

import { isTransferError } from '../errors.ts'
import type { Checksum } from '../checksum/stored.ts'
import { TOKEN_NAME } from '../store/copied-attributes.ts'
import type { CompletedObject, ObjectInfo } from '../store/object-store.ts'
import type { TransferRun } from './transfer-run.ts'
import type { UploadSpec } from './upload-spec.ts'
import { headForVerification } from './verify-upload.ts'

/** What the object must be. */
export interface Expected {
  readonly token: string
  readonly size: number
  readonly checksum: Pick<Checksum, 'algorithm' | 'value'>
}

/**
 * The object at the key, if it is ours. That a key exists proves nothing; token, size and checksum
 * together do.
 */
export async function findOurs(
  run: TransferRun,
  spec: UploadSpec,
  { token, size, checksum }: Expected,
): Promise<CompletedObject | undefined> {
  let info: ObjectInfo | undefined
  try {
    info = await headForVerification(run, spec, undefined)
  } catch (error) {
    if (isTransferError(error) && error.code === 'ERR_OBJECT_NOT_FOUND') return undefined
    throw error
  }
  if (info === undefined) return undefined
  const stored = info.checksums[checksum.algorithm]
  const isOurs =
    info.metadata[TOKEN_NAME] === token &&
    info.size === size &&
    (stored === undefined || stored === checksum.value)
  if (!isOurs) return undefined
  const { etag, versionId, checksums, checksumType } = info
  return { etag, versionId, checksums, checksumType, location: undefined }
}
