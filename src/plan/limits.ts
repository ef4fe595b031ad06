/**
 * What S3 accepts, as numbers. All sizes are bytes.
 *
 * Constants are Amazon's own limits. A compatible store may differ in some of them, so plans take
 * a `StoreLimits` value and never a constant directly.
 */

import { GiB, MiB } from '../units.ts'

/**
 * Smallest part, except for the last one of an upload, which may be as short as one byte.
 * Source: S3 User Guide, "Amazon S3 multipart upload limits", read 2026-11.
 */
export const PART_SIZE_MIN = 5 * MiB

/**
 * Largest part.
 * Source: S3 User Guide, "Amazon S3 multipart upload limits", read 2026-11.
 */
export const PART_SIZE_MAX = 5 * GiB

/**
 * Parts of one upload, numbered from 1.
 * Source: S3 User Guide, "Amazon S3 multipart upload limits", read 2026-11.
 */
export const PARTS_MAX = 10_000

/**
 * Largest object: every part at its largest, 48.8 TiB. Announced as "50 TB".
 * Source: S3 User Guide, "Amazon S3 multipart upload limits", read 2026-11.
 */
export const OBJECT_SIZE_MAX = PARTS_MAX * PART_SIZE_MAX

/**
 * Largest body of one PutObject, and largest source of one CopyObject.
 * Source: S3 API Reference, PutObject and CopyObject, read 2026-11.
 */
export const SINGLE_PUT_SIZE_MAX = 5 * GiB

/**
 * Longest key, counted in bytes of UTF-8.
 * Source: S3 User Guide, "Naming Amazon S3 objects", read 2026-11.
 */
export const KEY_BYTES_MAX = 1024

/**
 * User metadata of one object: the sum of names and values, in bytes of UTF-8.
 * Source: S3 User Guide, "Working with object metadata", read 2026-11.
 */
export const METADATA_BYTES_MAX = 2048

/**
 * Tags of one object.
 * Source: S3 User Guide, "Categorizing your objects using tags", read 2026-11.
 */
export const TAGS_MAX = 10

/** What one store accepts. Sizes are bytes. */
export interface StoreLimits {
  /** Smallest part but the last. */
  readonly partSizeMin: number
  readonly partSizeMax: number
  readonly partsMax: number
  readonly objectSizeMax: number
  /** Largest object that may go in one PUT. */
  readonly singlePutMax: number
  /** Smallest part that is chosen where nobody chose one. @default 8 MiB */
  readonly partSizeAdvised?: number | undefined
}

/** Amazon S3, and the assumption about a store we know nothing of. */
export const AWS_LIMITS: StoreLimits = Object.freeze({
  partSizeMin: PART_SIZE_MIN,
  partSizeMax: PART_SIZE_MAX,
  partsMax: PARTS_MAX,
  objectSizeMax: OBJECT_SIZE_MAX,
  singlePutMax: SINGLE_PUT_SIZE_MAX,
})
