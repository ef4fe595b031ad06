/**
 * A back end that keeps no bytes: it remembers lengths and serves the pattern of the key. For
 * benchmarks and for objects larger than the disk.
 *
 * What is uploaded is normally not looked at. A client that sends the pattern itself says so
 * with the metadata `x-amz-meta-pattern: verify` on PutObject or CreateMultipartUpload; then
 * every byte is compared on arrival, and each part must turn out to lie where Complete puts it.
 * Only then can full-object checksums of a multipart object be recomputed; without it the
 * value the client claims is kept as it is (the one place where the store takes its word).
 */

import { NO_RECORDS } from './backend.ts'
import type { Assembly, Backend, BlobPurpose, BlobWriter, LoadedRecords } from './backend.ts'
import type { Blob, Segment } from './model.ts'
import { locatePattern, PATTERN_PROBE, patternBytes } from './pattern.ts'
import { S3Error } from './s3-error.ts'

/** Bytes made at a time. Source: measured flat above 128 KiB. */
const CHUNK = 256 * 1024
const SPARE_BUFFERS_MAX = 16

export class PatternBackend implements Backend {
  readonly kind = 'pattern'
  readonly #spare: Buffer[] = []
  #nextId = 1

  create(purpose: BlobPurpose): BlobWriter {
    const id = String(this.#nextId++)
    return purpose.mustMatch ? new ComparingWriter(id, purpose) : new CountingWriter(id, purpose)
  }

  /** A blob of any size that was never uploaded. */
  virtualBlob(key: string, length: number): Blob {
    const pattern = { key, offset: 0, loose: false, verified: true }
    return { id: String(this.#nextId++), length, pattern }
  }

  *read(segment: Segment): Iterable<Buffer> {
    const source = segment.blob.pattern
    const start = (source?.offset ?? 0) + segment.offset
    const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK)
    try {
      for (let done = 0; done < segment.length; done += CHUNK) {
        const chunk = buffer.subarray(0, Math.min(CHUNK, segment.length - done))
        yield patternBytes(source?.key ?? '', start + done, chunk)
      }
    } finally {
      if (this.#spare.length < SPARE_BUFFERS_MAX) this.#spare.push(buffer)
    }
  }

  remove(): void {
    // There are no bytes to remove.
  }

  assemble(key: string, segments: readonly Segment[]): Assembly {
    const placed: Segment[] = []
    let position = 0
    for (const segment of segments) {
      placed.push(this.#place(key, segment, position))
      position += segment.length
    }
    const readable = placed.every(({ blob }) => blob.pattern?.verified === true)
    return { segments: placed, readable }
  }

  /** Parts become the pattern of where they are; copied runs stay what they were. */
  #place(key: string, segment: Segment, position: number): Segment {
    const source = segment.blob.pattern
    if (source === undefined || !source.loose) return segment
    if (source.verified) checkPlace(key, segment, position)
    const pattern = { key, offset: position, loose: false, verified: source.verified }
    const blob = { id: String(this.#nextId++), length: segment.length, pattern }
    return { blob, offset: 0, length: segment.length }
  }

  putRecord(): void {
    // The catalog's own copy is the only one there is.
  }

  removeRecord(): void {
    // Nothing was put.
  }

  load(): LoadedRecords {
    return NO_RECORDS
  }
}

/** A part that announced the pattern must be the pattern of the place it is put. */
function checkPlace(key: string, segment: Segment, position: number): void {
  const source = segment.blob.pattern
  if (source?.offset !== undefined) {
    if (source.offset + segment.offset !== position) throw mismatch(key, position)
    return
  }
  const head = Buffer.from(source?.head ?? '', 'base64')
  const run = head.subarray(segment.offset, segment.offset + segment.length)
  if (!patternBytes(key, position, run.length).equals(run)) throw mismatch(key, position)
}

function mismatch(key: string, offset: number): S3Error {
  return new S3Error('BadDigest', `The bytes are not the pattern of ${key} at offset ${offset}.`)
}

class CountingWriter implements BlobWriter {
  readonly #id: string
  readonly #purpose: BlobPurpose
  #length = 0

  constructor(id: string, purpose: BlobPurpose) {
    this.#id = id
    this.#purpose = purpose
  }

  write(chunk: Buffer): void {
    this.#length += chunk.length
  }

  finish(): Blob {
    const { key, part } = this.#purpose
    const pattern = { key, offset: part ? undefined : 0, loose: part, verified: false }
    return { id: this.#id, length: this.#length, pattern }
  }

  discard(): void {
    // Nothing is held.
  }
}

/** Finds the offset from the first bytes, then compares all of them. */
class ComparingWriter implements BlobWriter {
  readonly #id: string
  readonly #purpose: BlobPurpose
  #head: Buffer = Buffer.alloc(0)
  #offset: number | undefined
  #length = 0

  constructor(id: string, purpose: BlobPurpose) {
    this.#id = id
    this.#purpose = purpose
    if (!purpose.part) this.#offset = 0
  }

  write(chunk: Buffer): void {
    if (this.#offset !== undefined) {
      this.#compare(chunk)
      return
    }
    this.#head = Buffer.concat([this.#head, chunk])
    if (this.#head.length < PATTERN_PROBE) return
    this.#offset = locatePattern(this.#purpose.key, this.#head)
    if (this.#offset === undefined) throw mismatch(this.#purpose.key, 0)
    this.#compare(this.#head)
    this.#head = Buffer.alloc(0)
  }

  finish(): Blob {
    const head = this.#offset === undefined ? this.#head.toString('base64') : undefined
    const length = this.#offset === undefined ? this.#head.length : this.#length
    const { key, part } = this.#purpose
    const pattern = { key, offset: this.#offset, loose: part, verified: true, head }
    return { id: this.#id, length, pattern }
  }

  discard(): void {
    // Nothing is held.
  }

  #compare(chunk: Buffer): void {
    const { key } = this.#purpose
    const offset = (this.#offset ?? 0) + this.#length
    if (!patternBytes(key, offset, chunk.length).equals(chunk)) throw mismatch(key, offset)
    this.#length += chunk.length
  }
}
