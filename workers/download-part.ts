/**
 * One GET of a range, one attempt: sign → send → check the head → checksum → positional write.
 *
 * Not a byte is written before status, ETag, Content-Range and length are right. When the body
 * breaks, what has arrived is written and hashed, and the answer says how much: the next attempt
 * goes on behind it.
 *
 * Past the page cache bytes are gathered in pages, into which the socket is read where it can be.
 */

import { writeSync } from 'node:fs'
import { loadChecksum, type RunningChecksum } from '../src/checksum/algorithms.ts'
import { TransferError, type ErrorContext } from '../src/errors.ts'
import { targetError } from '../src/local-errors.ts'
import { DIRECT_STEP } from '../src/plan/memory-budget.ts'
import type { ByteLocation, GetJob, PartDone } from '../src/pool/protocol.ts'
import { buildGet } from '../src/store/requests.ts'
import { checkGet, keptHeaders } from '../src/store/responses.ts'
import type { StoreRoute } from '../src/store/types.ts'
import { Allowance } from './allowance.ts'
import { memoryView } from './byte-source.ts'
import { DirectWriter } from './direct-io.ts'
import { failedAnswer } from './failed-answer.ts'
import { exchange, type ExchangeHead, type PayloadSink } from './exchange.ts'
import { BYPASS_MIN } from './payload-bypass.ts'
import { withConnection, type JobToken, type WorkerContext } from './worker-context.ts'

/**
 * Bytes given to one write call. Bytes.
 * Source: measured on ext4, Linux 6.18, downloads into new files; the page cache asks for blocks of
 * memory as large as the write, so the state of memory decides. 256 KiB cost 1.2 CPU s per GiB at
 * best and 3.8 at worst, 64 KiB 1.5 to 2.8, 1 MiB 2.1 to 2.7, 128 KiB 1.3 to 1.9.
 */
const WRITE_STEP = 128 * 1024

/** A GET that broke after some of its bytes were safely written. */
export class PartialGet extends Error {
  readonly received: number
  readonly digest: Uint8Array

  constructor(received: number, digest: Uint8Array, cause: unknown) {
    super('The body broke', { cause })
    this.received = received
    this.digest = digest
  }
}

export async function downloadPart(
  worker: WorkerContext,
  route: StoreRoute,
  job: GetJob,
  token: JobToken,
  context: ErrorContext,
): Promise<PartDone> {
  const startedAt = performance.now()
  const createChecksum = await loadChecksum(job.algorithm)
  token.check()
  const pool = worker.pool(route.origin)
  const allowance = Allowance.toReceive(worker.state, job.length, route.origin)
  return withConnection(pool, token, allowance, async (connection) => {
    const request = buildGet(worker.signer, {
      route,
      key: job.key,
      query: job.query,
      headers: job.headers,
      range: job.whole ? undefined : { offset: job.offset, length: job.length },
      etag: job.etag,
      timeMs: Date.now(),
    })
    const sink = new RangeSink(worker, job, createChecksum(), context)
    try {
      const answer = await exchange(pool, connection, 'GET', request, null, sink)
      if (!sink.accepted) throw changedOr(failedAnswer(answer, route, context))
      sink.finish()
      sink.release()
      return {
        reusable: answer.headers['connection'] !== 'close',
        value: {
          ok: true,
          workerId: worker.workerId,
          digest: sink.digest(),
          length: job.length,
          etag: answer.headers['etag'] ?? '',
          headers: keptHeaders(answer.headers),
          elapsedMs: performance.now() - startedAt,
        },
      }
    } catch (error) {
      sink.flush()
      if (sink.received === 0) throw error
      throw new PartialGet(sink.received, sink.digest(), error)
    }
  })
}

/** The only condition of a GET is our own If-Match: that the bytes are still those of the HEAD. */
function changedOr(error: TransferError): TransferError {
  if (error.code !== 'ERR_PRECONDITION_FAILED') return error
  const message = 'The object was replaced while it was read'
  return new TransferError('ERR_OBJECT_CHANGED', message, error.context)
}

