/**
 * A page of a listing: one attempt, signed by our own signer, over the transport of the control plane. The
 * SDK is not even loaded: a million keys would cost it ten times the CPU.
 */

import { abortError, throwIfAborted } from './abortable.ts'
import { attributeHeaders, type BucketAttributes } from './attributes.ts'
import { classifyException } from './classify.ts'
import type { ControlTransport } from './control-transport.ts'
import { checkAnswer } from './s3-answers.ts'
import { signedRequest } from './signed-request.ts'
import type { Signer } from './signing.ts'
import type { StoreRoute } from './types.ts'

/** What a listing needs of its store. */
export interface ListHost {
  route(bucket: string, signal: AbortSignal | undefined): Promise<StoreRoute>
  transport(): Promise<ControlTransport>
}

export interface PageQuestion<P> {
  /** As S3 calls it. */
  readonly operation: string
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly attributes: BucketAttributes | undefined
  readonly signal: AbortSignal | undefined
  /** @throws ERR_RESPONSE_INVALID for what cannot be the answer */
  readonly read: (body: Buffer) => P
}

/** Whatever goes wrong comes out as a `TransferError`. */
export async function askPage<P>(
  host: ListHost,
  signer: Signer,
  bucket: string,
  { operation, query, attributes, signal, read }: PageQuestion<P>,
): Promise<P> {
  const context = { operation, bucket }
  try {
    throwIfAborted(signal)
    const route = await host.route(bucket, signal)
    const transport = await host.transport()
    const headers = attributeHeaders('bucket', attributes)
    const request = signedRequest(signer, route, { method: 'GET', key: '', query, headers })
    const { response } = await transport.handle(request, { abortSignal: signal })
    const { clockOffsetMs, signing } = route
    checkAnswer(`${operation}Command`, response, { region: signing?.region, clockOffsetMs })
    return read(response.body)
  } catch (error) {
    if (signal?.aborted === true) throw abortError(signal).with(context)
    throw classifyException(error, context)
  }
}
