/**
 * The port to a store's control plane: what the coordinator asks of it, and what it may rely on.
 *
 * Payload never passes here; workers move it themselves with the route they are given. Every
 * method rejects with a `TransferError` only, stops with ERR_ABORTED when its signal aborts, and
 * makes one attempt: `with-retry.ts` adds the others. Sizes are bytes, times epoch milliseconds.
 *
 * Any method may fail with the codes of transport and refusal: ERR_CONNECT, ERR_CONNECT_TIMEOUT,
 * ERR_READ_TIMEOUT, ERR_CONNECTION_LOST, ERR_TLS, ERR_THROTTLED, ERR_STORE_UNAVAILABLE,
 * ERR_CREDENTIALS, ERR_CREDENTIALS_EXPIRED, ERR_ACCESS_DENIED, ERR_CLOCK_SKEW, ERR_WRONG_REGION,
 * ERR_BUCKET_NOT_FOUND, ERR_REQUEST_REFUSED, ERR_NOT_SUPPORTED. Others are named at the method.
 */

import type { ChecksumAlgorithm, ChecksumType } from '../checksum/algorithms.ts'
import type { TransferError } from '../errors.ts'
import type {
  ListedPart,
  ObjectPage,
  UploadMarker,
  UploadPage,
  VersionMarker,
  VersionPage,
} from './listed.ts'
import type { StopSignal } from './abortable.ts'
import type { BucketAttributes, ObjectAttributes, RequestAttributes } from './attributes.ts'
import type { CopyCalls, ObjectDescription } from './copy-calls.ts'
import type { StoreProfile } from './profiles.ts'
import type { ObjectRef, StoreRoute } from './types.ts'

export type * from './listed.ts'

/** When checksums are computed or compared, as `AWS_REQUEST_CHECKSUM_CALCULATION` says it. */
export type ChecksumMode = 'WHEN_SUPPORTED' | 'WHEN_REQUIRED'

/** Settings the user made where AWS tools look for them, and what kind of store it is. */
export interface StoreSettings {
  readonly region: string
  readonly requestChecksumCalculation: ChecksumMode
  readonly responseChecksumValidation: ChecksumMode
  readonly profile: StoreProfile
}

/** A stored checksum: base64 as S3 writes it, with `-N` behind a composite one. */
export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly value: string
  readonly type: ChecksumType
}

/** What HEAD tells. */
export interface ObjectInfo {
  readonly size: number
  /** As sent, quotes included: for If-Match and equality, never a hash to compute with. */
  readonly etag: string
  readonly lastModified: number | undefined
  readonly versionId: string | undefined
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
  /** Kind of `checksums`; absent when the store did not say. */
  readonly checksumType: ChecksumType | undefined
  /** Parts the object was uploaded in; stores tell it only when asked with `partNumber`. */
  readonly partsCount: number | undefined
  /** User metadata, names in lower case. */
  readonly metadata: Readonly<Record<string, string>>
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly storageClass: string | undefined
  readonly serverSideEncryption: string | undefined
  readonly described?: ObjectDescription | undefined
}

/** A part as Complete lists it. Checksums may go with it, base64. */
export interface CompletedPart {
  readonly partNumber: number
  readonly etag: string
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined
}

/** What a believable answer to Complete says. */
export interface CompletedObject {
  /** As sent, quotes included. */
  readonly etag: string
  readonly versionId: string | undefined
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
  readonly checksumType: ChecksumType | undefined
  readonly location: string | undefined
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Asked once per attempt, so whatever can stop the waiting will do. */
export interface RouteOptions {
  readonly signal?: StopSignal | undefined
}

export interface HeadOptions extends CallOptions {
  readonly attributes?: RequestAttributes | undefined
  readonly ifMatch?: string | undefined
  /** 1-based: asks about that part, and makes the store tell how many there are. */
  readonly partNumber?: number | undefined
}

export interface CreateOptions extends CallOptions {
  readonly attributes?: ObjectAttributes | undefined
  /** Absent: the store is told nothing about checksums. */
  readonly checksum?:
    | { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType }
    | undefined
}

export interface CompleteOptions extends CallOptions {
  readonly attributes?: ObjectAttributes | undefined
  /** Checksum of the whole object, for the store to compare. */
  readonly checksum?: StoredChecksum | undefined
  /** Sum of the parts, for the store to compare (`x-amz-mp-object-size`). */
  readonly size?: number | undefined
}

export interface UploadCallOptions extends CallOptions {
  readonly attributes?: RequestAttributes | undefined
  /** Part of a removal, which has little time: it counts as a request, and waits for no turn. */
  readonly isRemoval?: boolean | undefined
}

export interface ListUploadsOptions extends CallOptions {
  /** Beginning of the keys. */
  readonly prefix: string
  readonly after?: UploadMarker | undefined
}

export interface DeleteOptions extends CallOptions {
  readonly attributes?: RequestAttributes | undefined
  /** ETag the object must still have. Some stores do not ask. */
  readonly ifMatch?: string | undefined
}

/** Of requests about many objects. */
export interface BucketCallOptions extends CallOptions {
  readonly attributes?: BucketAttributes | undefined
}

export interface ListObjectsOptions extends BucketCallOptions {
  /** Beginning of the keys. */
  readonly prefix: string
  /** Keys that have it behind the prefix are told as one common prefix. */
  readonly delimiter?: string | undefined
  /**
   * Only what comes behind it, in the order of bytes. With a token that says so already, it is the
   * last name of the page before, which the answer must not go back behind.
   */
  readonly startAfter?: string | undefined
  /** `next` of the page before. */
  readonly token?: string | undefined
  /** 1 to 1,000; the store may answer with less. @default the store's own, 1,000 */
  readonly maxKeys?: number | undefined
}

export interface ListVersionsOptions extends BucketCallOptions {
  /** Beginning of the keys. */
  readonly prefix: string
  /** `next` of the page before. */
  readonly after?: VersionMarker | undefined
  /** 1 to 1,000; the store may answer with less. @default the store's own, 1,000 */
  readonly maxKeys?: number | undefined
}

export interface ObjectStore extends CopyCalls {
  /** What the environment says. Idempotent, no request. @throws ERR_OPTION_INVALID */
  settings(): Promise<StoreSettings>

