/**
 * A conditional PUT whose answer was lost: its repetition is refused, because the object that is in
 * the way may be our own.
 */

import { encodeDigest } from '../checksum/encoding.ts'
import { isTransferError } from '../errors.ts'
import { digestBytes } from './digest-bytes.ts'
import type { UploadResult } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import type { SourcePart } from './upload-source.ts'
import type { UploadSpec } from './upload-spec.ts'
import { headForVerification } from './verify-upload.ts'

/**
 * The object at the key, if the refusal came after an attempt whose outcome is unknown and the
 * store says it holds exactly these bytes. Somebody else with the same bytes at the same moment
 * would be taken for us; what is stored is then the same.
 */
export async function findOurPut(
  run: TransferRun,
  spec: UploadSpec,
  part: Pick<SourcePart, 'length' | 'location'>,
  error: unknown,
): Promise<UploadResult | undefined> {
  const isRefusal = isTransferError(error) && error.code === 'ERR_PRECONDITION_FAILED'
  if (!isRefusal || run.attempts < 2) return undefined
  const { algorithm } = spec
  const info = await lookAt(run, spec)
  const stored = info?.checksums[algorithm]
  if (info === undefined || stored === undefined || info.size !== part.length) return undefined
  const digest = await digestBytes(run, part.location, part.length, algorithm)
  if (encodeDigest(digest) !== stored) return undefined
  const { bucket, key } = run.info
  return {
    object: { bucket, key },
    size: part.length,
    etag: info.etag,
    versionId: info.versionId,
    checksum: { algorithm, value: stored, type: 'FULL_OBJECT' },
    verified: 'checksum',
    parts: 1,
    ...run.tally,
  }
}

/** What is at the key; nothing if that cannot be told, since the refusal says more than the look. */
async function lookAt(run: TransferRun, spec: UploadSpec): Promise<ObjectInfo | undefined> {
  try {
    return await headForVerification(run, spec, undefined)
  } catch {
    run.stopping.throwIfAborted()
    return undefined
  }
}
