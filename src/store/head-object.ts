/**
 * HeadObject: one attempt, signed by our own signer and read from its headers, over the transport of the
 * control plane. The SDK is not even loaded: it would cost such a request ten times the CPU.
 */

import { CHECKSUMS, type ChecksumAlgorithm } from '../checksum/algorithms.ts'
import { TransferError } from '../errors.ts'
import { abortError, throwIfAborted } from './abortable.ts'
import { attributeHeaders } from './attributes.ts'
import { classifyException } from './classify.ts'
import type { ControlResponse, ControlTransport } from './control-transport.ts'
import type { ObjectDescription } from './copy-calls.ts'
import { invalid } from './invalid-answer.ts'
import type { HeadOptions, ObjectInfo, StoreSettings } from './object-store.ts'
import { describedBy } from './responses.ts'
import { checkAnswer, checksumType } from './s3-answers.ts'
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

type Headers = ControlResponse['headers']

/** @throws ERR_RESPONSE_INVALID without size or ETag */
function readInfo(headers: Headers): ObjectInfo {
  const text = headers['content-length'] ?? ''
  const size = /^\d{1,15}$/u.test(text) ? Number(text) : undefined
  const { etag } = headers
  if (size === undefined || etag === undefined || etag === '') {
    throw invalid('The answer to HEAD has no size or no ETag.')
  }
  return {
    size,
    etag,
    ...describedBy(headers),
    versionId: headers['x-amz-version-id'],
    checksums: checksumsOf(headers),
    checksumType: checksumType(headers['x-amz-checksum-type']),
    partsCount: countOf(headers['x-amz-mp-parts-count']),
    contentType: headers['content-type'],
    contentEncoding: headers['content-encoding'],
    storageClass: headers['x-amz-storage-class'],
    serverSideEncryption: headers['x-amz-server-side-encryption'],
    described: descriptionOf(headers),
  }
}

function descriptionOf(headers: Headers): ObjectDescription {
  const retainUntil = Date.parse(headers['x-amz-object-lock-retain-until-date'] ?? '')
  return {
    cacheControl: headers['cache-control'],
    contentDisposition: headers['content-disposition'],
    contentLanguage: headers['content-language'],
    expires: headers['expires'],
    websiteRedirectLocation: headers['x-amz-website-redirect-location'],
    sseKmsKeyId: headers['x-amz-server-side-encryption-aws-kms-key-id'],
    objectLockMode: headers['x-amz-object-lock-mode'],
    objectLockRetainUntil: Number.isNaN(retainUntil) ? undefined : retainUntil,
    objectLockLegalHold: headers['x-amz-object-lock-legal-hold'] === 'ON',
    tagCount: countOf(headers['x-amz-tagging-count']) ?? 0,
    missingMetadata: countOf(headers['x-amz-missing-meta']) ?? 0,
  }
}

function checksumsOf(headers: Headers): ObjectInfo['checksums'] {
  const found: Partial<Record<ChecksumAlgorithm, string>> = {}
  for (const [algorithm, { header }] of Object.entries(CHECKSUMS)) {
    const value = headers[header]
    if (value !== undefined) found[algorithm as ChecksumAlgorithm] = value
  }
  return found
}

function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/u.test(text) ? Number(text) : undefined
}
