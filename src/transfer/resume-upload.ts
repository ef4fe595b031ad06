/**
 * An upload in parts that can be read again: goes on with what an earlier process left, as far as
 * the store and the file bear it out, or begins anew and says why.
 */

import type { Checksum } from '../checksum/stored.ts'
import { isTransferError } from '../errors.ts'
import {
  reconcileUpload,
  type Listing,
  type UploadResumption,
} from '../journal/reconcile-upload.ts'
import type { UploadState } from '../journal/replay.ts'
import type { MultipartUploadPlan } from '../plan/upload-plan.ts'
import type { CompletedObject } from '../store/object-store.ts'
import { findOurs } from './find-ours.ts'
import { MultipartUpload, objectOf } from './multipart-upload.ts'
import type { UploadResult } from './results.ts'
import { sourceNameOf, TransferJournal } from './transfer-journal.ts'
import type { TransferRun } from './transfer-run.ts'
import { UploadJournal } from './upload-journal.ts'
import { uploadParts, type EarlierUpload } from './upload-parts.ts'
import type { UploadSource } from './upload-source.ts'
import type { UploadSpec } from './upload-spec.ts'

/** Answers of stores that do not tell the parts, or not to us. */
const UNTOLD: readonly string[] = ['ERR_NOT_SUPPORTED', 'ERR_ACCESS_DENIED', 'ERR_REQUEST_REFUSED']

const NO_UPLOAD = 'It ended before its upload was open.'

/** Uploads in parts of a plan, with a journal where the source can be read again. */
export async function uploadResumable(
  run: TransferRun,
  source: UploadSource,
  spec: UploadSpec,
  plan: MultipartUploadPlan,
): Promise<UploadResult> {
  const { identity } = source
  const journal = identity && (await UploadJournal.open(run, spec, identity, plan))
  if (journal === undefined) {
    run.started(plan.size, plan.parts, plan.partSize)
    return uploadParts(run, source, spec, plan)
  }
  try {
    const { found } = journal
    const earlier = found && (await takeUp(run, spec, journal, found))
    if (earlier !== undefined && 'proved' in earlier) return earlier.proved
    const partSize = earlier?.partSize ?? plan.partSize
    run.started(plan.size, earlier?.parts ?? plan.parts, partSize)
    return await uploadParts(run, source, spec, { partSize, journal, earlier })
  } finally {
    await journal.close()
  }
}

/** Removes what an earlier process left of a file that goes up in one request now. */
export async function dropEarlierUpload(
  run: TransferRun,
  spec: UploadSpec,
  size: number,
): Promise<void> {
  const path = sourceNameOf(run)
  if (path === undefined) return
  const file = { path, size, attributes: spec.attributes }
  const journal = await TransferJournal.open(run, 'upload', file)
  if (journal === undefined) return
  try {
    const { found } = journal
    if (found?.kind === 'upload') {
      const { begin, created, completed } = found
      run.resumes({ reason: 'The file goes up in one request now.' })
      if (created !== undefined && completed === undefined) {
        const names = { uploadId: created.uploadId, token: begin.token }
        await MultipartUpload.resume(run, spec, names, undefined).remove()
      }
    }
    await journal.end()
  } finally {
    await journal.close()
  }
}

interface Found extends EarlierUpload {
  readonly partSize: number
  readonly parts: number
}

/** `undefined` when it begins anew. */
async function takeUp(
  run: TransferRun,
  spec: UploadSpec,
  journal: UploadJournal,
  state: UploadState,
): Promise<Found | { readonly proved: UploadResult } | undefined> {
  const { begin, created } = state
  const { decision, object } = await decide(run, spec, journal, state)
  const names = created && { uploadId: created.uploadId, token: begin.token }
  if (names !== undefined && decision.action === 'continue') {
    const { kept, check, partSize } = decision
    await journal.continues(state, kept)
    const upload = MultipartUpload.resume(run, spec, names, journal)
    run.resumes({ keptBytes: kept.reduce((sum, part) => sum + part.size, 0) })
    return { upload, kept, check, partSize, parts: begin.parts }
  }
  if (names !== undefined && object !== undefined) {
    const { size } = begin.source
    run.resumes({ keptBytes: size })
    run.started(size, begin.parts, begin.partSize)
    const upload = MultipartUpload.resume(run, spec, names, journal)
    return { proved: await upload.prove(object.answer, { ...object, size, parts: begin.parts }) }
  }
  run.resumes({ reason: decision.action === 'restart' ? decision.reason : NO_UPLOAD })
  // What cannot be removed stays noted, for `cleanup`.
  if (names !== undefined) await MultipartUpload.resume(run, spec, names, undefined).remove()
  return undefined
}

interface Decision {
  readonly decision: UploadResumption
  /** The object, if it was looked for and is ours. */
  readonly object?: { readonly answer: CompletedObject; readonly checksum: Checksum } | undefined
}

async function decide(
  run: TransferRun,
  spec: UploadSpec,
  { now }: UploadJournal,
  state: UploadState,
): Promise<Decision> {
  const { begin, created, completing, completed } = state
  const isOpen = created !== undefined && completed === undefined
  const listing = isOpen ? await listingOf(run, spec, created.uploadId) : 'unknown'
  const first = reconcileUpload(state, now, listing)
  if (first.action === 'restart' || first.action === 'continue') return { decision: first }
  if (completing !== undefined) {
    const { algorithm, checksumType: type, token, source } = begin
    const checksum: Checksum = { algorithm, value: completing.checksum, type }
    const answer = await findOurs(run, spec, { token, size: source.size, checksum })
    if (answer !== undefined) {
      const decision = reconcileUpload(state, now, listing, 'ours')
      return { decision, object: { answer, checksum } }
    }
  }
  if (first.action === 'verify') {
    const reason = 'The object it made is not at its key any more.'
    return { decision: { action: 'restart', reason, abort: undefined } }
  }
  return { decision: reconcileUpload(state, now, listing, 'not ours') }
}

async function listingOf(run: TransferRun, spec: UploadSpec, uploadId: string): Promise<Listing> {
  const options = { signal: run.signal, attributes: spec.attributes }
  try {
    return await run.env.store.listParts(objectOf(run), uploadId, options)
  } catch (error) {
    run.stopping.throwIfAborted()
    if (!isTransferError(error)) throw error
    if (error.code === 'ERR_UPLOAD_NOT_FOUND') return 'gone'
    if (UNTOLD.includes(error.code)) return 'unknown'
    throw error
  }
}
