/**
 * Everything that crosses the thread boundary, as plain data.
 *
 * The coordinator posts tasks (one route, one or more jobs) and receives one `PartResult` per job,
 * as each ends. A job is exactly one attempt of one request: retries, books and policy are the
 * coordinator's. What is posted are the rows of `rows.ts`. No payload of a file ever crosses: a
 * worker reads and writes files itself, at offsets, through descriptors that the coordinator opened
 * and keeps open until each job that uses them has answered. Streams and Buffers of the caller lie
 * in shared memory.
 *
 * Errors cross as data (`WireError`), because a thread boundary strips class, code and fields.
 */

import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'
import type { WireError } from '../errors.ts'
import type { Restore } from '../file-attributes.ts'
import type { ProxySettings } from '../network/proxy-rules.ts'
import type { TlsSettings } from '../network/settings.ts'
import type { ObjectAttributes } from '../store/attributes.ts'
import type { StoreRoute } from '../store/types.ts'
import type { PoolEvent } from './pool-event.ts'

/** Where a worker finds bytes, or puts them. Offsets and lengths in bytes. */
export type ByteLocation =
  | {
      readonly kind: 'file'
      readonly fd: number
      /** The same file once more, for calls that pass the page cache by, where that is wanted. */
      readonly direct?: number | undefined
      readonly offset: number
      /** What the file was when the transfer was planned; a source must still be it. */
      readonly planned?: { readonly size: bigint; readonly mtimeNs: bigint }
    }
  | { readonly kind: 'memory'; readonly buffer: SharedArrayBuffer; readonly offset: number }

interface JobBase {
  readonly transferId: number
  /** Index of the progress slot in the shared state, owned by this job until it has answered. */
  readonly slot: number
}

interface RequestJob extends JobBase {
  readonly key: string
  /** Canonical (sorted, encoded) query string, without `?`. */
  readonly query: string
  /** Flat name, value list, lower-case names. */
  readonly headers: readonly string[]
}

/** PutObject or UploadPart: read, hash, sign, send, check. */
export interface PutJob extends RequestJob {
  readonly kind: 'put'
  readonly source: ByteLocation
  readonly length: number
  readonly algorithm: ChecksumAlgorithm
  /** Send the checksum as a header; otherwise it is computed for the books only. */
  readonly sendChecksum: boolean
}

/**
 * PutObject of a small file which the worker opens, measures, sends and closes itself: a handful of
 * synchronous calls there cost less than one asynchronous call of the coordinator. A file longer
 * than `length` is not sent and answered with ERR_OBJECT_TOO_LARGE.
 */
export interface PutFileJob extends RequestJob {
  readonly kind: 'put-file'
  readonly path: string
  readonly length: number
  readonly algorithm: ChecksumAlgorithm
  readonly sendChecksum: boolean
}

/** GetObject, whole or a range: sign, receive, check, hash, write. */
export interface GetJob extends RequestJob {
  readonly kind: 'get'
  readonly sink: ByteLocation
  readonly offset: number
  readonly length: number
  /** Size of the whole object, to check Content-Range against. */
  readonly size: number
  /** Ask for the whole object without a Range header. */
  readonly whole: boolean
  /** ETag the answer must carry, as sent by the store. */
  readonly etag: string
  /** Content-Encoding the object is stored with; any other in an answer is refused. */
  readonly contentEncoding: string | undefined
  readonly algorithm: ChecksumAlgorithm
}

/**
 * GetObject of a small object into a file, from the request to the final name: whole, in one
 * request, compared with the checksum its answer tells, then written. An object that is longer than
 * `length`, or cannot be compared like that, is not written and answered with ERR_OBJECT_TOO_LARGE.
 */
export interface GetFileJob extends RequestJob {
  readonly kind: 'get-file'
  readonly path: string
  /** Beside `path`, and free; removed by the worker, unless that is lost. */
  readonly temporary: string
  readonly length: number
  /** Whether a stored checksum is compared. */
  readonly compare: boolean
  /** Whether the file is on the disk before it has its name, and the name when the job is done. */
  readonly fsync: boolean
  /** What the file is given of the object before it has its name; nothing if absent. */
  readonly restore?: Restore | undefined
  /** LastModified for an answer that tells none. Epoch milliseconds. */
  readonly lastModified?: number | undefined
  /** What is computed where none is stored. */
  readonly algorithm: ChecksumAlgorithm
}

/**
 * GetObject of a small object from another place, and PutObject of what came: one in memory after the other,
 * compared with the checksum the first answer tells before the second is sent. What is not as listed
 * or cannot be copied by what one answer says is not written, and answered with ERR_OBJECT_CHANGED or
 * ERR_OBJECT_TOO_LARGE. Failures before the PUT name GetObject as their operation.
 */
