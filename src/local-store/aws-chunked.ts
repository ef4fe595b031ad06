/**
 * Takes the framing off an aws-chunked body, in whatever pieces the socket delivers it.
 *
 *   size-line ──> data ──> data-end ──┐
 *       ^  └──(size 0)──> trailers    │
 *       └─────────────────────────────┘
 *
 * Payload is handed on as views of the incoming buffers, never copied; only lines that straddle
 * two buffers are joined. Lines and trailers are bounded.
 * Source: S3 API Reference, "Transferring payload in multiple chunks", read 2026-11.
 */

import { createHash, type Hash } from 'node:crypto'
import { S3Error } from './s3-error.ts'
import type { ChunkVerifier } from './sigv4.ts'

/** Longest size line or sum of trailer lines. Bytes. Source: none, reasonable default. */
const LINES_MAX = 16 * 1024

/** Smallest chunk that is not the last. Bytes. Source: as the header of this file. */
const CHUNK_MIN = 8 * 1024

const LINE_FEED = 0x0a

type State = 'size-line' | 'data' | 'data-end' | 'trailers'

/** One aws-chunked body being read. */
export class ChunkedBody {
  readonly #signer: ChunkVerifier | undefined
  readonly #trailers = new Map<string, string>()
  #state: State = 'size-line'
  #line: Buffer = Buffer.alloc(0)
  #trailerBytes = 0
  #blankLines = 0
  #chunk = { index: 0, size: 0, left: 0, signature: '' }
  #chunkHash: Hash | undefined
  #shortChunk: { index: number; size: number } | undefined

  /** @param signer - checks the chain of chunk signatures; undefined for unsigned chunks. */
  constructor(signer: ChunkVerifier | undefined) {
    this.#signer = signer
  }

  /** Takes a piece of the body and returns the payload in it, in order. */
  push(piece: Buffer): Buffer[] {
    const payload: Buffer[] = []
    let offset = 0
    while (offset < piece.length) {
      if (this.#state === 'data') {
        const slice = piece.subarray(offset, offset + this.#chunk.left)
        this.#takeData(slice)
        payload.push(slice)
        offset += slice.length
      } else {
        offset = this.#takeLinePiece(piece, offset)
      }
    }
    return payload
  }

  /** Ends the body and returns its trailers, names in lower case. */
  end(): ReadonlyMap<string, string> {
    if (this.#state !== 'trailers' || this.#line.length > 0 || this.#blankLines === 0) {
      throw new S3Error('IncompleteBody')
    }
    return this.#trailers
  }

  #takeData(slice: Buffer): void {
    this.#chunkHash?.update(slice)
    this.#chunk.left -= slice.length
    if (this.#chunk.left === 0) this.#state = 'data-end'
  }

  #takeLinePiece(piece: Buffer, offset: number): number {
    const end = piece.indexOf(LINE_FEED, offset)
    const stop = end < 0 ? piece.length : end
    const part = piece.subarray(offset, stop)
    const whole = this.#line.length === 0 ? part : Buffer.concat([this.#line, part])
    if (whole.length > LINES_MAX) throw new S3Error('MaxMessageLengthExceeded')
    if (end < 0) {
      // A copy, since the socket's buffer is not ours after this call.
      this.#line = Buffer.from(whole)
      return stop
    }
    this.#line = Buffer.alloc(0)
    this.#takeLine(whole.toString('latin1').replace(/\r$/, ''))
    return stop + 1
  }

  #takeLine(line: string): void {
    if (this.#state === 'size-line') this.#startChunk(line)
    else if (this.#state === 'trailers') this.#takeTrailer(line)
    else this.#endChunk(line)
  }

  #startChunk(line: string): void {
    const match = /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line)
    const signed = match?.[2] !== undefined
    if (match === null || signed !== (this.#signer !== undefined)) {
      throw new S3Error('IncompleteBody', 'The chunk header is malformed.')
    }
    const size = Number.parseInt(match[1] ?? '', 16)
    this.#chunk = {
      index: this.#chunk.index + 1,
      size,
      left: size,
      signature: match[2] ?? '',
    }
    this.#chunkHash = this.#signer === undefined ? undefined : createHash('sha256')
    if (size === 0) this.#verifyChunk()
    else this.#checkChunkSize(size)
    this.#state = size === 0 ? 'trailers' : 'data'
  }

  /** Only the last chunk with data may be short, which is known when the next one starts. */
  #checkChunkSize(size: number): void {
    if (this.#shortChunk !== undefined) {
      throw new S3Error('InvalidChunkSizeError', undefined, {
        Chunk: String(this.#shortChunk.index),
        BadChunkSize: String(this.#shortChunk.size),
      })
    }
    if (size < CHUNK_MIN) this.#shortChunk = { index: this.#chunk.index, size }
  }

  #endChunk(line: string): void {
    if (line !== '') throw new S3Error('IncompleteBody', 'A chunk is longer than its header says.')
    this.#verifyChunk()
    this.#state = 'size-line'
  }

  #verifyChunk(): void {
    if (this.#chunkHash === undefined) return
    this.#signer?.verifyChunk(this.#chunk.signature, this.#chunkHash.digest())
  }

  #takeTrailer(line: string): void {
    if (line === '') {
      this.#blankLines += 1
      return
    }
    this.#trailerBytes += line.length
    const colon = line.indexOf(':')
    if (colon <= 0 || this.#trailerBytes > LINES_MAX) throw new S3Error('MalformedTrailerError')
    this.#trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
}
