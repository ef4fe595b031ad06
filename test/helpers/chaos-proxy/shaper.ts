/**
 * What the faults of one request do to the bytes that pass in one direction. Bytes of one message
 * pass in order; each call waits until its piece has passed, or will never.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { MessagePiece } from '../http-messages.ts'
import type { Cut, RequestFault, Way } from './faults.ts'

/** What a shaper does its work with. */
export interface Wire {
  /** Hands bytes to the kernel. */
  write(bytes: Buffer): Promise<void>
  /** Ends both connections; nothing passes any more. */
  cut(how: Cut): void
  /** Waits so long, for ever when no time is given; less when the connection ends. */
  wait(ms: number | undefined): Promise<void>
  readonly isCut: boolean
  readonly random: () => number
}

/** Pieces of a limited rate per second. */
const RATE_SLICES = 20

/** Time for bytes already written to be read before a reset, which discards them. */
const SETTLE_MS = 20

type Of<K extends RequestFault['kind']> = Extract<RequestFault, { readonly kind: K }>

export class Shaper {
  readonly #wire: Wire
  readonly #faults: readonly RequestFault[]
  readonly #isDown: boolean
  /** Bytes of the message that have come. */
  #came = 0
  /** Bytes of its body that have come. */
  #bodyCame = 0
  /** The answer that is to be sent twice, until it is whole. */
  #held: Buffer[] = []

  /** @param faults of the request; those of the other direction are left out */
  constructor(wire: Wire, way: Way, faults: readonly RequestFault[]) {
    this.#wire = wire
    this.#isDown = way === 'down'
    this.#faults = faults.filter((fault) => wayOf(fault) === way)
  }

  async pass(piece: MessagePiece): Promise<void> {
    const isFirst = this.#came === 0
    const start = this.#came
    const bytes = this.#corrupted(piece)
    this.#came += bytes.length
    if (isFirst && !(await this.#begins())) return
    if (this.#find('duplicate') !== undefined) await this.#hold(bytes, piece.isLast)
    else await this.#through(bytes, start)
    const after = this.#find('close-after')
    if (piece.isLast && this.#isDown && after !== undefined) this.#wire.cut(after.how)
  }

  /** Whether the message is passed on at all. */
  async #begins(): Promise<boolean> {
    const delay = this.#find('delay')
    if (delay !== undefined) await this.#wire.wait(delay.ms)
    const swallow = this.#find('swallow')
    if (swallow === undefined) return !this.#wire.isCut
    if (swallow.how === 'stall') await this.#wire.wait(undefined)
    else this.#wire.cut(swallow.how)
    return false
  }

  #corrupted({ bytes, head }: MessagePiece): Buffer {
    if (head !== undefined) return bytes
    const fault = this.#find('corrupt')
    const at = fault === undefined ? -1 : fault.offset - this.#bodyCame
    this.#bodyCame += bytes.length
    if (at < 0 || at >= bytes.length) return bytes
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 0x10
    return changed
  }

  async #hold(bytes: Buffer, isLast: boolean): Promise<void> {
    this.#held.push(Buffer.from(bytes))
    if (isLast) await this.#wire.write(Buffer.concat([...this.#held, ...this.#held]))
  }

  /** Passes bytes on up to where something happens, and then what is left. */
  async #through(bytes: Buffer, start: number): Promise<void> {
    const cut = this.#find('cut')
    const stall = this.#find('stall')
    const end = start + bytes.length
    let done = 0
    const until = async (at: number): Promise<void> => {
      await this.#paced(bytes.subarray(done, at - start), start + done)
      done = at - start
    }
    if (stall !== undefined && start <= stall.afterBytes && stall.afterBytes < end) {
      await until(stall.afterBytes)
      await this.#wire.wait(stall.ms)
    }
    if (cut !== undefined && start <= cut.afterBytes && cut.afterBytes < end) {
      await until(cut.afterBytes)
      if (cut.how === 'rst' && cut.afterBytes > 0) await this.#wire.wait(SETTLE_MS)
      this.#wire.cut(cut.how)
      return
    }
    if (!this.#wire.isCut) await until(end)
  }

  async #paced(bytes: Buffer, start: number): Promise<void> {
    const split = this.#find('split')
    const rate = this.#find('rate')
    let done = 0
    while (done < bytes.length && !this.#wire.isCut) {
      const left = bytes.length - done
      const isSplit = split !== undefined && start + done < split.count
      const slice = rate === undefined ? left : Math.ceil(rate.bytesPerSecond / RATE_SLICES)
      const most = isSplit ? 1 + Math.floor(this.#wire.random() * split.most) : slice
      const piece = bytes.subarray(done, done + Math.min(left, most))
      await this.#wire.write(piece)
      done += piece.length
      if (isSplit) await nextTurn()
      if (rate !== undefined) await this.#wire.wait((piece.length / rate.bytesPerSecond) * 1000)
    }
  }

  #find<K extends RequestFault['kind']>(kind: K): Of<K> | undefined {
    return this.#faults.find((fault): fault is Of<K> => fault.kind === kind)
  }
}

/** Direction of the message a fault is done to. */
function wayOf(fault: RequestFault): Way {
  if ('way' in fault) return fault.way
  return fault.kind === 'delay' ? 'up' : 'down'
}
