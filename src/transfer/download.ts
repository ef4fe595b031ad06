/**
 * The download driver: a small object in one request; else HEAD → plan → ranges into a temporary
 * file → proof → final name.
 *
 * All ranges are pinned to one version of the bytes by If-Match, so that an object replaced
 * meanwhile ends in ERR_OBJECT_CHANGED and never in a mixed file.
 */

import { resolve } from 'node:path'
import { assert } from '../assert.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import { isTransferError, TransferError } from '../errors.ts'
import { attributesFor, type FileAttributes } from '../file-attributes.ts'
import { objectIdentityOf } from '../journal/identities.ts'
import { planDownload, rangeOf, type DownloadPlan } from '../plan/download-plan.ts'
import { SMALL_FILE_MAX } from '../plan/memory-budget.ts'
import { attributeHeaders, type RequestAttributes } from '../store/attributes.ts'
import type { HeadOptions, ObjectInfo, ObjectStore } from '../store/object-store.ts'
import { canonicalQuery } from '../store/signing.ts'
import type { ObjectRef } from '../store/types.ts'
import { digestBytes } from './digest-bytes.ts'
import { DownloadJournal, type RangesOfPlan } from './download-journal.ts'
import { checksumOf, compareReceived, planProof, type DownloadProof } from './download-proof.ts'
import type { FetchSpec } from './fetch-range.ts'
import type { FileRules } from './file-rules.ts'
import { fetchRanges, rangeCount } from './fetch-ranges.ts'
import { trySmallObject } from './download-small-object.ts'
import { dropEarlierDownload, openTarget, type KeptRanges } from './resume-download.ts'
import type { Checksum, DownloadResult } from './results.ts'
import { setAttributes, TargetFile } from './target-file.ts'
import { lookForJournal } from './transfer-journal.ts'
import type { TransferRun } from './transfer-run.ts'

export interface DownloadSpec extends FileRules {
  readonly object: ObjectRef
  readonly attributes: RequestAttributes
  /** `undefined` leaves it to the object. */
  readonly partSize: number | undefined
  /** Whether stored checksums are asked for and compared. */
  readonly compare: boolean
  /** Whether a file of one request is made durable; one in ranges always is. @default true */
  readonly fsync?: boolean | undefined
  /** LastModified where no answer tells it. Epoch milliseconds. */
  readonly lastModified?: number | undefined
  /** Bytes are handed out in order, and hashed so where ranges cannot be combined. */
  readonly inOrder?: boolean | undefined
  /** What is known of it without asking, and the checksum to prove in place of the stored one. */
  readonly known?: { readonly info: ObjectInfo; readonly expected: Checksum } | undefined
}

/** An object as it will be read: what it is, in which ranges, proved how. */
export interface OpenedObject {
  readonly info: ObjectInfo
  readonly plan: DownloadPlan
  readonly proof: DownloadProof
  readonly fetch: FetchSpec
}

/** HEAD, and all that follows from it. */
export async function openObject(run: TransferRun, spec: DownloadSpec): Promise<OpenedObject> {
  const { store } = run.env
  const { object, attributes } = spec
  const options = { signal: run.signal, attributes }
  const info = spec.known?.info ?? (await store.head(object, options))
  const proof = await planProof(expectedOf(info, spec), spec.compare, (partNumber) =>
    headPart(store, object, { ...options, partNumber, ifMatch: info.etag }),
  )
  const partSize = spec.partSize ?? run.partSizeOf(info.size, 'GetObject')
  const isHashedInOrder = spec.inOrder === true && (proof.exactParts || proof.wholePass)
  const plan = isHashedInOrder
    ? planDownload({ size: info.size, partSize })
    : planFor(info.size, partSize, proof)
  const query =
    object.versionId === undefined ? '' : canonicalQuery([['versionId', object.versionId]])
  const fetch: FetchSpec = {
    size: info.size,
    etag: info.etag,
    contentEncoding: info.contentEncoding,
    query,
    headers: attributeHeaders('read', attributes),
    algorithm: isHashedInOrder ? 'CRC32' : proof.algorithm,
    whole: plan.kind === 'single',
  }
  return { info, plan, proof, fetch }
}

