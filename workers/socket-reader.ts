/**
 * Big socket reads. Node reads a socket 64 KiB at a time into a fresh buffer for each read; those
 * buffers, not the copying, make up most of the cost of a download. With net's `onread` option the
 * kernel writes into memory of ours: one buffer for all plain connections of the thread, one slab
 * per TLS connection (there each record of at most 16 KiB comes by itself, so records are laid one
 * behind the other and handed over together), or straight into where a payload is wanted.
 *
 * What was read goes to the connection's `PayloadBypass`: payload to its target, heads and small
 * answers to undici.
 *
 * Safety rule: memory may be read into again only when everything in it has been consumed. A
 * payload is consumed by its target before the callback returns. Bytes for undici are handed to
 * the socket's readable side and their reader is called at once, inside the callback; what it
 * leaves unread (because it paused, or because nobody listens yet) is copied out before the
 * callback returns. Nothing unread ever lies in shared memory when a read starts. One thing undici
 * keeps although it has read it: names and values of a head that is not complete yet. A read small
 * enough to be no more than a piece of a head is therefore copied before.
 */

import type { OnReadOpts, Socket } from 'node:net'
import type { BandwidthLimit } from '../src/pool/shared-state.ts'
import { PayloadBypass } from './payload-bypass.ts'

/**
 * Buffer shared by the plain connections of a thread. Bytes.
 * Source: measured 2026-11: 64 KiB costs 1.6 times as much, above 1 MiB nothing is won.
 */
const SHARED_BUFFER_SIZE = 1024 * 1024

/**
 * Slab of one TLS connection. Bytes.
 * Source: measured 2026-11; 256 KiB and 1 MiB cost the same.
 */
const TLS_SLAB_SIZE = 256 * 1024

/**
 * Reads up to this size from the buffer all connections share are copied. Bytes.
 * Source: twice the largest head undici takes (16 KiB of names and values, without what separates
 * them). A slab needs no such copy: it belongs to one connection, and a head is complete long
 * before the slab comes round to its first piece again.
 */
const COPIED_READ_MAX = 32 * 1024

/** Largest plaintext of a TLS record. Bytes. Source: RFC 8446, section 5.1. */
const TLS_RECORD_SIZE = 16 * 1024

let sharedBuffer: Uint8Array | undefined

/** Says whether reading may go on; see `allowance.ts`. */
export interface ReadPace {
  /** Counts bytes that came. Returns whether more may be read at once. */
  took(bytes: number): boolean
}

/** Reads one connection, and knows where its bytes go. */
export interface SocketReader {
  readonly onread: OnReadOpts
  readonly bypass: PayloadBypass
  /** Set while what comes is counted. */
  pace: ReadPace | undefined
  /**
   * Names the socket once it exists. `isTunnelled`: Node takes no `onread` for TLS inside another
   * socket; what it reads itself is then taken from the stream.
   */
  attach(socket: Socket, isTunnelled: boolean): void
  /** Reading is about to begin anew, after a pause of ours. */
  readOn(): void
}

/** Reads a plain TCP connection. */
export class PlainReader implements SocketReader {
  readonly onread: OnReadOpts
  readonly bypass: PayloadBypass
  pace: ReadPace | undefined
  #socket: Socket | undefined

  constructor(limit: BandwidthLimit) {
    sharedBuffer ??= new Uint8Array(new ArrayBuffer(SHARED_BUFFER_SIZE))
    const shared = sharedBuffer
    this.bypass = new PayloadBypass((bytes) => {
      const isPiece = bytes.buffer === shared.buffer && bytes.length <= COPIED_READ_MAX
      const socket = this.#socket
      const whole = isPiece ? Buffer.from(bytes) : bytes
      return deliver(socket, whole, (chunk) => socket?.push(chunk))
    })
    this.onread = {
      // Asked for ahead of the next read, which may bring the next answer.
      buffer: () => {
        const room = this.bypass.place() ?? shared
        return limit.isOn ? room.subarray(0, limit.step) : room
      },
      callback: (length, { buffer, byteOffset }) => {
        const more = this.bypass.take(Buffer.from(buffer, byteOffset, length))
        return this.pace === undefined ? more : this.pace.took(length) && more
      },
    }
  }

  // A plain connection is never inside another socket.
  attach(socket: Socket): void {
    this.#socket = socket
  }

