/**
 * What a store lists: parts, open uploads, objects and their versions, and pages of them.
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

/** A version of an object, or a marker that it was removed, as ListObjectVersions tells it. */
export interface ListedVersion {
  readonly key: string
  /** `null` of one from a time without versions. */
  readonly versionId: string
  readonly isLatest: boolean
  /** Whether it says that the object was removed. */
  readonly isMarker: boolean
  /** 0 of a marker. */
  readonly size: number
  /** As sent, quotes included; `undefined` of a marker, or if the store did not say. */
  readonly etag: string | undefined
  readonly lastModified: number | undefined
}

/** Where a page of ListObjectVersions ended. */
export interface VersionMarker {
  readonly key: string
  /** Empty where it ended with the last version of a key. */
  readonly versionId: string
}

/** One page of ListObjectVersions. */
export interface VersionPage {
  /** Ascending by the bytes of their keys; of one key the newest first. */
  readonly versions: readonly ListedVersion[]
  /** Ask for what comes behind it; `undefined` on the last page. */
  readonly next: VersionMarker | undefined
}
