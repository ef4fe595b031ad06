/**
 * What a finished transfer reports: plain data, safe to print as JSON.
 */

import type { Checksum } from '../checksum/stored.ts'
import type { ObjectRef } from '../store/types.ts'

export type { Checksum } from '../checksum/stored.ts'

/**
 * What the success rests on. `checksum`: the store's checksum of the whole object equals that of
 * the bytes read or written here. `size`: the store keeps no checksum that could be compared
 * (or was told not to be asked); the size, and each request's own checks, agree. `none`: we may
 * write but not look (HEAD was denied), so only each request's own checks agree.
 */
export type Verification = 'checksum' | 'size' | 'none'

interface ResultBase {
  readonly object: ObjectRef
  readonly size: number
  /** As the store sent it. */
  readonly etag: string
  readonly checksum: Checksum
  readonly verified: Verification
  /** Requests that moved payload and succeeded. */
  readonly parts: number
  /** Requests that moved payload, failed ones included. */
  readonly attempts: number
  readonly elapsedMs: number
  /** Whether it went on with what an earlier call had left. */
  readonly resumed: boolean
  /** Bytes that were moved by an earlier call, and not again. */
  readonly keptBytes: number
  /** Whether the source was removed: `removeSource` asked for it. */
  readonly moved?: boolean | undefined
}

export interface UploadResult extends ResultBase {
  readonly versionId: string | undefined
}

export interface DownloadResult extends ResultBase {
  readonly path: string
  /** Epoch milliseconds; `undefined` if the store did not say. */
  readonly lastModified: number | undefined
  /** User metadata of the object, names in lower case. */
  readonly metadata: Readonly<Record<string, string>>
}

export interface CopyResult extends Omit<ResultBase, 'checksum'> {
  readonly source: ObjectRef
  /** `undefined` where the store made the copy and tells none. */
  readonly checksum: Checksum | undefined
  /**
   * What it rests on that these are the bytes of the source: `checksum` if what was read has its stored
   * checksum, or both have the same; `size` where the source has none that could be compared.
   */
  readonly sourceVerified: Verification
  /** ETag of the source, as sent. */
  readonly sourceEtag: string
  readonly versionId: string | undefined
  /** Whether the store copied by itself, or the bytes came through workers here. */
  readonly how: CopyWay
  /** Why it was not the store, where it might have been. One sentence. */
  readonly relayReason?: string | undefined
  /**
   * Grants of the source's ACL that the copy does not have, since users of another identity mean nothing
   * here; `undefined` where `carry` did not ask for the ACL.
   */
  readonly grantsLost?: number | undefined
}

export type CopyWay = 'server' | 'relay'
