/**
 * The body of a request, swallowed as it comes: its size and CRC32 are kept, and its bytes only
 * where the answer depends on them (the XML documents of POST). Frames are taken off first, that
 * of the transfer and that of S3's aws-chunked content encoding, so both numbers are about the
 * content itself.
 */

import { crc32 } from '@node-rs/crc32'
import { ChunkDecoder } from './chunk-decoder.ts'
import type { ByteSink } from './chunk-decoder.ts'
import { ProtocolError, type Headers } from './request-head.ts'

/** What has come in a body. */
export interface Received {
  readonly size: number
  /** Unsigned. */
  readonly crc32: number
  /** Headers sent behind the content, by lower-case name. */
  readonly trailers: Headers
  /** The content, if it was to be kept; else empty. */
  readonly text: string
}

/** Longest document of a POST. Source: Complete with 10,000 parts and checksums has 2 MB. */
const TEXT_MAX = 16 * 1024 * 1024

export const NOTHING_RECEIVED: Received = { size: 0, crc32: 0, trailers: {}, text: '' }

export class RequestBody {
  readonly #isKept: boolean
  readonly #kept: Buffer[] = []
  /** Of the transfer; undefined where a Content-Length tells the end. */
  readonly #chunks: ChunkDecoder | undefined
  /** Of the content. */
  readonly #awsChunks: ChunkDecoder | undefined
  readonly #sink: ByteSink
  #left: number
  #size = 0
  #crc32 = 0

  /** @throws ProtocolError for a length that is none. */
  constructor(headers: Headers, isKept: boolean) {
    this.#isKept = isKept
    this.#left = Number(headers['content-length'] ?? 0)
    if (!Number.isSafeInteger(this.#left) || this.#left < 0) {
      throw new ProtocolError('The content length is malformed')
    }
    const content: ByteSink = (bytes) => this.#take(bytes)
    if (isAwsChunked(headers)) {
      const awsChunks = new ChunkDecoder(content)
      this.#awsChunks = awsChunks
      this.#sink = (bytes) => void awsChunks.read(bytes, 0)
    } else {
      this.#sink = content
    }
    if (isChunked(headers)) this.#chunks = new ChunkDecoder(this.#sink)
  }

  get done(): boolean {
    return this.#chunks === undefined ? this.#left === 0 : this.#chunks.done
  }

  /** Returns the index behind what belongs to this body. */
  read(bytes: Buffer, from: number): number {
    if (this.#chunks !== undefined) return this.#chunks.read(bytes, from)
    const end = Math.min(bytes.length, from + this.#left)
    if (end === from) return from
    this.#left -= end - from
    this.#sink(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end))
    return end
  }

  /** @throws ProtocolError when the content ended too early. */
  received(): Received {
    if (this.#awsChunks?.hasLastChunk === false) {
      throw new ProtocolError('The last chunk of the content is missing')
    }
    const trailers: Record<string, string> = {}
    for (const decoder of [this.#chunks, this.#awsChunks]) {
      for (const line of decoder?.trailers ?? []) {
        const colon = line.indexOf(':')
        if (colon > 0) trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
      }
    }
    return {
      size: this.#size,
      crc32: this.#crc32,
      trailers,
      text: Buffer.concat(this.#kept).toString('utf8'),
    }
  }

  #take(bytes: Buffer): void {
    this.#size += bytes.length
    if (!this.#isKept) {
      this.#crc32 = crc32(bytes, this.#crc32)
      return
    }
    if (this.#size > TEXT_MAX) throw new ProtocolError('The document is too long')
    this.#kept.push(Buffer.from(bytes))
  }
}

/** Whether a head is followed by a body. */
export function hasBody(headers: Headers): boolean {
  const length = headers['content-length']
  return (length !== undefined && length !== '0') || isChunked(headers)
}

function isChunked(headers: Headers): boolean {
  return headers['transfer-encoding']?.toLowerCase().endsWith('chunked') === true
}

function isAwsChunked(headers: Headers): boolean {
  return (
    headers['content-encoding']?.includes('aws-chunked') === true ||
    headers['x-amz-content-sha256']?.startsWith('STREAMING-') === true
  )
}
