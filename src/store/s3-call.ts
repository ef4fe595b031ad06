/**
 * One attempt of one operation through the SDK; whatever goes wrong comes out as a `TransferError`.
 */

import type { S3Client } from '@aws-sdk/client-s3'

import type { ErrorContext } from '../errors.ts'
import { abortable, abortError, throwIfAborted } from './abortable.ts'
import { classifyException } from './classify.ts'
import type { CallOptions } from './object-store.ts'
import type { S3Clients } from './s3-clients.ts'
import type { S3StoreOptions } from './s3-store-options.ts'
import type { Sdk } from './sdk.ts'
import type { ObjectRef } from './types.ts'

export interface SendOptions {
  readonly abortSignal?: AbortSignal
}

/** What the calls need of their store. */
export interface CallHost {
  readonly options: S3StoreOptions
  open(): Promise<S3Clients>
  /** The region a bucket is in, as far as it is known. */
  regionOf(bucket: string, clients: S3Clients): string
}

export async function sendCall<T>(
  host: CallHost,
  operation: string,
  object: Pick<ObjectRef, 'bucket'> & Partial<Pick<ObjectRef, 'key'>>,
  more: ErrorContext,
  options: CallOptions,
  run: (client: S3Client, s3: Sdk['s3'], sending: SendOptions) => Promise<T>,
): Promise<T> {
  const { bucket, key } = object
  const { signal } = options
  const context = { operation, bucket, key, ...more }
  try {
    throwIfAborted(signal)
    const clients = await abortable(host.open(), signal)
    // Asked here first, so that a lack of credentials is told from a refusal by the store.
    if (host.options.credentials !== 'anonymous') await abortable(clients.credentials(), signal)
    const client = clients.client(host.regionOf(bucket, clients))
    return await run(client, clients.sdk.s3, signal === undefined ? {} : { abortSignal: signal })
  } catch (error) {
    if (signal?.aborted === true) throw abortError(signal).with(context)
    throw classifyException(error, context)
  }
}
