/**
 * One PUT, one attempt: read → checksum → sign → send → check.
 *
 * The checksum is taken when bytes enter memory and nothing touches them afterwards, so what is
 * signed, announced and sent is the same. A part up to `HELD_PART_MAX` is held in one buffer; a
 * larger one is read twice, first for its checksum and then in slices to send: should the file
 * change in between, the store finds that checksum and bytes differ.
 */

import { createHash, type Hash } from 'node:crypto'
import { assert } from '../src/assert.ts'
import { CHECKSUMS, loadChecksum, type RunningChecksum } from '../src/checksum/algorithms.ts'
import { encodeDigest } from '../src/checksum/encoding.ts'
import type { ErrorContext } from '../src/errors.ts'
import { HELD_PART_MAX } from '../src/plan/memory-budget.ts'
import type { PartDone, PutJob } from '../src/pool/protocol.ts'
import { buildPut } from '../src/store/requests.ts'
import { checkPut, keptHeaders } from '../src/store/responses.ts'
import type { StoreRoute } from '../src/store/types.ts'
import {
  fileSlices,
  hashBytes,
  memorySlices,
  memoryView,
  READ_STEP,
  readAndHash,
} from './byte-source.ts'
import type { Connection } from './connection.ts'
import type { ConnectionPool } from './connection-pool.ts'
import { failedAnswer } from './failed-answer.ts'
import { exchange, type ExchangeAnswer } from './exchange.ts'
import { withConnection, type JobToken, type WorkerContext } from './worker-context.ts'

type Body = Uint8Array | AsyncIterable<Uint8Array> | null

export async function uploadPart(
  worker: WorkerContext,
  route: StoreRoute,
  job: PutJob,
  token: JobToken,
  context: ErrorContext,
): Promise<PartDone> {
  const startedAt = performance.now()
  const createChecksum = await loadChecksum(job.algorithm)
  token.check()
  const pool = worker.pool(route.origin)
  return withConnection(pool, token, async (connection) => {
    const held = bufferFor(worker, job)
    try {
      const checksum = createChecksum()
      const sha256 = route.signPayload ? createHash('sha256') : undefined
      const body = await prepareBody(worker, route, job, held, checksum, sha256)
      const digest = checksum.digest()
      const value = encodeDigest(digest)
      const { header } = CHECKSUMS[job.algorithm]
      const answer = await send(worker, route, job, pool, connection, {
        body,
        checksum: job.sendChecksum ? { header, value } : undefined,
        payloadHash: sha256?.digest('hex'),
      })
      const status = answer.status
      if (status !== 200) throw failedAnswer(answer, route, context)
      const etag = checkPut(answer.headers, { header, value }, { ...context, status })
      worker.state.add('bytesSent', job.length)
      worker.state.setProgress(job.slot, job.length)
      return {
        reusable: answer.headers['connection'] !== 'close',
        value: {
          ok: true,
          workerId: worker.workerId,
          digest,
          length: job.length,
          etag,
          headers: keptHeaders(answer.headers),
          elapsedMs: performance.now() - startedAt,
        },
      }
    } finally {
      if (held !== undefined) worker.buffers.give(held)
    }
  })
}

/** The buffer this job needs: the whole part, or one slice of a large one. */
function bufferFor(worker: WorkerContext, job: PutJob): Buffer | undefined {
  if (job.source.kind === 'memory' || job.length === 0) return undefined
  return worker.buffers.take(job.length <= HELD_PART_MAX ? job.length : READ_STEP)
}

/** Reads and hashes the bytes, and returns them as what undici should send. */
async function prepareBody(
  worker: WorkerContext,
  route: StoreRoute,
  job: PutJob,
  held: Buffer | undefined,
  checksum: RunningChecksum,
  sha256: Hash | undefined,
): Promise<Body> {
  const { source, length } = job
  const hashes = sha256 === undefined ? [checksum] : [checksum, sha256]
  if (length === 0) return null
  const onSlice = (sent: number): void => worker.state.setProgress(job.slot, sent)
  if (source.kind === 'memory') {
    await hashBytes(source, length, Buffer.alloc(0), hashes)
    return bodyOf(route, memoryView(source.buffer, source.offset, length), onSlice)
  }
  assert(held !== undefined, 'a part of a file needs a buffer')
  if (length <= HELD_PART_MAX) {
    readAndHash(source.fd, source.offset, length, held, hashes)
    return bodyOf(route, held.subarray(0, length), onSlice)
  }
  await hashBytes(source, length, held, hashes)
  return fileSlices(source.fd, source.offset, length, held, onSlice)
}

/**
 * A cipher encrypts a whole write at once into memory of its own, so TLS gets slices; a plain
 * socket takes the whole part in one call, which is cheapest.
 */
function bodyOf(route: StoreRoute, bytes: Buffer, onSlice: (sent: number) => void): Body {
  const secure = route.origin.startsWith('https:')
  return secure && bytes.length > READ_STEP ? memorySlices(bytes, READ_STEP, onSlice) : bytes
}

function send(
  worker: WorkerContext,
  route: StoreRoute,
  job: PutJob,
  pool: ConnectionPool,
  connection: Connection,
  payload: {
    readonly body: Body
    readonly checksum: { readonly header: string; readonly value: string } | undefined
    readonly payloadHash: string | undefined
  },
): Promise<ExchangeAnswer> {
  // Signed at dispatch: a signature made before a wait could be too old when it is sent.
  const request = buildPut(worker.signer, {
    route,
    key: job.key,
    query: job.query,
    headers: job.headers,
    length: job.length,
    checksum: payload.checksum,
    payloadHash: payload.payloadHash,
    timeMs: Date.now(),
  })
  return exchange(pool, connection, { method: 'PUT', ...request, body: payload.body }, undefined)
}
