/**
 * Counts who needs a blob: versions, parts and GETs that are being answered. A blob goes when the
 * last of them lets go, so that CopyObject needs no bytes copied and a GET that has begun ends
 * with the bytes it began with, as on AWS, whatever is deleted meanwhile.
 */

import type { Backend } from './backend.ts'
import type { Segment } from './model.ts'

export class BlobLedger {
  readonly #backend: Backend
  readonly #counts = new Map<string, number>()

  constructor(backend: Backend) {
    this.#backend = backend
  }

  hold(segments: readonly Segment[]): void {
    for (const { blob } of segments) {
      this.#counts.set(blob.id, (this.#counts.get(blob.id) ?? 0) + 1)
    }
  }

  release(segments: readonly Segment[]): void {
    for (const { blob } of segments) {
      const left = (this.#counts.get(blob.id) ?? 1) - 1
      if (left > 0) {
        this.#counts.set(blob.id, left)
      } else {
        this.#counts.delete(blob.id)
        this.#backend.remove(blob)
      }
    }
  }

  /** Opens a list of runs for reading; the bytes stay until `close`, which must be called. */
  open(segments: readonly Segment[]): ByteSource {
    this.hold(segments)
    return new ByteSource(segments, this.#backend, () => this.release(segments))
  }
}

/** Bytes to be read once, in order. */
export class ByteSource {
  readonly length: number
  readonly #segments: readonly Segment[]
  readonly #backend: Backend
  readonly #release: () => void
  #closed = false

  constructor(segments: readonly Segment[], backend: Backend, release: () => void) {
    this.length = segments.reduce((sum, segment) => sum + segment.length, 0)
    this.#segments = segments
    this.#backend = backend
    this.#release = release
  }

  /** Chunks in order; each is valid only until the next one is asked for. */
  *chunks(): Generator<Buffer, void> {
    for (const segment of this.#segments) yield* this.#backend.read(segment)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#release()
  }
}
