/**
 * What to do about an upload that was begun before: the journal is the memory, the store's list of
 * parts the truth, the file what is wanted. Pure; the driver asks, looks and acts.
 *
 * A part is kept only if store and journal agree on it. One that only the store knows is kept once
 * the bytes of the file have been hashed again and agree. All else is sent.
 */

import type { ChecksumAlgorithm, ChecksumType } from '../checksum/algorithms.ts'
import type { ObjectAttributes } from '../store/attributes.ts'
import { isSameEtag } from '../store/etag.ts'
import type { ListedPart } from '../store/object-store.ts'
import { attributesDigest } from './job.ts'
import type { Completed, FileIdentity, ObjectIdentity, PartNoted } from './records.ts'
import { rangeOfJob, type UploadState } from './replay.ts'
import { changeOf } from './changes.ts'

/** The upload as it would be begun now. */
export interface UploadNow {
  readonly source: FileIdentity | ObjectIdentity
  readonly attributes: ObjectAttributes
  readonly algorithm: ChecksumAlgorithm
  readonly checksumType: ChecksumType
  readonly sendChecksum: boolean
  /** Only if the caller chose it: a default that changed is no reason to send all again. */
  readonly partSize: number | undefined
}

/** What the store says of the upload's parts; `unknown` when it cannot or may not tell. */
export type Listing = readonly ListedPart[] | 'gone' | 'unknown'

/** Whether a HEAD found the object of this upload at its key; see token, size and checksum. */
export type Look = 'not looked' | 'ours' | 'not ours'

/** A part only the store knows, and what the bytes of the file must agree with. */
export interface UnknownPart {
  readonly part: number
  readonly size: number
  readonly etag: string
  readonly witness: Witness
}

/** A checksum in base64 by the job's algorithm, or the MD5 in lower-case hexadecimal that an ETag is. */
export type Witness =
  | { readonly kind: 'checksum'; readonly value: string }
  | { readonly kind: 'md5'; readonly value: string }

export type UploadResumption =
  /** Go on: parts to keep, to hash again before they are kept, and to send. */
  | {
      readonly action: 'continue'
      readonly uploadId: string
      readonly partSize: number
      readonly kept: readonly PartNoted[]
      readonly check: readonly UnknownPart[]
      readonly send: readonly number[]
    }
  /** Ask by HEAD whether the object is there, then reconcile again with what it said. */
  | { readonly action: 'look' }
  /** The object is ours: only the comparison with what was sent is left. */
  | { readonly action: 'verify'; readonly completed: Completed | undefined }
  /** Abort what is open, and begin anew. */
  | { readonly action: 'restart'; readonly reason: string; readonly abort: string | undefined }

/** An ETag that may be the MD5 of a part. */
const MD5_ETAG = /^"?([0-9a-f]{32})"?$/i

/** Decides. Everything it says follows from its arguments. */
export function reconcileUpload(
  state: UploadState,
  now: UploadNow,
  listing: Listing,
  look: Look = 'not looked',
): UploadResumption {
  const { begin, created, completing, completed } = state
  const abort = created?.uploadId
  if (state.ended) return { action: 'restart', reason: 'It had ended.', abort: undefined }
  const change = differenceOf(state, now)
  // Completed means that nothing is open any more; an abort would be answered with "not found".
  if (change !== undefined) return { action: 'restart', reason: change, abort }
  if (created === undefined) {
    return { action: 'restart', reason: 'It ended before its upload was open.', abort }
  }
  if (completed !== undefined) return { action: 'verify', completed }
  if (look === 'ours') return { action: 'verify', completed: undefined }
  // A journal may have lost its last records: also without "completing" it may have been sent.
  const mayExist = completing !== undefined || listing === 'gone'
  if (mayExist && look === 'not looked') return { action: 'look' }
  if (listing === 'gone') {
    const reason = 'The upload is gone: it was aborted or has expired, or another took its place.'
    return { action: 'restart', reason, abort: undefined }
  }
  if (listing === 'unknown') {
    return { action: 'restart', reason: 'The store does not tell which parts it has.', abort }
  }
  return { ...sortParts(state, listing), uploadId: created.uploadId, partSize: begin.partSize }
}

/**
 * Whether hashing the file again gave what the store has.
 * @param hash as the witness is written: base64 of a checksum, lower-case hexadecimal of an MD5
 */
export function isAdopted(part: UnknownPart, hash: string): boolean {
  return part.witness.value === hash
}

function sortParts(
  state: UploadState,
  listing: readonly ListedPart[],
): Pick<Extract<UploadResumption, { action: 'continue' }>, 'action' | 'kept' | 'check' | 'send'> {
  const { begin } = state
  const listed = new Map(listing.map((part) => [part.partNumber, part]))
  const kept: PartNoted[] = []
  const check: UnknownPart[] = []
  const send: number[] = []
  for (let part = 1; part <= begin.parts; part += 1) {
    const there = listed.get(part)
    const noted = state.parts.get(part)
    const { length } = rangeOfJob(begin, part - 1)
    if (there?.size !== length) send.push(part)
    else if (noted === undefined) {
      const witness = witnessOf(there, begin.algorithm)
      if (witness === undefined) send.push(part)
      else check.push({ part, size: length, etag: there.etag, witness })
    } else if (isSamePart(there, noted, begin.algorithm)) kept.push(noted)
    else send.push(part)
  }
  return { action: 'continue', kept, check, send }
}

function isSamePart(there: ListedPart, noted: PartNoted, algorithm: ChecksumAlgorithm): boolean {
  const stored = there.checksums[algorithm]
  if (!isSameEtag(there.etag, noted.etag)) return false
  return stored === undefined || stored === noted.digest
}

function witnessOf(there: ListedPart, algorithm: ChecksumAlgorithm): Witness | undefined {
  const value = there.checksums[algorithm]
  if (value !== undefined) return { kind: 'checksum', value }
  // With keys of KMS the ETag looks like an MD5 and is none; then it does not agree, and is sent.
  const md5 = MD5_ETAG.exec(there.etag)?.[1]
  return md5 === undefined ? undefined : { kind: 'md5', value: md5.toLowerCase() }
}

function differenceOf({ begin }: UploadState, now: UploadNow): string | undefined {
  const what = begin.from === undefined ? 'The file' : 'The source'
  const source = changeOf<object>(what, begin.source, now.source)
  if (source !== undefined) return source
  const hasKey = now.attributes.sseCustomerKey !== undefined
  const asked = attributesDigest(now.attributes, hasKey)
  if (attributesDigest(begin.attributes, begin.hasCustomerKey) !== asked) {
    return 'Other attributes are asked for now.'
  }
  const { algorithm, checksumType, sendChecksum } = begin
  const isSameChecksum =
    algorithm === now.algorithm &&
    checksumType === now.checksumType &&
    sendChecksum === now.sendChecksum
  if (!isSameChecksum) return 'Another checksum is asked for now.'
  if (now.partSize === undefined || now.partSize === begin.partSize) return undefined
  return `Parts of ${now.partSize} bytes are asked for now, they had ${begin.partSize}.`
}
