/**
 * What moves on a socket. Node's own counters say what was handed over, not what has left: a part
 * is one write, counted whole when it begins. The handle below the socket knows how much of it still
 * waits. Node does not promise that handle, so whatever of it is missing makes the answer unknown,
 * and nothing is concluded from that. Node's own `timeout` event looks at the same number.
 */

import type { Socket } from 'node:net'

/** The part of a handle that is read. A TLS handle keeps the one of its TCP connection. */
interface Handle {
  readonly bytesRead?: number
  readonly bytesWritten?: number
  /** Bytes which the kernel has not taken yet. */
  readonly writeQueueSize?: number
  readonly reading?: boolean
  readonly _parent?: Handle | null
}

/**
 * Bytes that came in or that the kernel has taken, both ways together; on TLS as they are on the
 * wire, so that a record which trickles in is seen before it is whole. Undefined when unknown.
 */
export function bytesMoved(socket: Socket): number | undefined {
  const handle = handleOf(socket)
  const { bytesRead, bytesWritten, writeQueueSize } = handle?._parent ?? handle ?? {}
  const moved = Number(bytesRead) + Number(bytesWritten) - Number(writeQueueSize)
  return Number.isFinite(moved) ? moved : undefined
}

/** Whether bytes are being read; false while we hold the sender back. */
export function isReading(socket: Socket): boolean {
  return handleOf(socket)?.reading !== false
}

function handleOf(socket: Socket): Handle | null | undefined {
  return (socket as unknown as { readonly _handle?: Handle | null })._handle
}
