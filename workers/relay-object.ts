/**
 * A small object from one place to another, in one job: GET → check → checksum → PUT → check. It is held in
 * memory until it is proved, so that nothing but proved bytes is ever sent. What one answer does not say all
 * of is left to the coordinator, whose way begins with HEAD.
 */

import { isCombinable, type ChecksumAlgorithm } from '../src/checksum/algorithms.ts'
import type { Checksum } from '../src/checksum/stored.ts'
import { toTransferError, TransferError, type ErrorContext } from '../src/errors.ts'
import type { PartDone, RelayJob } from '../src/pool/protocol.ts'
import { classifyException } from '../src/store/classify.ts'
import { copiedHeaders } from '../src/store/copied-attributes.ts'
import { isSameEtag } from '../src/store/etag.ts'
import type { StoreRoute } from '../src/store/types.ts'
import {
  fetchWhole,
  notPlain,
  proveWhole,
  type OnHead,
  type Proof,
  type WholeAnswer,
} from './fetch-whole.ts'
import { uploadPart } from './upload-part.ts'
import type { JobToken, WorkerContext } from './worker-context.ts'

interface Routes {
  readonly from: StoreRoute
  readonly to: StoreRoute
}

/** Read, proved, and to be sent with these headers. */
interface Fetched extends WholeAnswer, Proof {
  readonly copied: readonly string[]
}

/**
 * @param context of the PUT
 * @throws ERR_OBJECT_TOO_LARGE, ERR_OBJECT_CHANGED, before anything is sent, for what must go another way
 */
export async function relayObject(
  worker: WorkerContext,
  routes: Routes,
  job: RelayJob,
  token: JobToken,
  context: ErrorContext,
): Promise<PartDone> {
  token.check()
  const { transferId, slot, key, length, sendChecksum } = job
  const buffer = worker.buffers.take(length)
  const { headers, bytes, stored, copied } = await fetchSource(worker, routes, job, buffer, token)
  const source = { kind: 'memory', buffer: bytes.buffer, offset: bytes.byteOffset } as const
  const algorithm = algorithmOf(job, stored)
  const request = { transferId, slot, key, query: '', headers: copied, algorithm, sendChecksum }
  const done = await uploadPart(
    worker,
    routes.to,
    { kind: 'put', ...request, source, length },
    token,
    context,
  )
  // After a failure a write may still wait in the socket, and the buffer is nobody's any more.
  worker.buffers.give(buffer)
  const { etag = '', 'x-amz-version-id': versionId } = headers
  return { ...done, relayed: [etag, versionId, stored !== undefined, algorithm] }
}

/** What goes wrong here is about the source; its buffer is free again. */
async function fetchSource(
  worker: WorkerContext,
  { from }: Routes,
  job: RelayJob,
  buffer: Buffer,
  token: JobToken,
): Promise<Fetched> {
  const { transferId, sourceKey: key, sourceHeaders, etag, length, compare, algorithm } = job
  const { workerId } = worker
  const { bucket, origin } = from
  const context = { transferId, workerId, operation: 'GetObject', bucket, key, origin }
  let copied: readonly string[] = []
  const onHead: OnHead = (headers, announced) => {
    if (!isSameEtag(headers['etag'], etag) || announced !== length) throw changed(context)
    copied = copiedHeaders(job.said, headers) ?? refuse(context)
  }
  const asked = { key, query: '', headers: sourceHeaders, etag: quoted(etag), length, compare }
  try {
    const whole = { ...asked, likelyLength: length, onHead }
    const answer = await fetchWhole(worker, from, whole, buffer, token, context)
    worker.state.add('bytesReceived', length)
    const proof = await proveWhole(answer, compare, algorithm, context)
    return { ...answer, ...proof, copied }
  } catch (error) {
    worker.buffers.give(buffer)
    throw toTransferError(classifyException(error, context), context)
  }
}

/** Some stores leave the quotes out of listings. */
function quoted(etag: string): string {
  return etag.includes('"') ? etag : `"${etag}"`
}

function refuse(context: ErrorContext): never {
  throw notPlain(context)
}

function changed(context: ErrorContext): TransferError {
  return new TransferError(
    'ERR_OBJECT_CHANGED',
    'The object is not the one that was listed',
    context,
  )
}

/** That of the source, so that one checksum is compared from end to end. */
function algorithmOf(
  { algorithm, isChosen }: RelayJob,
  stored: Checksum | undefined,
): ChecksumAlgorithm {
  return !isChosen && stored !== undefined && isCombinable(stored.algorithm)
    ? stored.algorithm
    : algorithm
}
