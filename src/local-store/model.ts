/**
 * The store's nouns as plain JSON-safe data: everything here is written to a sidecar file as it
 * is and read back after a restart, so no class instance, Map or Buffer may appear in it.
 *
 *   bucket ──< key ──< version ──< segment ──> blob (bytes, owned by a back end)
 *   bucket ──< upload ──< part ──< segment ──> blob
 *
 * Sizes and offsets are bytes, times are milliseconds since the epoch, digests are base64.
 */

import type { ChecksumAlgorithm } from './checksums.ts'

/** Bytes a back end keeps (or can compute); `id` is unique within the store. */
export interface Blob {
  readonly id: string
  readonly length: number
  /** Pattern back end only: the bytes are those of this key from this offset on. */
  readonly pattern?: PatternSource | undefined
}

/** Where in which pattern a blob's bytes lie. */
export interface PatternSource {
  readonly key: string
  /** Offset of the blob's first byte; undefined until the place of a part is known. */
  readonly offset?: number | undefined
  /** True for a part that no Complete has put in its place yet. */
  readonly loose: boolean
  /** True when what was received was compared with the pattern and was equal. */
  readonly verified: boolean
  /** Base64 of a blob too short to tell its own offset; compared once the offset is known. */
  readonly head?: string | undefined
}

/** A run of bytes of a blob; an object is a list of them. */
export interface Segment {
  readonly blob: Blob
  readonly offset: number
  readonly length: number
}

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** A stored checksum; `value` is base64, with `-N` behind it when composite. */
export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
  readonly value: string
}

/** An account by its canonical id, or a predefined group. */
export interface Grantee {
  readonly id?: string | undefined
  readonly uri?: string | undefined
}

/** An entry of an access control list. */
export interface Grant {
  readonly grantee: Grantee
  readonly permission: string
}

/** What a client sets when it makes an object, kept until the object is read. */
export interface ObjectAttributes {
  /** Content headers by lower-case name, returned as they came. */
  readonly content: Readonly<Record<string, string>>
  /** User metadata by lower-case name without the `x-amz-meta-` prefix. */
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: readonly (readonly [key: string, value: string])[]
  readonly storageClass: string
  /** Who may do what; absent for the owner's alone. */
  readonly grants?: readonly Grant[] | undefined
  /** Server-side encryption and object lock: response headers by lower-case name. */
  readonly echoed: Readonly<Record<string, string>>
  /** SSE-C: base64 MD5 of the customer's key; the key itself is never kept. */
  readonly customerKeyMd5?: string | undefined
}

/** One part of a finished multipart object. */
export interface PartSummary {
  readonly number: number
  readonly size: number
  readonly etag: string
  readonly checksum?: string | undefined
}

/** One version of one key: an object, or a delete marker. */
export interface ObjectVersion {
  readonly bucket: string
  readonly key: string
  /** `null` for objects written while versioning was off or suspended. */
  readonly versionId: string
  /** Grows with every version made; the highest of a key is its latest. */
  readonly sequence: number
  readonly deleteMarker: boolean
  readonly lastModified: number
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  readonly segments: readonly Segment[]
  readonly attributes: ObjectAttributes
  readonly checksum?: StoredChecksum | undefined
  /** Present on objects made by CompleteMultipartUpload. */
  readonly multipart?: { readonly uploadId: string; readonly parts: readonly PartSummary[] }
}

export interface Part {
  readonly number: number
  readonly size: number
  readonly etag: string
  readonly lastModified: number
  readonly segments: readonly Segment[]
  /** Of the upload's algorithm, or of the part's own when the upload has none; base64. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined
}

export interface Upload {
  readonly id: string
  readonly bucket: string
  readonly key: string
  readonly initiated: number
  readonly attributes: ObjectAttributes
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType }
}

/** A part as a sidecar: it names the upload it belongs to. */
export interface PartRecord {
  readonly uploadId: string
  readonly part: Part
}

export type VersioningState = 'Enabled' | 'Suspended'

const OWNERSHIPS = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'] as const

/** Whose objects are, and whether they have ACLs: with `BucketOwnerEnforced` they have none. */
export type ObjectOwnership = (typeof OWNERSHIPS)[number]

export function isOwnership(text: string | undefined): text is ObjectOwnership {
  return OWNERSHIPS.some((name) => name === text)
}

export interface BucketRecord {
  readonly name: string
  readonly created: number
  readonly versioning?: VersioningState | undefined
  readonly objectLock?: boolean | undefined
  readonly ownership?: ObjectOwnership | undefined
}

/** A run that covers a whole blob; nothing for an empty one. */
export function wholeBlob(blob: Blob): readonly Segment[] {
  return blob.length === 0 ? [] : [{ blob, offset: 0, length: blob.length }]
}

/** The part of a segment list between two offsets (`end` exclusive). */
export function sliceSegments(
  segments: readonly Segment[],
  start: number,
  end: number,
): readonly Segment[] {
  const sliced: Segment[] = []
  let position = 0
  for (const segment of segments) {
    const from = Math.max(start, position)
    const to = Math.min(end, position + segment.length)
    if (from < to) {
      sliced.push({
        blob: segment.blob,
        offset: segment.offset + from - position,
        length: to - from,
      })
    }
    position += segment.length
  }
  return sliced
}
