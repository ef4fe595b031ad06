/**
 * The copy driver: one object to another place, by the store itself where one identity can do that, else
 * through workers here: ranged GET → verified → PUT, in memory, over two pools of connections.
 */

import { isCombinable } from '../checksum/algorithms.ts'
import { TransferError } from '../errors.ts'
import { placeOf, urlOfPlace } from '../journal/identities.ts'
import type { Place } from '../journal/records.ts'
import type { StoreLimits } from '../plan/limits.ts'
import { PART_SIZE_DEFAULT } from '../plan/part-size.ts'
import { planUpload } from '../plan/upload-plan.ts'
import { NO_ATTRIBUTES, type RequestAttributes } from '../store/attributes.ts'
import type { PartFailed } from '../pool/protocol.ts'
import { copiedAttributes } from '../store/copied-attributes.ts'
import { partsInEtag } from '../store/etag.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import type { ObjectRef } from '../store/types.ts'
import { carryOver, explainedCarry, type Carried, type CarriedOver } from './copy-carry.ts'
import { explainedCondition } from './copy-condition.ts'
import { copyOnServer } from './copy-on-server.ts'
import { isCopyRefusal } from './copy-refusal.ts'
import { trySmallCopy } from './copy-small-object.ts'
import { headPart } from './download.ts'
import { planProof, type DownloadProof } from './download-proof.ts'
import { ObjectSource } from './object-source.ts'
import type { CopyResult, CopyWay } from './results.ts'
import { lookForJournal } from './transfer-journal.ts'
import type { TransferRun } from './transfer-run.ts'
import { runUpload } from './upload.ts'
import type { UploadSpec } from './upload-spec.ts'

/** An object as a listing shows it. */
export interface ListedObject {
  /** Bytes. */
  readonly size: number
  readonly etag: string
}

export interface CopySpec {
  readonly from: ObjectRef
  /** What is known of it, if a listing told. */
  readonly listed?: ListedObject | undefined
  readonly upload: UploadSpec
  readonly isChecksumChosen: boolean
  /** Said of this copy; what holds for all gives way to the borders of the source's parts. */
  readonly partSize: number | undefined
  readonly sourceAttributes: RequestAttributes
  /** Whether stored checksums are asked for and compared. */
  readonly compare: boolean
  /** `undefined` leaves it to what is possible. */
  readonly way: CopyWay | undefined
  /** What the copy takes over beyond what every copy does. */
  readonly carry: readonly Carried[]
}

/** The source, looked at. */
export interface ReadySource {
  /** With the version that is copied, where there are versions. */
  readonly object: ObjectRef
  readonly info: ObjectInfo
  /** Of its parts, where it was made in parts of one size that a copy may have too. */
  readonly partSize: number | undefined
  /** To be said of the copy: `undefined` if there are none, or others were given. */
  readonly tags: Readonly<Record<string, string>> | undefined
}

/** Why stores do not copy by themselves, by pair of buckets: to be refused once is enough. */
const refusals = new WeakMap<object, Map<string, string>>()

/** Copies an object. @throws ERR_OBJECT_CHANGED when the source did meanwhile, and what both ways throw */
export async function runCopy(run: TransferRun, spec: CopySpec): Promise<CopyResult> {
  const first = await trySmallCopy(run, spec)
  if (first.result !== undefined) return first.result
  const info = await run.env.source.head(spec.from, {
    signal: run.signal,
    attributes: spec.sourceAttributes,
  })
  let carried: CarriedOver | undefined
  try {
    if (run.env.isOneIdentity && isSame(spec, run)) throw sameObject(run)
    const { upload } = spec
    carried = await carryOver(run, { ...spec, given: upload.attributes }, info)
    const { attributes, grantsLost } = carried
    const wish = { ...spec, upload: { ...upload, attributes } }
    const result = await copyOf(run, wish, info, first.failed)
    return grantsLost === undefined ? result : { ...result, grantsLost }
  } catch (error) {
    throw explainedCarry(await explainedCondition(run, spec, info, error), info, carried)
  }
}

/** @param failed a first attempt to relay it in one PUT */
async function copyOf(
  run: TransferRun,
  spec: CopySpec,
  looked: ObjectInfo,
  failed: PartFailed | undefined,
): Promise<CopyResult> {
  const { env, info } = run
  const { isOneIdentity: isOneStore } = env
  const source = await lookAt(run, spec, looked)
  if (spec.way === 'server' && !isOneStore) {
    const message = 'Two stores, or two identities, cannot copy by themselves: leave `via` out.'
    throw new TransferError('ERR_OPTION_INVALID', message, { ...run.context, option: 'via' })
  }
  if (!isOneStore || spec.way === 'relay') return relay(run, spec, source, { failed })
  const known = refusals.get(env.store) ?? new Map<string, string>()
  refusals.set(env.store, known)
  const pair = JSON.stringify([spec.from.bucket, info.bucket])
  const earlier = spec.way === 'server' ? undefined : known.get(pair)
  if (earlier !== undefined) return relay(run, spec, source, { reason: earlier })
  try {
    return await copyOnServer(run, spec, source)
  } catch (error) {
    if (spec.way === 'server' || run.stopping.aborted || !isCopyRefusal(error)) throw error
    const reason = `The store does not copy by itself: ${error.message}`
    if (error.code === 'ERR_NOT_SUPPORTED') known.set(pair, reason)
    return relay(run, spec, source, { reason })
  }
}

