/**
 * Reading the bytes of a job: synchronously, at offsets, and hashed while they are in the cache.
 * A worker may block on the disk; asynchronous file calls cost twice the CPU and share a libuv
 * pool of four threads with the whole process.
 */

import { fstatSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { TransferError } from '../src/errors.ts'
import { sourceError } from '../src/local-errors.ts'
import { STREAM_BUFFER_SIZE } from '../src/plan/memory-budget.ts'
import type { ByteLocation } from '../src/pool/protocol.ts'

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

/** A view on shared memory: no copy, and the same memory on every attempt. */
export function memoryView(buffer: SharedArrayBuffer, offset: number, length: number): Buffer {
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
 * Hashes bytes of any location, through a small buffer if they lie in a file. Long ones in turns,
 * so that the other connections of the thread are served meanwhile; `onTurn` may throw to end it.
 */
export async function hashBytes(
  source: ByteLocation,
  length: number,
  scratch: Buffer,
  hashes: readonly RunningHash[],
  onTurn: () => void,
): Promise<void> {
  const step = source.kind === 'memory' ? READ_STEP : scratch.length
  let turn = 0
  let done = 0
  while (done < length) {
    const want = Math.min(step, length - done)
    const chunk =
      source.kind === 'memory'
        ? memoryView(source.buffer, source.offset + done, want)
        : scratch.subarray(0, readStep(source.fd, scratch, 0, want, source.offset + done))
    hashAll(hashes, chunk)
    done += chunk.length
    turn += chunk.length
    if (turn < TURN_SIZE) continue
    turn = 0
    await nextTurn()
    onTurn()
  }
}

/**
 * Compares a file with what was planned, now that its bytes are in memory or hashed, so that a
 * torn mixture of two contents is not sent at all.
 * @throws ERR_SOURCE_CHANGED
 */
export function checkUnchanged(source: Extract<ByteLocation, { readonly kind: 'file' }>): void {
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
  if (read === 0) {
    const message = `The source file ends at ${position}, before its planned end: it was truncated`
    throw new TransferError('ERR_SOURCE_CHANGED', message, { offset: position })
  }
  return read
}

function hashAll(hashes: readonly RunningHash[], chunk: Uint8Array): void {
  for (const hash of hashes) hash.update(chunk)
}
