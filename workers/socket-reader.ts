/**
 * Big socket reads. Node reads a socket 64 KiB at a time into a fresh buffer for each read; those
 * buffers, not the copying, make up most of the cost of a download. With net's `onread` option the
 * kernel writes into memory of ours: one buffer for all plain connections of the thread, one slab
 * per TLS connection (there each record of at most 16 KiB comes in a turn of its own, so records
 * are laid one behind the other and handed over together).
 *
 * Safety rule: memory may be read into again only when everything in it has been consumed. So
 * bytes are handed to the socket's readable side and its reader (undici) is called at once, inside
 * the callback; what it leaves unread (because it paused, or because nobody listens yet) is copied
 * out before the callback returns. Nothing unread ever lies in shared memory when a read starts.
 * One thing undici keeps although it has read it: names and values of a head that is not complete
 * yet. A read small enough to be no more than a piece of a head is therefore copied before.
 */

import type { OnReadOpts, Socket } from 'node:net'

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

/** `onread` for a plain TCP connection. */
export function plainReader(): OnReadOpts {
  sharedBuffer ??= new Uint8Array(new ArrayBuffer(SHARED_BUFFER_SIZE))
  return {
    buffer: sharedBuffer,
    callback(this: Socket, length: number, buffer: Uint8Array): boolean {
      const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, length)
      return deliver(this, length <= COPIED_READ_MAX ? Buffer.from(bytes) : bytes)
    },
  }
}

/**
 * Hands bytes to the reader of the socket now. Returns whether reading should go on.
 */
function deliver(socket: Socket, bytes: Buffer): boolean {
  socket.push(bytes)
  if (socket.readableLength > 0) socket.emit('readable')
  if (socket.readableLength === 0) return true
  // The reader paused. Its bytes must not lie in memory which the next read overwrites.
  const rest: unknown = socket.read()
  if (Buffer.isBuffer(rest)) socket.unshift(Buffer.from(rest))
  return false
}

/**
 * Collects the TLS records that arrive in one turn of the event loop, then delivers them as one.
 * Call `attach` with the socket once it exists.
 */
export class TlsReader {
  readonly onread: OnReadOpts
  readonly #slab = Buffer.allocUnsafeSlow(TLS_SLAB_SIZE)
  /** Unread bytes lie in [start, end); the next record is written at `end`. */
  #start = 0
  #end = 0
  #scheduled = false
  #socket: Socket | undefined

  constructor() {
    this.onread = {
      buffer: () => this.#slab.subarray(this.#end),
      callback: (length: number) => this.#onRecord(length),
    }
  }

  attach(socket: Socket): void {
    this.#socket = socket
    // The end of the stream must not overtake bytes that wait for the end of the turn.
    const push = socket.push.bind(socket)
    socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (chunk === null) this.#flush()
      return push(chunk, encoding)
    }
  }

  #onRecord(length: number): boolean {
    this.#end += length
    if (this.#end + TLS_RECORD_SIZE > TLS_SLAB_SIZE) {
      // Here, and only here, the next read may be pointed at the start of the slab again.
      const more = this.#flush()
      this.#start = 0
      this.#end = 0
      return more
    }
    if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => {
        this.#scheduled = false
        this.#flush()
      })
    }
    return true
  }

  #flush(): boolean {
    const socket = this.#socket
    if (socket === undefined || this.#start === this.#end || socket.destroyed) return true
    const bytes = this.#slab.subarray(this.#start, this.#end)
    this.#start = this.#end
    return deliver(socket, bytes)
  }
}
