/**
 * Single signed requests whose answers are shown as they are, refusals included: probes ask for what no
 * honest client would, such as a body that does not have the checksum it is sent with.
 */

import { hash } from 'node:crypto'
import type { TransferError } from '../errors.ts'
import { throwIfAborted } from '../store/abortable.ts'
import { classifyException, classifyResponse } from '../store/classify.ts'
import type { ControlTransport } from '../store/control-transport.ts'
import { parseErrorBody } from '../store/error-body.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { canonicalQuery, objectPath, Signer } from '../store/signing.ts'
import type { StoreRoute } from '../store/types.ts'

/** Longest wait for one answer. Milliseconds. Source: none, reasonable default. */
const ANSWER_MS_MAX = 20_000

export interface RawRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** @default the bucket itself */
  readonly key?: string | undefined
  readonly query?: readonly (readonly [string, string])[] | undefined
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | undefined
  /** Hex, in place of the SHA-256 of the body. */
  readonly payloadHash?: string | undefined
  /** @default the bucket's */
  readonly route?: StoreRoute | undefined
  /** Goes on after an abort, as removals must. */
  readonly isRemoval?: boolean | undefined
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** What a refusal means, also one that came with a status of success; `undefined` for a success. */
  readonly error: TransferError | undefined
  /** From sending to the end of the answer. */
  readonly elapsedMs: number
}

export interface RawClientOptions {
  readonly store: ObjectStore
  readonly transport: ControlTransport
  readonly bucket: string
  readonly signal: AbortSignal
}

export class RawClient {
  readonly bucket: string
  readonly #options: RawClientOptions
  readonly #signer = new Signer()

  constructor(options: RawClientOptions) {
    this.#options = options
    this.bucket = options.bucket
  }

  /** Connections made so far. */
  get dialled(): number {
    return this.#options.transport.dialled
  }

  route(): Promise<StoreRoute> {
    return this.#options.store.route(this.bucket)
  }

  /** @throws `TransferError` when there is no answer; ERR_ABORTED */
  async send(request: RawRequest): Promise<RawAnswer> {
    const { signal, transport } = this.#options
    if (request.isRemoval !== true) throwIfAborted(signal)
    const route = request.route ?? (await this.route())
    const limit = AbortSignal.timeout(ANSWER_MS_MAX)
    const abortSignal = request.isRemoval === true ? limit : AbortSignal.any([signal, limit])
    const startedAt = performance.now()
    try {
      const sent = this.#sign(route, request)
      const { response } = await transport.handle(sent, {
        abortSignal,
        requestTimeout: ANSWER_MS_MAX,
      })
      const elapsedMs = performance.now() - startedAt
      const { statusCode: status, headers, body } = response
      return { status, headers, body, elapsedMs, error: errorOf(status, headers, body, route) }
    } catch (error) {
      if (request.isRemoval !== true) throwIfAborted(signal)
      throw classifyException(error, { bucket: this.bucket, key: request.key })
    }
  }

  #sign(route: StoreRoute, request: RawRequest): Parameters<ControlTransport['handle']>[0] {
    const { method, key = '', query = [], headers = {}, body } = request
    const path = objectPath(route, key)
    const canonical = canonicalQuery(query)
    const signed = this.#signer.sign({
      route,
      method,
      path,
      query: canonical,
      headers: ['accept-encoding', 'identity', ...Object.entries(headers).flat()],
      payloadHash: request.payloadHash ?? hash('sha256', body ?? '', 'hex'),
      timeMs: Date.now(),
    })
    const sent: Record<string, string> = {}
    for (let at = 0; at < signed.length; at += 2)
      sent[signed[at] as string] = signed[at + 1] as string
    const { protocol, hostname, port } = new URL(route.origin)
    return {
      protocol,
      hostname,
      port: port === '' ? undefined : Number(port),
      path: canonical === '' ? path : `${path}?${canonical}`,
      method,
      headers: sent,
      body,
    }
  }
}

function errorOf(
  status: number,
  headers: RawAnswer['headers'],
  body: Buffer,
  route: StoreRoute,
): TransferError | undefined {
  const isSuccess = status >= 200 && status < 300
  const text = body.subarray(0, 2048).toString('utf8')
  const parsed = parseErrorBody(text)
  // Copies and Complete may fail after the status was sent; a document that is the error, not one with it.
  if (isSuccess && !/^\s*(?:<\?xml[^>]*>\s*)?<Error[\s>]/.test(text)) return undefined
  const { clockOffsetMs, signing } = route
  return classifyResponse({
    status,
    headers,
    signing: { region: signing?.region, clockOffsetMs },
    timeMs: Date.now(),
    storeCode: parsed?.code,
    message: parsed?.message,
    region: parsed?.region,
    requestId: parsed?.requestId,
    header: parsed?.header,
  })
}
