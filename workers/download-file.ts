/**
 * A small object into a file, in one job: GET → check → checksum → temporary file → fsync → final
 * name. The object is held in memory until it is proved, so that nothing but proved bytes is ever
 * written. What is not plain is left to the coordinator, whose way begins with HEAD.
 */

import {
  closeSync,
  fchmodSync,
  futimesSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { loadChecksum } from '../src/checksum/algorithms.ts'
import { encodeDigest } from '../src/checksum/encoding.ts'
import { storedInHeaders } from '../src/checksum/stored.ts'
import { TransferError, type ErrorContext } from '../src/errors.ts'
import { attributesFor, type FileAttributes } from '../src/file-attributes.ts'
import { targetError } from '../src/local-errors.ts'
import { modeOver, TEMPORARY_FLAGS, TEMPORARY_MODE } from '../src/local-target.ts'
import type { GetFileJob, PartDone } from '../src/pool/protocol.ts'
import { buildGet } from '../src/store/requests.ts'
import { describedBy, keptHeaders } from '../src/store/responses.ts'
import type { StoreRoute } from '../src/store/types.ts'
import { KiB } from '../src/units.ts'
import { Allowance } from './allowance.ts'
import type { DiskSync } from './disk-sync.ts'
import { exchange, type ExchangeHead, type PayloadSink } from './exchange.ts'
import { failedAnswer } from './failed-answer.ts'
import { withConnection, type JobToken, type WorkerContext } from './worker-context.ts'

/**
 * What is paid for ahead of an object whose length is not known, under a bandwidth limit. Bytes.
 * Source: none, reasonable default; an error in it is settled when the object has arrived.
 */
const LIKELY_LENGTH = 4 * KiB

/**
 * @throws ERR_OBJECT_TOO_LARGE for an object that must come down another way
 */
export async function downloadFile(
  worker: WorkerContext,
  disk: DiskSync,
  route: StoreRoute,
  job: GetFileJob,
  token: JobToken,
  context: ErrorContext,
): Promise<PartDone> {
  const startedAt = performance.now()
  token.check()
  const buffer = worker.buffers.take(job.length)
  try {
    const sink = new WholeObject(job, buffer, context)
    const headers = await fetchWhole(worker, route, job, token, sink, context)
    const bytes = buffer.subarray(0, sink.received)
    const digest = await prove(job, bytes, headers, context)
    token.check()
    await writeFile(job, bytes, attributesOf(job, headers), disk)
    worker.state.add('bytesReceived', bytes.length)
    worker.state.setProgress(job.slot, bytes.length)
    return {
      ok: true,
      workerId: worker.workerId,
      digest,
      length: bytes.length,
      etag: headers['etag'] ?? '',
      headers: keptHeaders(headers),
      elapsedMs: performance.now() - startedAt,
    }
  } finally {
    worker.buffers.give(buffer)
  }
}

function fetchWhole(
  worker: WorkerContext,
  route: StoreRoute,
  job: GetFileJob,
  token: JobToken,
  sink: WholeObject,
  context: ErrorContext,
): Promise<ExchangeHead['headers']> {
  const pool = worker.pool(route.origin)
  const allowance = Allowance.toReceive(worker.state, LIKELY_LENGTH, route.origin)
  return withConnection(pool, token, allowance, async (connection) => {
    const { key, query, headers } = job
    const timeMs = Date.now()
    const input = { route, key, query, headers, range: undefined, etag: '', timeMs }
    const request = buildGet(worker.signer, input)
    const answer = await exchange(pool, connection, 'GET', request, null, sink)
    if (!sink.accepted) throw failedAnswer(answer, route, context)
    sink.finish()
    return { reusable: answer.headers['connection'] !== 'close', value: answer.headers }
  })
}

class WholeObject implements PayloadSink {
  accepted = false
  received = 0
  readonly isLarge = false
  readonly #job: GetFileJob
  readonly #buffer: Buffer
  readonly #context: ErrorContext
  #length = 0

  constructor(job: GetFileJob, buffer: Buffer, context: ErrorContext) {
    this.#job = job
    this.#buffer = buffer
    this.#context = context
  }

  accept({ status, headers }: ExchangeHead): boolean {
    if (status >= 300) return false
    const length = Number(headers['content-length'] ?? NaN)
    const isPlain =
      status === 200 &&
      length <= this.#job.length &&
      headers['content-encoding'] === undefined &&
      (headers['etag'] ?? '') !== '' &&
      !(this.#job.compare && storedInHeaders(headers)?.type === 'COMPOSITE')
    if (!isPlain) throw notPlain(this.#context)
    this.#length = length
    this.accepted = true
    return true
  }

  write(chunk: Buffer): void {
    if (this.received + chunk.length > this.#length) {
      const message = 'More bytes came than announced'
      throw new TransferError('ERR_RESPONSE_INVALID', message, this.#context)
    }
    this.#buffer.set(chunk, this.received)
    this.received += chunk.length
  }

  /** @throws ERR_BODY_INCOMPLETE when the body ended early without breaking. */
  finish(): void {
    if (this.received === this.#length) return
    const message = `The body ended after ${this.received} of ${this.#length} bytes`
    throw new TransferError('ERR_BODY_INCOMPLETE', message, this.#context)
  }
}

function notPlain(context: ErrorContext): TransferError {
  const message = 'The object is too large for one job, or not plain'
  return new TransferError('ERR_OBJECT_TOO_LARGE', message, context)
}

/** The checksum of the bytes. @throws ERR_CHECKSUM_MISMATCH when another is stored */
async function prove(
  job: GetFileJob,
  bytes: Buffer,
  headers: ExchangeHead['headers'],
  context: ErrorContext,
): Promise<Uint8Array> {
  const stored = job.compare ? storedInHeaders(headers) : undefined
  const checksum = (await loadChecksum(stored?.algorithm ?? job.algorithm))()
  checksum.update(bytes)
  const digest = checksum.digest()
  const value = encodeDigest(digest)
  if (stored === undefined || stored.value === value) return digest
  const message = `Received ${stored.algorithm} ${value}, the store has ${stored.value}`
  throw new TransferError('ERR_CHECKSUM_MISMATCH', message, context)
}

function attributesOf(job: GetFileJob, headers: ExchangeHead['headers']): FileAttributes {
  if (job.restore === undefined) return {}
  const { lastModified = job.lastModified, metadata } = describedBy(headers)
  return attributesFor(job.restore, { lastModified, metadata })
}

/** Under the temporary name, durable if it is to be, then under the final one. */
async function writeFile(
  job: GetFileJob,
  bytes: Buffer,
  { mtimeMs, permissions }: FileAttributes,
  disk: DiskSync,
): Promise<void> {
  const { path, temporary, fsync } = job
  try {
    const mode = modeOver(lstatSync(path, { throwIfNoEntry: false }), path)
    const fd = openSync(temporary, TEMPORARY_FLAGS, TEMPORARY_MODE)
    try {
      const attributes = { mtimeMs, permissions: permissions ?? mode }
      await fill(fd, bytes, attributes, fsync ? disk : undefined)
      renameSync(temporary, path)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
  } catch (error) {
    throw targetError(error, path)
  }
  if (fsync) await disk.directory(dirname(path))
}

/** Writes, syncs and closes. Short writes happen, on a nearly full disk for example. */
async function fill(
  fd: number,
  bytes: Buffer,
  { mtimeMs, permissions }: FileAttributes & { readonly permissions: number },
  disk: DiskSync | undefined,
): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(fd, bytes, done, bytes.length - done, done)
    }
    await disk?.file(fd)
    fchmodSync(fd, permissions)
    if (mtimeMs !== undefined) futimesSync(fd, Date.now() / 1000, mtimeMs / 1000)
  } finally {
    closeSync(fd)
  }
}
