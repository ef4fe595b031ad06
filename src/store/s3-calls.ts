/**
 * The calls of the control plane, over `@aws-sdk/client-s3`: one attempt each, answers checked.
 *
 * Loaded with the first call, as all of the SDK is: a small upload to a plain store makes none.
 */

import { TransferError } from '../errors.ts'
import { attributeParams } from './attributes.ts'
import { invalid } from './invalid-answer.ts'
import type {
  BucketCallOptions,
  CompletedObject,
  CompletedPart,
  CompleteOptions,
  CreateOptions,
  DeleteOptions,
  ListedPart,
  ListUploadsOptions,
  UploadCallOptions,
  UploadPage,
} from './object-store.ts'
import { readCompletedObject, readDeleted, readListedPart, readUploadPage } from './s3-answers.ts'
import { sendCall, type CallHost } from './s3-call.ts'
import { completeParams, createParams, objectParams } from './s3-params.ts'
import type { ObjectRef } from './types.ts'

/**
 * Shortest silence after which a Complete is given up. Milliseconds.
 * Source: S3 API reference: processing "can take several minutes"; AWS sends blanks meanwhile,
 * other stores nothing.
 */
const COMPLETE_TIMEOUT_MIN_MS = 300_000

/** Parts per page. Source: S3 API reference, ListParts: 1,000 at most. */
const LIST_PARTS_PAGE = 1000

/** Uploads per page. Source: S3 API reference, ListMultipartUploads: 1,000 at most. */
const LIST_UPLOADS_PAGE = 1000

/** What XML 1.0 has no way to say; keys with it are removed one by one. */
// oxlint-disable-next-line no-control-regex
const NOT_IN_XML = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/

export class S3Calls {
  readonly #host: CallHost

  constructor(host: CallHost) {
    this.#host = host
  }

  async createMultipartUpload(
    object: ObjectRef,
    options: CreateOptions = {},
  ): Promise<{ readonly uploadId: string }> {
    const params = createParams(object, options)
    return sendCall(
      this.#host,
      'CreateMultipartUpload',
      object,
      {},
      options,
      async (client, s3, sending) => {
        const output = await client.send(new s3.CreateMultipartUploadCommand(params), sending)
        if (!output.UploadId) throw invalid('The answer has no upload id.')
        return { uploadId: output.UploadId }
      },
    )
  }

  async completeMultipartUpload(
    object: ObjectRef,
    uploadId: string,
    parts: readonly CompletedPart[],
    options: CompleteOptions = {},
  ): Promise<CompletedObject> {
    const params = completeParams(object, uploadId, parts, options)
    const requestTimeout = Math.max(COMPLETE_TIMEOUT_MIN_MS, this.#host.options.readTimeoutMs)
    const context = { uploadId }
    return sendCall(
      this.#host,
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
      await sendCall(
        this.#host,
        'AbortMultipartUpload',
        object,
        context,
        options,
        (client, s3, sending) =>
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
      const page = await sendCall(
        this.#host,
        'ListParts',
        object,
        context,
        options,
        (client, s3, sending) =>
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

  async listMultipartUploads(bucket: string, options: ListUploadsOptions): Promise<UploadPage> {
    const { prefix, after } = options
    return sendCall(
      this.#host,
      'ListMultipartUploads',
      { bucket },
      {},
      options,
      async (client, s3, sending) => {
        const command = new s3.ListMultipartUploadsCommand({
          Bucket: bucket,
          Prefix: prefix,
          // XML cannot say every character of a key.
          EncodingType: 'url',
          MaxUploads: LIST_UPLOADS_PAGE,
          ...(after === undefined ? {} : { KeyMarker: after.key }),
          ...(after?.uploadId ? { UploadIdMarker: after.uploadId } : {}),
        })
        return readUploadPage(await client.send(command, sending))
      },
    )
  }

  async deleteObjects(
    bucket: string,
    keys: readonly string[],
    options: BucketCallOptions = {},
  ): Promise<ReadonlyMap<string, TransferError>> {
    const odd = keys.filter((key) => NOT_IN_XML.test(key))
    const plain = odd.length === 0 ? keys : keys.filter((key) => !NOT_IN_XML.test(key))
    for (const key of odd) await this.deleteObject({ bucket, key }, options)
    if (plain.length === 0) return new Map()
    const Objects = plain.map((Key) => ({ Key }))
    return sendCall(
      this.#host,
      'DeleteObjects',
      { bucket },
      {},
      options,
      async (client, s3, sending) => {
        const carried = attributeParams('bucket', options.attributes)
        const params = { Bucket: bucket, Delete: { Objects }, ...carried }
        const command = new s3.DeleteObjectsCommand(params)
        return readDeleted(plain, await client.send(command, sending))
      },
    )
  }

  async deleteObject(object: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const { attributes, ifMatch } = options
    await sendCall(this.#host, 'DeleteObject', object, {}, options, (client, s3, sending) =>
      client.send(
        new s3.DeleteObjectCommand({
          ...objectParams(object),
          ...attributeParams('bucket', attributes),
          ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
        }),
        sending,
      ),
    )
  }
}
