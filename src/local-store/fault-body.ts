/**
 * What faults do to the bytes of a body on their way: out (cut, stall, throttle, damage) and in.
 * Bodies that leave are async generators stacked on each other; chunks are views that are valid
 * until the next is asked for, so whatever keeps or changes bytes copies them first.
 */

import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGzip } from 'node:zlib'
import { Readable } from 'node:stream'
import type { Cut, Fault } from './fault-types.ts'

/** A body that can only be read with patience; `close` must be called at the end. */
export interface AsyncBody {
  chunks(): AsyncIterable<Buffer>
  close(): void
}

/** Time at which the next byte may leave; shared when a rule says so. */
export interface Pace {
  nextAt: number
}

export type Flow = AsyncIterable<Buffer>

/** Slices of a throttled body per second. */
const THROTTLE_SLICES = 20
/** Time for bytes already written to reach the client before a reset discards them. */
const SETTLE_MS = 20
/** Longest wait for a socket to take what was written. */
const FLUSH_MS = 1000
/** Blanks of a trickled answer are this far apart. */
const BLANK_EVERY_MS = 100

/** Ends a connection now. Under TLS there is no reset, so the close comes unannounced instead. */
export function cut(socket: Socket, how: Cut | undefined): void {
  if (how === 'fin') socket.destroySoon()
  else if ('encrypted' in socket) socket.destroy()
  else socket.resetAndDestroy()
}

/** Waits for a time, or for ever when there is none; ends early when the socket closes. */
export async function pause(socket: Socket, ms: number | undefined): Promise<void> {
  if (socket.destroyed) return
  const closed = new AbortController()
  const onClose = (): void => closed.abort()
  socket.once('close', onClose)
  try {
    await sleep(ms ?? 0x7fff_ffff, undefined, { signal: closed.signal })
  } catch {
    // The connection is gone: there is nothing left to wait for.
  } finally {
    socket.off('close', onClose)
  }
}

/** Puts the effect of one fault on a body that leaves; undefined when it has none. */
export function outgoing(flow: Flow, fault: Fault, socket: Socket, pace: Pace): Flow | undefined {
  switch (fault.kind) {
    case 'drop-response':
      return cutAfter(flow, fault.afterBytes, fault.how, socket)
    case 'stall-response':
      return stallAfter(flow, fault.afterBytes, fault.ms, socket)
    case 'throttle':
      return throttle(flow, fault.bytesPerSecond, socket, pace)
    case 'flip-response':
      return flip(flow, fault.offset)
    case 'other-bytes':
      return rotate(flow, fault.shift)
    case 'short-body':
      return withoutEnd(flow, fault.missing)
    case 'gzip':
      return Readable.from(flow).pipe(createGzip())
    case 'trickle-answer':
      return blanksFirst(flow, fault.ms, socket)
    case 'no-content-length':
      return flow
    default:
      return undefined
  }
}

/** What the faults of a request do to the pieces of its body; undefined when nothing. */
export function incoming(
  faults: readonly Fault[],
  socket: Socket,
): ((piece: Buffer) => Buffer | Promise<Buffer>) | undefined {
  const active = faults.filter(({ kind }) => INCOMING_KINDS.has(kind))
  if (active.length === 0) return undefined
  let position = 0
  return (piece) => {
    const start = position
    position += piece.length
    let passed = piece
    let stall: { ms: number | undefined } | undefined
    for (const fault of active) {
      if (fault.kind === 'flip-request') passed = flipped(passed, fault.offset - start)
      else if (fault.kind === 'drop-request' && reaches(start, position, fault.afterBytes)) {
        cut(socket, fault.how)
      } else if (fault.kind === 'stall-request' && crosses(start, position, fault.afterBytes)) {
        stall = { ms: fault.ms }
      }
    }
    return stall === undefined ? passed : pause(socket, stall.ms).then(() => passed)
  }
}

const INCOMING_KINDS: ReadonlySet<string> = new Set([
  'flip-request',
  'drop-request',
  'stall-request',
])