function expectedOf(info: ObjectInfo, { known }: DownloadSpec): ObjectInfo {
  if (known === undefined) return info
  const { algorithm, value, type } = known.expected
  return { ...info, checksums: { [algorithm]: value }, checksumType: type }
}

/** HEAD of one part; `undefined` from a store that does not know such a question. */
export async function headPart(
  store: Pick<ObjectStore, 'head'>,
  object: ObjectRef,
  options: HeadOptions,
): Promise<ObjectInfo | undefined> {
  try {
    return await store.head(object, options)
  } catch (error) {
    const refused = ['ERR_REQUEST_REFUSED', 'ERR_NOT_SUPPORTED', 'ERR_ACCESS_DENIED']
    if (isTransferError(error) && refused.includes(error.code)) return undefined
    throw error
  }
}

/** Where a composite is to be proved, ranges are stored parts or fractions of them. */
function planFor(size: number, partSize: number, proof: DownloadProof): DownloadPlan {
  const { storedPartSize, exactParts } = proof
  if (storedPartSize === undefined || size === 0) return planDownload({ size, partSize })
  if (exactParts && size > storedPartSize) {
    const parts = Math.ceil(size / storedPartSize)
    return { kind: 'ranges', size, partSize: storedPartSize, parts }
  }
  const wanted = Math.min(partSize, storedPartSize)
  return planDownload({ size, partSize: exactParts ? size : wanted, storedPartSize })
}

/** Downloads into a file. */
export async function runDownload(
  run: TransferRun,
  spec: DownloadSpec,
  path: string,
): Promise<DownloadResult> {
  await lookForJournal(run, 'download', path, spec.object.versionId)
  const small = run.hasJournal ? undefined : await trySmallObject(run, spec, path)
  if (small !== undefined) return small
  const opened = await openObject(run, spec)
  const { info, plan } = opened
  run.env.scheduler.smallObjects.note(info.size <= SMALL_FILE_MAX)
  if (plan.kind === 'ranges') return downloadRanges(run, spec, opened, plan, path)
  if (run.hasJournal) await forgetEarlier(run, spec, opened, path)
  const target = await TargetFile.create(path, info.size, run.context, { token: spec.token })
  return intoTarget(run, spec, opened, { target, plan })
}

/** In ranges, with a journal: what an earlier process has fetched is not fetched again. */
async function downloadRanges(
  run: TransferRun,
  spec: DownloadSpec,
  opened: OpenedObject,
  plan: RangesOfPlan,
  path: string,
): Promise<DownloadResult> {
  const { info, proof } = opened
  const partSize = spec.partSize === undefined && !proof.exactParts ? undefined : plan.partSize
  const journal = await openJournal(run, spec, opened, { path, partSize })
  if (journal === undefined) {
    const target = await TargetFile.create(path, info.size, run.context, { token: spec.token })
    return intoTarget(run, spec, opened, { target, plan })
  }
  try {
    const found = await openTarget(run, journal, plan, path)
    if (found.kind === 'open') return await intoTarget(run, spec, opened, { ...found, journal })
    run.started(info.size, found.plan.parts, found.plan.partSize)
    const received = await receivedBefore(proof, found)
    // A call that wanted nothing of the kind may have begun it.
    await setAttributes(path, attributesOf(spec, info))
    await journal.end()
    return resultOf(run, spec, opened, { path: resolve(path), parts: found.plan.parts, received })
  } finally {
    await journal.close()
  }
}

/** Of an object that was downloaded in ranges, and takes one request now. */
async function forgetEarlier(
  run: TransferRun,
  spec: DownloadSpec,
  opened: OpenedObject,
  path: string,
): Promise<void> {
  const journal = await openJournal(run, spec, opened, { path, partSize: undefined })
  if (journal === undefined) return
  try {
    await dropEarlierDownload(run, journal)
  } finally {
    await journal.close()
  }
}

