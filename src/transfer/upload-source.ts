/**
 * What is uploaded, as a row of parts with their bytes in a file or in shared memory.
 *
 * A file stays open, and is what it was, from the first part to the last: `verify` compares it
 * with what was planned. Streams, Buffers and Blobs are copied into shared memory part by part,
 * which the scheduler's memory budget bounds; a part is held until it has arrived, so that it can
 * be sent again.
 */

import { open, type FileHandle } from 'node:fs/promises'
import { constants, type BigIntStats } from 'node:fs'
import { TransferError } from '../errors.ts'
import { fileIdentityOf } from '../journal/identities.ts'
import type { FileIdentity, ObjectIdentity } from '../journal/records.ts'
import { notAFile, SOURCE_FLAGS, sourceError } from '../local-errors.ts'
import { mayReadDirect, partBufferSize, SMALL_FILE_MAX } from '../plan/memory-budget.ts'
import type { ByteLocation } from '../pool/protocol.ts'
import { formatSize } from '../units.ts'
import { ByteReader } from './byte-reader.ts'
import { openDirect, wantsDirect } from './direct-disk.ts'
import type { TransferRun } from './transfer-run.ts'

/** One part's bytes. `release` when they have arrived, or never will. */
export interface SourcePart {
  readonly offset: number
  readonly length: number
  readonly location: ByteLocation
  /** Brings the bytes to their place, if they are not there yet: before anything is done with them. */
  readonly fill?: (() => Promise<void>) | undefined
  release(): void
}

export interface UploadSource {
  /** `undefined` for a stream whose end is not known. */
  readonly size: number | undefined
  /** Whether a part is in memory from when it is read until it has arrived. */
  readonly holdsParts: boolean
  /** What file or object it is; `undefined` for what cannot be read again. */
  readonly identity?: FileIdentity | ObjectIdentity | undefined
  /** Passes over the next `length` bytes, fewer at the end, of this checksum. Returns their offset. */
  skip(length: number, digest: Uint8Array): number
  /** The next `length` bytes, fewer at the end, `undefined` after it. */
  next(length: number): Promise<SourcePart | undefined>
  /** @throws ERR_SOURCE_CHANGED when the bytes are not those that were planned. */
  verify(): Promise<void>
  close(): Promise<void>
}

/** A file, what it was when it was opened, and perhaps a second handle for direct calls. */
interface OpenedFile {
  readonly file: FileHandle
  readonly direct: FileHandle | undefined
  readonly planned: BigIntStats
}

/** A regular file. */
export class FileSource implements UploadSource {
  readonly size: number
  readonly #run: TransferRun
  readonly #path: string
  readonly #file: FileHandle
  /** The file once more, where it is read past the page cache. */
  readonly #direct: FileHandle | undefined
  readonly #planned: BigIntStats
  #offset = 0

  private constructor(run: TransferRun, path: string, { file, direct, planned }: OpenedFile) {
    this.#run = run
    this.#path = path
    this.#file = file
    this.#direct = direct
    this.#planned = planned
    this.size = Number(planned.size)
  }

  /** @throws ERR_SOURCE_NOT_FOUND, ERR_SOURCE_NOT_FILE, ERR_SOURCE_UNREADABLE */
  static async open(run: TransferRun, path: string): Promise<FileSource> {
    let file: FileHandle | undefined
    try {
      file = await open(path, SOURCE_FLAGS)
      const planned = await file.stat({ bigint: true })
      run.env.scheduler.lastFileWasSmall = planned.size <= SMALL_FILE_MAX
      if (!planned.isFile()) throw notAFile(path, planned, run.context)
      const isDirect = wantsDirect(run.env.tuning.diskMode, Number(planned.size))
      const direct = isDirect ? await openDirect(file, constants.O_RDONLY) : undefined
      return new FileSource(run, path, { file, direct, planned })
    } catch (error) {
      await file?.close()
      throw sourceError(error, path, run.context)
    }
  }

  get holdsParts(): boolean {
    return this.#direct !== undefined
  }

