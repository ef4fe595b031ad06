/** What `startLocalStore` gives: a running store and the means to look inside. */

import type { OpenUpload, StoreStats } from './control.ts'
import type { DialectName } from './dialects.ts'
import type { Faults } from './faults.ts'
import type { StoredObject } from './inspect.ts'
import type { RequestLog } from './request-log.ts'
import type { StoreCredentials } from './sigv4.ts'

/** A store that runs. */
export interface LocalStore extends AsyncDisposable {
  /** URL for clients, such as `http://127.0.0.1:41234`. */
  readonly endpoint: string
  readonly port: number
  readonly region: string
  /** The first of the keys that are let in. */
  readonly credentials: StoreCredentials
  /** Scripted faults: rules can be added and removed at any time. */
  readonly faults: Faults
  /** Log of what was asked and answered. */
  readonly requests: RequestLog
  /** URL of the control port; undefined when it was not asked for. */
  readonly controlUrl: string | undefined
  /** TCP connections open now, and accepted since the start. */
  readonly connections: { readonly open: number; readonly total: number }
  /** Multipart uploads that are neither completed nor aborted. */
  uploads(): readonly OpenUpload[]
  /** Objects of a bucket in key order; the newest versions, without delete markers. */
  objects(bucket: string): readonly StoredObject[]
  stats(): StoreStats
  createBucket(name: string): void
  /** Replaces the keys that are let in. */
  setCredentials(credentials: StoreCredentials | readonly StoreCredentials[]): void
  setDialect(name: DialectName): void
  /** Moves the store's clock away from its own; zero sets it right. Milliseconds. */
  shiftClock(shiftMs: number): void
  /**
   * Makes an object of the pattern back end without an upload. Small ones (to 64 MiB) get
   * their MD5 and CRC32, larger ones an opaque ETag and no checksum.
   */
  putPatternObject(bucket: string, key: string, size: number): StoredObject
  /** Empties the store: objects, uploads, faults, log; the buckets of the start come back. */
  reset(): void
  /** Ends every connection; idempotent. What a disk back end holds stays. */
  close(): Promise<void>
}
