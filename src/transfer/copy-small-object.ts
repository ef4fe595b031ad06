/**
 * The first attempt at a copy of a small object to another store: one job that gets it and puts it, where a
 * listing told what it is. Without it there are three requests, in two jobs. Nothing is sent before it is
 * proved; whatever does not work out at once goes the way of every other copy, beginning with HEAD.
 */

import { fromWire, TransferError } from '../errors.ts'
import { SMALL_FILE_MAX } from '../plan/memory-budget.ts'
import { PART_SIZE_DEFAULT } from '../plan/part-size.ts'
import type { PartDone, PartFailed, RelayJob } from '../pool/protocol.ts'
import { sleep } from '../store/abortable.ts'
import { attributeHeaders, type RequestAttributes } from '../store/attributes.ts'
import { partsInEtag } from '../store/etag.ts'
import { RetrySequence } from '../store/retry-policy.ts'
import { repair } from '../store/with-retry.ts'
import { reportPart } from './attempt.ts'
import type { CopySpec, ListedObject } from './copy.ts'
import { endOf } from './request-attempt.ts'
import type { CopyResult } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import { verifySinglePut } from './verify-upload.ts'

/** How the object went: over, or not yet, then perhaps with a PUT that failed. */
export type SmallCopyOutcome =
  | { readonly result: CopyResult }
  | { readonly result: undefined; readonly failed?: PartFailed | undefined }

const NOT_YET: SmallCopyOutcome = { result: undefined }

/** Answers that only say that the object is not one for this way. */
const ANOTHER_WAY = new Set([
  'ERR_OBJECT_TOO_LARGE',
  'ERR_OBJECT_CHANGED',
  'ERR_PRECONDITION_FAILED',
])

/** @throws what another PUT would only meet again */
export async function trySmallCopy(run: TransferRun, spec: CopySpec): Promise<SmallCopyOutcome> {
  const { listed } = spec
  const { memory, oneJobRelays } = run.env.scheduler
  if (listed === undefined || !mayRelay(run, spec, listed) || !oneJobRelays.mayTry()) return NOT_YET
  const release = await memory.acquire(SMALL_FILE_MAX, run.sequence, run.stopping)
  const answer = await relayOnce(run, spec, listed).finally(release)
  if (answer.ok) {
    oneJobRelays.note(true)
    return { result: await resultOf(run, spec, answer) }
  }
  run.stopping.throwIfAborted()
  if (answer.error.context.operation === 'GetObject') {
    await afterGet(run, spec, answer)
    return NOT_YET
  }
  return { result: undefined, failed: afterPut(run, answer) }
}

function mayRelay(run: TransferRun, spec: CopySpec, { size, etag }: ListedObject): boolean {
  const { isOneIdentity, resume } = run.env
  const { from, upload, carry, sourceAttributes, way } = spec
  const { limits, multipartThreshold } = upload
  return (
    size <= SMALL_FILE_MAX &&
    (way === undefined ? !isOneIdentity : way === 'relay') &&
    !(isOneIdentity && from.bucket === run.info.bucket && from.key === run.info.key) &&
    from.versionId === undefined &&
    carry.length === 0 &&
    upload.attributes.sseCustomerKey === undefined &&
    sourceAttributes.sseCustomerKey === undefined &&
    // A copy of what was made in parts is to have the same ones.
    partsInEtag(etag) === 0 &&
    // What an earlier process left is found by a look at the source.
    resume.earlier.isEmpty &&
    size <= limits.singlePutMax &&
    (size < multipartThreshold || size <= partSizeOf(spec))
  )
}

function partSizeOf({ partSize, upload }: CopySpec): number {
  return partSize ?? upload.partSize ?? PART_SIZE_DEFAULT
}

