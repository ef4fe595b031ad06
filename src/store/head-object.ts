/**
 * HeadObject: one attempt, signed by our own signer and read from its headers, over the transport of the
 * control plane. The SDK is not even loaded: it would cost such a request ten times the CPU.
 */

import { TransferError } from '../errors.ts'
import { abortError, throwIfAborted } from './abortable.ts'
import { attributeHeaders } from './attributes.ts'
import { classifyException } from './classify.ts'
import type { ControlTransport } from './control-transport.ts'
import { readInfo } from './object-info.ts'
import type { HeadOptions, ObjectInfo, StoreSettings } from './object-store.ts'
import { checkAnswer } from './s3-answers.ts'
import { signedRequest } from './signed-request.ts'
import { Signer } from './signing.ts'
import type { ObjectRef, StoreRoute } from './types.ts'

/** What the call needs of its store. */
export interface HeadHost {
  route(bucket: string, signal: AbortSignal | undefined): Promise<StoreRoute>
  settings(): Promise<StoreSettings>
  transport(): Promise<ControlTransport>
}

export class HeadCall {
  readonly #host: HeadHost
  readonly #signer = new Signer()

  constructor(host: HeadHost) {
    this.#host = host
  }

  async run(object: ObjectRef, options: HeadOptions = {}): Promise<ObjectInfo> {
    const { responseChecksumValidation } = await this.#host.settings()
    if (responseChecksumValidation === 'WHEN_REQUIRED') return this.#head(object, options, false)
    try {
      return await this.#head(object, options, true)
    } catch (error) {
      // Checksums of objects under KMS need kms:Decrypt; the rest does not.
      if (!(error instanceof TransferError) || error.code !== 'ERR_ACCESS_DENIED') throw error
      return this.#head(object, options, false)
    }
  }

  /** One attempt; whatever goes wrong comes out as a `TransferError`. */
  async #head(object: ObjectRef, options: HeadOptions, checksums: boolean): Promise<ObjectInfo> {
    const { bucket, key, versionId } = object
    const { signal, partNumber, ifMatch, attributes } = options
    const context = { operation: 'HeadObject', bucket, key }
    try {
      throwIfAborted(signal)
      const route = await this.#host.route(bucket, signal)
      const transport = await this.#host.transport()
      const query: [string, string][] = []
      if (partNumber !== undefined) query.push(['partNumber', String(partNumber)])
      if (versionId !== undefined) query.push(['versionId', versionId])
      const headers = attributeHeaders('read', attributes)
      if (checksums) headers.push('x-amz-checksum-mode', 'ENABLED')
      if (ifMatch !== undefined) headers.push('if-match', ifMatch)
      const request = signedRequest(this.#signer, route, { method: 'HEAD', key, query, headers })
      const { response } = await transport.handle(request, { abortSignal: signal })
      const { clockOffsetMs, signing } = route
      checkAnswer('HeadObjectCommand', response, { region: signing?.region, clockOffsetMs })
      return readInfo(response.headers)
    } catch (error) {
      if (signal?.aborted === true) throw abortError(signal).with(context)
      throw classifyException(error, context)
    }
  }
}
