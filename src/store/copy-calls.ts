/**
 * The part of the port that copies within a store, and what it needs to know of the object that is
 * copied. The rules of `object-store.ts` hold here as well.
 */

import type { ChecksumAlgorithm, ChecksumType } from '../checksum/algorithms.ts'
import type { ByteRange } from '../plan/ranges.ts'
import type { ObjectAttributes, RequestAttributes } from './attributes.ts'
import type { ObjectRef } from './types.ts'

/** What HEAD tells of an object beyond its bytes: what a copy carries, or loses. */
export interface ObjectDescription {
  readonly cacheControl: string | undefined
  readonly contentDisposition: string | undefined
  readonly contentLanguage: string | undefined
  /** As the store wrote it. */
  readonly expires: string | undefined
  readonly websiteRedirectLocation: string | undefined
  readonly sseKmsKeyId: string | undefined
  readonly objectLockMode: string | undefined
  /** Epoch milliseconds. */
  readonly objectLockRetainUntil: number | undefined
  readonly objectLockLegalHold: boolean
  /** 0 also where we may not know. */
  readonly tagCount: number
  /** Names of metadata that do not fit into headers, which the store keeps to itself. */
  readonly missingMetadata: number
}

/** An entry of an ACL. */
export interface AccessGrant {
  /** `FULL_CONTROL`, `READ`, `READ_ACP`, `WRITE_ACP`; `WRITE` has no meaning for objects. */
  readonly permission: string
  /** A user by canonical id, a predefined group by URI, or a user by address. */
  readonly grantee: { readonly kind: 'user' | 'group' | 'email'; readonly name: string }
}

/** Who may do what with an object. */
export interface AccessList {
  readonly ownerId: string | undefined
  readonly grants: readonly AccessGrant[]
}

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined
  /** ETag the source must still have. */
  readonly ifMatch: string
  /** Of requests about the source: its customer key, and who pays. */
  readonly sourceAttributes?: RequestAttributes | undefined
}

export interface CopyObjectOptions extends CopyOptions {
  /**
   * What is said of the copy. Without `replaces` it has media type, headers and metadata of the source,
   * and only the rest of this counts.
   */
  readonly attributes?: ObjectAttributes | undefined
  /** Whether `attributes` say all there is to say, instead of what the source has. */
  readonly replaces?: boolean | undefined
  /** The same of tags. */
  readonly replacesTags?: boolean | undefined
  /** Checksum the copy is to have. @default as the source, or the store's own */
  readonly algorithm?: ChecksumAlgorithm | undefined
}

export interface CopyPartOptions extends CopyOptions {
  readonly uploadId: string
  readonly partNumber: number
  readonly range: ByteRange
  readonly attributes?: RequestAttributes | undefined
}

/** What is said of an object, or a part, that the store has copied. */
export interface Copied {
  /** As sent, quotes included. */
  readonly etag: string
  readonly versionId: string | undefined
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
  readonly checksumType: ChecksumType | undefined
}

export interface CopyCalls {
  /**
   * Copies an object within the store, at most 5 GiB. Idempotent. Rejects with ERR_OBJECT_NOT_FOUND,
   * ERR_PRECONDITION_FAILED, and ERR_NOT_SUPPORTED or ERR_REQUEST_REFUSED where the store cannot.
   */
  copyObject(from: ObjectRef, to: ObjectRef, options: CopyObjectOptions): Promise<Copied>

  /** Copies a range into a part of an open upload. Idempotent. Rejects as `copyObject` does. */
  copyPart(from: ObjectRef, to: ObjectRef, options: CopyPartOptions): Promise<Copied>

  /** Tags of an object. Idempotent. Rejects with ERR_OBJECT_NOT_FOUND, ERR_NOT_SUPPORTED. */
  tags(
    object: ObjectRef,
    options?: {
      readonly signal?: AbortSignal | undefined
      readonly attributes?: RequestAttributes | undefined
    },
  ): Promise<Readonly<Record<string, string>>>

  /** ACL of an object. Idempotent. Rejects with ERR_OBJECT_NOT_FOUND, ERR_NOT_SUPPORTED. */
  acl(
    object: ObjectRef,
    options?: {
      readonly signal?: AbortSignal | undefined
      readonly attributes?: RequestAttributes | undefined
    },
  ): Promise<AccessList>

  /** Whether objects of a bucket may have ACLs of their own. Idempotent. Rejects with ERR_NOT_SUPPORTED. */
  allowsAcls(
    bucket: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<boolean>

  /** Whether a bucket keeps old versions. Idempotent. */
  versioning(
    bucket: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Versioning>
}

/** `suspended` buckets keep what they have, and replace what is written from then on. */
export type Versioning = 'enabled' | 'suspended' | 'never'
