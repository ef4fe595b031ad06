/**
 * One PUT, one attempt: read → checksum → sign → send → check.
 *
 * The checksum is taken when bytes enter memory and nothing touches them afterwards, so what is
 * signed, announced and sent is the same. A part up to `HELD_PART_MAX` is held in one buffer; a
 * larger one is read twice, first for its checksum and then in slices to send: should the file
 * change in between, the store finds that checksum and bytes differ. Past the page cache it would
 * be read from the disk twice, so there a part is held whatever its size.
 */

import { createHash, hash } from 'node:crypto'
import { assert } from '../src/assert.ts'
import { CHECKSUMS, loadChecksum } from '../src/checksum/algorithms.ts'
import { encodeDigest } from '../src/checksum/encoding.ts'
import type { ErrorContext } from '../src/errors.ts'
import { HELD_PART_MAX } from '../src/plan/memory-budget.ts'
import type { PartDone, PutJob } from '../src/pool/protocol.ts'
import { buildPut } from '../src/store/requests.ts'
import { checkPut, keptHeaders } from '../src/store/responses.ts'
import type { StoreRoute } from '../src/store/types.ts'
import { Allowance } from './allowance.ts'
import {
  checkUnchanged,
  fileSlices,
  isDirect,
  hashBytes,
  memorySlices,
  memoryView,
  READ_STEP,
  readAndHash,
  readPagesAndHash,
  type ByteSource,
  type RunningHash,
} from './byte-source.ts'
import type { Connection } from './connection.ts'
import type { ConnectionPool } from './connection-pool.ts'
import { failedAnswer } from './failed-answer.ts'
import { exchange, type ExchangeAnswer, type ExchangeBody } from './exchange.ts'
import { alignUp, DIRECT_ALIGNMENT } from './page-buffer.ts'
import type { PartBuffers } from './part-buffers.ts'
import { withConnection, type JobToken, type WorkerContext } from './worker-context.ts'

/** Bytes in memory, or about to be read again. */
type PartBody = Buffer | AsyncIterable<Buffer> | null

/** A part ready to be sent: hashed. */
interface PreparedPart {
  readonly body: PartBody
  readonly digest: Uint8Array
  readonly checksum: { readonly header: string; readonly value: string }
  readonly payloadHash: string | undefined
}

/** A `PutJob`, or one whose bytes are in memory of this thread, which is not touched before it ends. */
export type PartToSend = Omit<PutJob, 'source'> & { readonly source: ByteSource }

export async function uploadPart(
  worker: WorkerContext,
  route: StoreRoute,
  job: PartToSend,
  token: JobToken,
  context: ErrorContext,
): Promise<PartDone> {
  const startedAt = performance.now()
  const buffers = isDirect(job.source) ? worker.pages : worker.buffers
  const held = bufferFor(buffers, job)
  const allowance = Allowance.toSend(worker.state, job.length)
  let isFree = true
  try {
    // Before a connection is taken: hashing gigabytes takes longer than servers wait for a request.
    const part = await prepare(worker, route, job, held, token, allowance)
    const pool = worker.pool(route.origin)
    const { answer, etag } = await withConnection(pool, token, allowance, async (connection) => {
      isFree = false
      const answer = await send(worker, route, job, pool, connection, part, allowance)
      const { status, headers } = answer
      isFree = status === 200
      // What throws here cuts the connection: a refusal or an oddity had better not be asked again.
      if (!isFree) throw failedAnswer(answer, route, context)
      const etag = checkPut(headers, part.checksum, context)
      return { value: { answer, etag }, reusable: headers['connection'] !== 'close' }
    })
    worker.state.add('bytesSent', job.length)
    worker.state.setProgress(job.slot, job.length)
    return {
      ok: true,
      workerId: worker.workerId,
      digest: part.digest,
      length: job.length,
      etag,
      headers: keptHeaders(answer.headers),
      elapsedMs: performance.now() - startedAt,
    }
  } finally {
    // After a failure undici may take one more slice, and its write may still wait in the socket.
    if (held !== undefined && isFree) buffers.give(held)
  }
}

