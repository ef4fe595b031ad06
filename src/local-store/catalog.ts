/**
 * What the store holds: buckets, versions and open uploads, in memory and, record by record, in
 * the back end. Every change is one synchronous call, so a request that checks and changes in the
 * same turn of the event loop is atomic. New records are written before old ones are removed; a
 * crash between the two leaves both, and `load` keeps the newer.
 */

import { randomBytes } from 'node:crypto'
import type { Backend } from './backend.ts'
import { BlobLedger } from './blob-ledger.ts'
import { BucketState } from './bucket-state.ts'
import type { UploadState } from './bucket-state.ts'
import type { BucketRecord, ObjectVersion, Part, Upload } from './model.ts'
import { S3Error } from './s3-error.ts'

/** Finished uploads remembered so that a repeated Complete succeeds. Source: none. */
const COMPLETED_MAX = 10_000

/** A version before the catalog numbers it. */
export type NewVersion = Omit<ObjectVersion, 'versionId' | 'sequence'>

export class Catalog {
  readonly ledger: BlobLedger
  readonly #backend: Backend
  readonly #buckets = new Map<string, BucketState>()
  readonly #completed = new Map<string, ObjectVersion>()
  #nextSequence = 1

  constructor(backend: Backend) {
    this.#backend = backend
    this.ledger = new BlobLedger(backend)
    this.#load()
  }

  /** Buckets in order of name. */
  buckets(): readonly BucketState[] {
    return [...this.#buckets.values()].sort((a, b) => (a.record.name < b.record.name ? -1 : 1))
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name)
  }

