/**
 * The download driver: a small object in one request; else HEAD → plan → ranges into a temporary
 * file → proof → final name.
 *
 * All ranges are pinned to one version of the bytes by If-Match, so that an object replaced
 * meanwhile ends in ERR_OBJECT_CHANGED and never in a mixed file.
 */

import { assert } from '../assert.ts'
import type { PartDigest } from '../checksum/combine.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import { isTransferError, TransferError } from '../errors.ts'
import { planDownload, rangeOf, type DownloadPlan } from '../plan/download-plan.ts'
import { SMALL_FILE_MAX } from '../plan/memory-budget.ts'
import { attributeHeaders, type RequestAttributes } from '../store/attributes.ts'
import type { HeadOptions, ObjectInfo } from '../store/object-store.ts'
import { canonicalQuery } from '../store/signing.ts'
import type { ObjectRef } from '../store/types.ts'
import { attempt } from './attempt.ts'
import { checksumOf, compareReceived, planProof, type DownloadProof } from './download-proof.ts'
import { fetchRange, type FetchSpec } from './fetch-range.ts'
import { trySmallObject } from './download-small-object.ts'
import { PartWindow } from './part-window.ts'
import type { Checksum, DownloadResult } from './results.ts'
import { TargetFile } from './target-file.ts'
import type { TransferRun } from './transfer-run.ts'

export interface DownloadSpec {
  readonly object: ObjectRef
  readonly attributes: RequestAttributes
  /** `undefined` leaves it to the object. */
  readonly partSize: number | undefined
  /** Whether stored checksums are asked for and compared. */
  readonly compare: boolean
  /** Bytes are handed out in order, and hashed so where ranges cannot be combined. */
  readonly inOrder?: boolean | undefined
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
  const info = await store.head(object, options)
  const proof = await planProof(info, spec.compare, (partNumber) =>
    headPart(run, object, { ...options, partNumber, ifMatch: info.etag }),
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

/** HEAD of one part; `undefined` from a store that does not know such a question. */
async function headPart(
  run: TransferRun,
  object: ObjectRef,
  options: HeadOptions,
): Promise<ObjectInfo | undefined> {
  try {
    return await run.env.store.head(object, options)
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

export function rangeCount(plan: DownloadPlan): number {
  return plan.kind === 'ranges' ? plan.parts : plan.kind === 'single' ? 1 : 0
}

/** Downloads into a file. */
export async function runDownload(
  run: TransferRun,
  spec: DownloadSpec,
  path: string,
): Promise<DownloadResult> {
  const small = await trySmallObject(run, spec, path)
  if (small !== undefined) return small
  const opened = await openObject(run, spec)
  const { info, plan, proof } = opened
  run.env.scheduler.smallObjects.note(info.size <= SMALL_FILE_MAX)
  const parts = rangeCount(plan)
  const target = await TargetFile.create(path, info.size, run.context)
  try {
    run.started(info.size, parts, plan.kind === 'ranges' ? plan.partSize : info.size)
    const ranges = await fetchAll(run, opened, target.fd)
    const received = proof.wholePass
      ? await digestFile(run, proof, target.fd, info.size)
      : await checksumOf(proof, ranges)
    const verified = compareReceived(proof.stored, received, run.context)
    run.signal.throwIfAborted()
    await target.commit()
    return {
      object: { ...spec.object, versionId: spec.object.versionId ?? info.versionId },
      path: target.path,
      size: info.size,
      etag: info.etag,
      checksum: received,
      verified,
      parts,
      ...run.tally,
    }
  } catch (error) {
    const leftBehind = await target.discard()
    throw leftBehind === undefined ? error : run.failure(error).with({ leftBehind })
  }
}

/** Fetches every range; when it returns or throws, no worker uses the file any more. */
async function fetchAll(
  run: TransferRun,
  opened: OpenedObject,
  fd: number,
): Promise<readonly PartDigest[]> {
  const { plan, fetch } = opened
  const digests: (PartDigest | undefined)[] = []
  const window = new PartWindow(run, 'GetObject')
  const count = rangeCount(plan)
  try {
    for (let index = 0; index < count; index += 1) {
      await window.room()
      const range = rangeOf(plan, index)
      const sink = { kind: 'file' as const, fd, offset: range.offset }
      const note = (digest: PartDigest): void => void (digests[index] = digest)
      window.add(fetchRange(run, fetch, range, index + 1, sink).then(note))
    }
    await window.drained()
  } catch (error) {
    run.stop(error)
    await window.settled()
    throw run.failure(error)
  }
  return Array.from({ length: count }, (_, index) => {
    const digest = digests[index]
    assert(digest !== undefined, `range ${index} has arrived`)
    return digest
  })
}

/** A hash that ranges cannot be combined into is computed over the finished file. */
async function digestFile(
  run: TransferRun,
  proof: DownloadProof,
  fd: number,
  size: number,
): Promise<Checksum> {
  const { stored } = proof
  if (stored === undefined) throw new TransferError('ERR_INTERNAL', 'nothing to compare with')
  const { algorithm } = stored
  const done = await attempt(run, {
    partNumber: 0,
    length: size,
    operation: undefined,
    makeJob: (slot) => ({
      kind: 'digest',
      transferId: run.info.id,
      slot,
      source: { kind: 'file', fd, offset: 0 },
      length: size,
      algorithm,
    }),
  })
  return { algorithm, value: encodeDigest(done.digest), type: 'FULL_OBJECT' }
}
