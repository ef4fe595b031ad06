/**
 * What a journal says, record by record. Types only; `codec.ts` writes and reads them.
 *
 *   upload    begin → created → part … → completing → completed → ended
 *   download  begin → opened → range … → finishing → ended
 *
 * Sizes and offsets are bytes, times epoch milliseconds, digests base64. No credential, token of a
 * session, signed URL or customer key has a field here. The random token of an upload is none of
 * these: it is in the metadata of the object and tells ours from another's. That metadata, like all
 * that was asked for about the object, is kept: without it nobody could go on by name alone.
 */

import type { ChecksumAlgorithm, ChecksumType } from '../checksum/algorithms.ts'
import type { Checksum } from '../checksum/stored.ts'
import type { ObjectAttributes } from '../store/attributes.ts'

/** Where an object is. */
export interface Place {
  /** Scheme, host and port; never user info, path or query. */
  readonly endpoint: string
  readonly region?: string | undefined
  readonly bucket: string
  readonly key: string
  readonly versionId?: string | undefined
}

/**
 * Which options led to a place, as far as they were given to the engine; the rest came from the
 * environment, and comes from there again.
 */
export interface Connection {
  /** URL without user info, query and fragment. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly profile?: string | undefined
  readonly pathStyle?: boolean | undefined
  readonly accelerate?: boolean | undefined
  readonly dualstack?: boolean | undefined
  readonly fips?: boolean | undefined
}

/** What was asked for about an object, but for a customer key. */
export type NotedAttributes = Omit<ObjectAttributes, 'sseCustomerKey'>

/** A file, as the same as it was: any change of its content changes one of these. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/** Which file a name stands for, whatever its content. */
export interface FileNode {
  readonly dev: bigint
  readonly ino: bigint
}

/** An object, as the same as it was. */
export interface ObjectIdentity {
  /** As sent, quotes included. */
  readonly etag: string
  readonly versionId?: string | undefined
  readonly size: number
  readonly lastModified?: number | undefined
  /** The stored checksum the download is proved by. */
  readonly checksum?: Checksum | undefined
}

interface Begin {
  /** Random, of this attempt at the job. */
  readonly jobId: string
  /** Version of the engine that wrote it. */
  readonly engine: string
  readonly startedAt: number
  readonly connection: Connection
  readonly place: Place
  /** Absolute. The source of an upload, the target of a download; of a copy the URL of its source. */
  readonly path: string
  readonly partSize: number
  readonly parts: number
  /** What parts and ranges are summed by. */
  readonly algorithm: ChecksumAlgorithm
  readonly attributes: NotedAttributes
  /** Whether the caller gave a key, which is not kept. */
  readonly hasCustomerKey: boolean
}

/** First of an upload; durable with its id. */
export interface UploadBegin extends Begin {
  readonly type: 'upload'
  readonly source: FileIdentity | ObjectIdentity
  /** Of a copy: where its source is. */
  readonly from?: Place | undefined
  readonly checksumType: ChecksumType
  /** Whether the store is sent checksums. */
  readonly sendChecksum: boolean
  /** In the metadata of the object to be. */
  readonly token: string
}

/** The upload is open; durable before the first part. */
export interface Created {
  readonly type: 'created'
  readonly uploadId: string
}

/** A part arrived. */
export interface PartNoted {
  readonly type: 'part'
  /** From 1. */
  readonly part: number
  readonly size: number
  readonly etag: string
  readonly digest: string
}

/** Complete is about to be sent; durable before it is: from here on the object may exist. */
export interface Completing {
  readonly type: 'completing'
  /** Of the whole object. */
  readonly checksum: string
}

/** Complete was answered. If it is lost, the object is looked for. */
export interface Completed {
  readonly type: 'completed'
  readonly etag: string
  readonly versionId?: string | undefined
}

/** First of a download; durable before the temporary file is made. */
export interface DownloadBegin extends Begin {
  readonly type: 'download'
  readonly object: ObjectIdentity
  /** Absolute. */
  readonly temporary: string
  /**
   * Start of the system, so that a loss of power is told from a killed process. A resume puts its own
   * here: what it keeps of an earlier start it has hashed again.
   */
  readonly boot: string
}

/** The temporary file is there; durable before the first range. */
export interface Opened {
  readonly type: 'opened'
  readonly file: FileNode
}

/** A range was written to the file, though not synced. */
export interface RangeNoted {
  readonly type: 'range'
  readonly start: number
  readonly length: number
  readonly digest: string
}

/** All is proved and synced; durable before the file takes its name. */
export interface Finishing {
  readonly type: 'finishing'
  /** Of the temporary file, which keeps it when it is renamed. */
  readonly mtimeNs: bigint
}

/** Nothing is left to do or to remove. */
export interface Ended {
  readonly type: 'ended'
}

export type UploadRecord = UploadBegin | Created | PartNoted | Completing | Completed | Ended
export type DownloadRecord = DownloadBegin | Opened | RangeNoted | Finishing | Ended
export type JournalRecord = UploadRecord | DownloadRecord
