/**
 * Reading and writing past the page cache, over any range: whole blocks go directly, what is left at
 * the ends of a range goes through the cache. A block is written one way only, so that the two
 * never meet: both ends of a range that share a block with a neighbour are written through the cache.
 */

import { read, readSync, writeSync } from 'node:fs'
import { assert } from '../src/assert.ts'
import { errnoOf } from '../src/local-errors.ts'
import { alignDown, alignUp, DIRECT_ALIGNMENT } from './page-buffer.ts'

/** What a file system says that has no direct mode, or not for these offsets. */
const REFUSALS: readonly string[] = ['EINVAL', 'EOPNOTSUPP', 'ENOTSUP']

/** One file, opened twice. */
export interface DirectFile {
  /** The usual way. */
  readonly fd: number
  /** With O_DIRECT; `undefined` where that was refused. Forgotten when a call is refused. */
  direct: number | undefined
}

/**
 * Writes one range, front to back, out of one buffer of pages: whoever has the next bytes puts them
 * at `place()`, or lets them be copied. Bytes reach the file when the buffer is full, or at `flush`.
 */
export class DirectWriter {
  readonly #file: DirectFile
  readonly #buffer: Buffer
  /** Where in the file the first byte of the buffer belongs. Always whole blocks. */
  #start: number
  /** Bytes of the buffer before and behind those that are to be written. */
  #from: number
  #to: number

  /** @param buffer of `pageBuffer`; it is the writer's until the last `flush` */
  constructor(file: DirectFile, offset: number, buffer: Buffer) {
    assert(buffer.length >= DIRECT_ALIGNMENT, 'a buffer of pages has a page')
    this.#file = file
    this.#buffer = buffer
    this.#start = alignDown(offset)
    this.#from = offset - this.#start
    this.#to = this.#from
  }

  /** Where the next bytes may be put, at most `length` and at least one. */
  place(length: number): Buffer {
    return this.#buffer.subarray(this.#to, Math.min(this.#to + length, this.#buffer.length))
  }

  /** Takes the next bytes. They are copied, unless they were put where `place` said. */
  write(chunk: Buffer): void {
    if (this.#isPlaced(chunk)) {
      this.#to += chunk.length
      if (this.#to === this.#buffer.length) this.flush()
      return
    }
    let done = 0
    while (done < chunk.length) {
      const place = this.place(chunk.length - done)
      chunk.copy(place, 0, done, done + place.length)
      done += place.length
      this.#to += place.length
      if (this.#to === this.#buffer.length) this.flush()
    }
  }

  /** Writes what is in the buffer: its whole blocks directly, its ends through the cache. */
  flush(): void {
    const body = alignUp(this.#from)
    const tail = alignDown(this.#to)
    if (body < tail) {
      this.#cached(this.#from, body)
      this.#directly(body, tail)
      this.#cached(tail, this.#to)
    } else {
      this.#cached(this.#from, this.#to)
    }
    const next = this.#start + this.#to
    this.#start = alignDown(next)
    this.#from = next - this.#start
    this.#to = this.#from
  }

  #isPlaced(chunk: Buffer): boolean {
    return (
      chunk.buffer === this.#buffer.buffer &&
      chunk.byteOffset === this.#buffer.byteOffset + this.#to
    )
  }

  #directly(from: number, to: number): void {
    const { direct } = this.#file
    let done = from
    if (direct !== undefined) {
      try {
        // A short write ends at a block, or the next call is refused and the rest is cached.
        while (done < to) done += this.#call(direct, done, to)
      } catch (error) {
        if (!isRefusal(error)) throw error
        this.#file.direct = undefined
      }
    }
    this.#cached(done, to)
  }

  #cached(from: number, to: number): void {
    let done = from
    while (done < to) done += this.#call(this.#file.fd, done, to)
  }

  #call(fd: number, from: number, to: number): number {
    return writeSync(fd, this.#buffer, from, to - from, this.#start + from)
  }
}

/** Bytes to be read past the cache, and the blocks around them. */
interface BlockRead {
  /** Of the first block in the file. */
  readonly start: number
  /** Bytes of it before those that are asked for. */
  readonly before: number
  /** Bytes asked for, as far as the buffer reaches. */
  readonly wanted: number
  /** Bytes of whole blocks. */
  readonly whole: number
}

function blocksOf(buffer: Buffer, offset: number, length: number): BlockRead {
  const start = alignDown(offset)
  const before = offset - start
  const wanted = Math.min(length, buffer.length - before)
  const whole = Math.min(alignUp(before + wanted), alignDown(buffer.length))
  return { start, before, wanted, whole }
}

/** The bytes asked for, of so many that were read. */
function bytesOf(buffer: Buffer, { before, wanted }: BlockRead, read: number): Buffer {
  return buffer.subarray(before, Math.max(before, Math.min(read, before + wanted)))
}

/**
 * Reads past the cache into a buffer of pages, and returns the bytes asked for as a view of it:
 * fewer than `length` if the buffer is smaller, or the file ends; none at its end.
 */
export function readDirect(
  file: DirectFile,
  buffer: Buffer,
  offset: number,
  length: number,
): Buffer {
  const blocks = blocksOf(buffer, offset, length)
  if (file.direct !== undefined) {
    try {
      const read = readSync(file.direct, buffer, 0, blocks.whole, blocks.start)
      return bytesOf(buffer, blocks, read)
    } catch (error) {
      if (!isRefusal(error)) throw error
      file.direct = undefined
    }
  }
  const { before, wanted } = blocks
  const read = readSync(file.fd, buffer, before, wanted, offset)
  return buffer.subarray(before, before + read)
}

/** The same without blocking the thread while the disk works. */
export async function fetchDirect(
  file: DirectFile,
  buffer: Buffer,
  offset: number,
  length: number,
): Promise<Buffer> {
  if (file.direct !== undefined) {
    const blocks = blocksOf(buffer, offset, length)
    try {
      return bytesOf(buffer, blocks, await readAt(file.direct, buffer, blocks))
    } catch (error) {
      if (!isRefusal(error)) throw error
      file.direct = undefined
    }
  }
  return readDirect(file, buffer, offset, length)
}

function readAt(fd: number, buffer: Buffer, { whole, start }: BlockRead): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, whole, start, (error, count) => {
      if (error === null) resolve(count)
      else reject(error)
    })
  })
}

function isRefusal(error: unknown): boolean {
  return REFUSALS.includes(errnoOf(error) ?? '')
}
