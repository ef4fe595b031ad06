/**
 * A copy that the store makes by itself: one CopyObject, or where that is too large, or the source was made
 * in parts, UploadPartCopy part by part with the borders of the source, so that its ETag survives.
 */

import { randomUUID } from 'node:crypto'
import { isCombinable } from '../checksum/algorithms.ts'
import { bestStored, type Checksum } from '../checksum/stored.ts'
import { isTransferError, type TransferError } from '../errors.ts'
import { rangeAt, splitIntoRanges } from '../plan/ranges.ts'
import { isOutcomeUnknown } from '../store/classify.ts'
import { copiedAttributes, replacesDescription, TOKEN_NAME } from '../store/copied-attributes.ts'
import type { Copied } from '../store/copy-calls.ts'
import { MiB } from '../units.ts'
import type { CompletedPart, ObjectInfo } from '../store/object-store.ts'
import { explainedCondition } from './copy-condition.ts'
import { isCopyRefusal } from './copy-refusal.ts'
import { proveCopy } from './copy-proof.ts'
import type { CopySpec, ReadySource } from './copy.ts'
import { discardUpload } from './discard-upload.ts'
import { findOurs } from './find-ours.ts'
import { objectOf } from './multipart-upload.ts'
import { PartWindow } from './part-window.ts'
import type { CopyResult } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import { headForVerification } from './verify-upload.ts'

/** Copies, and proves the copy by what the store says of both. */
export async function copyOnServer(
  run: TransferRun,
  spec: CopySpec,
  source: ReadySource,
): Promise<CopyResult> {
  const { info } = source
  const partSize = spec.partSize ?? source.partSize
  const { limits } = spec.upload
  const isOne = info.size <= Math.min(limits.singlePutMax, partSize ?? Infinity)
  const size = partSize ?? serverPartSize(info.size, limits.partsMax)
  run.started(info.size, isOne ? 1 : Math.ceil(info.size / size), isOne ? info.size : size)
  const copied = isOne
    ? { answer: await copyWhole(run, spec, source), parts: 1 }
    : await copyParts(run, spec, source, size)
  const { answer, parts } = copied
  const found = await headForVerification(run, spec.upload, answer.versionId)
  const proof = proveCopy(info, answer, found, run.context)
  return {
    object: objectOf(run),
    source: source.object,
    how: 'server',
    size: info.size,
    etag: answer.etag,
    versionId: answer.versionId,
    parts,
    ...proof,
    sourceVerified: proof.verified,
    sourceEtag: info.etag,
    ...run.tally,
  }
}

/** Parts of a copy move nothing here, so they may be large. Source: none, reasonable default. */
function serverPartSize(size: number, partsMax: number): number {
  return Math.max(256 * MiB, Math.ceil(size / partsMax))
}

async function copyWhole(
  run: TransferRun,
  spec: CopySpec,
  { object, info, tags }: ReadySource,
): Promise<Copied> {
  const { attributes: given } = spec.upload
  const replaces = replacesDescription(given)
  const attributes = replaces ? copiedAttributes(given, info, tags, run.context) : given
  run.attempts += 1
  return run.env.store.copyObject(object, objectOf(run), {
    signal: run.signal,
    ifMatch: info.etag,
    sourceAttributes: spec.sourceAttributes,
    attributes,
    replaces,
    replacesTags: given.tags !== undefined,
    algorithm: spec.isChecksumChosen ? spec.upload.algorithm : undefined,
  })
}

