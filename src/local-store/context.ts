/** What every operation gets: the store it works on, the request as it was understood. */

import type { IncomingMessage } from 'node:http'
import type { Backend } from './backend.ts'
import type { ByteSource } from './blob-ledger.ts'
import type { Catalog } from './catalog.ts'
import type { Dialect } from './dialects.ts'
import { S3Error } from './s3-error.ts'
import type { PayloadMode } from './sigv4.ts'

export type Headers = Readonly<Record<string, string | undefined>>

/** The store as operations see it. */
export interface StoreContext {
  readonly catalog: Catalog
  readonly backend: Backend
  readonly dialect: Dialect
  readonly region: string
  /** Smallest part but the last. Bytes. */
  readonly minPartSize: number
  /** False: ETags are cheap opaque values. */
  readonly md5: boolean
  /** Milliseconds since the epoch. */
  now(): number
}

/** A request after routing and verification. */
export interface S3Request {
  readonly id: string
  readonly operation: string
  readonly method: string
  /** Empty for ListBuckets. */
  readonly bucket: string
  /** Empty for bucket operations. */
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  readonly headers: Headers
  readonly host: string
  readonly secure: boolean
  readonly payload: PayloadMode
  readonly message: IncomingMessage
  /** Called when the operation starts to read the body. */
  readonly onBodyWanted: () => Promise<void>
  readonly onBytesIn: (length: number) => void
  readonly alterBody?: ((piece: Buffer) => Buffer | Promise<Buffer>) | undefined
}

/** An answer before it is sent. A `ByteSource` is closed by whoever sends it. */
export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body?: string | Buffer | ByteSource | undefined
}

export type OperationHandler = (store: StoreContext, request: S3Request) => Answer | Promise<Answer>

/** The account all buckets belong to; what `x-amz-expected-bucket-owner` is compared with. */
export const ACCOUNT_ID = '123456789012'

/** Owner elements of lists. */
export const OWNER: Readonly<Record<string, string>> = {
  ID: 'e1f2a3b4c5d60718293a4b5c6d7e8f90e1f2a3b4c5d60718293a4b5c6d7e8f90',
  DisplayName: 'local-store',
}

/** An XML answer. */
export function xmlAnswer(body: string, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body }
}

/**
 * A count in a query or header, clipped to `most`; the default when it is not given.
 *
 * @throws S3Error InvalidArgument.
 */
export function countParameter(value: string | undefined, name: string, most: number): number {
  if (value === undefined || value === '') return most
  if (!/^\d{1,10}$/.test(value) || Number(value) > 0x7fff_ffff) {
    const extra = { ArgumentName: name, ArgumentValue: value }
    throw new S3Error('InvalidArgument', `Provided ${name} not an integer or within range.`, extra)
  }
  return Math.min(Number(value), most)
}