  /** @throws S3Error NoSuchBucket. */
  bucket(name: string): BucketState {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) throw new S3Error('NoSuchBucket', undefined, { BucketName: name })
    return bucket
  }

  putBucket(record: BucketRecord): void {
    this.#backend.putRecord('bucket', record.name, record)
    const bucket = this.#buckets.get(record.name)
    if (bucket === undefined) this.#buckets.set(record.name, new BucketState(record))
    else bucket.record = record
  }

  deleteBucket(name: string): void {
    this.#backend.removeRecord('bucket', name)
    this.#buckets.delete(name)
  }

  /** Adds the newest version of a key; in an unversioned bucket it replaces the old one. */
  addVersion(fresh: NewVersion): ObjectVersion {
    const bucket = this.bucket(fresh.bucket)
    const versioned = bucket.record.versioning === 'Enabled'
    const versionId = versioned ? randomBytes(24).toString('base64url') : 'null'
    const version: ObjectVersion = { ...fresh, versionId, sequence: this.#nextSequence++ }
    this.#backend.putRecord('version', String(version.sequence), version)
    this.ledger.hold(version.segments)
    const replaced = versioned ? undefined : findVersion(bucket, fresh.key, 'null')
    bucket.insert(version)
    if (replaced !== undefined) this.removeVersion(replaced)
    return version
  }

  /** Changes what is known of a version, not its bytes. */
  updateVersion(old: ObjectVersion, changed: ObjectVersion): void {
    this.#backend.putRecord('version', String(changed.sequence), changed)
    this.bucket(old.bucket).replace(old, changed)
  }

  removeVersion(version: ObjectVersion): void {
    this.#backend.removeRecord('version', String(version.sequence))
    this.bucket(version.bucket).remove(version)
    this.ledger.release(version.segments)
  }

  addUpload(upload: Upload): void {
    this.#backend.putRecord('upload', upload.id, upload)
    const state = { upload, parts: new Map<number, Part>(), completing: undefined }
    this.bucket(upload.bucket).uploads.set(upload.id, state)
  }

  /** @throws S3Error NoSuchUpload. */
  upload(bucket: string, key: string, id: string): UploadState {
    const state = this.bucket(bucket).uploads.get(id)
    if (state === undefined || state.upload.key !== key) {
      throw new S3Error('NoSuchUpload', undefined, { UploadId: id })
    }
    return state
  }

  putPart(state: UploadState, part: Part): void {
    const { id } = state.upload
    this.#backend.putRecord('part', partId(id, part.number), { uploadId: id, part })
    this.ledger.hold(part.segments)
    const replaced = state.parts.get(part.number)
    state.parts.set(part.number, part)
    if (replaced !== undefined) this.ledger.release(replaced.segments)
  }

  /** Forgets one part, as a store that loses data would; for scripted faults. */
  dropPart(state: UploadState, number: number): void {
    const part = state.parts.get(number)
    if (part === undefined) return
    this.#backend.removeRecord('part', partId(state.upload.id, number))
    state.parts.delete(number)
    this.ledger.release(part.segments)
  }

  /** Ends an upload, aborted or completed; parts no object took over are gone. */
  removeUpload(state: UploadState): void {
    const { id, bucket } = state.upload
    this.bucket(bucket).uploads.delete(id)
    this.#backend.removeRecord('upload', id)
    for (const number of state.parts.keys()) this.dropPart(state, number)
  }

  /** Remembers what an upload became. */
  rememberCompleted(version: ObjectVersion): void {
    if (version.multipart === undefined) return
    if (this.#completed.size >= COMPLETED_MAX) {
      for (const oldest of this.#completed.keys()) {
        this.#completed.delete(oldest)
        break
      }
    }
    this.#completed.set(version.multipart.uploadId, version)
  }

  completed(bucket: string, key: string, uploadId: string): ObjectVersion | undefined {
    const version = this.#completed.get(uploadId)
    return version?.bucket === bucket && version.key === key ? version : undefined
  }

  /** Empties the store; buckets go too. */
  clear(): void {
    for (const bucket of this.buckets()) {
      for (const state of bucket.uploads.values()) this.removeUpload(state)
      for (const key of bucket.keys.slice()) {
        for (const version of bucket.versions(key).slice()) this.removeVersion(version)
      }
      this.deleteBucket(bucket.record.name)
    }
    this.#completed.clear()
  }

  #load(): void {
    const records = this.#backend.load()
    for (const record of records.bucket) {
      this.#buckets.set(record.name, new BucketState(record))
    }
    for (const version of [...records.version].sort((a, b) => a.sequence - b.sequence)) {
      this.#loadVersion(version)
    }
    for (const upload of records.upload) {
      const state = { upload, parts: new Map<number, Part>(), completing: undefined }
      this.#buckets.get(upload.bucket)?.uploads.set(upload.id, state)
    }
    const uploads = new Map<string, UploadState>()
    for (const bucket of this.#buckets.values()) {
      for (const [id, state] of bucket.uploads) uploads.set(id, state)
    }
    for (const { uploadId, part } of records.part) {
      this.ledger.hold(part.segments)
      const state = uploads.get(uploadId)
      if (state === undefined) {
        this.#backend.removeRecord('part', partId(uploadId, part.number))
        this.ledger.release(part.segments)
      } else {
        state.parts.set(part.number, part)
      }
    }
    // The crash came between the object's record and the removal of its upload's.
    for (const [id, state] of uploads) if (this.#completed.has(id)) this.removeUpload(state)
  }

  #loadVersion(version: ObjectVersion): void {
    this.#nextSequence = Math.max(this.#nextSequence, version.sequence + 1)
    const bucket = this.#buckets.get(version.bucket)
    this.ledger.hold(version.segments)
    if (bucket === undefined) {
      this.#backend.removeRecord('version', String(version.sequence))
      this.ledger.release(version.segments)
      return
    }
    const older = version.versionId === 'null' && findVersion(bucket, version.key, 'null')
    bucket.insert(version)
    if (older) this.removeVersion(older)
    this.rememberCompleted(version)
  }
}

/** A version by its id. */
export function findVersion(
  bucket: BucketState,
  key: string,
  versionId: string,
): ObjectVersion | undefined {
  return bucket.versions(key).find((version) => version.versionId === versionId)
}

function partId(uploadId: string, number: number): string {
  return `${uploadId}/${number}`
}
