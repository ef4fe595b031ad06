/**
 * Reading the bytes of a job: synchronously, at offsets, and hashed while they are in the cache.
 * A worker may block on the disk; asynchronous file calls cost twice the CPU and share a libuv
 * pool of four threads with the whole process. Past the page cache they are worth it.
 */

import { fstatSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { TransferError } from '../src/errors.ts'
import { sourceError } from '../src/local-errors.ts'
import { DIRECT_STEP, STREAM_BUFFER_SIZE } from '../src/plan/memory-budget.ts'
import type { ByteLocation } from '../src/pool/protocol.ts'
import { fetchDirect, readDirect, type DirectFile } from './direct-io.ts'
import { alignDown } from './page-buffer.ts'

/** Bytes read and hashed at a time. */
export const READ_STEP = STREAM_BUFFER_SIZE

/** Bytes hashed before the event loop gets a turn: about 10 ms. */
const TURN_SIZE = 16 * 1024 * 1024

/** A checksum or a hash being computed. */
export interface RunningHash {
  update(chunk: Uint8Array): unknown
}

/** Says when how much may be sent; see `allowance.ts`. */
export interface SlicePace {
  /** Whether it has anything to say. */
  readonly isOn: boolean
  /** Resolves when some of `most` bytes may be sent, with how many; 0 to send no more. */
  admit(most: number): Promise<number>
}

/** Where a thread finds bytes: where a job says, or in memory of its own. */
export type ByteSource =
  | ByteLocation
  | { readonly kind: 'memory'; readonly buffer: ArrayBufferLike; readonly offset: number }

/** Bytes in a file. */
type FileLocation = Extract<ByteLocation, { readonly kind: 'file' }>

/** Whether bytes are read or written past the page cache. */
export function isDirect(place: ByteSource): boolean {
  return place.kind === 'file' && place.direct !== undefined
}

/** A view on memory: no copy, and where it is shared the same memory on every attempt. */
export function memoryView(buffer: ArrayBufferLike, offset: number, length: number): Buffer {
  return Buffer.from(buffer, offset, length)
}

/**
 * Fills `buffer[0, length)` from a file and feeds each step to the hashes.
 * @throws ERR_SOURCE_CHANGED when the file ends early: it was truncated since it was planned.
 */
export function readAndHash(
  fd: number,
  offset: number,
  length: number,
  buffer: Buffer,
  hashes: readonly RunningHash[],
): void {
  let done = 0
  while (done < length) {
    const read = readStep(fd, buffer, done, Math.min(READ_STEP, length - done), offset + done)
    hashAll(hashes, buffer.subarray(done, done + read))
    done += read
  }
}

/**
 * The same past the page cache: `pages` gets the blocks in which the bytes lie. Returns the bytes.
 * The disk is waited for without blocking the thread, since nothing was read ahead: it reads a step
 * while the one before is hashed.
 * @param onTurn may throw to end it
 * @throws ERR_SOURCE_CHANGED
 */
export async function readPagesAndHash(
  source: FileLocation,
  length: number,
  pages: Buffer,
  hashes: readonly RunningHash[],
  onTurn: () => void,
): Promise<Buffer> {
  const file: DirectFile = { fd: source.fd, direct: source.direct }
  const start = alignDown(source.offset)
  const end = source.offset + length
  const readAt = (offset: number): Promise<Buffer> => {
    const at = alignDown(offset) - start
    return fetchBlocks(file, pages.subarray(at, at + DIRECT_STEP), offset, end - offset)
  }
  let reading: Promise<Buffer> | undefined = readAt(source.offset)
  let done = source.offset
  try {
    while (reading !== undefined) {
      const chunk: Buffer = await reading
      done += chunk.length
      reading = done < end ? readAt(done) : undefined
      onTurn()
      hashAll(hashes, chunk)
    }
  } catch (error) {
    // Neither descriptor nor pages are anybody else's before the disk is done with them.
    await reading?.catch(() => undefined)
    throw error
  }
  const before = source.offset - start
  return pages.subarray(before, before + length)
}

/**
 * Hashes bytes of any location, through a small buffer if they lie in a file. Long ones in turns,
 * so that the other connections of the thread are served meanwhile; `onTurn` may throw to end it.
 *
 * @param scratch of pages if the file is read past the page cache
 */
export async function hashBytes(
  source: ByteSource,
  length: number,
  scratch: Buffer,
  hashes: readonly RunningHash[],
  onTurn: () => void,
): Promise<void> {
  const next = source.kind === 'memory' ? memorySteps(source) : fileSteps(source, scratch)
  let turn = 0
  let done = 0
  while (done < length) {
    const chunk = next(done, length - done)
    hashAll(hashes, chunk)
    done += chunk.length
    turn += chunk.length
    if (turn < TURN_SIZE) continue
    turn = 0
    await nextTurn()
    onTurn()
  }
}

/** Gives the bytes from `done` on, `most` at most. */
type Steps = (done: number, most: number) => Buffer

function memorySteps({ buffer, offset }: Extract<ByteSource, { kind: 'memory' }>): Steps {
  return (done, most) => memoryView(buffer, offset + done, Math.min(READ_STEP, most))
}

function fileSteps({ fd, direct, offset }: FileLocation, scratch: Buffer): Steps {
  if (direct !== undefined) {
    const file: DirectFile = { fd, direct }
    return (done, most) => readBlocks(file, scratch, offset + done, most)
  }
  return (done, most) => {
    const want = Math.min(scratch.length, most)
    return scratch.subarray(0, readStep(fd, scratch, 0, want, offset + done))
  }
}

/**
 * Compares a file with what was planned, now that its bytes are in memory or hashed, so that a
 * torn mixture of two contents is not sent at all.
 * @throws ERR_SOURCE_CHANGED
 */
export function checkUnchanged(source: FileLocation): void {
  const { planned } = source
  if (planned === undefined) return
  const now = fstatSync(source.fd, { bigint: true })
  if (now.size === planned.size && now.mtimeNs === planned.mtimeNs) return
  throw new TransferError('ERR_SOURCE_CHANGED', 'The source file changed while it was uploaded')
}

/**
 * Slices of a file range as an async iterable, through one buffer: the consumer must be done with
 * a slice before it asks for the next. undici waits for `drain` after each write, and with a high
 * water mark of 1 that means until the kernel (or the cipher) has taken all of it.
 */
export async function* fileSlices(
  fd: number,
  offset: number,
  length: number,
  buffer: Buffer,
  onSlice: (sent: number) => void,
  pace?: SlicePace,
): AsyncGenerator<Buffer> {
  let done = 0
  while (done < length) {
    let want = Math.min(buffer.length, length - done)
    if (pace?.isOn === true) want = await pace.admit(want)
    if (want === 0) return
    const read = readStep(fd, buffer, 0, want, offset + done)
    yield buffer.subarray(0, read)
    done += read
    onSlice(done)
  }
}

/** Slices of bytes in memory, so that no write is larger than a slice. */
export async function* memorySlices(
  bytes: Buffer,
  step: number,
  onSlice: (sent: number) => void,
  pace?: SlicePace,
): AsyncGenerator<Buffer> {
  let done = 0
  while (done < bytes.length) {
    let want = Math.min(step, bytes.length - done)
    if (pace?.isOn === true) want = await pace.admit(want)
    if (want === 0) return
    yield bytes.subarray(done, done + want)
    done += want
    onSlice(done)
  }
}

function readStep(
  fd: number,
  buffer: Buffer,
  at: number,
  length: number,
  position: number,
): number {
  let read: number
  try {
    read = readSync(fd, buffer, at, length, position)
  } catch (error) {
    throw sourceError(error, undefined)
  }
  if (read === 0) throw truncatedAt(position)
  return read
}

/** Fills a buffer of pages from a file; returns the bytes from `offset` on, `most` at most. */
function readBlocks(file: DirectFile, pages: Buffer, offset: number, most: number): Buffer {
  let bytes: Buffer
  try {
    bytes = readDirect(file, pages, offset, most)
  } catch (error) {
    throw sourceError(error, undefined)
  }
  if (bytes.length === 0) throw truncatedAt(offset)
  return bytes
}

/** The same without blocking the thread. */
async function fetchBlocks(
  file: DirectFile,
  pages: Buffer,
  offset: number,
  most: number,
): Promise<Buffer> {
  let bytes: Buffer
  try {
    bytes = await fetchDirect(file, pages, offset, most)
  } catch (error) {
    throw sourceError(error, undefined)
  }
  if (bytes.length === 0) throw truncatedAt(offset)
  return bytes
}

function truncatedAt(offset: number): TransferError {
  const message = `The source file ends at ${offset}, before its planned end: it was truncated`
  return new TransferError('ERR_SOURCE_CHANGED', message, { offset })
}

function hashAll(hashes: readonly RunningHash[], chunk: Uint8Array): void {
  for (const hash of hashes) hash.update(chunk)
}