/** Both requests, with a permit for as long as they take. */
async function relayOnce(
  run: TransferRun,
  { from, upload, sourceAttributes, compare, isChecksumChosen }: CopySpec,
  { size, etag }: ListedObject,
): Promise<PartDone | PartFailed> {
  const { env, info, stopping: signal, progress, sequence } = run
  const { attributes: said, algorithm, sendChecksum } = upload
  const permit = await env.scheduler.requests.acquire(
    { bucket: from.bucket, operation: 'GetObject' },
    sequence,
    signal,
    { bucket: info.bucket, operation: 'PutObject' },
  )
  let answer: PartDone | PartFailed | undefined
  try {
    if (env.limits.maxRequestRate > 0) {
      await env.limits.requests.turn(signal)
      await env.limits.requests.turn(signal)
    }
    const source = await env.source.route(from.bucket, { signal })
    const route = await env.store.route(info.bucket, { signal })
    const job: RelayJob = {
      kind: 'relay',
      transferId: info.id,
      slot: permit.slot,
      key: info.key,
      said,
      sourceKey: from.key,
      sourceHeaders: readHeaders(sourceAttributes, compare),
      etag,
      length: size,
      compare,
      algorithm,
      isChosen: isChecksumChosen,
      sendChecksum,
    }
    progress.open(permit.slot)
    permit.begin()
    answer = await env.executor.run(route, job, source)
    run.attempts += requestsOf(answer)
    return answer
  } finally {
    const kept = answer?.ok === true ? answer.length : 0
    const hasRead = answer !== undefined && requestsOf(answer) === 2
    progress.close(permit.slot, kept)
    const put = answer === undefined || !hasRead ? 'failed' : endOf(answer)
    const get = answer === undefined ? 'failed' : hasRead ? 'done' : endOf(answer)
    permit.release(get, kept, put)
  }
}

/** Requests that moved payload. Of a thread that was lost nobody knows. */
function requestsOf(answer: PartDone | PartFailed): number {
  if (answer.ok || answer.error.context.operation !== 'GetObject') return 2
  return ANOTHER_WAY.has(answer.error.code) ? 0 : 1
}

const made = new WeakMap<RequestAttributes, readonly string[][]>()

/** Headers of a GET of these attributes, made once: thousands of objects may share them. */
function readHeaders(attributes: RequestAttributes, compare: boolean): readonly string[] {
  let known = made.get(attributes)
  if (known === undefined) {
    const headers = attributeHeaders('read', attributes)
    known = [headers, [...headers, 'x-amz-checksum-mode', 'ENABLED']]
    made.set(attributes, known)
  }
  return known[compare ? 1 : 0] as readonly string[]
}

async function resultOf(run: TransferRun, spec: CopySpec, done: PartDone): Promise<CopyResult> {
  const { relayed, length } = done
  if (relayed === undefined) throw new TransferError('ERR_INTERNAL', 'An answer tells no source')
  const [sourceEtag, versionId, isProved, algorithm] = relayed
  run.started(length, 1, partSizeOf(spec))
  run.retries.noteProgress()
  reportPart(run, 1, 1, done)
  const { from, upload } = spec
  const sent = algorithm === upload.algorithm ? upload : { ...upload, algorithm }
  const copy = await verifySinglePut(run, sent, done)
  return {
    ...copy,
    source: versionId === undefined ? from : { ...from, versionId },
    how: 'relay',
    sourceVerified: isProved ? 'checksum' : 'size',
    sourceEtag,
    relayReason: undefined,
  }
}

/** Nothing was sent. What it was, HEAD and what follows will tell again. */
async function afterGet(run: TransferRun, { from }: CopySpec, failed: PartFailed): Promise<void> {
  const { env, stopping } = run
  const { code } = failed.error
  if (ANOTHER_WAY.has(code)) {
    if (code === 'ERR_OBJECT_TOO_LARGE') env.scheduler.oneJobRelays.note(false)
    return
  }
  const { bucket, key } = from
  const context = { ...run.context, bucket, key, partNumber: 1, attempt: 1 }
  const error = fromWire(failed.error).with(context)
  const delayMs = new RetrySequence(env.retryPolicy).next(error)
  if (error.context.stale === true || delayMs === undefined) return
  repair(env.source, bucket, error)
  run.retries.take()
  run.retried({ partNumber: 1, attempt: 1, delayMs, error })
  await sleep(delayMs, stopping)
}

/** The attempt to be counted, if another may succeed. @throws if not */
function afterPut(run: TransferRun, failed: PartFailed): PartFailed {
  const error = fromWire(failed.error).with({ ...run.context, partNumber: 1, attempt: 1 })
  const mayRepeat = new RetrySequence(run.env.retryPolicy).next(error) !== undefined
  if (error.context.stale !== true && !mayRepeat) throw error
  return failed
}
