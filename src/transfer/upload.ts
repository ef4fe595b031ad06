/**
 * The upload driver: source → one PUT, or Create → parts → Complete → HEAD.
 *
 * Success means: every byte planned was read, arrived, and the store's own checksum of the whole
 * object agrees, as far as the store tells one. Everything else rejects, after what was begun has
 * been removed.
 */

import { PART_SIZE_DEFAULT } from '../plan/part-size.ts'
import { planUpload } from '../plan/upload-plan.ts'
import type { PartFailed } from '../pool/protocol.ts'
import { contentTypeOf } from './content-type.ts'
import { findOurPut } from './lost-put.ts'
import { NO_BYTES, putBytes } from './put-bytes.ts'
import type { UploadResult } from './results.ts'
import { dropEarlierUpload, uploadResumable } from './resume-upload.ts'
import { lookForJournal } from './transfer-journal.ts'
import type { TransferRun } from './transfer-run.ts'
import type { SourcePart, UploadSource } from './upload-source.ts'
import { openSource, type UploadInput } from './upload-input.ts'
import { uploadParts } from './upload-parts.ts'
import { trySmallFile } from './upload-small-file.ts'
import { putHeaders, withContentType, type UploadSpec, type UploadWishes } from './upload-spec.ts'
import { verifySinglePut } from './verify-upload.ts'

/** Uploads what the caller gave: a file, bytes, or a stream of perhaps announced size. */
export async function uploadInput(
  run: TransferRun,
  input: UploadInput,
  wishes: UploadWishes,
): Promise<UploadResult> {
  const spec = await specOf(run, wishes)
  const { path } = run.info
  if (path !== undefined) await lookForJournal(run, 'upload', path)
  const isTried = path !== undefined && !run.hasJournal
  const first = isTried ? await trySmallFile(run, path, spec) : undefined
  if (first?.result !== undefined) return first.result
  const source = await openSource(run, input, wishes.size)
  try {
    return await runUpload(run, source, spec, first?.failed)
  } finally {
    await source.close()
  }
}

/** What the caller left open: the media type by the name, checksums by the environment. */
async function specOf(run: TransferRun, wishes: UploadWishes): Promise<UploadSpec> {
  const { attributes, isChecksumChosen, partSize, multipartThreshold, algorithm } = wishes
  const { maxInFlight, leavePartsOnError } = wishes
  const { requestChecksumCalculation, profile } = await run.env.store.settings()
  const name = run.info.path ?? run.info.key
  const contentType = attributes.contentType ?? (await contentTypeOf(name))
  // A copy by spread costs ten times as much; a field that is forgotten does not compile.
  const spec: Required<UploadSpec> = {
    partSize,
    multipartThreshold,
    algorithm,
    maxInFlight,
    leavePartsOnError,
    attributes: withContentType(attributes, contentType),
    limits: profile.limits,
    sendChecksum: isChecksumChosen || requestChecksumCalculation === 'WHEN_SUPPORTED',
  }
  return spec
}

/**
 * Uploads everything the source has.
 * @param failed a first attempt to send it in one PUT, made without having opened it
 */
export async function runUpload(
  run: TransferRun,
  source: UploadSource,
  spec: UploadSpec,
  failed?: PartFailed,
): Promise<UploadResult> {
  const { multipartThreshold, limits } = spec
  if (source.size === undefined) return uploadUnknownLength(run, source, spec)
  const chosen = source.holdsParts ? PART_SIZE_DEFAULT : run.partSizeOf(source.size, 'UploadPart')
  // What is held in memory stays small, whatever a store would like.
  const advised = source.holdsParts ? 0 : (limits.partSizeAdvised ?? 0)
  const partSize = spec.partSize ?? Math.max(chosen, advised)
  const plan = planUpload({ size: source.size, partSize, multipartThreshold, limits })
  if (plan.kind === 'multipart') return uploadResumable(run, source, spec, plan)
  if (run.hasJournal) await dropEarlierUpload(run, spec, source.size)
  run.started(source.size, 1, partSize)
  const part = await source.next(Math.max(1, source.size))
  return uploadSingle(run, source, spec, part, failed)
}

/** A stream that ends within the first part goes as one PUT; a longer one in parts of that size. */
async function uploadUnknownLength(
  run: TransferRun,
  source: UploadSource,
  spec: UploadSpec,
): Promise<UploadResult> {
  const { partSize = PART_SIZE_DEFAULT } = spec
  run.started(undefined, undefined, partSize)
  const first = await source.next(partSize)
  if (first === undefined || first.length < partSize) {
    return uploadSingle(run, source, spec, first)
  }
  return uploadParts(run, source, spec, { partSize, first })
}

async function uploadSingle(
  run: TransferRun,
  source: UploadSource,
  spec: UploadSpec,
  part: SourcePart | undefined,
  failed?: PartFailed,
): Promise<UploadResult> {
  const headers = putHeaders(spec.attributes)
  try {
    await part?.fill?.()
    const done = await putBytes(run, spec, part, { partNumber: 1, query: '', headers }, failed)
    await source.verify()
    return await verifySinglePut(run, spec, done)
  } catch (error) {
    const found = await findOurPut(run, spec, part ?? NO_BYTES, error)
    if (found === undefined) throw error
    return found
  } finally {
    part?.release()
  }
}
