/**
 * The parts of an upload, in the order of the source: those that are missing are sent, those that
 * are there are passed over, those in doubt are hashed first.
 */

import { canonicalQuery } from '../store/signing.ts'
import { decodeDigest, encodeDigest } from '../checksum/encoding.ts'
import { assert } from '../assert.ts'
import { TransferError } from '../errors.ts'
import { isAdopted, type UnknownPart } from '../journal/reconcile-upload.ts'
import type { PartNoted } from '../journal/records.ts'
import { attributeHeaders } from '../store/attributes.ts'
import { digestBytes } from './digest-bytes.ts'
import { MultipartUpload } from './multipart-upload.ts'
import { PartWindow } from './part-window.ts'
import { putBytes } from './put-bytes.ts'
import type { UploadResult } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import type { UploadJournal } from './upload-journal.ts'
import type { SourcePart, UploadSource } from './upload-source.ts'
import type { UploadSpec } from './upload-spec.ts'

/** How the parts go. */
export interface PartsPlan {
  readonly partSize: number
  /** Read already. */
  readonly first?: SourcePart | undefined
  /** Where a new upload is written down. */
  readonly journal?: UploadJournal | undefined
  /** An upload that is gone on with. */
  readonly earlier?: EarlierUpload | undefined
}

/** An upload that was begun before, and what of it is there. */
export interface EarlierUpload {
  readonly upload: MultipartUpload
  readonly kept: readonly PartNoted[]
  /** To be hashed before they are believed. */
  readonly check: readonly UnknownPart[]
}

/** Sends what is missing, completes, verifies. Removes what was begun when that fails, unless told not to. */
export async function uploadParts(
  run: TransferRun,
  source: UploadSource,
  spec: UploadSpec,
  plan: PartsPlan,
): Promise<UploadResult> {
  const { partSize, earlier } = plan
  const kept = new Map(earlier?.kept.map((part) => [part.part, part]))
  const check = new Map(earlier?.check.map((part) => [part.part, part]))
  const sender: Sender = { run, spec, headers: attributeHeaders('part', spec.attributes) }
  const window = new PartWindow(run, 'UploadPart', spec.maxInFlight)
  let held = plan.first
  let upload = earlier?.upload
  try {
    const opened = upload ?? (await MultipartUpload.create(run, spec, plan.journal))
    upload = opened
    for (let partNumber = 1; ; partNumber += 1) {
      const there = kept.get(partNumber)
      if (there !== undefined) {
        noteKept(opened, there, source, partSize)
        continue
      }
      const part: SourcePart | undefined = held ?? (await source.next(partSize))
      if (part === undefined) break
      held = part
      checkPartNumber(partNumber, partSize, spec.limits.partsMax)
      await window.room()
      held = undefined
      window.add(sendPart(sender, opened, part, partNumber, check.get(partNumber)))
    }
    await window.drained()
    await source.verify()
    return await opened.complete()
  } catch (error) {
    run.stop(error)
    held?.release()
    await window.settled()
    if (upload === undefined) throw error
    if (run.isPaused && upload.canBeKept) {
      await upload.keep()
      throw error
    }
    const failure = run.failure(error)
    throw await (spec.leavePartsOnError ? upload.leave(failure) : upload.discard(failure))
  }
}

interface Sender {
  readonly run: TransferRun
  readonly spec: UploadSpec
  readonly headers: readonly string[]
}

function noteKept(
  upload: MultipartUpload,
  there: PartNoted,
  source: UploadSource,
  partSize: number,
): void {
  const digest = decodeDigest(there.digest)
  assert(digest !== undefined, 'a journal has digests only')
  const offset = source.skip(partSize, digest)
  upload.noteStored(there.part, { offset, length: there.size, digest, etag: there.etag })
}

async function sendPart(
  { run, spec, headers }: Sender,
  upload: MultipartUpload,
  part: SourcePart,
  partNumber: number,
  inDoubt: UnknownPart | undefined,
): Promise<void> {
  try {
    await part.fill?.()
    if (inDoubt !== undefined && (await isTaken(run, spec, upload, part, inDoubt))) return
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

/** Takes a part that only the store knows, if it has the bytes of the file. */
async function isTaken(
  run: TransferRun,
  spec: UploadSpec,
  upload: MultipartUpload,
  { offset, length, location }: SourcePart,
  inDoubt: UnknownPart,
): Promise<boolean> {
  const digest = await digestBytes(run, location, length, spec.algorithm)
  const { kind } = inDoubt.witness
  const hash =
    kind === 'checksum'
      ? encodeDigest(digest)
      : Buffer.from(await digestBytes(run, location, length, 'MD5')).toString('hex')
  if (!isAdopted(inDoubt, hash)) return false
  upload.noteAdopted(inDoubt.part, { offset, length, digest, etag: inDoubt.etag })
  run.kept(length)
  return true
}

function checkPartNumber(partNumber: number, partSize: number, partsMax: number): void {
  if (partNumber <= partsMax) return
  const message =
    `The stream is longer than ${partsMax} parts of ${partSize} bytes. ` +
    'Choose a larger `partSize`, or give its `size`.'
  throw new TransferError('ERR_OBJECT_TOO_LARGE', message, { partNumber })
}
