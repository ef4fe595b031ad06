/**
 * The last step of an upload: what the store holds, compared with what was sent.
 */

import { CHECKSUMS } from '../checksum/algorithms.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import { isTransferError, TransferError } from '../errors.ts'
import type { PartDone } from '../pool/protocol.ts'
import { isSameEtag } from '../store/etag.ts'
import type { CompletedObject, ObjectInfo } from '../store/object-store.ts'
import type { Checksum, UploadResult, Verification } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import type { UploadSpec } from './upload-spec.ts'

/**
 * A single PUT is verified by its own answer where that repeats the checksum (the worker compared
 * it); a store that does not is asked by HEAD.
 */
export async function verifySinglePut(
  run: TransferRun,
  spec: UploadSpec,
  done: PartDone,
): Promise<UploadResult> {
  const { algorithm } = spec
  const checksum: Checksum = {
    algorithm,
    value: encodeDigest(done.digest),
    type: 'FULL_OBJECT',
  }
  const versionId = done.headers['x-amz-version-id']
  const isEchoed = done.headers[CHECKSUMS[algorithm].header] !== undefined
  const info = isEchoed ? undefined : await headForVerification(run, spec, versionId)
  const verified = isEchoed
    ? 'checksum'
    : compareStored(run, {
        size: done.length,
        checksum,
        storedSize: info?.size,
        stored: info?.checksums[algorithm],
      })
  const { bucket, key } = run.info
  return {
    object: { bucket, key },
    size: done.length,
    etag: done.etag,
    versionId,
    checksum,
    verified,
    parts: 1,
    ...run.tally,
  }
}

/** What was sent, in parts. */
export interface SentObject {
  readonly size: number
  readonly parts: number
  readonly checksum: Checksum
}

/** A multipart upload is verified by HEAD, and by what Complete answered. */
export async function verifyMultipart(
  run: TransferRun,
  spec: UploadSpec,
  answer: CompletedObject,
  { size, parts, checksum }: SentObject,
): Promise<UploadResult> {
  const found = await headForVerification(run, spec, answer.versionId)
  // Another writer may have been quicker than our HEAD; then the answer to Complete must do.
  const isOurs = answer.versionId !== undefined || isSameEtag(found?.etag, answer.etag)
  const info = isOurs ? found : undefined
  const stored = { ...answer.checksums, ...info?.checksums }
  const verified = compareStored(run, {
    size,
    checksum,
    storedSize: info?.size,
    stored: stored[checksum.algorithm],
  })
  const { bucket, key } = run.info
  const { etag, versionId } = answer
  return { object: { bucket, key }, size, etag, versionId, checksum, verified, parts, ...run.tally }
}

/**
 * HEAD of what was just written; `undefined` when we may write but not read, which is a legitimate
 * way to hand out permissions: then the store's own checks of what it was sent must do.
 */
export async function headForVerification(
  run: TransferRun,
  spec: UploadSpec,
  versionId: string | undefined,
): Promise<ObjectInfo | undefined> {
  const { bucket, key } = run.info
  try {
    return await run.env.store.head(
      { bucket, key, versionId },
      { signal: run.signal, attributes: spec.attributes },
    )
  } catch (error) {
    if (isTransferError(error) && error.code === 'ERR_ACCESS_DENIED') return undefined
    throw error
  }
}

/** @throws ERR_CHECKSUM_MISMATCH when the store holds something else. */
export function compareStored(
  run: TransferRun,
  facts: {
    readonly size: number
    readonly checksum: Checksum
    readonly storedSize: number | undefined
    readonly stored: string | undefined
  },
): Verification {
  const { size, checksum, storedSize, stored } = facts
  if (storedSize !== undefined && storedSize !== size) {
    const message = `The store holds ${storedSize} bytes, ${size} were sent`
    throw new TransferError('ERR_CHECKSUM_MISMATCH', message, run.context)
  }
  if (stored === undefined) return storedSize === undefined ? 'none' : 'size'
  if (stored === checksum.value) return 'checksum'
  const message = `The store holds ${checksum.algorithm} ${stored}, sent was ${checksum.value}`
  throw new TransferError('ERR_CHECKSUM_MISMATCH', message, run.context)
}
