/**
 * One connection: an undici Client that may hold exactly one socket in its life, and the socket
 * itself. undici keeps what it is good at (the HTTP parser, framing, keep-alive rules); connecting,
 * reading into shared memory, inactivity and age are decided here.
 *
 *   connecting → idle ⇄ busy → closed          a failed exchange goes straight to closed
 */

import type { Socket } from 'node:net'
import type { buildConnector, Dispatcher } from 'undici'
import { isTransferError, TransferError } from '../src/errors.ts'
import type { Dial } from '../src/network/dial.ts'
import type { Dialler, Forwarding } from '../src/network/dialler.ts'
import type { BandwidthLimit, CloseReason } from '../src/pool/shared-state.ts'
import type { HeldBack } from './allowance.ts'
import type { PayloadBypass } from './payload-bypass.ts'
import { PlainReader, TlsReader, type ReadPace, type SocketReader } from './socket-reader.ts'
import { bytesMoved, isReading } from './socket-traffic.ts'
import { ThroughputWatch } from './throughput-watch.ts'
import { Client } from './undici-client.ts'

export interface ConnectionOptions {
  readonly readTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Bytes per second below which an exchange is cut; 0 for none. */
  readonly minThroughput: number
  readonly minThroughputWindowMs: number
  readonly dialler: Dialler
  readonly bandwidth: BandwidthLimit
}

/** An error with the `code` by which the class table knows it. */
function codedError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

/** Code of the errors with which undici ends a connection in good order. */
const UNDICI_INFO = 'UND_ERR_INFO'

/** Why a connection is cut, by the error that its exchange fails with. */
function reasonOf(error: Error | undefined): CloseReason {
  const code = isTransferError(error) ? error.code : undefined
  if (code === 'ERR_READ_TIMEOUT' || code === 'ERR_TOO_SLOW') return 'timeout'
  return code === 'ERR_ABORTED' ? 'aborted' : 'failed'
}

export class Connection implements HeldBack {
  readonly client: Client
  readonly origin: string
  readonly openedAt = Date.now()
  lastUsedAt = Date.now()
  requests = 0
  busy = false
  /** Whether the socket stands, handshakes included, so that a request pays none. */
  connected = false
  closed = false
  /** Whether the socket has ever stood. */
  hasStood = false
  /** Resolves when the socket stands or has failed to. */
  readonly settled: Promise<void>
  /** Set by the pool; called once, when the socket stands. */
  onStanding: (() => void) | undefined
  /** Set by the pool; called once, when the socket is gone. */
  onClosed: ((reason: CloseReason) => void) | undefined
  readonly #options: ConnectionOptions
  readonly #dial: Dial
  readonly #forwarding: Forwarding | undefined
  readonly #reader: SocketReader
  readonly #watch: ThroughputWatch
  #settle: () => void = () => undefined
  /** undici, while it waits for the socket. */
  #awaited: buildConnector.Callback | undefined
  #handedOver = false
  /** Whether the socket stood when the exchange at work began. */
  #stoodBefore = false
  /** Bytes received before the exchange at work began. */
  #receivedBefore = 0
  /** Whether we have held it back since the last look of the watch. */
  #wasHeld = false
  #closeReason: CloseReason | undefined

  constructor(origin: string, options: ConnectionOptions) {
    const { dialler } = options
    this.origin = origin
    this.#options = options
    const isSecure = origin.startsWith('https:')
    this.#reader = isSecure ? new TlsReader() : new PlainReader(options.bandwidth)
    this.#watch = new ThroughputWatch(options.minThroughput, options.minThroughputWindowMs)
    this.#forwarding = dialler.forwarding(origin)
    this.settled = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#dial = dialler.dial(origin, {
      // highWaterMark 1: each write waits until the kernel has taken the one before (see
      // upload-part.ts).
      socketOptions: { highWaterMark: 1, onread: this.#reader.onread },
      onSocket: (socket, isTunnelled) => this.#reader.attach(socket, isTunnelled),
      onStanding: (socket) => this.#stand(socket),
      onClosed: () => this.#socketClosed(),
    })
    this.client = new Client(origin, {
      connect: (_options, callback) => this.#connect(callback),
      allowH2: false,
      pipelining: 1,
      // Inactivity is watched on the socket, where a large body on a thin line counts as activity.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.idleTimeoutMs,
      keepAliveMaxTimeout: options.idleTimeoutMs,
      maxHeaderSize: 16 * 1024,
    })
    this.client.on('disconnect', () => this.#ended())
  }

  /** By which a large payload is led around undici. */
  get bypass(): PayloadBypass {
    return this.#reader.bypass
  }

  /** Whether another request may be sent on it. undici cuts a socket before it says so. */
  get usable(): boolean {
    return !this.closed && !this.#dial.destroyed
  }

  /**
   * Whether nothing of an answer has come to the exchange at work, on a socket that stood before
   * it: should it break now, the server was most likely closing it when the request was sent.
   */
  get mayBeStale(): boolean {
    return this.#stoodBefore && !this.#answerHasBegun
  }