  readOn(): void {
    // A look at the socket is enough.
  }
}

/**
 * Hands bytes to the reader of the socket now. Returns whether reading should go on.
 */
function deliver(
  socket: Socket | undefined,
  bytes: Buffer,
  push: (chunk: Buffer) => unknown,
): boolean {
  if (socket === undefined || socket.destroyed) return true
  push(bytes)
  if (socket.readableLength > 0) socket.emit('readable')
  if (socket.readableLength === 0) return true
  // The reader paused. Its bytes must not lie in memory which the next read overwrites.
  const rest: unknown = socket.read()
  if (Buffer.isBuffer(rest)) socket.unshift(Buffer.from(rest))
  return false
}

/**
 * Reads a TLS connection: collects records, payload until there is enough of it, all else until
 * the turn of the event loop ends, and hands them over as one. A record is read into a buffer of
 * its own and copied from there while it is in the cache: asking for the next place in the slab
 * behind every record costs more than that.
 */
export class TlsReader implements SocketReader {
  readonly onread: OnReadOpts
  readonly bypass = new PayloadBypass((bytes) =>
    deliver(this.#socket, bytes, (chunk) => this.#push?.(chunk)),
  )
  pace: ReadPace | undefined
  readonly #record = Buffer.allocUnsafeSlow(TLS_RECORD_SIZE)
  readonly #slab = Buffer.allocUnsafeSlow(TLS_SLAB_SIZE)
  /** Bytes not handed over lie in [start, end) of the slab; the next record is laid at `end`. */
  #start = 0
  #end = 0
  #scheduled = false
  #socket: Socket | undefined
  #isTunnelled = false
  /** The socket's own, past what `attach` puts before it. */
  #push: Socket['push'] | undefined

  constructor() {
    this.onread = {
      buffer: this.#record,
      callback: (length: number) => this.#onBytes(this.#record.subarray(0, length)),
    }
  }

  attach(socket: Socket, isTunnelled: boolean): void {
    this.#socket = socket
    this.#isTunnelled = isTunnelled
    const push = socket.push.bind(socket)
    this.#push = push
    socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      // The end of the stream must not overtake bytes that wait to be handed over.
      if (chunk === null) this.#flush()
      else if (isTunnelled && Buffer.isBuffer(chunk)) return this.#onBytes(chunk)
      return push(chunk, encoding)
    }
    // Before undici tells of it: a part that broke goes on behind all that came.
    socket.once('close', () => this.#flush())
  }

  readOn(): void {
    // Node's stream believes that its last read is under way: what that brought never reached it.
    if (this.#isTunnelled) this.#push?.(Buffer.alloc(0))
  }

  /** What came, a record or, where Node has read itself, more. Returns whether to read on. */
  #onBytes(bytes: Buffer): boolean {
    const { length } = bytes
    let more = true
    if (length <= TLS_RECORD_SIZE) more = this.#onRecord(bytes)
    else {
      for (let at = 0; at < length; at += TLS_RECORD_SIZE) {
        more = this.#onRecord(bytes.subarray(at, at + TLS_RECORD_SIZE))
      }
    }
    return this.pace === undefined ? more : this.pace.took(length) && more
  }

  #onRecord(record: Buffer): boolean {
    this.#slab.set(record, this.#end)
    this.#end += record.length
    const isFull = this.#end + TLS_RECORD_SIZE > TLS_SLAB_SIZE
    const { left } = this.bypass
    if (isFull || (left > 0 && this.#end - this.#start >= left)) {
      const more = this.#flush()
      if (isFull) {
        // As far from a multiple of 8 as its place: V8 copies shared memory byte by byte else.
        this.#start = this.bypass.passed % 8
        this.#end = this.#start
      }
      return more
    }
    // While no answer is awaited undici must see at once what nobody asked for: were it kept, it
    // would be taken for the answer to a request sent meanwhile.
    if (!this.bypass.armed) return this.#flush()
    if (left === 0 && !this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => {
        this.#scheduled = false
        this.#flush()
      })
    }
    return true
  }

  #flush(): boolean {
    const start = this.#start
    if (start === this.#end) return true
    this.#start = this.#end
    return this.bypass.take(this.#slab.subarray(start, this.#end))
  }
}