class RangeSink implements PayloadSink {
  accepted = false
  received = 0
  readonly #worker: WorkerContext
  readonly #job: GetJob
  readonly #checksum: RunningChecksum
  readonly #context: ErrorContext
  readonly #memory: Buffer | undefined
  /** From when the head was right, past the page cache. */
  #pages: Buffer | undefined
  #writer: DirectWriter | undefined

  constructor(
    worker: WorkerContext,
    job: GetJob,
    checksum: RunningChecksum,
    context: ErrorContext,
  ) {
    this.#worker = worker
    this.#job = job
    this.#checksum = checksum
    this.#context = context
    const { sink, length } = job
    if (sink.kind === 'memory') this.#memory = memoryView(sink.buffer, sink.offset, length)
  }

  accept(head: ExchangeHead): boolean {
    // An error document is read as text and classified; everything below 300 must be right.
    if (head.status >= 300) return false
    const { offset, length, whole, size, etag, contentEncoding } = this.#job
    const expected = { range: { offset, length }, whole, size, etag, contentEncoding }
    checkGet(head.status, head.headers, expected, this.#context)
    const { sink } = this.#job
    if (sink.kind === 'file' && sink.direct !== undefined) {
      this.#pages = this.#worker.pages.take(DIRECT_STEP)
      this.#writer = new DirectWriter(
        { fd: sink.fd, direct: sink.direct },
        sink.offset,
        this.#pages,
      )
    }
    this.accepted = true
    return true
  }

  get isLarge(): boolean {
    return this.#job.length >= BYPASS_MIN
  }

  place(length: number): Uint8Array | undefined {
    if (this.#writer !== undefined) return this.#writer.place(length)
    return this.#memory?.subarray(this.received, this.received + length)
  }

  write(chunk: Buffer): void {
    const { length, sink, slot } = this.#job
    if (this.received + chunk.length > length) {
      throw new TransferError(
        'ERR_RESPONSE_INVALID',
        'More bytes came than announced',
        this.#context,
      )
    }
    if (this.#writer !== undefined) {
      this.#gather(this.#writer, chunk)
    } else if (this.#memory === undefined) {
      const { writeLocks } = this.#worker.state
      writeLocks.with(this.#job.transferId, () => writeFully(sink, this.received, chunk))
    } else if (chunk.buffer !== this.#memory.buffer) {
      this.#memory.set(chunk, this.received)
    }
    // Behind the write: the checksum of what `received` counts must hold nothing that failed.
    this.#checksum.update(chunk)
    this.received += chunk.length
    this.#worker.state.setProgress(slot, this.received)
    this.#worker.state.add('bytesReceived', chunk.length)
  }

  /** @throws ERR_BODY_INCOMPLETE when the body ended early without breaking. */
  finish(): void {
    const { length } = this.#job
    if (this.received === length) return this.flush()
    const message = `The body ended after ${this.received} of ${length} bytes`
    throw new TransferError('ERR_BODY_INCOMPLETE', message, this.#context)
  }

  /** Writes what is still gathered. When that fails, nothing that was received counts. */
  flush(): void {
    try {
      this.#writer?.flush()
    } catch (error) {
      throw targetError(error, undefined)
    }
  }

  #gather(writer: DirectWriter, chunk: Buffer): void {
    try {
      writer.write(chunk)
    } catch (error) {
      throw targetError(error, undefined)
    }
  }

  /** Gives the pages back. After a failure the socket may still be read into them. */
  release(): void {
    if (this.#pages !== undefined) this.#worker.pages.give(this.#pages)
  }

  digest(): Uint8Array {
    return this.#checksum.digest()
  }
}

/** Short writes happen, on a nearly full disk for example. */
function writeFully(sink: ByteLocation, at: number, chunk: Buffer): void {
  if (sink.kind !== 'file') return
  try {
    let done = 0
    while (done < chunk.length) {
      const length = Math.min(WRITE_STEP, chunk.length - done)
      done += writeSync(sink.fd, chunk, done, length, sink.offset + at + done)
    }
  } catch (error) {
    throw targetError(error, undefined)
  }
}
