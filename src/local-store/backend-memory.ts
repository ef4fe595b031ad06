/** Blobs in memory, for tests: nothing survives the process, nothing touches the disk. */

import { NO_RECORDS } from './backend.ts'
import type { Assembly, Backend, BlobPurpose, BlobWriter, LoadedRecords } from './backend.ts'
import type { Blob, Segment } from './model.ts'

/** Chunks shorter than this are copied. Bytes. Source: a quarter of Node's 64 KiB reads. */
const COPY_BELOW = 16 * 1024

export class MemoryBackend implements Backend {
  readonly kind = 'memory'
  readonly #blobs = new Map<string, readonly Buffer[]>()
  #nextId = 1

  create(_purpose: BlobPurpose): BlobWriter {
    const id = String(this.#nextId++)
    const chunks: Buffer[] = []
    let length = 0
    return {
      write: (chunk) => {
        // A small chunk is a view of a whole socket buffer, which it would keep alive.
        chunks.push(chunk.length < COPY_BELOW ? Buffer.from(chunk) : chunk)
        length += chunk.length
      },
      finish: () => {
        this.#blobs.set(id, chunks)
        return { id, length }
      },
      discard: () => {
        chunks.length = 0
        this.#blobs.delete(id)
      },
    }
  }

  *read(segment: Segment): Iterable<Buffer> {
    const end = segment.offset + segment.length
    let position = 0
    for (const chunk of this.#blobs.get(segment.blob.id) ?? []) {
      const from = Math.max(segment.offset - position, 0)
      const to = Math.min(end - position, chunk.length)
      if (from < to) yield chunk.subarray(from, to)
      position += chunk.length
      if (position >= end) return
    }
    if (position < end) throw new Error(`Blob ${segment.blob.id} is gone`)
  }

  remove(blob: Blob): void {
    this.#blobs.delete(blob.id)
  }

  assemble(_key: string, segments: readonly Segment[]): Assembly {
    return { segments, readable: true }
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