  get identity(): FileIdentity {
    return fileIdentityOf(this.#planned)
  }

  skip(length: number): number {
    const offset = this.#offset
    this.#offset = Math.min(offset + length, this.size)
    return offset
  }

  async next(length: number): Promise<SourcePart | undefined> {
    if (this.#offset >= this.size) return undefined
    const offset = this.skip(length)
    const partLength = this.#offset - offset
    const { env, sequence, stopping } = this.#run
    const { memory } = env.scheduler
    const direct = mayReadDirect(partLength, memory.capacity) ? this.#direct?.fd : undefined
    const needed = direct === undefined ? partBufferSize(partLength) : partLength
    const release = await memory.acquire(needed, sequence, stopping)
    const { size, mtimeNs } = this.#planned
    const planned = { size, mtimeNs }
    const location = { kind: 'file', fd: this.#file.fd, direct, offset, planned } as const
    return { offset, length: partLength, location, release }
  }

  async verify(): Promise<void> {
    const now = await this.#file.stat({ bigint: true })
    if (now.size === this.#planned.size && now.mtimeNs === this.#planned.mtimeNs) return
    const message = `${this.#path} changed while it was uploaded`
    throw new TransferError('ERR_SOURCE_CHANGED', message, this.#run.context)
  }

  async close(): Promise<void> {
    await this.#direct?.close()
    await this.#file.close()
  }
}

/** A stream, a Buffer or a Blob. */
export class MemorySource implements UploadSource {
  readonly size: number | undefined
  readonly holdsParts = true
  readonly #run: TransferRun
  readonly #reader: ByteReader
  #offset = 0

  constructor(run: TransferRun, chunks: AsyncIterable<unknown>, size: number | undefined) {
    this.#run = run
    this.#reader = new ByteReader(chunks)
    this.size = size
  }

  /** Bytes of a stream are gone once they are read. */
  skip(): never {
    throw new TransferError('ERR_INTERNAL', 'a stream cannot be resumed', this.#run.context)
  }

  async next(length: number): Promise<SourcePart | undefined> {
    const { env, sequence, stopping: signal } = this.#run
    // Memory is asked for when there is something to put in it: a stream that stands still holds none.
    if (!(await this.#pull(() => this.#reader.ready(signal)))) return undefined
    const { memory } = env.scheduler
    if (length > memory.capacity) throw tooLittleMemory(length, memory.capacity)
    const release = await memory.acquire(length, sequence, signal)
    const buffer = env.buffers.take(length)
    const giveBack = (): void => {
      env.buffers.give(buffer)
      release()
    }
    try {
      const view = new Uint8Array(buffer, 0, length)
      const filled = await this.#pull(() => this.#reader.readInto(view, signal))
      const offset = this.#offset
      this.#offset += filled
      await this.#checkLength(filled < length)
      const location = { kind: 'memory', buffer, offset: 0 } as const
      return { offset, length: filled, location, release: giveBack }
    } catch (error) {
      giveBack()
      throw error
    }
  }

  /** Its length was checked as it was read, and its bytes are ours. */
  verify(): Promise<void> {
    if (this.size === undefined || this.size === this.#offset) return Promise.resolve()
    return this.#checkLength(true)
  }

  close(): Promise<void> {
    this.#reader.close()
    return Promise.resolve()
  }

  /**
   * A source that announced its size must keep to it, and that is settled before the bytes that
   * would make a wrong object are sent.
   */
  async #checkLength(ended: boolean): Promise<void> {
    const { size } = this
    if (size === undefined || (this.#offset < size && !ended)) return
    const isOver =
      this.#offset > size || (await this.#pull(() => this.#reader.ready(this.#run.stopping)))
    if (this.#offset === size && !isOver) return
    const count = isOver ? `more than ${size}` : `only ${this.#offset}`
    const message = `The source gave ${count} bytes, ${size} were announced`
    throw new TransferError('ERR_SOURCE_CHANGED', message, this.#run.context)
  }

  /** What the stream throws is the caller's: it becomes the cause. */
  async #pull<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      this.#run.stopping.throwIfAborted()
      const reason = error instanceof Error ? error.message : String(error)
      const message = `The source stream failed: ${reason}`
      throw new TransferError('ERR_SOURCE_FAILED', message, this.#run.context, { cause: error })
    }
  }
}

function tooLittleMemory(length: number, limit: number): TransferError {
  const message =
    `A part of a stream is held in memory: ${formatSize(length)} do not fit into ` +
    `\`memoryLimit\` (${formatSize(limit)}). Raise it, or choose a smaller \`partSize\`.`
  return new TransferError('ERR_OPTION_INVALID', message, { option: 'memoryLimit' })
}
