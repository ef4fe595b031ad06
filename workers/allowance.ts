/**
 * What one request may move under the bandwidth limit: paid for in steps before they move, so that
 * many connections which begin together stay within the limit as well.
 *
 *   begin (no connection is taken yet) → attach → admit … or took … → end
 *
 * An upload is cut into slices, each paid for before it is sent. A download reads at most a step at
 * a time; when it has read what was paid for, reading pauses, so that the kernel's window closes and
 * the server waits. Time spent so is nobody's silence: the connection's time-outs rest meanwhile.
 *
 * Invariant: after `end` the line holds exactly what moved.
 */

import type { BandwidthLimit, WorkerState } from '../src/pool/shared-state.ts'
import { KiB } from '../src/units.ts'
import type { Stoppable } from './connection-limit.ts'
import type { SlicePace } from './byte-source.ts'
import type { ReadPace } from './socket-reader.ts'

/** A connection that can be held back. */
export interface HeldBack {
  /** Who is told of bytes that come; `undefined` for nobody. */
  set pace(pace: ReadPace | undefined)
  /** From now on nothing moves, and that is our own doing. */
  hold(): void
  resume(): void
}

/**
 * What a connection with a cipher brings at once. Bytes.
 * Source: libuv reads 64 KiB at a time, and OpenSSL hands over every record in it.
 */
const TLS_READ_SIZE = 64 * KiB

/** How often who waits looks whether the limit has changed. Milliseconds. */
const LOOK_MS = 200

/** A place in the line. */
interface Booking {
  readonly bytes: number
  /** Where it ends. */
  readonly end: number
  /** Up to where the line must have been served. */
  readonly place: number
  /** The limit it was taken under. */
  readonly bytesPerSecond: number
}

/** What is needed of a thread's state. */
type State = Pick<WorkerState, 'bandwidth' | 'add'>

export class Allowance implements SlicePace, ReadPace {
  readonly #limit: BandwidthLimit
  readonly #state: State
  readonly #length: number
  readonly #isReading: boolean
  /** Bytes that come at once, however little is asked for. */
  readonly #least: number
  #connection: HeldBack | undefined
  /** Bytes paid for and not moved; below 0 what moved and is not paid for. */
  #credit = 0
  #isOver = false
  #timer: NodeJS.Timeout | undefined
  /** Ends the wait there is. */
  #go: (() => void) | undefined

  private constructor(state: State, length: number, isReading: boolean, least: number) {
    this.#limit = state.bandwidth
    this.#state = state
    this.#length = length
    this.#isReading = isReading
    this.#least = least
  }

  /** For a request with a body of `length`. */
  static toSend(state: State, length: number): Allowance {
    return new Allowance(state, length, false, 0)
  }

  /** For a request with an answer of about `length`. */
  static toReceive(state: State, length: number, origin: string): Allowance {
    return new Allowance(state, length, true, origin.startsWith('https:') ? TLS_READ_SIZE : 0)
  }

  get isOn(): boolean {
    return this.#limit.isOn
  }

  /** Bytes that may go in one write. */
  get step(): number {
    return this.#limit.isOn ? this.#limit.step : Infinity
  }

  /**
   * Waits until the first bytes may move.
   *
   * @throws (rejects) what `token` is stopped with
   */
  async begin(token: Stoppable): Promise<void> {
    if (!this.#limit.isOn || this.#length === 0) return
    let stopped: Error | undefined
    await new Promise<void>((resolve) => {
      token.hold((error) => {
        stopped = error
        this.end()
      })
      this.#wait(0, this.#length, resolve)
    })
    token.hold(undefined)
    if (stopped !== undefined) throw stopped
  }

  /** The request goes on a connection. */
  attach(connection: HeldBack): void {
    this.#connection = connection
    if (this.#isReading) connection.pace = this
  }

  /** Counts bytes that are sent in one write. */
  spend(bytes: number): void {
    if (this.#limit.isOn) this.#credit -= bytes
  }

  /**
   * Waits until something may be sent, of `most` bytes. Returns how much; 0 when the request is
   * over.
   */
  async admit(most: number): Promise<number> {
    if (this.#credit <= 0 && !this.#isOver) {
      await new Promise<void>((resolve) => this.#wait(-this.#credit, most, resolve))
    }
    if (this.#isOver) return 0
    if (!this.#limit.isOn) return most
    const bytes = Math.min(most, this.#credit)
    this.#credit -= bytes
    return bytes
  }

  /** Counts bytes that came. Returns whether reading may go on at once. */
  took(bytes: number): boolean {
    if (this.#isOver || !this.#limit.isOn) return true
    this.#credit -= bytes
    if (this.#credit <= 0 && this.#go === undefined) this.#waitToRead()
    return this.#go === undefined
  }

  /** The request is over: settles what was paid too much or too little, and stops waiting. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#credit > 0) this.#limit.giveBack(this.#credit)
    else if (this.#credit < 0) this.#limit.take(-this.#credit)
    if (this.#connection !== undefined) this.#connection.pace = undefined
    this.#go?.()
  }

  #waitToRead(): void {
    this.#wait(-this.#credit, Infinity, () => {
      // A cipher brings more than was asked for.
      if (!this.#isOver && this.#credit <= 0) this.#waitToRead()
    })
  }

  /** Waits until what is `owed` has been paid for, and a step may follow, of `most` bytes. */
  #wait(owed: number, most: number, onTurn: () => void): void {
    let booking = this.#book(owed, most)
    if (this.#limit.waitMs(booking.place) === 0) return onTurn()
    const since = performance.now()
    this.#connection?.hold()
    this.#go = () => {
      clearTimeout(this.#timer)
      this.#go = undefined
      this.#state.add('heldBackMs', performance.now() - since)
      this.#connection?.resume()
      onTurn()
    }
    const look = (): void => {
      const isOld = this.#limit.bytesPerSecond !== booking.bytesPerSecond
      // A step is another length now, and where it was a long one others wait behind it; or those who
      // stood before have gone, and nobody holds what this place waits for.
      if (isOld || this.#limit.isBeyond(booking.end)) {
        this.#limit.giveBack(booking.bytes)
        this.#credit -= booking.bytes
        booking = this.#book(owed, most)
      }
      const waitMs = this.#limit.waitMs(booking.place)
      if (waitMs === 0) this.#go?.()
      else this.#timer = setTimeout(look, Math.min(waitMs, LOOK_MS))
    }
    look()
  }

  #book(owed: number, most: number): Booking {
    const { bytesPerSecond, step } = this.#limit
    const bytes = owed + Math.min(most, Math.max(step, this.#least))
    const begin = this.#limit.take(bytes)
    this.#credit += bytes
    return { bytesPerSecond, bytes, end: begin + bytes, place: begin + owed }
  }
}
