/**
 * The bandwidth limit of an engine, in memory that all its threads share: no message, no lock, and
 * nobody who waits holds up another.
 *
 * Picture one line of all bytes there will ever be. Whoever wants to move some takes a place at its
 * end, and goes when the line has been served up to that place. It is served as fast as the limit
 * says, and a change of the limit counts from its moment on: who waits only has to look again. What
 * was not used is gone after `BURST_MS`.
 *
 * Invariant: what moves in any span of time is at most the limit times its length, plus
 * `BURST_MS` of it, plus one step for each exchange at work, which is `STEPS_MS` of it (and more
 * where the least step is more than the limit leaves to each).
 *
 *   [ end of the line | which line | line 0: bytes per second, since, served | line 1 … ]
 */

import { KiB } from '../units.ts'

/**
 * How much time that was not used may be made up for: timers are late by a millisecond or two, and
 * a thread that hashes or writes by some ten. Milliseconds.
 * Source: 5 % of 10 s are 500 ms, of which steps that are under way take `STEPS_MS`.
 */
const BURST_MS = 200

/**
 * What all exchanges together may have paid for and not moved yet, as time of the limit; so each
 * has its turn about that often. Milliseconds. Source: see `BURST_MS`.
 */
const STEPS_MS = 200

/** Exchanges it is divided by, at most: a turn costs some ten microseconds. */
const SHARERS_MAX = 256

/**
 * Bounds of a step. Bytes.
 * Source: none, reasonable default (below it heads weigh more); what is read of a file at a time.
 */
const STEP_MIN = KiB / 2
const STEP_MAX = 256 * KiB

/** Changes of the limit that are kept, so that nobody reads one while it is written. */
const LINES = 16

const LINE_CELLS = 3
const HEADER_CELLS = 2

/** Cells of 8 bytes. */
export const BANDWIDTH_CELLS = HEADER_CELLS + LINES * LINE_CELLS

/** The line as it has been served since the last change of the limit. */
interface Line {
  readonly bytesPerSecond: number
  readonly since: number
  readonly served: number
}

/** The view of one thread. */
export class BandwidthLimit {
  readonly #end: BigInt64Array
  readonly #which: Int32Array
  readonly #lines: Float64Array
  readonly #sharers: number
  readonly #now: () => number

  /**
   * @param sharers exchanges there may be at work
   * @param now milliseconds, by a clock that all threads share and nobody sets
   */
  constructor(
    buffer: SharedArrayBuffer,
    offset: number,
    sharers: number,
    now: () => number = sharedClock,
  ) {
    this.#sharers = Math.min(sharers, SHARERS_MAX)
    this.#end = new BigInt64Array(buffer, offset, 1)
    this.#which = new Int32Array(buffer, offset + 8, 1)
    this.#lines = new Float64Array(buffer, offset + 8 * HEADER_CELLS, LINES * LINE_CELLS)
    this.#now = now
  }

  /** 0 for none. */
  get bytesPerSecond(): number {
    return this.#lines[LINE_CELLS * Atomics.load(this.#which, 0)] as number
  }

  get isOn(): boolean {
    return this.bytesPerSecond > 0
  }

  /** Bytes to move at a time while the limit is on. */
  get step(): number {
    const bytes = Math.round((this.bytesPerSecond * STEPS_MS) / 1000 / this.#sharers)
    return Math.min(Math.max(bytes, STEP_MIN), STEP_MAX)
  }

  /** Changes the limit. The coordinator alone does so. */
  set(bytesPerSecond: number): void {
    const now = this.#now()
    const before = this.#line()
    // Without a limit nobody stood in the line.
    const served = before.bytesPerSecond > 0 ? servedAt(before, now) : this.#endOfLine()
    const next = (Atomics.load(this.#which, 0) + 1) % LINES
    this.#lines.set([bytesPerSecond, now, served], LINE_CELLS * next)
    Atomics.store(this.#which, 0, next)
  }

  /** Takes a place for so many bytes. Returns where it begins. */
  take(bytes: number): number {
    const line = this.#line()
    const oldest = servedAt(line, this.#now() - BURST_MS)
    for (;;) {
      const end = Atomics.load(this.#end, 0)
      const place = Math.max(Number(end), Math.floor(oldest))
      const next = BigInt(place + bytes)
      if (Atomics.compareExchange(this.#end, 0, end, next) === end) return place
    }
  }

  /** Gives places back that were not used; those who come can have them. */
  giveBack(bytes: number): void {
    Atomics.sub(this.#end, 0, BigInt(bytes))
  }

  /** Whether a place is behind the end of the line: somebody before it has given up theirs. */
  isBeyond(place: number): boolean {
    return place > this.#endOfLine()
  }

  /** Milliseconds until the line is served up to a place, by the limit as it is now. */
  waitMs(place: number): number {
    const line = this.#line()
    const { bytesPerSecond } = line
    if (bytesPerSecond === 0) return 0
    return Math.max(0, (1000 * (place - servedAt(line, this.#now()))) / bytesPerSecond)
  }

  #endOfLine(): number {
    return Number(Atomics.load(this.#end, 0))
  }

  #line(): Line {
    const at = LINE_CELLS * Atomics.load(this.#which, 0)
    const [bytesPerSecond = 0, since = 0, served = 0] = this.#lines.subarray(at, at + LINE_CELLS)
    return { bytesPerSecond, since, served }
  }
}

function servedAt({ bytesPerSecond, since, served }: Line, now: number): number {
  return served + (bytesPerSecond * Math.max(0, now - since)) / 1000
}

/** Milliseconds; each thread's `performance.now()` begins at its own start. */
function sharedClock(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
