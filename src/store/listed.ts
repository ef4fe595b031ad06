/**
 * What a store lists: parts, open uploads and objects, and pages of them.
 */

import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'

/** A part as ListParts tells it. */
export interface ListedPart {
  readonly partNumber: number
  readonly size: number
  readonly etag: string
  readonly lastModified: number | undefined
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
}

/** An open multipart upload as ListMultipartUploads tells it. */
export interface ListedUpload {
  readonly key: string
  readonly uploadId: string
  /** When it was opened, by the store's clock; `undefined` if the store did not say. */
  readonly initiatedAt: number | undefined
}

/** Where a page of ListMultipartUploads ended. */
export interface UploadMarker {
  readonly key: string
  /** Empty where the store counts by keys only. */
  readonly uploadId: string
}

/** One page of ListMultipartUploads. */
export interface UploadPage {
  readonly uploads: readonly ListedUpload[]
  /** Ask for what comes behind it; `undefined` on the last page. */
  readonly next: UploadMarker | undefined
}

/** An object as ListObjectsV2 tells it. */
export interface ListedObject {
  readonly key: string
  readonly size: number
  /** As sent, quotes included; `undefined` if the store did not say. */
  readonly etag: string | undefined
  readonly lastModified: number | undefined
  /** `undefined` if the store did not say, which mostly means STANDARD. */
  readonly storageClass: string | undefined
  /** Kinds of checksums stored with it, as S3 names them. */
  readonly checksumAlgorithms: readonly string[] | undefined
}

/** One page of ListObjectsV2. */
export interface ObjectPage {
  /** Ascending by the bytes of their keys. */
  readonly objects: readonly ListedObject[]
  /** What the keys between the prefix and a delimiter have in common, delimiter included; ascending. */
  readonly prefixes: readonly string[]
  /** Ask with it for what comes behind; `undefined` on the last page. */
  readonly next: string | undefined
}
