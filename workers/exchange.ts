/**
 * One HTTP exchange on one connection: send, receive, and nothing of S3. Resolves with the head
 * and, for answers the caller does not take as payload, with the text of the body.
 *
 * A body is always read to its end or its connection is cut; there is no third way out, so that a
 * connection never goes back to the pool with bytes of an old answer in it.
 */

import type { Readable } from 'node:stream'
import type { Connection } from './connection.ts'
import type { ConnectionPool } from './connection-pool.ts'
import type { PayloadTarget } from './payload-bypass.ts'

export interface ExchangeRequest {
  readonly method: 'GET' | 'PUT'
  readonly path: string
  /** Flat name, value list. */
  readonly headers: string[]
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | null
}

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
  request: ExchangeRequest,
  sink: PayloadSink | undefined,
): Promise<ExchangeAnswer> {
  return new Promise((resolve, reject) => {
    let head: ExchangeHead | undefined
    let isPayload = false
    let thrown: Error | undefined
    /** Length of a payload that is led around undici, which then knows one byte of it. */
    let announced: number | undefined
    const text: Buffer[] = []
    let textLength = 0

    const { bypass } = connection
    const fail = (error: Error): void => {
      thrown ??= error
      bypass.disarm()
      connection.destroy(error)
    }
    const onData = (chunk: Buffer): void => {
      if (isPayload) {
        sink?.write(chunk)
      } else if (textLength < TEXT_LIMIT) {
        text.push(Buffer.from(chunk.subarray(0, TEXT_LIMIT - textLength)))
        textLength += chunk.length
      }
    }
    /** undici must not see our errors as its own: they are kept, and the connection is cut. */
    const guarded = (work: () => void): void => {
      if (thrown !== undefined) return
      try {
        work()
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)))
      }
    }

    const target: PayloadTarget = {
      announce: (length) => (announced = length),
      place: (length) => (isPayload ? sink?.place?.(length) : undefined),
      write: (chunk) => guarded(() => onData(chunk)),
    }
    pool.use(connection, (error) => connection.destroy(error))
    const { method, path, headers } = request
    // undici declares only Readable among the streaming bodies; any async iterable is taken.
    const body = request.body as Uint8Array | Readable | null
    connection.client.dispatch(
      { method, path, headers, body, reset: false },
      {
        onRequestStart: () => bypass.arm(sink && target),
        onResponseStart: (_controller, status, received) => {
          // Interim heads say nothing about the answer.
          if (status < 200) return
          guarded(() => {
            const headers = flatten(received)
            if (announced !== undefined) headers['content-length'] = String(announced)
            head = { status, headers }
            isPayload = sink?.accept(head) ?? false
          })
        },
        onResponseData: (_controller, chunk) => {
          if (announced === undefined) guarded(() => onData(chunk))
        },
        onResponseEnd: () => {
          bypass.disarm()
          if (thrown !== undefined) return reject(thrown)
          if (head === undefined) return reject(new Error('An answer ended without a head'))
          resolve({ ...head, text: Buffer.concat(text).toString('utf8') })
        },
        onResponseError: (_controller, error) => {
          bypass.disarm()
          reject(thrown ?? error)
        },
      },
    )
  })
}

function flatten(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) flat[name] = Array.isArray(value) ? (value.at(-1) ?? '') : value
  }
  return flat
}
