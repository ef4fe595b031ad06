/** Multipart uploads in a few words, for the cases of several topics. */

import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
  type CompleteMultipartUploadCommandInput,
  type CompleteMultipartUploadCommandOutput,
  type CompletedPart,
  type CreateMultipartUploadCommandInput,
  type UploadPartCommandInput,
} from '@aws-sdk/client-s3'
import { bodyOf, type CaseContext } from './case.ts'

/** An open upload. */
export class OpenUpload {
  readonly object: { readonly Bucket: string; readonly Key: string; readonly UploadId: string }
  readonly #context: CaseContext

  private constructor(context: CaseContext, object: OpenUpload['object']) {
    this.#context = context
    this.object = object
  }

  static async create(
    context: CaseContext,
    input: Partial<CreateMultipartUploadCommandInput> = {},
  ): Promise<OpenUpload> {
    const { Bucket = context.bucket, Key = context.key('multipart') } = input
    const object = { ...input, Bucket, Key }
    const { UploadId = '' } = await context.client.send(new CreateMultipartUploadCommand(object))
    return new OpenUpload(context, { Bucket, Key, UploadId })
  }

  /** Sends a part and gives what Complete wants to know of it. */
  async part(
    PartNumber: number,
    Body: Buffer,
    input: Partial<UploadPartCommandInput> = {},
  ): Promise<CompletedPart> {
    const command = new UploadPartCommand({ ...this.object, PartNumber, Body, ...input })
    const sent = await this.#context.client.send(command)
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1 } = sent
    const { ChecksumSHA256 } = sent
    const sums = { ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 }
    const known = Object.entries(sums).filter(([, value]) => value !== undefined)
    return { PartNumber, ETag, ...Object.fromEntries(known) }
  }

  complete(
    Parts: readonly CompletedPart[],
    input: Partial<CompleteMultipartUploadCommandInput> = {},
  ): Promise<CompleteMultipartUploadCommandOutput> {
    const MultipartUpload = { Parts: [...Parts] }
    const command = new CompleteMultipartUploadCommand({
      ...this.object,
      MultipartUpload,
      ...input,
    })
    return this.#context.client.send(command)
  }

  async read(): Promise<Buffer> {
    const { Bucket, Key } = this.object
    return bodyOf(await this.#context.client.send(new GetObjectCommand({ Bucket, Key })))
  }
}
