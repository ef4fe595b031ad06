/**
 * The requests of one operation on one bucket: their adaptive limit, and those that wait for it.
 */

import { RequestLimit } from '../adapt/request-limit.ts'
import { SequenceQueue } from './sequence-queue.ts'

/** Operations that move payload, by S3's names; each has limits of its own. */
export type Operation = 'GetObject' | 'PutObject' | 'UploadPart'

export interface RequestKind {
  readonly bucket: string
  readonly operation: Operation
}

export interface WaitingRequest {
  readonly sequence: number
  /** The lane of a second request that follows it under the same permit. */
  readonly next: RequestLane | undefined
  /** @param now milliseconds, by `performance.now` */
  readonly grant: (now: number) => void
}

/** A limit as statistics show it. */
export interface LimitStats extends RequestKind {
  /** Most requests in flight, for now. */
  readonly limit: number
  readonly inFlight: number
  readonly waiting: number
  /** Requests per second it is held to since the store refused some; `undefined` if it did not. */
  readonly requestRate: number | undefined
}

export class RequestLane {
  /** `undefined` for passes over local bytes, which go to no store. */
  readonly kind: RequestKind | undefined
  readonly limit: RequestLimit
  readonly waiting = new SequenceQueue<WaitingRequest>()
  /** Runs when the pace lets the next request start. */
  timer: NodeJS.Timeout | undefined
  /** Bytes of the requests in flight, as of the last look. */
  partial = 0

  constructor(kind: RequestKind | undefined, maxInFlight: number) {
    this.kind = kind
    this.limit = new RequestLimit(maxInFlight)
  }

  get isIdle(): boolean {
    return this.limit.inFlight === 0 && this.waiting.length === 0
  }

  /** Milliseconds until a request may start; see `RequestLimit`. */
  waitMs(now: number): number {
    return this.kind === undefined ? 0 : this.limit.waitMs(now)
  }

  stats(now: number): LimitStats | undefined {
    if (this.kind === undefined) return undefined
    const { limit, inFlight } = this.limit
    const requestRate = this.limit.rate(now)
    return { ...this.kind, limit, inFlight, waiting: this.waiting.length, requestRate }
  }
}
