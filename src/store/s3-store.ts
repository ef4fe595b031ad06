/**
 * The control plane over `@aws-sdk/client-s3`: one attempt per call, answers checked.
 *
 * Clients are opened by the first call, so that making a store costs nothing and fails never.
 * The region of a bucket is the configured one until `refresh` tells another. Routes are cached
 * per bucket without credentials; those are asked of the SDK each time, which keeps and renews
 * them.
 */

import type { S3Client } from '@aws-sdk/client-s3'

import { TransferError, type ErrorContext } from '../errors.ts'
import { abortable, abortError, throwIfAborted } from './abortable.ts'
import { attributeParams } from './attributes.ts'
import { classifyException } from './classify.ts'
import type {
  CallOptions,
  CompletedObject,
  CompletedPart,
  CompleteOptions,
  CreateOptions,
  HeadOptions,
  ListedPart,
  ObjectInfo,
  ObjectStore,
  StoreSettings,
  UploadCallOptions,
} from './object-store.ts'
import type { RouteAddress } from './route-probe.ts'
import { invalid, readCompletedObject, readListedPart, readObjectInfo } from './s3-answers.ts'
import { openClients, type S3Clients } from './s3-clients.ts'
import { completeParams, createParams, headParams, objectParams } from './s3-params.ts'
import type { S3StoreOptions } from './s3-store-options.ts'
import type { Sdk } from './sdk.ts'
import type { ObjectRef, StoreRoute } from './types.ts'

/**
 * Shortest silence after which a Complete is given up. Milliseconds.
 * Source: S3 API reference: processing "can take several minutes"; AWS sends blanks meanwhile,
 * other stores nothing.
 */
const COMPLETE_TIMEOUT_MIN_MS = 300_000

/** Parts per page. Source: S3 API reference, ListParts: 1,000 at most. */
const LIST_PARTS_PAGE = 1000

interface SendOptions {
  readonly abortSignal?: AbortSignal
}

/** Makes the store; nothing is loaded or sent before the first call. */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  return new S3Store(options)
}

class S3Store implements ObjectStore {
  readonly #options: S3StoreOptions
  readonly #routes = new Map<string, Promise<RouteAddress>>()
  readonly #regions = new Map<string, string>()
  #clients: Promise<S3Clients> | undefined
  #clockOffsetMs = 0
  #closed = false

  constructor(options: S3StoreOptions) {
    this.#options = options
  }

  async settings(): Promise<StoreSettings> {
    return (await this.#open()).settings
  }

  async route(bucket: string, options: CallOptions = {}): Promise<StoreRoute> {
    throwIfAborted(options.signal)
    return await abortable(this.#route(bucket), options.signal)
  }

  async head(object: ObjectRef, options: HeadOptions = {}): Promise<ObjectInfo> {
    const { responseChecksumValidation } = await this.settings()
    if (responseChecksumValidation === 'WHEN_REQUIRED') return this.#head(object, options, false)
    try {
      return await this.#head(object, options, true)
    } catch (error) {
      // Checksums of objects under KMS need kms:Decrypt; the rest does not.
      if (!(error instanceof TransferError) || error.code !== 'ERR_ACCESS_DENIED') throw error
      return this.#head(object, options, false)
    }
  }

  async createMultipartUpload(
    object: ObjectRef,
    options: CreateOptions = {},
  ): Promise<{ readonly uploadId: string }> {
    const params = createParams(object, options)
    return this.#call('CreateMultipartUpload', object, {}, options, async (client, s3, sending) => {
      const output = await client.send(new s3.CreateMultipartUploadCommand(params), sending)
      if (!output.UploadId) throw invalid('The answer has no upload id.')
      return { uploadId: output.UploadId }
    })
  }

  async completeMultipartUpload(
    object: ObjectRef,
    uploadId: string,
    parts: readonly CompletedPart[],
    options: CompleteOptions = {},
  ): Promise<CompletedObject> {
    const params = completeParams(object, uploadId, parts, options)
    const requestTimeout = Math.max(COMPLETE_TIMEOUT_MIN_MS, this.#options.readTimeoutMs)
    const context = { uploadId }
    return this.#call(
      'CompleteMultipartUpload',
      object,
      context,
      options,
      async (client, s3, sending) => {
        const output = await client.send(new s3.CompleteMultipartUploadCommand(params), {
          ...sending,
          requestTimeout,
        })
        return readCompletedObject(object, output)
      },
    )
  }