/** The buffer this job needs: the whole part, its blocks, or one slice of a large one. */
function bufferFor(buffers: PartBuffers, { source, length }: PartToSend): Buffer | undefined {
  if (source.kind === 'memory' || length === 0) return undefined
  if (isDirect(source)) return buffers.take(alignUp((source.offset % DIRECT_ALIGNMENT) + length))
  return buffers.take(length <= HELD_PART_MAX ? length : READ_STEP)
}

async function prepare(
  worker: WorkerContext,
  route: StoreRoute,
  job: PartToSend,
  held: Buffer | undefined,
  token: JobToken,
  allowance: Allowance,
): Promise<PreparedPart> {
  const checksum = (await loadChecksum(job.algorithm))()
  token.check()
  const isLong = job.length > READ_STEP
  const sha256 = route.signPayload && isLong ? createHash('sha256') : undefined
  const hashes = sha256 === undefined ? [checksum] : [checksum, sha256]
  const body = await readBody(worker, job, held, hashes, token, allowance)
  const digest = checksum.digest()
  const { header } = CHECKSUMS[job.algorithm]
  return {
    body,
    digest,
    checksum: { header, value: encodeDigest(digest) },
    payloadHash: route.signPayload ? (sha256?.digest('hex') ?? shortHash(body)) : undefined,
  }
}

/** A short body is hashed in one call, at a third of the price of an object that does it. */
function shortHash(body: PartBody): string {
  assert(body === null || body instanceof Uint8Array, 'a short body is held')
  return hash('sha256', body ?? '', 'hex')
}

/** Reads and hashes the bytes, and returns them as what undici should send. */
async function readBody(
  worker: WorkerContext,
  job: PartToSend,
  held: Buffer | undefined,
  hashes: readonly RunningHash[],
  token: JobToken,
  allowance: Allowance,
): Promise<PartBody> {
  const { source, length } = job
  if (length === 0) return null
  const onTurn = (): void => token.check()
  if (source.kind === 'memory') {
    await hashBytes(source, length, Buffer.alloc(0), hashes, onTurn)
    return memoryView(source.buffer, source.offset, length)
  }
  assert(held !== undefined, 'a part of a file needs a buffer')
  if (isDirect(source)) {
    const bytes = await readPagesAndHash(source, length, held, hashes, onTurn)
    checkUnchanged(source)
    return bytes
  }
  const isHeld = length <= HELD_PART_MAX
  if (isHeld) readAndHash(source.fd, source.offset, length, held, hashes)
  else await hashBytes(source, length, held, hashes, onTurn)
  checkUnchanged(source)
  return isHeld
    ? held.subarray(0, length)
    : fileSlices(source.fd, source.offset, length, held, progressOf(worker, job), allowance)
}

/**
 * A cipher encrypts a whole write at once into memory of its own, so TLS gets slices; a plain
 * socket takes the whole part in one call, which is cheapest. Under a bandwidth limit both get
 * slices, unless one step of it is enough.
 */
function slicedBody(
  worker: WorkerContext,
  route: StoreRoute,
  job: PartToSend,
  body: PartBody,
  allowance: Allowance,
): ExchangeBody {
  if (!Buffer.isBuffer(body)) return body
  const isSecure = route.origin.startsWith('https:')
  const most = Math.min(isSecure ? READ_STEP : Infinity, allowance.step)
  if (body.length <= most) return body
  return memorySlices(body, READ_STEP, progressOf(worker, job), allowance)
}

function progressOf(worker: WorkerContext, job: PartToSend): (sent: number) => void {
  return (sent) => worker.state.setProgress(job.slot, sent)
}

function send(
  worker: WorkerContext,
  route: StoreRoute,
  job: PartToSend,
  pool: ConnectionPool,
  connection: Connection,
  part: PreparedPart,
  allowance: Allowance,
): Promise<ExchangeAnswer> {
  // Signed at dispatch: a signature made before a wait could be too old when it is sent.
  const request = buildPut(worker.signer, {
    route,
    key: job.key,
    query: job.query,
    headers: job.headers,
    length: job.length,
    checksum: job.sendChecksum ? part.checksum : undefined,
    payloadHash: part.payloadHash,
    timeMs: Date.now(),
  })
  const body = slicedBody(worker, route, job, part.body, allowance)
  if (body instanceof Uint8Array) allowance.spend(job.length)
  return exchange(pool, connection, 'PUT', request, body, undefined)
}
