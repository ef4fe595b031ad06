/**
 * One HTTP exchange on one connection: send, receive, and nothing of S3. Resolves with the head
 * and, for answers the caller does not take as payload, with the text of the body.
 *
 * A body is always read to its end or its connection is cut; there is no third way out, so that a
 * connection never goes back to the pool with bytes of an old answer in it.
 */

import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { BuiltRequest } from '../src/store/requests.ts'
import type { Connection } from './connection.ts'
import type { ConnectionPool } from './connection-pool.ts'
import type { PayloadTarget } from './payload-bypass.ts'

/** A GET has no body; everything else is in `BuiltRequest`. */
export type ExchangeBody = Uint8Array | AsyncIterable<Uint8Array> | null

export interface ExchangeHead {
  readonly status: number
  /** Lower-case names; of a repeated header the last value. */
  readonly headers: Readonly<Record<string, string>>
}

export interface ExchangeAnswer extends ExchangeHead {
  /** Body of an answer that was not taken as payload, cut at `TEXT_LIMIT`. */
  readonly text: string
}

/** Receives the payload. Both may throw: the connection is then cut and the exchange fails. */
export interface PayloadSink {
  /** Whether leading the payload around undici may be worth it. @default true */
  readonly isLarge?: boolean | undefined
  /** Decides from the head whether the body is the payload, before the first byte of it. */
  accept(head: ExchangeHead): boolean
  /** Memory for the next bytes, `length` at most; undefined to take them from any. */
  place?(length: number): Uint8Array | undefined
  /**
   * A piece of the payload. It lies where `place` said, or in memory that is reused as soon as this
   * returns.
   */
  write(chunk: Buffer): void
}

/**
 * Text kept of an answer that is not payload: error documents are below 1 KiB, and a hostile
 * server must not fill memory. Bytes. Source: none, reasonable default.
 */
const TEXT_LIMIT = 64 * 1024

/** Sends `request` on `connection`. The caller acquires and releases; see `ConnectionPool`. */
export function exchange(
  pool: ConnectionPool,
  connection: Connection,
  method: 'GET' | 'PUT',
  request: BuiltRequest,
  content: ExchangeBody,
  sink: PayloadSink | undefined,
): Promise<ExchangeAnswer> {
  return new Promise((resolve, reject) => {
    pool.use(connection)
    const { path, headers } = request
    // undici declares only Readable among the streaming bodies; any async iterable is taken.
    const body = content as Uint8Array | Readable | null
    connection.dispatch(
      { method, path, headers, body, reset: false },
      new Exchange(connection, sink, resolve, reject),
    )
  })
}

/** What undici tells of an answer, and what the bypass brings of its payload. */
class Exchange implements Dispatcher.DispatchHandler, PayloadTarget {
  readonly #connection: Connection
  readonly #sink: PayloadSink | undefined
  readonly #resolve: (answer: ExchangeAnswer) => void
  readonly #reject: (error: Error) => void
  #head: ExchangeHead | undefined
  #isPayload = false
  #thrown: Error | undefined
  /** Length of a payload that is led around undici, which then knows one byte of it. */
  #announced: number | undefined
  #text: Buffer[] | undefined
  #textLength = 0

  constructor(
    connection: Connection,
    sink: PayloadSink | undefined,
    resolve: (answer: ExchangeAnswer) => void,
    reject: (error: Error) => void,
  ) {
    this.#connection = connection
    this.#sink = sink
    this.#resolve = resolve
    this.#reject = reject
  }

  onRequestStart(): void {
    const isLarge = this.#sink !== undefined && this.#sink.isLarge !== false
    this.#connection.bypass.arm(isLarge ? this : undefined)
  }

  onResponseStart(_controller: unknown, status: number, received: ReceivedHeaders): void {
    // Interim heads say nothing about the answer.
    if (status < 200 || this.#thrown !== undefined) return
    try {
      const headers = flatten(received)
      if (this.#announced !== undefined) headers['content-length'] = String(this.#announced)
      this.#head = { status, headers }
      this.#isPayload = this.#sink?.accept(this.#head) ?? false
    } catch (error) {
      this.#fail(error)
    }
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (this.#announced === undefined) this.write(chunk)
  }

  onResponseEnd(): void {
    this.#connection.bypass.disarm()
    if (this.#thrown !== undefined) return this.#reject(this.#thrown)
    if (this.#head === undefined) return this.#reject(new Error('An answer ended without a head'))
    const { status, headers } = this.#head
    const text = this.#text === undefined ? '' : Buffer.concat(this.#text).toString('utf8')
    this.#resolve({ status, headers, text })
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#connection.bypass.disarm()
    this.#reject(this.#thrown ?? error)
  }

  announce(length: number): void {
    this.#announced = length
  }

  place(length: number): Uint8Array | undefined {
    return this.#isPayload ? this.#sink?.place?.(length) : undefined
  }

  write(chunk: Buffer): void {
    if (this.#thrown !== undefined) return
    try {
      if (this.#isPayload) this.#sink?.write(chunk)
      else this.#keepText(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  #keepText(chunk: Buffer): void {
    if (this.#textLength >= TEXT_LIMIT) return
    this.#text ??= []
    this.#text.push(Buffer.from(chunk.subarray(0, TEXT_LIMIT - this.#textLength)))
    this.#textLength += chunk.length
  }

  /** undici must not see our errors as its own: they are kept, and the connection is cut. */
  #fail(error: unknown): void {
    this.#thrown = error instanceof Error ? error : new Error(String(error))
    this.#connection.bypass.disarm()
    this.#connection.destroy(this.#thrown)
  }
}

type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>

function flatten(headers: ReceivedHeaders): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) flat[name] = Array.isArray(value) ? (value.at(-1) ?? '') : value
  }
  return flat
}
