/**
 * Takes the frame off chunked data: `hex-size[;extensions]`, the bytes, a blank line, and after
 * the chunk of size 0 trailing header lines up to a blank one. Transfer-Encoding: chunked and S3's
 * aws-chunked are both written so; signatures of chunks are extensions and are not looked at.
 */

import { ProtocolError } from './request-head.ts'

/** Sees a stretch of the content; the bytes are valid during the call only. */
export type ByteSink = (bytes: Buffer) => void

/** Longest size or trailer line. Source: none, reasonable default. */
const LINE_MAX = 4096

const LINE_FEED = 10

export class ChunkDecoder {
  /** Lines behind the last chunk, in the order sent. */
  readonly trailers: string[] = []
  readonly #sink: ByteSink
  #expects: 'size' | 'bytes' | 'chunk-end' | 'trailer' | 'nothing' = 'size'
  /** Bytes of the current chunk that have not come yet. */
  #left = 0
  /** Beginning of a line whose end has not come yet. */
  #line = ''

  constructor(sink: ByteSink) {
    this.#sink = sink
  }

  get done(): boolean {
    return this.#expects === 'nothing'
  }

  /** The chunk of size 0 was there. Some leave out the blank line behind it. */
  get hasLastChunk(): boolean {
    return this.done || this.#expects === 'trailer'
  }

  /** Returns the index behind what it took: all, or what belongs to this body. */
  read(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length && !this.done) {
      if (this.#expects === 'bytes') {
        const end = Math.min(bytes.length, at + this.#left)
        this.#sink(bytes.subarray(at, end))
        this.#left -= end - at
        if (this.#left === 0) this.#expects = 'chunk-end'
        at = end
        continue
      }
      const feed = bytes.indexOf(LINE_FEED, at)
      const end = feed < 0 ? bytes.length : feed
      if (this.#line.length + end - at > LINE_MAX) throw new ProtocolError('A line is too long')
      this.#line += bytes.toString('latin1', at, end)
      if (feed < 0) return end
      const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line
      this.#line = ''
      this.#takeLine(line)
      at = end + 1
    }
    return at
  }

  #takeLine(line: string): void {
    if (this.#expects === 'size') {
      const size = line.split(';', 1)[0]?.trim() ?? ''
      if (!/^[\da-f]{1,12}$/i.test(size))
        throw new ProtocolError('The size of a chunk is malformed')
      this.#left = parseInt(size, 16)
      this.#expects = this.#left === 0 ? 'trailer' : 'bytes'
    } else if (this.#expects === 'chunk-end') {
      if (line !== '') throw new ProtocolError('A chunk is longer than its size')
      this.#expects = 'size'
    } else if (line === '') {
      this.#expects = 'nothing'
    } else {
      this.trailers.push(line)
    }
  }
}