  /**
   * Sends a request; where a proxy forwards it, in the form meant for proxies.
   * @throws what broke the connection, if that has happened already; undici would not say it
   */
  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    if (this.closed) throw this.#lost()
    const forwarding = this.#forwarding
    if (forwarding === undefined) {
      this.client.dispatch(request, handler)
      return
    }
    const path = `${forwarding.origin}${request.path}`
    const headers = [...(request.headers as readonly string[]), ...forwarding.headers]
    this.client.dispatch({ ...request, path, headers }, handler)
  }

  /** An exchange begins; from now on silence cuts the connection. */
  use(): void {
    this.busy = true
    this.requests += 1
    this.#stoodBefore = this.connected
    this.#receivedBefore = this.#bytesRead
  }

  /** The exchange is over; the connection may be used again. */
  rest(): void {
    this.busy = false
    this.lastUsedAt = Date.now()
  }

  set pace(pace: ReadPace | undefined) {
    this.#reader.pace = pace
  }

  hold(): void {
    this.#wasHeld = true
    this.#dial.socket?.setTimeout(0)
  }

  resume(): void {
    const { socket } = this.#dial
    if (!this.usable || socket === undefined) return
    socket.setTimeout(this.#options.readTimeoutMs)
    this.#reader.readOn()
    // By a look at what is there, which begins reading if that was stopped.
    socket.read(0)
  }

  /**
   * To be called now and then: cuts an exchange that sends or receives too slowly. One that only
   * waits for its answer, or is held back by ourselves, is left alone.
   */
  watch(): void {
    const { socket } = this.#dial
    if (socket === undefined) return
    const isSending = socket.writableLength > 0
    const isReceiving = this.#answerHasBegun && this.bypass.armed && isReading(socket)
    const isMoving = this.busy && this.hasStood && !this.#wasHeld && (isSending || isReceiving)
    this.#wasHeld = false
    const moved = isMoving ? bytesMoved(socket) : undefined
    const tooSlow = this.#watch.sample(performance.now(), this.requests, moved)
    if (tooSlow !== undefined) this.destroy(new TransferError('ERR_TOO_SLOW', tooSlow))
  }

  /** Cuts the socket now; an exchange at work fails with `error`. */
  destroy(error?: Error, reason: CloseReason = reasonOf(error)): void {
    this.#closeReason ??= reason
    // Whoever is that slow, another address may be faster.
    if (reason === 'timeout') this.#dial.blame()
    this.client.destroy(error ?? null, () => undefined)
    this.#dial.destroy()
    this.#ended()
  }

  /** Of the socket that requests go over; none while it does not stand. */
  get #bytesRead(): number {
    return this.hasStood ? (this.#dial.socket?.bytesRead ?? 0) : 0
  }

  get #answerHasBegun(): boolean {
    return this.#bytesRead > this.#receivedBefore
  }

  #ended(): void {
    if (this.closed) return
    this.closed = true
    this.onClosed?.(this.#closeReason ?? this.#reasonFound())
    if (!this.client.destroyed) this.client.destroy(null, () => undefined)
  }

  /** Why a socket is gone that nobody here has cut. */
  #reasonFound(): CloseReason {
    // undici has an idle time-out of its own, which the server may shorten.
    const { failure } = this.#dial
    const isInfo = (failure as { readonly code?: unknown } | undefined)?.code === UNDICI_INFO
    if (isInfo) return failure?.message.includes('idle') === true ? 'idle' : 'server'
    return this.busy || !this.hasStood ? 'failed' : 'server'
  }

  #stand(socket: Socket): void {
    const { readTimeoutMs } = this.#options
    this.connected = true
    this.hasStood = true
    // Whatever moves begins it anew, the first bytes of a request too; idle, it means nothing.
    socket.setTimeout(readTimeoutMs)
    socket.on('timeout', () => {
      const message = `Nothing moved for ${readTimeoutMs} ms`
      if (this.busy) this.destroy(new TransferError('ERR_READ_TIMEOUT', message))
    })
    this.onStanding?.()
    this.#settle()
    this.#awaited?.(null, socket)
    this.#awaited = undefined
  }

  #socketClosed(): void {
    this.connected = false
    this.#settle()
    this.#awaited?.(this.#lost(), null)
    this.#awaited = undefined
    this.#ended()
  }

  /** undici asks for a socket. It gets the one this connection stands for, and never a second. */
  #connect(callback: buildConnector.Callback): void {
    const { socket, destroyed } = this.#dial
    if (this.#handedOver || destroyed) {
      queueMicrotask(() => callback(this.#lost(), null))
      return
    }
    this.#handedOver = true
    // Not before this call has returned: undici would not send the request that waits.
    if (this.connected && socket !== undefined) queueMicrotask(() => callback(null, socket))
    else this.#awaited = callback
  }

  #lost(): Error {
    const { failure } = this.#dial
    return failure ?? codedError('ECONNRESET', 'The connection was closed')
  }
}