  async abortMultipartUpload(
    object: ObjectRef,
    uploadId: string,
    options: UploadCallOptions = {},
  ): Promise<void> {
    const context = { uploadId }
    try {
      await this.#call('AbortMultipartUpload', object, context, options, (client, s3, sending) =>
        client.send(
          new s3.AbortMultipartUploadCommand({
            ...attributeParams('abort', options.attributes),
            ...objectParams(object),
            UploadId: uploadId,
          }),
          sending,
        ),
      )
    } catch (error) {
      if (error instanceof TransferError && error.code === 'ERR_UPLOAD_NOT_FOUND') return
      throw error
    }
  }

  async listParts(
    object: ObjectRef,
    uploadId: string,
    options: UploadCallOptions = {},
  ): Promise<readonly ListedPart[]> {
    const parts: ListedPart[] = []
    const context = { uploadId }
    let marker: string | undefined
    do {
      const page = await this.#call('ListParts', object, context, options, (client, s3, sending) =>
        client.send(
          new s3.ListPartsCommand({
            ...attributeParams('list', options.attributes),
            ...objectParams(object),
            UploadId: uploadId,
            MaxParts: LIST_PARTS_PAGE,
            ...(marker === undefined ? {} : { PartNumberMarker: marker }),
          }),
          sending,
        ),
      )
      for (const part of page.Parts ?? []) parts.push(readListedPart(part))
      const next = page.IsTruncated === true ? page.NextPartNumberMarker : undefined
      // A store that answers with the same page for ever must not hold us for ever.
      if (next !== undefined && Number(next) <= Number(marker ?? 0)) {
        throw invalid('The answer to ListParts does not go on.', { operation: 'ListParts' })
      }
      marker = next
    } while (marker !== undefined)
    return parts
  }

  refresh(bucket: string, options: { readonly region?: string | undefined } = {}): void {
    this.#routes.delete(bucket)
    if (options.region !== undefined) this.#regions.set(bucket, options.region)
    // Failures of opening are reported by the calls that need the clients.
    this.#clients?.then(
      (clients) => clients.refreshCredentials(),
      () => undefined,
    )
  }

  noteClockOffset(offsetMs: number): void {
    this.#clockOffsetMs = offsetMs
    this.#clients?.then(
      (clients) => clients.setClockOffset(offsetMs),
      () => undefined,
    )
  }

  close(): void {
    this.#closed = true
    this.#clients?.then(
      (clients) => clients.destroy(),
      () => undefined,
    )
  }

  #open(): Promise<S3Clients> {
    if (this.#closed) {
      return Promise.reject(new TransferError('ERR_CLOSED', 'The store was closed.'))
    }
    if (this.#clients === undefined) {
      this.#clients = openClients(this.#options)
      this.#clients.catch(() => {
        this.#clients = undefined
      })
    }
    return this.#clients
  }

  async #route(bucket: string): Promise<StoreRoute> {
    const clients = await this.#open()
    let address = this.#routes.get(bucket)
    if (address === undefined) {
      address = clients.probe(bucket, this.#regionOf(bucket, clients))
      this.#routes.set(bucket, address)
      address.catch(() => this.#routes.delete(bucket))
    }
    const found = await address
    const isHttp = found.origin.startsWith('http:')
    const isUnchecked = clients.settings.requestChecksumCalculation === 'WHEN_REQUIRED'
    return {
      ...found,
      credentials: found.signing === undefined ? undefined : await clients.credentials(),
      // Without checksum headers the signed hash is the only proof of the bytes on the wire.
      signPayload: isHttp || isUnchecked,
      clockOffsetMs: this.#clockOffsetMs,
    }
  }

  #regionOf(bucket: string, clients: S3Clients): string {
    return this.#regions.get(bucket) ?? clients.settings.region
  }

  async #head(object: ObjectRef, options: HeadOptions, checksums: boolean): Promise<ObjectInfo> {
    const params = headParams(object, options, checksums)
    return this.#call('HeadObject', object, {}, options, async (client, s3, sending) =>
      readObjectInfo(await client.send(new s3.HeadObjectCommand(params), sending)),
    )
  }

  /** One attempt of one operation; whatever goes wrong comes out as a `TransferError`. */
  async #call<T>(
    operation: string,
    object: ObjectRef,
    more: ErrorContext,
    options: CallOptions,
    run: (client: S3Client, s3: Sdk['s3'], sending: SendOptions) => Promise<T>,
  ): Promise<T> {
    const { bucket, key } = object
    const { signal } = options
    const context = { operation, bucket, key, ...more }
    try {
      throwIfAborted(signal)
      const clients = await abortable(this.#open(), signal)
      // Asked here first, so that a lack of credentials is told from a refusal by the store.
      if (this.#options.credentials !== 'anonymous') await abortable(clients.credentials(), signal)
      const client = clients.client(this.#regionOf(bucket, clients))
      return await run(client, clients.sdk.s3, signal === undefined ? {} : { abortSignal: signal })
    } catch (error) {
      if (signal?.aborted === true) throw abortError(signal).with(context)
      throw classifyException(error, context)
    }
  }
}