function openJournal(
  run: TransferRun,
  { object, attributes }: DownloadSpec,
  { info, proof, fetch }: OpenedObject,
  { path, partSize }: { readonly path: string; readonly partSize: number | undefined },
): Promise<DownloadJournal | undefined> {
  const { algorithm } = fetch
  const asked = { object: objectIdentityOf(info, proof.stored), algorithm, partSize }
  return DownloadJournal.open(run, asked, { path, versionId: object.versionId, attributes })
}

/** Where the bytes go, and what is there already. */
interface Destination {
  readonly target: TargetFile
  readonly plan: DownloadPlan
  readonly kept?: KeptRanges | undefined
  readonly journal?: DownloadJournal | undefined
}

async function intoTarget(
  run: TransferRun,
  spec: DownloadSpec,
  opened: OpenedObject,
  { target, plan, kept, journal }: Destination,
): Promise<DownloadResult> {
  const { info, proof, fetch } = opened
  const parts = rangeCount(plan)
  try {
    await target.passCache(run.env.tuning.diskMode, info.size)
    run.started(info.size, parts, plan.kind === 'ranges' ? plan.partSize : info.size)
    const onArrival = journal && journal.arrived.bind(journal)
    const ranges = await fetchRanges(run, { plan, fetch, kept, onArrival }, target)
    const received = proof.wholePass
      ? await digestFile(run, proof, target, info.size)
      : await checksumOf(proof, ranges)
    const checked = { path: target.path, parts, received }
    const result = resultOf(run, spec, opened, checked)
    run.signal.throwIfAborted()
    const isDurable = plan.kind === 'ranges' || spec.fsync !== false
    const attributes = attributesOf(spec, info)
    await target.commit(async (mtimeNs) => journal?.finishing(mtimeNs), isDurable, attributes)
    await journal?.end()
    return { ...result, ...run.tally }
  } catch (error) {
    if (run.isPaused && journal !== undefined) {
      await target.keep()
      await journal.keep()
      throw error
    }
    const leftBehind = await target.discard()
    // What could not be removed stays written down, for the same call to go on with.
    if (leftBehind === undefined) await journal?.end()
    throw leftBehind === undefined ? error : run.failure(error).with({ leftBehind })
  }
}

function attributesOf(spec: DownloadSpec, info: ObjectInfo): FileAttributes {
  const { lastModified = spec.lastModified, metadata } = info
  return attributesFor(spec.restore, { lastModified, metadata })
}

/** Compares what was received with what is stored. @throws ERR_CHECKSUM_MISMATCH */
function resultOf(
  run: TransferRun,
  { object }: DownloadSpec,
  { info, proof }: OpenedObject,
  {
    received,
    ...file
  }: {
    readonly path: string
    readonly parts: number
    readonly received: Checksum
  },
): DownloadResult {
  return {
    object: { ...object, versionId: object.versionId ?? info.versionId },
    ...file,
    size: info.size,
    etag: info.etag,
    lastModified: info.lastModified,
    metadata: info.metadata,
    checksum: received,
    verified: compareReceived(proof.stored, received, run.context),
    ...run.tally,
  }
}

/** The checksum of a file that was proved before it took its name. */
async function receivedBefore(
  proof: DownloadProof,
  { plan, kept }: { readonly plan: RangesOfPlan; readonly kept: KeptRanges },
): Promise<Checksum> {
  if (proof.wholePass && proof.stored !== undefined) return proof.stored
  const ranges = Array.from({ length: plan.parts }, (_, index) => {
    const digest = kept.get(index)
    assert(digest !== undefined, `range ${index} was noted`)
    return { digest, length: rangeOf(plan, index).length }
  })
  return checksumOf(proof, ranges)
}

/** A hash that ranges cannot be combined into is computed over the finished file. */
async function digestFile(
  run: TransferRun,
  proof: DownloadProof,
  target: TargetFile,
  size: number,
): Promise<Checksum> {
  const { stored } = proof
  if (stored === undefined) throw new TransferError('ERR_INTERNAL', 'nothing to compare with')
  const { algorithm } = stored
  const digest = await digestBytes(run, target.location(0), size, algorithm)
  return { algorithm, value: encodeDigest(digest), type: 'FULL_OBJECT' }
}
