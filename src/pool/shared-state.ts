/**
 * Numbers that workers write and the coordinator reads without a message: bytes moved per job and
 * the connection counters of each worker. One SharedArrayBuffer of 64-bit floats:
 *
 *   [ header | progress slot 0 … | cancelled slot 0 … | worker 0: its row | … | locks | limit ]
 *
 * The header is two 32-bit integers: the next worker index, and whether pool events are wanted.
 * The cancelled cells are the coordinator's: the id of the last transfer cancelled while it had a
 * job in that slot. A worker looks there before it starts a job, since the message that cancels is
 * lost on a thread that is still starting.
 *
 * Every cell but those of locks and limit has one writer at a time, so plain aligned stores do;
 * readers may see a value that is a moment old, which is what a progress line and statistics need.
 */

import { assert } from '../assert.ts'
import { BANDWIDTH_CELLS, BandwidthLimit } from './bandwidth-limit.ts'
import { noteValue } from './histogram.ts'
import {
  CELLS,
  countersAt,
  ROW_CELLS,
  type CloseReason,
  type CounterName,
  type TimeName,
  type WorkerCounters,
} from './worker-counters.ts'
import { LOCK_CELLS, WriteLocks } from './write-locks.ts'

export type { BandwidthLimit } from './bandwidth-limit.ts'
export type { CloseReason, WorkerCounters } from './worker-counters.ts'

/** How often threads write the time, and are looked at. Milliseconds. */
export const HEARTBEAT_MS = 1000

/**
 * Rows for workers, dead ones included: their counts stay part of the totals. A worker past the
 * last row shares it, so that totals stay right and only the split by worker gets coarse.
 * Source: none, reasonable default (64 workers may each be replaced three times).
 */
const WORKER_ROWS = 256

const HEADER_CELLS = 1

/** Places in the header, as 32-bit integers. */
const HEADER_INTS = 2
const NEXT_WORKER = 0
const POOL_EVENTS = 1

/** Bytes of shared memory for `slots` progress slots. */
export function sharedStateBytes(slots: number): number {
  return limitOffset(slots) + 8 * BANDWIDTH_CELLS
}

function limitOffset(slots: number): number {
  return locksOffset(slots) + 4 * LOCK_CELLS
}

function locksOffset(slots: number): number {
  return 8 * (HEADER_CELLS + 2 * slots + WORKER_ROWS * ROW_CELLS)
}

/** The coordinator's view. */
export class SharedState {
  readonly buffer: SharedArrayBuffer
  readonly bandwidth: BandwidthLimit
  readonly #cells: Float64Array
  readonly #header: Int32Array
  readonly #slots: number
  #wantsPoolEvents = false

  constructor(slots: number) {
    this.buffer = new SharedArrayBuffer(sharedStateBytes(slots))
    this.#header = new Int32Array(this.buffer, 0, HEADER_INTS)
    this.bandwidth = new BandwidthLimit(this.buffer, limitOffset(slots), slots)
    this.#cells = new Float64Array(this.buffer, 0, locksOffset(slots) / 8)
    this.#slots = slots
  }

  /** Bytes the job in this slot has moved so far. */
  progress(slot: number): number {
    assert(slot >= 0 && slot < this.#slots, 'progress slot out of range')
    return this.#cells[HEADER_CELLS + slot] ?? 0
  }

  clearProgress(slot: number): void {
    this.#cells[HEADER_CELLS + slot] = 0
  }

  /** Says that the job in this slot is not to be started; ids of transfers are never used again. */
  cancel(slot: number, transferId: number): void {
    this.#cells[HEADER_CELLS + this.#slots + slot] = transferId
  }

  /** Says whether workers are to tell what happens to their connections; see `PoolEvent`. */
  wantPoolEvents(wanted: boolean): void {
    if (wanted === this.#wantsPoolEvents) return
    this.#wantsPoolEvents = wanted
    Atomics.store(this.#header, POOL_EVENTS, wanted ? 1 : 0)
  }

  /** Counters of every worker that ever ran, in the order they started. */
  workers(): WorkerCounters[] {
    const started = Math.min(Atomics.load(this.#header, NEXT_WORKER), WORKER_ROWS)
    return Array.from({ length: started }, (_, row) =>
      countersAt(this.#cells, HEADER_CELLS + 2 * this.#slots + row * ROW_CELLS),
    )
  }
}

/** One worker's view: its own row of counters, and the progress slots of its jobs. */
export class WorkerState {
  readonly writeLocks: WriteLocks
  readonly bandwidth: BandwidthLimit
  readonly #cells: Float64Array
  readonly #header: Int32Array
  readonly #slots: number
  readonly #row: number

  constructor(buffer: SharedArrayBuffer, slots: number, threadId: number) {
    this.#cells = new Float64Array(buffer, 0, locksOffset(slots) / 8)
    const locks = new Int32Array(buffer, locksOffset(slots), LOCK_CELLS)
    this.writeLocks = new WriteLocks(locks, threadId)
    this.bandwidth = new BandwidthLimit(buffer, limitOffset(slots), slots)
    this.#header = new Int32Array(buffer, 0, HEADER_INTS)
    const index = Atomics.add(this.#header, NEXT_WORKER, 1)
    this.#slots = slots
    this.#row = HEADER_CELLS + 2 * slots + Math.min(index, WORKER_ROWS - 1) * ROW_CELLS
    this.#cells[this.#row + CELLS.counters.threadId] = threadId
    this.beat()
  }

  /** Writes that the thread is alive. */
  beat(): void {
    this.#cells[this.#row + CELLS.counters.beatAt] = Date.now()
  }

  add(counter: CounterName, amount: number): void {
    this.#addTo(this.#row + CELLS.counters[counter], amount)
  }

  /** What a counter says now. */
  count(counter: CounterName): number {
    return this.#cells[this.#row + CELLS.counters[counter]] as number
  }

  /** Whether anybody wants to hear what happens to connections. */
  get wantsPoolEvents(): boolean {
    return Atomics.load(this.#header, POOL_EVENTS) === 1
  }

  /** Counts a connection that was closed. */
  addClosed(reason: CloseReason): void {
    this.#addTo(this.#row + CELLS.closed[reason], 1)
  }

  /** Adds a time to a histogram. Milliseconds. */
  note(time: TimeName, ms: number): void {
    noteValue(this.#cells, this.#row + CELLS.times[time], ms)
  }

  /** Whether the coordinator cancelled this transfer while its job in the slot was waiting. */
  isCancelled(slot: number, transferId: number): boolean {
    return this.#cells[HEADER_CELLS + this.#slots + slot] === transferId
  }

  setProgress(slot: number, bytes: number): void {
    this.#cells[HEADER_CELLS + slot] = bytes
  }

  #addTo(cell: number, amount: number): void {
    this.#cells[cell] = (this.#cells[cell] as number) + amount
  }
}
