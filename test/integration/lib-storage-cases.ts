/** What both kinds of `Upload` are given and asked in their tests. */

import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import {
  HeadObjectCommand,
  type HeadObjectCommandInput,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3'
import type { Options, Progress, Upload } from '@aws-sdk/lib-storage'
import { BUCKET, type Bed } from '../helpers/test-bed.ts'

/** What the contract knows of an upload. */
export interface UploadLike extends Pick<Upload, 'done' | 'abort'> {
  on(...listening: Parameters<Upload['on']>): unknown
  readonly uploadId?: string | undefined
}

export type UploadClass = new (options: Options) => UploadLike

type Body = NonNullable<Options['params']['Body']>

/** Makes a body of some bytes, in each way there is. */
export const BODIES: Readonly<Record<string, (bytes: Buffer, bed: Bed) => Promise<Body> | Body>> = {
  'a string': (bytes) => bytes.toString('latin1'),
  'a Buffer': (bytes) => bytes,
  'a Uint8Array': (bytes) => new Uint8Array(bytes),
  'a Blob': (bytes) => new Blob([new Uint8Array(bytes)]),
  'a Readable': (bytes) => Readable.from(chunksOf(bytes)),
  'a Readable of text': (bytes) => Readable.from(chunksOf(bytes).map((chunk) => chunk.toString())),
  'a ReadableStream': (bytes) => ReadableStream.from(chunksOf(bytes)) as Body,
  'a file stream': async (bytes, bed) => createReadStream(await bed.file('body', bytes)),
}

/** Pieces of no round size. */
function chunksOf(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 300_007) chunks.push(bytes.subarray(at, at + 300_007))
  return chunks
}

/** Bytes that are text as well: whatever kind of body they become, they stay the same. */
export function textBytes(size: number): Buffer {
  const pattern = Array.from({ length: 127 }, (_, index) => String.fromCharCode(index + 1)).join('')
  return Buffer.alloc(size, pattern)
}

/** Events of an upload, as they come. */
export function progressOf(upload: UploadLike): Progress[] {
  const events: Progress[] = []
  upload.on('httpUploadProgress', (progress) => events.push(progress))
  return events
}

/** What the store says of an object. */
export function headOf(
  { sdk }: Bed,
  Key: string,
  more: Partial<HeadObjectCommandInput> = {},
): Promise<HeadObjectCommandOutput> {
  return sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key, ...more }))
}

/** Name, message and status of what an upload rejects with; fails when it does not. */
export async function rejectionOf(
  promise: Promise<unknown>,
): Promise<{ readonly name: string; readonly message: string; readonly status: unknown }> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error('expected the upload to fail')
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } }
  return { name: error.name, message: error.message, status: $metadata?.httpStatusCode }
}
