/**
 * One connection: an undici Client that may hold exactly one socket in its life, and the socket
 * itself. undici keeps what it is good at (the HTTP parser, framing, keep-alive rules); connecting,
 * reading into shared memory, inactivity and age are decided here.
 *
 *   connecting → idle ⇄ busy → closed          a failed exchange goes straight to closed
 */

import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import type { buildConnector } from 'undici'
import { isTransferError, TransferError } from '../src/errors.ts'
import type { TlsSettings } from '../src/pool/protocol.ts'
import type { BandwidthLimit, CloseReason } from '../src/pool/shared-state.ts'
import type { HeldBack } from './allowance.ts'
import type { PayloadBypass } from './payload-bypass.ts'
import { PlainReader, TlsReader, type ReadPace, type SocketReader } from './socket-reader.ts'
import { bytesMoved, isReading } from './socket-traffic.ts'
import { ThroughputWatch } from './throughput-watch.ts'
import { Client } from './undici-client.ts'

export interface ConnectionOptions {
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Bytes per second below which an exchange is cut; 0 for none. */
  readonly minThroughput: number
  readonly minThroughputWindowMs: number
  readonly tls: TlsSettings
  /** TLS sessions by origin, so that the next handshake is short. */
  readonly sessions: Map<string, Buffer>
  readonly bandwidth: BandwidthLimit
}

/**
 * Delay before TCP keep-alive probes. NAT gateways and VPC endpoints forget silent flows after
 * 350 s. Milliseconds. Source: AWS "NAT gateway idle timeout" (350 s); a margin of six.
 */
const TCP_KEEP_ALIVE_MS = 55_000

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

/** Host to connect to; IPv6 addresses lose the brackets a URL needs. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

function connectEvent(socket: Socket): 'connect' | 'secureConnect' {
  return socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect'
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
  readonly #socket: Socket
  readonly #reader: SocketReader
  readonly #watch: ThroughputWatch
  #handedOver = false
  /** Whether the socket stood when the exchange at work began. */
  #stoodBefore = false
  /** Bytes received before the exchange at work began. */
  #receivedBefore = 0
  /** Whether we have held it back since the last look of the watch. */
  #wasHeld = false
  #closeReason: CloseReason | undefined
  #failure: Error | undefined

  constructor(origin: string, options: ConnectionOptions) {
    this.origin = origin
    this.#options = options
    const url = new URL(origin)
    this.#reader = url.protocol === 'https:' ? new TlsReader() : new PlainReader(options.bandwidth)
    const socket = this.#open(url)
    this.#socket = socket
    this.#watch = new ThroughputWatch(options.minThroughput, options.minThroughputWindowMs)
    this.settled = new Promise((resolve) => {
      socket.once(connectEvent(socket), resolve).once('close', () => resolve())
    })
    socket.once(connectEvent(socket), () => {
      this.hasStood = true
      this.onStanding?.()
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
    return !this.closed && !this.#socket.destroyed
  }

  /**
   * Whether nothing of an answer has come to the exchange at work, on a socket that stood before
   * it: should it break now, the server was most likely closing it when the request was sent.
   */
  get mayBeStale(): boolean {
    return this.#stoodBefore && !this.#answerHasBegun
  }

  /** An exchange begins; from now on silence cuts the connection. */
  use(): void {
    this.busy = true
    this.requests += 1
    this.#stoodBefore = this.connected
    this.#receivedBefore = this.#socket.bytesRead
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
    this.#socket.setTimeout(0)
  }

  resume(): void {
    if (!this.usable) return
    this.#socket.setTimeout(this.#options.readTimeoutMs)
    // By a look at what is there, which begins reading if that was stopped.
    this.#socket.read(0)
  }

  /**
   * To be called now and then: cuts an exchange that sends or receives too slowly. One that only
   * waits for its answer, or is held back by ourselves, is left alone.
   */
  watch(): void {
    const socket = this.#socket
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
    this.client.destroy(error ?? null, () => undefined)
    this.#socket.destroy()
    this.#ended()
  }

  get #answerHasBegun(): boolean {
    return this.#socket.bytesRead > this.#receivedBefore
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
    const isInfo = (this.#failure as { readonly code?: unknown } | undefined)?.code === UNDICI_INFO
    if (isInfo) return this.#failure?.message.includes('idle') === true ? 'idle' : 'server'
    return this.busy || !this.hasStood ? 'failed' : 'server'
  }

  /** undici asks for a socket. It gets the one this connection stands for, and never a second. */
  #connect(callback: buildConnector.Callback): void {
    const socket = this.#socket
    if (this.#handedOver || socket.destroyed) {
      const error = this.#failure ?? codedError('ECONNRESET', 'The connection was closed')
      queueMicrotask(() => callback(error, null))
      return
    }
    this.#handedOver = true
    if (this.connected) {
      // Not before this call has returned: undici would not send the request that waits.
      queueMicrotask(() => callback(null, socket))
      return
    }
    const onError = (error: Error): void => callback(error, null)
    socket.once('error', onError)
    socket.once(connectEvent(socket), () => {
      socket.off('error', onError)
      callback(null, socket)
    })
  }

  #open(url: URL): Socket {
    const { connectTimeoutMs, readTimeoutMs } = this.#options
    const socket = url.protocol === 'https:' ? this.#openTls(url) : this.#openPlain(url)
    this.#reader.attach(socket)
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS)
    socket.setNoDelay(true)
    const timer = setTimeout(() => {
      const message = `No connection to ${url.host} within ${connectTimeoutMs} ms`
      socket.destroy(codedError('UND_ERR_CONNECT_TIMEOUT', message))
    }, connectTimeoutMs)
    socket.once(connectEvent(socket), () => {
      clearTimeout(timer)
      this.connected = true
      // Whatever moves begins it anew, the first bytes of a request too; idle, it means nothing.
      socket.setTimeout(readTimeoutMs)
    })
    // A failure before undici holds the socket must not be an unhandled 'error' event.
    socket.on('error', (error) => {
      this.#failure ??= error
    })
    socket.once('close', () => {
      clearTimeout(timer)
      this.connected = false
      this.#ended()
    })
    socket.on('timeout', () => {
      const message = `Nothing moved for ${readTimeoutMs} ms`
      if (this.busy) this.destroy(new TransferError('ERR_READ_TIMEOUT', message))
    })
    return socket
  }

  #openPlain(url: URL): Socket {
    return net.connect({
      host: hostOf(url),
      port: Number(url.port || 80),
      // 1: each write waits until the kernel has taken the one before (see upload-part.ts).
      highWaterMark: 1,
      onread: this.#reader.onread,
    } as net.NetConnectOpts)
  }

  #openTls(url: URL): Socket {
    const { sessions } = this.#options
    const host = hostOf(url)
    const socket = tls.connect({
      host,
      port: Number(url.port || 443),
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      rejectUnauthorized: this.#options.tls.rejectUnauthorized,
      ca: this.#options.tls.ca,
      session: sessions.get(this.origin),
      highWaterMark: 1,
      onread: this.#reader.onread,
    } as tls.ConnectionOptions)
    socket.on('session', (session) => sessions.set(this.origin, session))
    return socket
  }
}