  /**
   * How to address and sign requests to a bucket, with credentials that are good for at least
   * five minutes if the provider gives any that long. Cached; cheap enough to ask per task. No
   * request to the store. Rejects with ERR_CREDENTIALS, ERR_OPTION_INVALID, or ERR_NOT_SUPPORTED
   * when the bucket needs a signature workers cannot make.
   */
  route(bucket: string, options?: RouteOptions): Promise<StoreRoute>

  /**
   * HEAD of an object, with its stored checksums if we may see them. Idempotent.
   * Rejects with ERR_OBJECT_NOT_FOUND (a HEAD does not tell whether key or bucket is missing),
   * ERR_PRECONDITION_FAILED, ERR_RESPONSE_INVALID when the answer has no size or ETag.
   */
  head(object: ObjectRef, options?: HeadOptions): Promise<ObjectInfo>

  /**
   * Opens a multipart upload. *Not* idempotent: a call repeated after its answer was lost leaves a
   * second upload behind, without parts.
   */
  createMultipartUpload(
    object: ObjectRef,
    options?: CreateOptions,
  ): Promise<{ readonly uploadId: string }>

  /**
   * Assembles the parts given, and only those, in the order given. AWS answers a repeated call
   * with the same success, others with ERR_UPLOAD_NOT_FOUND. When the outcome is unknown (lost
   * or unbelievable answer) it rejects with a transport code or ERR_RESPONSE_INVALID, and the
   * caller must look at the object before it decides; `isOutcomeUnknown` in `classify.ts` tells.
   * Rejects also with ERR_PRECONDITION_FAILED, ERR_CONFLICT (start a new upload),
   * ERR_CHECKSUM_MISMATCH.
   */
  completeMultipartUpload(
    object: ObjectRef,
    uploadId: string,
    parts: readonly CompletedPart[],
    options?: CompleteOptions,
  ): Promise<CompletedObject>

  /** Removes an upload and its parts. Idempotent: an upload that is gone counts as aborted. */
  abortMultipartUpload(
    object: ObjectRef,
    uploadId: string,
    options?: UploadCallOptions,
  ): Promise<void>

  /** All parts of an open upload, ascending. Idempotent. Rejects with ERR_UPLOAD_NOT_FOUND. */
  listParts(
    object: ObjectRef,
    uploadId: string,
    options?: UploadCallOptions,
  ): Promise<readonly ListedPart[]>

  /**
   * A page of the open uploads of a bucket, at most 1,000. Idempotent. It is the caller who sees to
   * it that pages end. Rejects with ERR_RESPONSE_INVALID for an upload without key or id.
   */
  listMultipartUploads(bucket: string, options: ListUploadsOptions): Promise<UploadPage>

  /**
   * Removes an object, or puts a marker over it. Idempotent. Rejects with ERR_PRECONDITION_FAILED or
   * ERR_CONFLICT when it is another one, ERR_OBJECT_NOT_FOUND from stores that say so of a missing one.
   */
  deleteObject(object: ObjectRef, options?: DeleteOptions): Promise<void>

  /**
   * Removes objects, at most 1,000. Idempotent: one that is gone counts as removed, and in a bucket with
   * versions a marker is put over each. Returns the failures, by key; whatever is neither there nor
   * confirmed makes the answer ERR_RESPONSE_INVALID.
   */
  deleteObjects(
    bucket: string,
    keys: readonly string[],
    options?: BucketCallOptions,
  ): Promise<ReadonlyMap<string, TransferError>>

  /**
   * A page of the objects of a bucket, in the order of their keys' bytes. Idempotent. A page that is
   * not whole, not in order, or not what was asked for rejects with ERR_RESPONSE_INVALID, so that
   * what is missing from a listing is missing from the bucket. Rejects also with ERR_NOT_SUPPORTED
   * for buckets that `route` cannot reach.
   */
  listObjects(bucket: string, options: ListObjectsOptions): Promise<ObjectPage>

  /**
   * A page of the versions and delete markers of a bucket, in the order of their keys' bytes and of one key
   * the newest first. Idempotent. Rejects as `listObjects` does; ERR_NOT_SUPPORTED also from stores that
   * have no versions.
   */
  listVersions(bucket: string, options: ListVersionsOptions): Promise<VersionPage>

  /**
   * Forgets what is cached for a bucket: its route, and the credentials. With a region, that
   * region is used for the bucket from now on.
   */
  refresh(bucket: string, options?: { readonly region?: string | undefined }): void

  /** Sets the store's clock against ours for signing, from now on. Milliseconds. */
  noteClockOffset(offsetMs: number): void

  /** Closes connections at once. Idempotent. */
  close(): void
}
