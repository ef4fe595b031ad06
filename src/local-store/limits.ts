/** Limits the store enforces, in bytes or counts. Each is what AWS enforces. */

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

/** Smallest part but the last. Source: S3 User Guide, "Multipart upload limits", 2026-11. */
export const PART_SIZE_MIN: number = 5 * MiB

/** Largest part and largest body of a single PUT. Source: as above. */
export const BODY_SIZE_MAX: number = 5 * GiB

/** Part numbers go from 1 to this. Source: as above. */
export const PART_NUMBER_MAX = 10_000

/** Longest key in UTF-8 bytes. Source: S3 User Guide, "Naming objects", 2026-11. */
export const KEY_BYTES_MAX = 1024

/** Names and values of user metadata together. Source: S3 User Guide, "Object metadata". */
export const METADATA_BYTES_MAX: number = 2 * KiB

/** Tags on one object. Source: S3 User Guide, "Categorizing objects with tags". */
export const TAGS_MAX = 10

/** Entries on one page of any list, and keys in one DeleteObjects. Source: S3 API Reference. */
export const PAGE_MAX = 1000

/** Largest XML document accepted. Source: none; 10,000 parts with two checksums are 2.5 MiB. */
export const DOCUMENT_BYTES_MAX: number = 8 * MiB
