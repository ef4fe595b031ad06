/**
 * The request log: what the store was asked and what it did, as plain data for tests to read.
 * A ring of bounded size; the oldest entries go first and are counted. An entry is added when a
 * request starts and is filled in until its end, so one that is stuck can be seen too.
 */

/** One request. Times are milliseconds since 1970, sizes are bytes. */
export interface RequestLogEntry {
  /** Number of the request since the store started, from 1. */
  readonly id: number
  readonly startedAt: number
  /** Number of the connection since the store started, from 1. */
  readonly connection: number
  readonly clientPort: number
  readonly method: string
  /** Path and query as they came. */
  readonly target: string
  operation: string
  bucket: string | undefined
  key: string | undefined
  uploadId: string | undefined
  partNumber: number | undefined
  /** The Range header as it came. */
  range: string | undefined
  userAgent: string | undefined
  /** Bytes of the request's body on the wire. */
  bytesIn: number
  /** Bytes of the answer's body handed to the socket. */
  bytesOut: number
  /** Status sent; undefined while nothing was sent. */
  status: number | undefined
  /** S3 error code sent. */
  code: string | undefined
  /** Kinds of the scripted faults this request met. */
  readonly faults: string[]
  durationMs: number | undefined
  /** How it ended: answered whole, cut off, or undefined while it runs. */
  outcome: 'answered' | 'cut' | undefined
}

/** What a log can be asked for; every field given must be equal. */
export type RequestLogFilter = Partial<
  Pick<RequestLogEntry, 'operation' | 'bucket' | 'key' | 'uploadId' | 'partNumber' | 'status'>
>

/** Number of requests kept. Source: none, reasonable default (some 5 MiB). */
const CAPACITY = 10_000

/** Bounded log of requests. */
export class RequestLog {
  readonly #capacity: number
  #entries: RequestLogEntry[] = []
  #dropped = 0

  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity
  }

  /** Number of entries that no longer fit. */
  get dropped(): number {
    return this.#dropped
  }

  add(entry: RequestLogEntry): void {
    this.#entries.push(entry)
    // Cut in halves, so that adding stays cheap: the log holds one to two capacities.
    if (this.#entries.length >= 2 * this.#capacity) {
      this.#dropped += this.#entries.length - this.#capacity
      this.#entries = this.#entries.slice(-this.#capacity)
    }
  }

  /** Entries in order of arrival; live objects for tests in the same process. */
  entries(filter: RequestLogFilter = {}): readonly RequestLogEntry[] {
    const wanted = Object.entries(filter)
    return this.#entries.filter((entry) =>
      wanted.every(([name, value]) => entry[name as keyof RequestLogFilter] === value),
    )
  }

  clear(): void {
    this.#entries = []
    this.#dropped = 0
  }
}