async function copyParts(
  run: TransferRun,
  spec: CopySpec,
  { object, info, tags }: ReadySource,
  partSize: number,
): Promise<{ readonly answer: Copied; readonly parts: number }> {
  const { env } = run
  const { store } = env
  const to = objectOf(run)
  const token = randomUUID()
  const attributes = copiedAttributes(spec.upload.attributes, info, tags, run.context)
  const metadata = { ...attributes.metadata, [TOKEN_NAME]: token }
  // A full checksum of the source is what the store is to compare the whole with.
  const stored = bestStored(info.checksums, info.checksumType)
  const whole =
    stored?.type === 'FULL_OBJECT' && isCombinable(stored.algorithm) ? stored : undefined
  const { uploadId } = await store.createMultipartUpload(to, {
    attributes: { ...attributes, metadata },
    checksum: whole && { algorithm: whole.algorithm, type: 'FULL_OBJECT' },
  })
  run.uploadId = uploadId
  const origin = async (): Promise<string> => (await store.route(to.bucket)).origin
  env.openUploads.opened({ ...to, uploadId, token, origin })
  const split = splitIntoRanges(info.size, partSize)
  const parts: CompletedPart[] = []
  const window = new PartWindow(run, 'UploadPart', spec.upload.maxInFlight)
  let copied = 0
  let refusal: TransferError | undefined
  const copyPart = async (index: number): Promise<void> => {
    const range = rangeAt(split, index)
    const partNumber = index + 1
    run.attempts += 1
    const asked = {
      signal: run.signal,
      ifMatch: info.etag,
      sourceAttributes: spec.sourceAttributes,
      attributes: spec.upload.attributes,
      uploadId,
      partNumber,
      range,
    }
    const { etag, checksums } = await store.copyPart(object, to, asked).catch(async (error) => {
      // Before it stops the run, which ends with the first error.
      throw await explainedCondition(run, spec, info, error)
    })
    const value = whole && checksums[whole.algorithm]
    const checksum =
      whole && value !== undefined ? { algorithm: whole.algorithm, value } : undefined
    parts[index] = { partNumber, etag, checksum }
    copied += range.length
    run.progress.keep(range.length)
  }
  // Must not stop the run, which goes on by another way.
  const copyOrRefused = (index: number): Promise<void> =>
    copyPart(index).catch((error: unknown) => {
      if (!isCopyRefusal(error)) throw error
      refusal ??= error
    })
  try {
    for (let index = 0; index < split.count; index += 1) {
      await window.room()
      if (refusal !== undefined) break
      window.add(copyOrRefused(index))
    }
    await window.drained()
    if (refusal !== undefined) throw refusal
    const answer = await complete(run, spec, { uploadId, token, parts, info, whole })
    env.openUploads.ended(token)
    return { answer, parts: split.count }
  } catch (error) {
    // A part that failed has stopped the run; what failed behind the parts has nothing to stop.
    await window.settled()
    run.progress.keep(-copied)
    const failure = run.failure(error)
    const isGone = await discardUpload(store, to, uploadId, attributes).catch(() => false)
    if (isGone) env.openUploads.ended(token)
    else env.openUploads.givenUp(token)
    throw isGone ? failure : failure.with({ leftBehind: `multipart upload ${uploadId}` })
  }
}

interface Uploaded {
  readonly uploadId: string
  readonly token: string
  readonly parts: readonly CompletedPart[]
  readonly info: ObjectInfo
  readonly whole: Checksum | undefined
}

/** A lost answer is settled by a look at the object, as that of an upload is. */
async function complete(
  run: TransferRun,
  spec: CopySpec,
  { uploadId, token, parts, info, whole }: Uploaded,
): Promise<Copied> {
  const isWhole = parts.every(({ checksum }) => checksum !== undefined)
  const { env, signal } = run
  for (let round = 1; ; round += 1) {
    try {
      return await env.store.completeMultipartUpload(objectOf(run), uploadId, parts, {
        signal,
        attributes: spec.upload.attributes,
        size: spec.upload.sendChecksum ? info.size : undefined,
        checksum: isWhole ? whole : undefined,
      })
    } catch (error) {
      signal.throwIfAborted()
      if (!isTransferError(error) || !isOutcomeUnknown(error)) throw error
      const { size } = info
      const found =
        whole === undefined
          ? await findByToken(run, spec, token, size)
          : await findOurs(run, spec.upload, { token, size, checksum: whole })
      if (found !== undefined) return found
      const isFinal = error.code === 'ERR_UPLOAD_NOT_FOUND'
      if (isFinal || round >= env.tuning.maxAttempts) throw error
    }
  }
}

async function findByToken(
  run: TransferRun,
  spec: CopySpec,
  token: string,
  size: number,
): Promise<Copied | undefined> {
  const found = await headForVerification(run, spec.upload, undefined).catch(() => undefined)
  if (found?.metadata[TOKEN_NAME] !== token || found.size !== size) return undefined
  const { etag, versionId, checksums, checksumType } = found
  return { etag, versionId, checksums, checksumType }
}
