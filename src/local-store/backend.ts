/**
 * The port behind which bytes and sidecars are kept. A back end knows nothing of S3: it makes
 * blobs, reads runs of them, and keeps JSON records that it gives back after a restart.
 */

import type { Blob, BucketRecord, ObjectVersion, PartRecord, Segment, Upload } from './model.ts'

export type BackendKind = 'memory' | 'disk' | 'pattern'

/** What a blob will be part of; only the pattern back end cares. */
export interface BlobPurpose {
  readonly key: string
  /** True for a part, whose place in the object is not known while it arrives. */
  readonly part: boolean
  /** The client announced that it sends the pattern, so that anything else is refused. */
  readonly mustMatch: boolean
}

/** A blob being written. Exactly one of `finish` and `discard` ends it. */
export interface BlobWriter {
  /** Takes the chunk over: the caller does not change it afterwards. */
  write(chunk: Buffer): void
  finish(): Blob
  /** Drops everything written; allowed at any time, also after `finish`. */
  discard(): void
}

/** Kinds of records and the shape of each. */
export interface Records {
  readonly bucket: BucketRecord
  readonly version: ObjectVersion
  readonly upload: Upload
  readonly part: PartRecord
}
export type RecordKind = keyof Records
export type LoadedRecords = { readonly [K in RecordKind]: readonly Records[K][] }

/** What becomes of the parts of an upload when they are put together. */
export interface Assembly {
  readonly segments: readonly Segment[]
  /** False when the bytes that were received can no longer be read. */
  readonly readable: boolean
}

export interface Backend {
  readonly kind: BackendKind
  create(purpose: BlobPurpose): BlobWriter
  /**
   * Reads a run of bytes. A chunk is valid only until the next one is asked for.
   * The generator frees what it holds when it is returned early.
   */
  read(segment: Segment): Iterable<Buffer>
  remove(blob: Blob): void
  /** Lays the parts of one object end to end. */
  assemble(key: string, segments: readonly Segment[]): Assembly
  putRecord<K extends RecordKind>(kind: K, id: string, value: Records[K]): void
  removeRecord(kind: RecordKind, id: string): void
  /** Records of an earlier run; blobs that none of them names are gone afterwards. */
  load(): LoadedRecords
}

/** What a back end without a memory of earlier runs loads. */
export const NO_RECORDS: LoadedRecords = { bucket: [], version: [], upload: [], part: [] }
