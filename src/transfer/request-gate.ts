/**
 * Who may send a request: at most `capacity` altogether, and of each operation on each bucket as
 * many, and as fast, as its `RequestLimit` allows. Among those that may, the transfer that came first
 * is served first. A permit may be for two requests, one after the other, which count in both lanes for as
 * long as both take.
 *
 * Invariants: there is a progress slot per permit; whoever waits is served by the next permit given
 * back, by the timer of a pace, or by the look at goodput that raises a limit.
 */

import type { RequestEnd } from '../adapt/request-limit.ts'
import { assert } from '../assert.ts'
import type { StopSignal } from '../store/abortable.ts'
import {
  RequestLane,
  type LimitStats,
  type Operation,
  type RequestKind,
  type WaitingRequest,
} from './request-lane.ts'

export interface RequestPermit {
  /** Progress slot, from 0. */
  readonly slot: number
  /** The request begins, and with it what its slot counts. */
  begin(): void
  /**
   * The request is over, or was never sent; `bytes` of it count. A permit for two requests counts in the
   * lane of the second by how that ended, `next`.
   */
  release(how?: RequestEnd, bytes?: number, next?: RequestEnd): void
}

/**
 * How often goodput is looked at. Milliseconds.
 * Source: none, reasonable default; a third of the shortest window of the search.
 */
const TICK_MS = 100

/**
 * Buckets remembered; with more of them those without requests are forgotten.
 * Source: none, reasonable default.
 */
const BUCKETS_MAX = 256

export class RequestGate {
  readonly capacity: number
  readonly #progressOf: (slot: number) => number
  readonly #lanes = new Map<string, Map<Operation, RequestLane>>()
  readonly #localLane: RequestLane
  readonly #freeSlots: number[]
  /** Whose job a slot belongs to, from when it began. */
  readonly #begun: (RequestLane | undefined)[] = []
  /** Lanes in which somebody waits. */
  readonly #crowded = new Set<RequestLane>()
  #taken = 0
  #ticker: NodeJS.Timeout | undefined

  /** @param progressOf bytes the job in a slot has moved */
  constructor(capacity: number, progressOf: (slot: number) => number) {
    assert(capacity > 0, 'a budget is positive')
    this.capacity = capacity
    this.#progressOf = progressOf
    this.#localLane = new RequestLane(undefined, capacity)
    this.#freeSlots = Array.from({ length: capacity }, (_, slot) => slot)
  }

  get taken(): number {
    return this.#taken
  }