export interface RelayJob extends JobBase {
  readonly kind: 'relay'
  /** Of the copy. */
  readonly key: string
  /** What is said of the copy; all else its source says. Without a customer key. */
  readonly said: ObjectAttributes
  readonly sourceKey: string
  /** Of the GET. */
  readonly sourceHeaders: readonly string[]
  /** ETag and size the source must have. */
  readonly etag: string
  readonly length: number
  /** Whether a stored checksum of the source is compared. */
  readonly compare: boolean
  /** Of the PUT; gives way to one that the source has and that can be combined, unless it was chosen. */
  readonly algorithm: ChecksumAlgorithm
  readonly isChosen: boolean
  readonly sendChecksum: boolean
}

/** Checksum of bytes at hand; no request. */
export interface DigestJob extends JobBase {
  readonly kind: 'digest'
  readonly source: ByteLocation
  readonly length: number
  readonly algorithm: ChecksumAlgorithm
}

export type PartJob = PutJob | PutFileJob | GetJob | GetFileJob | RelayJob | DigestJob

/** Jobs that share a route, or two. */
export interface PartTask {
  readonly route: StoreRoute | undefined
  /** To where relayed objects are read. */
  readonly source?: StoreRoute | undefined
  readonly jobs: readonly PartJob[]
  /** A number for each job; without, none can be cancelled alone. */
  readonly numbers?: readonly number[] | undefined
}

/**
 * A task as Piscina posts it. Without jobs it is answered when the thread is ready for work, its
 * connections opened ahead included; with jobs, after the last answer has been posted.
 */
export interface TaskMessage {
  /** The route as JSON: a thread parses each once, and the text is its name from then on. */
  readonly route: string | undefined
  /** The same of `PartTask.source`. */
  readonly source?: string | undefined
  /** A number for each job; no two jobs of an engine share one. */
  readonly numbers: readonly number[]
  readonly jobs: readonly Row[]
}

/** The values of a job, by a list of its fields; see `rows.ts`. */
export type Row = readonly unknown[]

/** An answer as values: the number of its job, whether it succeeded, and its fields. */
export type AnswerRow =
  | readonly [
      job: number,
      ok: true,
      workerId: number,
      digest: string,
      length: number,
      etag: string,
      headers: string,
      elapsedMs: number,
      relayed?: RelayedSource,
    ]
  | readonly [
      job: number,
      ok: false,
      workerId: number,
      digest: string,
      received: number,
      error: WireError,
    ]

/** Worker → coordinator: the answers of one turn of the worker's loop. */
export type AnswerMessage = readonly AnswerRow[]

/** Worker → coordinator: what happened to connections in one turn, while somebody listens. */
export interface PoolMessage {
  readonly pool: readonly PoolEvent[]
}

export interface PartDone {
  readonly ok: true
  readonly workerId: number
  /** Checksum of the bytes moved, big-endian. */
  readonly digest: Uint8Array
  readonly length: number
  /** ETag as the store sent it; empty for a digest job. */
  readonly etag: string
  /** Answer headers the coordinator has use for: version id, checksums, encryption. */
  readonly headers: Readonly<Record<string, string>>
  readonly elapsedMs: number
  /** Of a relay, whose other fields are about the copy. */
  readonly relayed?: RelayedSource | undefined
}

/** What is found out of the source of a relay; a row, since there may be one per answer. */
export type RelayedSource = readonly [
  /** ETag, as the source sent it. */
  etag: string,
  versionId: string | undefined,
  /** Whether it has a checksum, which was that of the bytes. */
  isProved: boolean,
  /** What the copy was sent with. */
  algorithm: ChecksumAlgorithm,
]

export interface PartFailed {
  readonly ok: false
  readonly workerId: number
  readonly error: WireError
  /**
   * Bytes of a GET which arrived, were written and hashed before it broke, with their checksum:
   * the next attempt goes on behind them. 0 for everything else.
   */
  readonly received: number
  readonly digest: Uint8Array
}

export type PartResult = PartDone | PartFailed

/** What a worker is started with. Holds no credentials; `secrets` only says where some lie. */
export interface WorkerConfig {
  /** BroadcastChannel on which `ControlMessage`s arrive. */
  readonly channel: string
  readonly shared: SharedArrayBuffer
  readonly slots: number
  readonly maxConnections: number
  readonly maxIdleConnections: number
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly connectionMaxAgeMs: number
  readonly acquireTimeoutMs: number
  /** Bytes per second; 0 for none. */
  readonly minThroughput: number
  readonly minThroughputWindowMs: number
  readonly tls: TlsSettings
  readonly proxies?: ProxySettings | undefined
  /** Key of the client certificate and credentials of proxies; see `network/settings.ts`. */
  readonly secrets?: SharedArrayBuffer | undefined
  /** Connections each thread opens while it starts. */
  readonly prewarm?: { readonly origin: string; readonly connections: number } | undefined
}

/** Coordinator → all workers. */
export type ControlMessage = {
  readonly type: 'cancel'
  readonly transferId: number
  /** Only the job with this number, and only if it has started. */
  readonly job?: number | undefined
}
