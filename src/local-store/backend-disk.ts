/**
 * Blobs and sidecars in a directory, made to survive `kill -9` (of the process; a power cut may
 * lose the last seconds, since nothing is fsynced).
 *
 *   DIR/blobs/<2 hex>/<id>            bytes of one PUT or one part, never changed after finish
 *   DIR/records/<kind>/<hash>.json    one record each, written beside and renamed into place
 *
 * Names come from random ids and hashes, so any key works on any file system. A blob is complete
 * before the record that names it is renamed into place; what no record names is swept on load.
 * File I/O is synchronous on purpose: it mostly hits the page cache and costs a third of the
 * CPU of the thread-pool calls at these sizes.
 */

import { createHash, randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import type {
  Assembly,
  Backend,
  BlobPurpose,
  BlobWriter,
  LoadedRecords,
  RecordKind,
  Records,
} from './backend.ts'
import type { Blob, Segment } from './model.ts'

/** Bytes gathered before they are written, and bytes per read. Source: none, flat above it. */
const IO_SIZE = 512 * 1024

/** Read buffers kept for the next GET. Source: none, one per busy connection of a demo. */
const SPARE_BUFFERS_MAX = 16

const KINDS = ['bucket', 'version', 'upload', 'part'] as const

export class DiskBackend implements Backend {
  readonly kind = 'disk'
  readonly #blobs: string
  readonly #records: string
  readonly #spare: Buffer[] = []

  constructor(dir: string) {
    this.#blobs = join(dir, 'blobs')
    this.#records = join(dir, 'records')
    for (let byte = 0; byte < 256; byte += 1) {
      fs.mkdirSync(join(this.#blobs, byte.toString(16).padStart(2, '0')), { recursive: true })
    }
    for (const kind of KINDS) fs.mkdirSync(join(this.#records, kind), { recursive: true })
  }

  create(_purpose: BlobPurpose): BlobWriter {
    const id = randomBytes(16).toString('hex')
    return new FileWriter(id, this.#blobPath(id))
  }

  *read(segment: Segment): Iterable<Buffer> {
    const file = fs.openSync(this.#blobPath(segment.blob.id), 'r')
    const size = Math.min(IO_SIZE, segment.length)
    const buffer = size < IO_SIZE ? Buffer.allocUnsafe(size) : this.#takeBuffer()
    try {
      let done = 0
      while (done < segment.length) {
        const wanted = Math.min(size, segment.length - done)
        const got = fs.readSync(file, buffer, 0, wanted, segment.offset + done)
        if (got === 0) throw new Error(`Blob ${segment.blob.id} is shorter than its record says`)
        done += got
        yield buffer.subarray(0, got)
      }
    } finally {
      fs.closeSync(file)
      if (size === IO_SIZE && this.#spare.length < SPARE_BUFFERS_MAX) this.#spare.push(buffer)
    }
  }

  remove(blob: Blob): void {
    fs.rmSync(this.#blobPath(blob.id), { force: true })
  }

  assemble(_key: string, segments: readonly Segment[]): Assembly {
    return { segments, readable: true }
  }

  putRecord<K extends RecordKind>(kind: K, id: string, value: Records[K]): void {
    const path = this.#recordPath(kind, id)
    const temporary = `${path}.${randomBytes(6).toString('hex')}.new`
    fs.writeFileSync(temporary, JSON.stringify(value))
    fs.renameSync(temporary, path)
  }

  removeRecord(kind: RecordKind, id: string): void {
    fs.rmSync(this.#recordPath(kind, id), { force: true })
  }

  load(): LoadedRecords {
    const loaded = {
      bucket: this.#loadKind('bucket'),
      version: this.#loadKind('version'),
      upload: this.#loadKind('upload'),
      part: this.#loadKind('part'),
    }
    const named = new Set<string>()
    for (const { segments } of [...loaded.version, ...loaded.part.map(({ part }) => part)]) {
      for (const { blob } of segments) named.add(blob.id)
    }
    this.#sweepBlobs(named)
    return loaded
  }

  #loadKind<K extends RecordKind>(kind: K): Records[K][] {
    const folder = join(this.#records, kind)
    const records: Records[K][] = []
    for (const name of fs.readdirSync(folder)) {
      const path = join(folder, name)
      if (name.endsWith('.new')) fs.rmSync(path)
      else records.push(JSON.parse(fs.readFileSync(path, 'utf8')) as Records[K])
    }
    return records
  }

  #sweepBlobs(named: ReadonlySet<string>): void {
    for (const folder of fs.readdirSync(this.#blobs)) {
      for (const id of fs.readdirSync(join(this.#blobs, folder))) {
        if (!named.has(id)) fs.rmSync(join(this.#blobs, folder, id))
      }
    }
  }

  #takeBuffer(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(IO_SIZE)
  }

  #blobPath(id: string): string {
    return join(this.#blobs, id.slice(0, 2), id)
  }

  #recordPath(kind: RecordKind, id: string): string {
    const hash = createHash('sha256').update(id).digest('hex').slice(0, 40)
    return join(this.#records, kind, `${hash}.json`)
  }
}

/** Gathers chunks so that the file sees few, large writes; opens the file at the first. */
class FileWriter implements BlobWriter {
  readonly #id: string
  readonly #path: string
  #file: number | undefined
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #length = 0

  constructor(id: string, path: string) {
    this.#id = id
    this.#path = path
  }

  write(chunk: Buffer): void {
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    this.#length += chunk.length
    if (this.#waitingBytes >= IO_SIZE) this.#flush()
  }

  finish(): Blob {
    this.#flush()
    if (this.#file !== undefined) fs.closeSync(this.#file)
    this.#file = undefined
    return { id: this.#id, length: this.#length }
  }

  discard(): void {
    if (this.#file !== undefined) fs.closeSync(this.#file)
    this.#file = undefined
    this.#waiting = []
    fs.rmSync(this.#path, { force: true })
  }

  #flush(): void {
    this.#file ??= fs.openSync(this.#path, 'wx')
    let chunks = this.#waiting
    while (chunks.length > 0) {
      // writev may stop short (a full disk, a signal): what is left is written again.
      let written = fs.writevSync(this.#file, chunks)
      while (written > 0) {
        const first = chunks[0] as Buffer
        if (written >= first.length) chunks = chunks.slice(1)
        else chunks = [first.subarray(written), ...chunks.slice(1)]
        written -= Math.min(written, first.length)
      }
      chunks = chunks.filter((chunk) => chunk.length > 0)
    }
    this.#waiting = []
    this.#waitingBytes = 0
  }
}
