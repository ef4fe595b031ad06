/**
 * Chunks of any size in, exactly filled buffers out. Takes what streams give: bytes, and text as
 * UTF-8.
 */

import { Readable } from 'node:stream'
import { abortable, type StopSignal } from '../store/abortable.ts'

export class ByteReader {
  readonly #chunks: AsyncIterable<unknown>
  readonly #iterator: AsyncIterator<unknown>
  #left: Uint8Array = new Uint8Array(0)
  #ended = false

  constructor(chunks: AsyncIterable<unknown>) {
    this.#chunks = chunks
    this.#iterator = chunks[Symbol.asyncIterator]()
  }

  /** Waits for the next byte; false at the end. Rejects when the signal aborts first. */
  async ready(signal: StopSignal): Promise<boolean> {
    while (this.#left.length === 0 && !this.#ended) {
      const result = await abortable(this.#iterator.next(), signal)
      if (result.done === true) this.#ended = true
      else this.#left = toBytes(result.value)
    }
    return this.#left.length > 0
  }

  /** Fills `target`, or as much of it as there is. Returns the bytes filled. */
  async readInto(target: Uint8Array, signal: StopSignal): Promise<number> {
    let filled = 0
    while (filled < target.length && (await this.ready(signal))) {
      const taken = this.#left.subarray(0, target.length - filled)
      target.set(taken, filled)
      filled += taken.length
      this.#left = this.#left.subarray(taken.length)
    }
    return filled
  }

  /** Tells the source that no more is wanted. */
  close(): void {
    if (this.#ended) return
    this.#ended = true
    // A source that hangs, or fails now that nobody listens, must not hold up the clean-up.
    void this.#iterator.return?.().then(
      () => undefined,
      () => undefined,
    )
    // A Node.js stream that stands still would first wait for its next chunk.
    if (this.#chunks instanceof Readable) this.#chunks.destroy()
  }
}

function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return Buffer.from(chunk, 'utf8')
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  }
  throw new TypeError(`a chunk is bytes or text, not ${typeof chunk}`)
}
