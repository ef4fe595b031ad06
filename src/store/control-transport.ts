/**
 * The SDK's way to the network: its request handler, over undici. The control plane has small
 * answers, so each is read to its end before the SDK sees it, bounded, and its connection is free
 * at once.
 *
 * Only undici's Agent is loaded (41 instead of 128 ms of CPU); undici publishes no `exports` map,
 * so the file may be named, and its version is pinned.
 */

import { createRequire } from 'node:module'
import type { Agent as UndiciAgent, buildConnector, Dispatcher } from 'undici'
import { TransferError } from '../errors.ts'
import { Dialler } from '../network/dialler.ts'
import type { NetworkSettings } from '../network/settings.ts'
import type { S3StoreOptions } from './s3-store-options.ts'

const require = createRequire(import.meta.url)

/** What the SDK hands over, as far as it is used. */
export interface ControlRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface ControlResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  body: Buffer
}

interface CallOptions {
  readonly abortSignal?: unknown
  readonly requestTimeout?: number | undefined
}

/**
 * Connections to each host for the control plane.
 * Source: none, reasonable default; a Complete may hold one for minutes.
 */
const CONNECTIONS = 32

/** Longest answer read. Bytes. Source: 1,000 listed parts take about 500 KB with checksums. */
const BODY_BYTES_MAX = 8 * 1024 * 1024

const DIRECT: NetworkSettings = { tls: { rejectUnauthorized: true } }

export class ControlTransport {
  readonly #agent: UndiciAgent
  readonly #dialler: Dialler
  readonly #readTimeoutMs: number
  #dialled = 0

  /** @param keepAliveMs how long an idle connection is kept, unless the store says less */
  constructor(options: S3StoreOptions, keepAliveMs?: number) {
    const Agent = require('undici/lib/dispatcher/agent.js') as typeof UndiciAgent
    this.#readTimeoutMs = options.readTimeoutMs
    const { network = DIRECT, connectTimeoutMs } = options
    this.#dialler = new Dialler({ ...network, connectTimeoutMs })
    this.#agent = new Agent({
      allowH2: false,
      pipelining: 1,
      connections: CONNECTIONS,
      ...(keepAliveMs === undefined ? {} : { keepAliveTimeout: keepAliveMs }),
      connect: (wanted, callback) => this.#connect(wanted, callback),
    })
  }

  /** Connections begun so far. */
  get dialled(): number {
    return this.#dialled
  }

  /** One request of the SDK's. Rejects with what undici says, and when the signal aborts. */
  async handle(
    request: ControlRequest,
    options: CallOptions = {},
  ): Promise<{ readonly response: ControlResponse }> {
    const timeout = options.requestTimeout ?? this.#readTimeoutMs
    const port = request.port === undefined ? '' : `:${request.port}`
    const origin = `${request.protocol}//${request.hostname}${port}`
    const forwarding = this.#dialler.forwarding(origin)
    const sent: Dispatcher.DispatchOptions = {
      origin,
      path: `${forwarding?.origin ?? ''}${withQuery(request)}`,
      method: request.method,
      headers: [...Object.entries(request.headers).flat(), ...(forwarding?.headers ?? [])],
      body: bodyOf(request.body),
      headersTimeout: timeout,
      bodyTimeout: timeout,
      // By itself undici closes the connection after each HEAD.
      reset: false,
    }
    return { response: await this.#exchange(sent, options.abortSignal) }
  }

  destroy(): void {
    // Requests under way fail by themselves; there is nothing to learn from this promise.
    this.#agent.destroy().catch(() => undefined)
    this.#dialler.close()
  }

  #connect(wanted: buildConnector.Options, callback: buildConnector.Callback): void {
    this.#dialled += 1
    let isAnswered = false
    const answer: buildConnector.Callback = (...outcome) => {
      if (!isAnswered) callback(...outcome)
      isAnswered = true
    }
    const dial = this.#dialler.dial(`${wanted.protocol}//${wanted.host}`, {
      onStanding: (socket) => answer(null, socket),
      onClosed: () => answer(dial.failure ?? new Error('The connection was closed'), null),
    })
  }

  #exchange(sent: Dispatcher.DispatchOptions, abortSignal: unknown): Promise<ControlResponse> {
    const signal = abortSignal instanceof AbortSignal ? abortSignal : undefined
    return new Promise((resolve, reject) => {
      let cut: ((reason: Error) => void) | undefined
      const onAbort = (): void => {
        const error = new TransferError('ERR_ABORTED', 'Aborted.', {}, { cause: signal?.reason })
        reject(error)
        cut?.(error)
      }
      if (signal?.aborted === true) return onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
      const settled = (): void => signal?.removeEventListener('abort', onAbort)
      const chunks: Buffer[] = []
      let length = 0
      let statusCode = 0
      let headers: Record<string, string> = {}
      this.#agent.dispatch(sent, {
        onRequestStart: (controller) => {
          cut = (reason) => controller.abort(reason)
          if (signal?.aborted === true) controller.abort(signal.reason as Error)
        },
        onResponseStart: (_controller, status, received) => {
          statusCode = status
          headers = flatten(received)
        },
        onResponseData: (controller, chunk) => {
          length += chunk.length
          chunks.push(chunk)
          if (length <= BODY_BYTES_MAX) return
          const message = 'The answer is too long to be one of S3.'
          controller.abort(new TransferError('ERR_RESPONSE_INVALID', message))
        },
        onResponseEnd: () => {
          settled()
          resolve({ statusCode, headers, body: Buffer.concat(chunks) })
        },
        onResponseError: (_controller, error) => {
          settled()
          reject(error)
        },
      })
    })
  }
}

function flatten(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

/** The query as the SDK's signer encodes it: what is sent must be what was signed. */
function withQuery({ path, query }: ControlRequest): string {
  const pairs: string[] = []
  const entries = Object.entries(query ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, value] of entries) {
    const encoded = encode(name)
    if (value === null) pairs.push(encoded)
    else if (typeof value === 'string') pairs.push(`${encoded}=${encode(value)}`)
    else pairs.push(...value.map((each) => `${encoded}=${encode(each)}`))
  }
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Control-plane bodies are XML or nothing. */
function bodyOf(body: unknown): string | Uint8Array | null {
  if (typeof body === 'string' || body instanceof Uint8Array) return body
  return null
}
