/**
 * The upload driver: source → one PUT, or Create → parts → Complete → HEAD.
 *
 * Success means: every byte planned was read, arrived, and the store's own checksum of the whole
 * object agrees, as far as the store tells one. Everything else rejects, after what was begun has
 * been removed.
 */

import { assert } from '../assert.ts'
import { canonicalQuery } from '../store/signing.ts'
import { TransferError } from '../errors.ts'
import { PARTS_MAX } from '../plan/limits.ts'
import { PART_SIZE_DEFAULT } from '../plan/part-size.ts'
import { planUpload, type MultipartUploadPlan } from '../plan/upload-plan.ts'
import type { PartDone, PartFailed, PutJob } from '../pool/protocol.ts'
import { attributeHeaders } from '../store/attributes.ts'
import { attempt } from './attempt.ts'
import { contentTypeOf } from './content-type.ts'
import { MultipartUpload } from './multipart-upload.ts'
import { PartWindow } from './part-window.ts'
import type { PartRequest } from './request-attempt.ts'
import type { UploadResult } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import type { SourcePart, UploadSource } from './upload-source.ts'
import { openSource, type UploadInput } from './upload-input.ts'
import { trySmallFile } from './upload-small-file.ts'
import { putHeaders, withContentType, type UploadSpec, type UploadWishes } from './upload-spec.ts'
import { findOurPut } from './lost-put.ts'
import { verifySinglePut } from './verify-upload.ts'

/** What an object of zero bytes is made of. */
const NO_BYTES = { length: 0, location: { kind: 'file', fd: -1, offset: 0 } } as const

/** Uploads what the caller gave: a file, bytes, or a stream of perhaps announced size. */
export async function uploadInput(
  run: TransferRun,
  input: UploadInput,
  wishes: UploadWishes,
): Promise<UploadResult> {
  const spec = await specOf(run, wishes)
  const { path } = run.info
  const first = path === undefined ? undefined : await trySmallFile(run, path, spec)
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
  const { attributes, isChecksumChosen, ...rest } = wishes
  const { requestChecksumCalculation } = await run.env.store.settings()
  const name = run.info.path ?? run.info.key
  const contentType = attributes.contentType ?? (await contentTypeOf(name))
  return {
    ...rest,
    attributes: withContentType(attributes, contentType),
    sendChecksum: isChecksumChosen || requestChecksumCalculation === 'WHEN_SUPPORTED',
  }
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
  const { multipartThreshold } = spec
  if (source.size === undefined) return uploadUnknownLength(run, source, spec)
  const chosen = source.holdsParts ? PART_SIZE_DEFAULT : run.partSizeOf(source.size, 'UploadPart')
  const partSize = spec.partSize ?? chosen
  const plan = planUpload({ size: source.size, partSize, multipartThreshold })
  if (plan.kind === 'multipart') run.started(source.size, plan.parts, plan.partSize)
  else run.started(source.size, 1, partSize)
  if (plan.kind === 'multipart') return uploadParts(run, source, spec, plan, undefined)
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
  return uploadParts(run, source, spec, { partSize }, first)
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

async function uploadParts(
  run: TransferRun,
  source: UploadSource,
  spec: UploadSpec,
  plan: Pick<MultipartUploadPlan, 'partSize'>,
  first: SourcePart | undefined,
): Promise<UploadResult> {
  const headers = attributeHeaders('part', spec.attributes)
  const window = new PartWindow(run, 'UploadPart')
  let held = first
  let upload: MultipartUpload | undefined
  try {
    const opened = await MultipartUpload.create(run, spec)
    upload = opened
    let partNumber = 0
    for (;;) {
      const part: SourcePart | undefined = held ?? (await source.next(plan.partSize))
      if (part === undefined) break
      held = part
      partNumber += 1
      checkPartNumber(partNumber, plan.partSize)
      await window.room()
      const number = partNumber
      held = undefined
      window.add(sendPart(run, spec, opened, part, number, headers))
    }
    await window.drained()
    await source.verify()
    return await opened.complete()
  } catch (error) {
    run.stop(error)
    held?.release()
    await window.settled()
    throw (await upload?.discard(run.failure(error))) ?? error
  }
}

async function sendPart(
  run: TransferRun,
  spec: UploadSpec,
  upload: MultipartUpload,
  part: SourcePart,
  partNumber: number,
  headers: readonly string[],
): Promise<void> {
  try {
    const query = canonicalQuery([
      ['partNumber', String(partNumber)],
      ['uploadId', upload.uploadId],
    ])
    const whenSlow = () => (upload.hasStableEtags ? ('race' as const) : undefined)
    const done = await putBytes(run, spec, part, { partNumber, query, headers, whenSlow })
    upload.noteArrived(partNumber, part.offset, done)
  } finally {
    part.release()
  }
}

/** One PUT with its attempts. No part at all is an object of zero bytes. */
async function putBytes(
  run: TransferRun,
  spec: UploadSpec,
  part: SourcePart | undefined,
  request: {
    readonly partNumber: number
    readonly query: string
    readonly headers: readonly string[]
    readonly whenSlow?: PartRequest['whenSlow']
  },
  failed?: PartFailed,
): Promise<PartDone> {
  const { length, location: source } = part ?? NO_BYTES
  const { partNumber, query, headers, whenSlow } = request
  const makeJob = (slot: number): PutJob => ({
    kind: 'put',
    transferId: run.info.id,
    slot,
    key: run.info.key,
    query,
    headers,
    source,
    length,
    algorithm: spec.algorithm,
    sendChecksum: spec.sendChecksum,
  })
  const operation = query === '' ? 'PutObject' : 'UploadPart'
  const asked = { partNumber, length, operation, makeJob, whenSlow } as const
  const done = await attempt(run, asked, failed)
  assert(done.length === length, 'a worker sends what it was told to')
  return done
}

function checkPartNumber(partNumber: number, partSize: number): void {
  if (partNumber <= PARTS_MAX) return
  const message =
    `The stream is longer than ${PARTS_MAX} parts of ${partSize} bytes. ` +
    'Choose a larger `partSize`, or give its `size`.'
  throw new TransferError('ERR_OBJECT_TOO_LARGE', message, { partNumber })
}