/** Whether this piece is the first to bring the count there. */
function reaches(start: number, end: number, count: number): boolean {
  return end >= count && (start < count || start === 0)
}

function crosses(start: number, end: number, offset: number): boolean {
  return start <= offset && offset < end
}

/** A copy with the lowest bit of one byte turned; the piece itself when the byte is not in it. */
function flipped(piece: Buffer, index: number): Buffer {
  if (index < 0 || index >= piece.length) return piece
  const copy = Buffer.from(piece)
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}

async function* cutAfter(
  flow: Flow,
  afterBytes: number,
  how: Cut | undefined,
  socket: Socket,
): AsyncGenerator<Buffer> {
  let left = afterBytes
  for await (const chunk of flow) {
    if (left > 0) yield chunk.subarray(0, left)
    left -= chunk.length
    if (left <= 0) break
  }
  await flushed(socket)
  await pause(socket, SETTLE_MS)
  cut(socket, how)
  await pause(socket, undefined)
}

async function flushed(socket: Socket): Promise<void> {
  const end = Date.now() + FLUSH_MS
  while (!socket.destroyed && socket.writableLength > 0 && Date.now() < end) await pause(socket, 5)
}

async function* stallAfter(
  flow: Flow,
  afterBytes: number,
  ms: number | undefined,
  socket: Socket,
): AsyncGenerator<Buffer> {
  let position = 0
  for await (const chunk of flow) {
    const before = afterBytes - position
    position += chunk.length
    if (before < 0 || before >= chunk.length) {
      yield chunk
      continue
    }
    if (before > 0) yield chunk.subarray(0, before)
    await pause(socket, ms)
    yield chunk.subarray(before)
  }
}

async function* throttle(
  flow: Flow,
  bytesPerSecond: number,
  socket: Socket,
  pace: Pace,
): AsyncGenerator<Buffer> {
  const size = Math.max(1, Math.floor(bytesPerSecond / THROTTLE_SLICES))
  for await (const chunk of flow) {
    for (let offset = 0; offset < chunk.length; offset += size) {
      const slice = chunk.subarray(offset, offset + size)
      const now = Date.now()
      const at = Math.max(now, pace.nextAt)
      pace.nextAt = at + (slice.length / bytesPerSecond) * 1000
      if (at > now) await pause(socket, at - now)
      yield slice
    }
  }
}

async function* flip(flow: Flow, offset: number): AsyncGenerator<Buffer> {
  let position = 0
  for await (const chunk of flow) {
    yield flipped(chunk, offset - position)
    position += chunk.length
  }
}

/** Holds the first bytes back and sends them last. */
async function* rotate(flow: Flow, shift: number): AsyncGenerator<Buffer> {
  const held: Buffer[] = []
  let left = shift
  for await (const chunk of flow) {
    if (left > 0) held.push(Buffer.from(chunk.subarray(0, left)))
    if (chunk.length > left) yield chunk.subarray(Math.max(0, left))
    left -= Math.min(left, chunk.length)
  }
  yield* held
}

/** Runs one chunk behind, so that the end is known before it is sent. */
async function* withoutEnd(flow: Flow, missing: number): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of flow) {
    const all = Buffer.concat([held, chunk])
    const ready = Math.max(0, all.length - missing)
    held = all.subarray(ready)
    if (ready > 0) yield all.subarray(0, ready)
  }
}

/** Blanks stand between the XML declaration and the root element. */
async function* blanksFirst(flow: Flow, ms: number, socket: Socket): AsyncGenerator<Buffer> {
  const pieces: Buffer[] = []
  for await (const chunk of flow) pieces.push(Buffer.from(chunk))
  const document = Buffer.concat(pieces)
  const declarationEnd = document.indexOf('?>') + 2
  yield document.subarray(0, declarationEnd)
  const end = Date.now() + ms
  for (let now = Date.now(); now < end && !socket.destroyed; now = Date.now()) {
    yield Buffer.from(' ')
    await pause(socket, Math.min(BLANK_EVERY_MS, end - now))
  }
  yield document.subarray(declarationEnd)
}