function isSame({ from, upload }: CopySpec, { info }: TransferRun): boolean {
  const isOne = from.bucket === info.bucket && from.key === info.key
  return isOne && from.versionId === undefined && upload.attributes === NO_ATTRIBUTES
}

function sameObject({ context }: TransferRun): TransferError {
  const message = 'Source and destination are the same object, and nothing of it is to be changed.'
  return new TransferError('ERR_OPTION_INVALID', message, context)
}

async function lookAt(run: TransferRun, spec: CopySpec, info: ObjectInfo): Promise<ReadySource> {
  const { from, sourceAttributes: attributes, upload } = spec
  const { source } = run.env
  const options = { signal: run.signal, attributes }
  const object = info.versionId === undefined ? from : { ...from, versionId: info.versionId }
  const hasTags = (info.described?.tagCount ?? 0) > 0 && upload.attributes.tags === undefined
  return {
    object,
    info,
    partSize: await storedPartSize(run, spec, info),
    tags: hasTags ? await source.tags(object, options) : undefined,
  }
}

/** Size of the parts of the source, if all but the last are alike and a copy may have such. */
async function storedPartSize(
  run: TransferRun,
  { from, sourceAttributes: attributes, upload }: CopySpec,
  info: ObjectInfo,
): Promise<number | undefined> {
  const { partsMax, partSizeMin, partSizeMax } = upload.limits
  const parts = partsInEtag(info.etag)
  if (parts < 2 || parts > partsMax) return undefined
  const options = { signal: run.signal, attributes, ifMatch: info.etag, partNumber: 1 }
  const first = await headPart(run.env.source, from, options)
  if (first === undefined || first.size < partSizeMin || first.size > partSizeMax) return undefined
  return Math.ceil(info.size / first.size) === parts ? first.size : undefined
}

async function relay(
  run: TransferRun,
  spec: CopySpec,
  source: ReadySource,
  {
    reason: relayReason,
    failed,
  }: { readonly reason?: string; readonly failed?: PartFailed | undefined },
): Promise<CopyResult> {
  const { info, object, tags } = source
  const { env } = run
  const { sourceAttributes: attributes } = spec
  const proof = await planProof(info, spec.compare, (partNumber) =>
    headPart(env.source, object, {
      signal: run.signal,
      attributes,
      partNumber,
      ifMatch: info.etag,
    }),
  )
  const upload = uploadSpec(run, spec, source, proof)
  const { partSize: wanted = 0, multipartThreshold, limits } = upload
  const plan = planUpload({ size: info.size, partSize: wanted, multipartThreshold, limits })
  const reader = new ObjectSource(run, {
    object,
    info,
    proof,
    attributes,
    partSize: plan.kind === 'single' ? info.size : plan.partSize,
    uploadAlgorithm: upload.algorithm,
  })
  const described = {
    ...upload,
    attributes: copiedAttributes(upload.attributes, info, tags, run.context),
  }
  const from: Place = placeOf(
    await env.source.route(object.bucket, { signal: run.stopping }),
    object,
  )
  run.sourcePlace = from
  await lookForJournal(run, 'upload', urlOfPlace(from))
  const result = await runUpload(run, reader, described, failed)
  return {
    ...result,
    source: object,
    how: 'relay',
    sourceVerified: reader.verified,
    sourceEtag: info.etag,
    relayReason,
  }
}

/**
 * Parts have the borders of the source's, where they fit, and its checksum: so its ETag may survive, and
 * one checksum is compared from end to end.
 */
function uploadSpec(
  run: TransferRun,
  { upload, isChecksumChosen, partSize }: CopySpec,
  { info, partSize: stored }: ReadySource,
  proof: DownloadProof,
): UploadSpec {
  const { memory } = run.env.scheduler
  const fits = stored !== undefined && 4 * stored <= memory.capacity
  const algorithm = proof.stored?.algorithm
  const isShared = !isChecksumChosen && algorithm !== undefined && isCombinable(algorithm)
  return {
    ...upload,
    partSize:
      partSize ?? (fits ? stored : (upload.partSize ?? relayPartSize(info.size, upload.limits))),
    multipartThreshold: fits
      ? Math.min(upload.multipartThreshold, info.size)
      : upload.multipartThreshold,
    algorithm: isShared ? algorithm : upload.algorithm,
  }
}

/** Held in memory, so they are small; grown so that there are not too many. */
function relayPartSize(size: number, { partsMax, partSizeAdvised = 0 }: StoreLimits): number {
  return Math.max(PART_SIZE_DEFAULT, partSizeAdvised, Math.ceil(size / partsMax))
}
