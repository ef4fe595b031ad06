/** One bucket in memory: its keys in UTF-8 order and the versions of each, newest first. */

import { lowerBound } from './keys.ts'
import type { BucketRecord, ObjectVersion, Part, Upload } from './model.ts'

/** An open multipart upload. */
export interface UploadState {
  readonly upload: Upload
  readonly parts: Map<number, Part>
  /** Settles when a Complete that reads the parts is through; another one, or Abort, waits. */
  completing: Promise<void> | undefined
}

export class BucketState {
  record: BucketRecord
  readonly uploads: Map<string, UploadState> = new Map()
  readonly #versions = new Map<string, ObjectVersion[]>()
  readonly #keys: string[] = []

  constructor(record: BucketRecord) {
    this.record = record
  }

  /** Every key that has a version or a delete marker, in UTF-8 order. */
  get keys(): readonly string[] {
    return this.#keys
  }

  get empty(): boolean {
    return this.#keys.length === 0 && this.uploads.size === 0
  }

  /** Versions of a key, newest first. */
  versions(key: string): readonly ObjectVersion[] {
    return this.#versions.get(key) ?? []
  }

  /** The newest version, delete markers included. */
  newest(key: string): ObjectVersion | undefined {
    return this.#versions.get(key)?.[0]
  }

  /** The object a plain GET sees. */
  current(key: string): ObjectVersion | undefined {
    const newest = this.newest(key)
    return newest?.deleteMarker === true ? undefined : newest
  }

  /** Puts a version in front; its sequence must be the highest of its key. */
  insert(version: ObjectVersion): void {
    const versions = this.#versions.get(version.key)
    if (versions !== undefined) {
      versions.unshift(version)
      return
    }
    this.#versions.set(version.key, [version])
    this.#keys.splice(lowerBound(this.#keys, version.key), 0, version.key)
  }

  replace(old: ObjectVersion, changed: ObjectVersion): void {
    const versions = this.#versions.get(old.key)
    const at = versions?.indexOf(old) ?? -1
    if (versions !== undefined && at !== -1) versions[at] = changed
  }

  remove(version: ObjectVersion): void {
    const versions = this.#versions.get(version.key)
    if (versions === undefined) return
    const at = versions.indexOf(version)
    if (at !== -1) versions.splice(at, 1)
    if (versions.length > 0) return
    this.#versions.delete(version.key)
    const index = lowerBound(this.#keys, version.key)
    if (this.#keys[index] === version.key) this.#keys.splice(index, 1)
  }
}
