/**
 * A small object into memory, in one GET, compared with the checksum its answer tells. What is not plain is
 * refused before its first byte: the coordinator's way to such an object begins with HEAD.
 */

import { loadChecksum, type ChecksumAlgorithm } from '../src/checksum/algorithms.ts'
import { encodeDigest } from '../src/checksum/encoding.ts'
import { storedInHeaders, type Checksum } from '../src/checksum/stored.ts'
import { TransferError, type ErrorContext } from '../src/errors.ts'
import { buildGet } from '../src/store/requests.ts'
import type { StoreRoute } from '../src/store/types.ts'
import { Allowance } from './allowance.ts'
import { exchange, type ExchangeHead, type PayloadSink } from './exchange.ts'
import { failedAnswer } from './failed-answer.ts'
import { withConnection, type JobToken, type WorkerContext } from './worker-context.ts'

type Headers = ExchangeHead['headers']

/** A look at the head of an answer that is plain. @throws for what must come another way */
export type OnHead = (headers: Headers, length: number) => void

/** What is asked for, and what may come. */
export interface WholeRequest {
  readonly key: string
  readonly query: string
  readonly headers: readonly string[]
  /** The ETag the object must have; empty for any. */
  readonly etag: string
  /** Most bytes it may have. */
  readonly length: number
  /** What is paid for ahead under a bandwidth limit; an error in it is settled later. Bytes. */
  readonly likelyLength: number
  /** Whether a stored checksum is compared. */
  readonly compare: boolean
  readonly onHead?: OnHead | undefined
}

export interface WholeAnswer {
  readonly headers: Headers
  /** Of the buffer that was given. */
  readonly bytes: Buffer
}

/** @throws ERR_OBJECT_TOO_LARGE for an object that is longer, or not plain */
export function fetchWhole(
  worker: WorkerContext,
  route: StoreRoute,
  whole: WholeRequest,
  buffer: Buffer,
  token: JobToken,
  context: ErrorContext,
): Promise<WholeAnswer> {
  const pool = worker.pool(route.origin)
  const allowance = Allowance.toReceive(worker.state, whole.likelyLength, route.origin)
  return withConnection(pool, token, allowance, async (connection) => {
    const { key, query, headers, etag } = whole
    const timeMs = Date.now()
    const input = { route, key, query, headers, range: undefined, etag, timeMs }
    const request = buildGet(worker.signer, input)
    const sink = new WholeObject(whole, buffer, context)
    const answer = await exchange(pool, connection, 'GET', request, null, sink)
    if (!sink.accepted) throw failedAnswer(answer, route, context)
    sink.finish()
    const value = { headers: answer.headers, bytes: buffer.subarray(0, sink.received) }
    return { reusable: answer.headers['connection'] !== 'close', value }
  })
}

class WholeObject implements PayloadSink {
  accepted = false
  received = 0
  readonly isLarge = false
  readonly #whole: WholeRequest
  readonly #buffer: Buffer
  readonly #context: ErrorContext
  #length = 0

  constructor(whole: WholeRequest, buffer: Buffer, context: ErrorContext) {
    this.#whole = whole
    this.#buffer = buffer
    this.#context = context
  }

  accept({ status, headers }: ExchangeHead): boolean {
    if (status >= 300) return false
    const length = Number(headers['content-length'] ?? NaN)
    const isPlain =
      status === 200 &&
      length <= this.#whole.length &&
      headers['content-encoding'] === undefined &&
      (headers['etag'] ?? '') !== '' &&
      !(this.#whole.compare && storedInHeaders(headers)?.type === 'COMPOSITE')
    if (!isPlain) throw notPlain(this.#context)
    this.#whole.onHead?.(headers, length)
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

export function notPlain(context: ErrorContext): TransferError {
  const message = 'The object is too large for one job, or not plain'
  return new TransferError('ERR_OBJECT_TOO_LARGE', message, context)
}

/** What was received, and what it was compared with. */
export interface Proof {
  readonly digest: Uint8Array
  readonly stored: Checksum | undefined
}

/**
 * @param algorithm what is computed where nothing is stored, or not compared
 * @throws ERR_CHECKSUM_MISMATCH when another checksum is stored
 */
export async function proveWhole(
  { headers, bytes }: WholeAnswer,
  compare: boolean,
  algorithm: ChecksumAlgorithm,
  context: ErrorContext,
): Promise<Proof> {
  const stored = compare ? storedInHeaders(headers) : undefined
  const checksum = (await loadChecksum(stored?.algorithm ?? algorithm))()
  checksum.update(bytes)
  const digest = checksum.digest()
  const value = encodeDigest(digest)
  if (stored === undefined || stored.value === value) return { digest, stored }
  const message = `Received ${stored.algorithm} ${value}, the store has ${stored.value}`
  throw new TransferError('ERR_CHECKSUM_MISMATCH', message, context)
}