  get waiting(): number {
    let sum = 0
    for (const lane of this.#crowded) sum += lane.waiting.length
    return sum
  }

  /** Limits of each bucket and operation there were requests for. */
  limits(): LimitStats[] {
    const now = performance.now()
    return [...this.#lanes.values()]
      .flatMap((lanes) => [...lanes.values()])
      .flatMap((lane) => lane.stats(now) ?? [])
  }

  /** Most requests in flight of that kind, for now. */
  limitOf(kind: RequestKind): number {
    return this.#laneOf(kind).limit.limit
  }

  /** Whether a request more would keep none from its turn. */
  hasRoom(kind: RequestKind | undefined): boolean {
    const lane = this.#laneOf(kind)
    const mayStart = lane.waiting.length === 0 && lane.waitMs(performance.now()) === 0
    return mayStart && this.#taken < this.capacity
  }

  /**
   * @param kind `undefined` for passes over local bytes
   * @param nextKind of a second request that follows the first
   */
  acquire(
    kind: RequestKind | undefined,
    sequence: number,
    signal: StopSignal,
    nextKind?: RequestKind,
  ): Promise<RequestPermit> {
    // oxlint-disable-next-line prefer-promise-reject-errors -- the reason of a run is an error
    if (signal.aborted) return Promise.reject(signal.reason)
    const lane = this.#laneOf(kind)
    const next = nextKind && this.#laneOf(nextKind)
    // Behind others the clock need not be asked: whoever serves them serves this one, too.
    if (this.#taken < this.capacity && lane.waiting.length === 0) {
      const now = performance.now()
      const waitMs = waitOf(lane, next, now)
      if (waitMs === 0) return Promise.resolve(this.#grant(lane, next, now))
      this.#arm(lane, waitMs)
    }
    return this.#wait(lane, next, sequence, signal)
  }

  #laneOf(kind: RequestKind | undefined): RequestLane {
    if (kind === undefined) return this.#localLane
    let lanes = this.#lanes.get(kind.bucket)
    if (lanes === undefined) {
      if (this.#lanes.size >= BUCKETS_MAX) this.#forgetIdle()
      lanes = new Map()
      this.#lanes.set(kind.bucket, lanes)
    }
    let lane = lanes.get(kind.operation)
    if (lane === undefined) {
      lane = new RequestLane(kind, this.capacity)
      lanes.set(kind.operation, lane)
    }
    return lane
  }

  #forgetIdle(): void {
    for (const [bucket, lanes] of this.#lanes) {
      if ([...lanes.values()].every((lane) => lane.isIdle)) this.#lanes.delete(bucket)
    }
  }

  #grant(lane: RequestLane, next: RequestLane | undefined, now: number): RequestPermit {
    let startedAt = now
    const slot = this.#freeSlots.pop()
    assert(slot !== undefined, 'there is a slot per permit')
    this.#taken += 1
    lane.limit.start(now)
    next?.limit.start(now)
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS).unref()
    let released = false
    return {
      slot,
      begin: () => {
        startedAt = performance.now()
        if (lane !== this.#localLane) this.#begun[slot] = next ?? lane
      },
      release: (how = 'failed', bytes = 0, nextHow = 'failed') => {
        assert(!released, 'a permit is released once')
        released = true
        const endedAt = performance.now()
        this.#taken -= 1
        this.#begun[slot] = undefined
        this.#freeSlots.push(slot)
        lane.limit.end(startedAt, how, bytes, endedAt)
        next?.limit.end(startedAt, nextHow, bytes, endedAt)
        if (this.#crowded.size > 0) this.#serve(endedAt)
      },
    }
  }

  #wait(
    lane: RequestLane,
    next: RequestLane | undefined,
    sequence: number,
    signal: StopSignal,
  ): Promise<RequestPermit> {
    return new Promise((resolve, reject) => {
      const waiter: WaitingRequest = {
        sequence,
        next,
        grant: (now) => {
          signal.removeEventListener('abort', onAbort)
          resolve(this.#grant(lane, next, now))
        },
      }
      const onAbort = (): void => {
        lane.waiting.remove(waiter)
        reject(signal.reason)
        this.#noteGone(lane)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      lane.waiting.add(waiter)
      this.#crowded.add(lane)
    })
  }

  #serve(now: number): void {
    while (this.#taken < this.capacity) {
      const lane = this.#nextLane(now)
      if (lane === undefined) return
      const { first } = lane.waiting
      lane.waiting.removeFirst()
      first?.grant(now)
      this.#noteGone(lane)
    }
  }

  /** The lane that may start a request and has the transfer that came first. */
  #nextLane(now: number): RequestLane | undefined {
    let next: RequestLane | undefined
    for (const lane of this.#crowded) {
      const waitMs = waitOf(lane, lane.waiting.first?.next, now)
      if (waitMs > 0) this.#arm(lane, waitMs)
      else if (sequenceOf(lane) < sequenceOf(next)) next = lane
    }
    return next
  }

  /** Serves again when the pace allows the next request. */
  #arm(lane: RequestLane, waitMs: number): void {
    if (lane.timer !== undefined || waitMs === Number.POSITIVE_INFINITY) return
    lane.timer = setTimeout(() => {
      lane.timer = undefined
      this.#serve(performance.now())
    }, Math.ceil(waitMs))
  }

  #noteGone(lane: RequestLane): void {
    if (lane.waiting.length > 0) return
    this.#crowded.delete(lane)
    clearTimeout(lane.timer)
    lane.timer = undefined
  }

  #tick(): void {
    if (this.#taken === 0) {
      clearInterval(this.#ticker)
      this.#ticker = undefined
      return
    }
    const now = performance.now()
    for (const [slot, lane] of this.#begun.entries()) {
      if (lane !== undefined) lane.partial += this.#progressOf(slot)
    }
    for (const lanes of this.#lanes.values()) {
      for (const lane of lanes.values()) {
        if (!lane.isIdle) lane.limit.tick(now, lane.partial)
        lane.partial = 0
      }
    }
    this.#serve(now)
  }
}

/** Milliseconds until both lanes may start a request: infinite until another has ended. */
function waitOf(lane: RequestLane, next: RequestLane | undefined, now: number): number {
  const waitMs = lane.waitMs(now)
  return next === undefined ? waitMs : Math.max(waitMs, next.waitMs(now))
}

/** Of whoever waits first in a lane. */
function sequenceOf(lane: RequestLane | undefined): number {
  return lane?.waiting.first?.sequence ?? Number.POSITIVE_INFINITY
}
