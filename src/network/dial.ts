/**
 * One attempt at a connection, until a socket stands on which requests can be sent:
 *
 *   name → address (the next when one does not answer) → [proxy: TLS, CONNECT] → TLS → standing
 *
 * Invariant: at any moment there is at most one socket; `onClosed` is called once, when none is left
 * or the one that stood is gone.
 */

import net, { type OnReadOpts, type Socket } from 'node:net'
import tls, { type SecureContext } from 'node:tls'
import { TransferError } from '../errors.ts'
import type { Address, AddressBook } from './addresses.ts'
import { openTunnel } from './tunnel.ts'

/** Where to, and with what. */
export interface Way {
  readonly url: URL
  readonly proxy: URL | undefined
  /** Why the proxy that is named cannot be used. */
  readonly problem: string | undefined
  readonly authorization: string | undefined
  readonly addresses: AddressBook
  readonly connectTimeoutMs: number
  readonly rejectUnauthorized: boolean
  /** TLS sessions by origin, so that the next handshake is short. */
  readonly sessions: Map<string, Buffer>
  /** Absent where the origin speaks plain http. */
  readonly context: SecureContext | undefined
  /** Absent where the proxy does. */
  readonly proxyContext: SecureContext | undefined
}

/** Options of the socket that requests go over. */
export interface SocketOptions {
  readonly highWaterMark?: number
  readonly onread?: OnReadOpts
}

export interface DialEvents {
  readonly socketOptions?: SocketOptions | undefined
  /**
   * A socket was made that may become the one for requests. Node reads one inside a tunnel into
   * memory of its own, whatever `onread` says.
   */
  readonly onSocket?: ((socket: Socket, isTunnelled: boolean) => void) | undefined
  readonly onStanding: (socket: Socket) => void
  /** The connection is gone, or never came about; see `failure`. */
  readonly onClosed: () => void
}

/**
 * Delay before TCP keep-alive probes. NAT gateways and VPC endpoints forget silent flows after
 * 350 s. Milliseconds. Source: AWS "NAT gateway idle timeout" (350 s); a margin of six.
 */
const TCP_KEEP_ALIVE_MS = 55_000

/**
 * Part of the time left that one address may take while there are others.
 * Source: none, reasonable default: with 5 s, a SYN is sent twice before the next address is tried.
 */
const TIME_SHARE = 0.5

export class Dial {
  readonly #way: Way
  readonly #events: DialEvents
  /** Who is connected to first: the proxy, or the origin. */
  readonly #peer: URL
  readonly #endsAt: number
  #socket: Socket | undefined
  #timer: NodeJS.Timeout | undefined
  #address: string | undefined
  #failure: Error | undefined
  #stands = false
  #closed = false

  constructor(way: Way, events: DialEvents) {
    this.#way = way
    this.#events = events
    this.#peer = way.proxy ?? way.url
    this.#endsAt = performance.now() + way.connectTimeoutMs
  }

  /** The socket at this moment; at the end the one that requests go over. */
  get socket(): Socket | undefined {
    return this.#socket
  }

  /** What broke it, so far. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Whether there is no socket any more and will be none. */
  get destroyed(): boolean {
    return this.#closed || this.#socket?.destroyed === true
  }

  /** Begins; with an address instead of a name there is a socket when this returns. */
  start(): void {
    const { problem, connectTimeoutMs } = this.#way
    this.#timer = setTimeout(() => this.#timedOut(), connectTimeoutMs)
    const host = hostOf(this.#peer)
    const family = net.isIP(host)
    if (problem !== undefined) {
      const error = new TransferError('ERR_OPTION_INVALID', problem, { option: 'proxy' })
      queueMicrotask(() => this.destroy(error))
    } else if (family !== 0) {
      this.#tryNext([{ address: host, family: family === 6 ? 6 : 4 }])
    } else {
      this.#way.addresses.candidates(host).then(
        (candidates) => this.#tryNext(candidates),
        (error: unknown) => this.destroy(error as Error),
      )
    }
  }

  /** Gives up, or cuts the connection. */
  destroy(error?: Error): void {
    if (this.#closed) return
    this.#failure ??= error
    this.#socket?.destroy(error)
    this.#gone()
  }

  /** The address turned out to be a bad one after the connection stood. */
  blame(): void {
    if (this.#address !== undefined) {
      this.#way.addresses.failed(hostOf(this.#peer), this.#address)
    }
  }

  #tryNext([candidate, ...others]: readonly Address[]): void {
    if (this.#closed) return
    if (candidate === undefined) return this.destroy(noAddress(this.#peer))
    this.#address = candidate.address
    const { proxy, context, proxyContext } = this.#way
    const isFinal = proxy === undefined || context === undefined
    const socket = this.#open(candidate, proxy === undefined ? context : proxyContext, isFinal)
    let stepTimer: NodeJS.Timeout | undefined
    if (others.length > 0) {
      const leftMs = Math.max(0, this.#endsAt - performance.now())
      const error = timeoutError(`${candidate.address} does not answer`)
      stepTimer = setTimeout(() => socket.destroy(error), leftMs * TIME_SHARE)
    }
    let isConnected = false
    socket.once('connect', () => {
      isConnected = true
      clearTimeout(stepTimer)
    })
    this.#follow(socket, () => {
      clearTimeout(stepTimer)
      if (this.#stands || this.#closed) return false
      this.blame()
      if (isConnected || others.length === 0) return false
      this.#failure = undefined
      this.#tryNext(others)
      return true
    })
    socket.once(standsEvent(socket), () => {
      this.#way.addresses.stood(hostOf(this.#peer), candidate.address)
      if (isFinal) this.#stand(socket)
      else this.#tunnel(socket)
    })
  }

  /** A TCP connection to an address, with TLS if there is a context for it. */
  #open(
    { address, family }: Address,
    context: SecureContext | undefined,
    isFinal: boolean,
  ): Socket {
    const peer = this.#peer
    const host = hostOf(peer)
    const options = {
      host,
      port: Number(peer.port || (peer.protocol === 'https:' ? 443 : 80)),
      // The name stays the one that the certificate must bear.
      lookup: (_name: string, _options: unknown, found: LookupCallback) =>
        found(null, address, family),
      // Which address comes next is decided here.
      autoSelectFamily: false,
      ...(isFinal ? this.#events.socketOptions : {}),
    }
    const socket =
      context === undefined
        ? net.connect(options as net.NetConnectOpts)
        : this.#secure(peer, context, options)
    if (isFinal) this.#events.onSocket?.(socket, false)
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS)
    socket.setNoDelay(true)
    return socket
  }

  #tunnel(socket: Socket): void {
    const { url, proxy, authorization, context } = this.#way
    const authority = `${url.hostname}:${url.port || 443}`
    const proxyName = proxy === undefined ? '' : proxy.origin
    openTunnel(socket, { proxy: proxyName, authority, authorization }, (error) => {
      if (this.#closed) return
      if (error !== undefined || context === undefined) return this.destroy(error)
      const inner = this.#secure(url, context, { socket, ...this.#events.socketOptions })
      this.#events.onSocket?.(inner, true)
      this.#follow(inner, () => false)
      inner.once('secureConnect', () => this.#stand(inner))
    })
  }

  #secure(url: URL, context: SecureContext, options: object): tls.TLSSocket {
    const { sessions, rejectUnauthorized } = this.#way
    const host = hostOf(url)
    const socket = tls.connect({
      host,
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ['http/1.1'],
      secureContext: context,
      rejectUnauthorized,
      session: sessions.get(url.origin),
      ...options,
    } as tls.ConnectionOptions)
    socket.on('session', (session) => sessions.set(url.origin, session))
    return socket
  }

  /** Makes a socket the one at this moment. `goOn` says whether another takes its place. */
  #follow(socket: Socket, goOn: () => boolean): void {
    this.#socket = socket
    // A failure before anybody else holds the socket must not be an unhandled 'error' event.
    socket.on('error', (error) => {
      if (this.#socket === socket) this.#failure ??= error
      // Behind a TLS alert comes an end, which undici would take for the reason.
      socket.destroy()
    })
    socket.once('close', () => {
      if (this.#socket === socket && !goOn()) this.#gone()
    })
  }

  #stand(socket: Socket): void {
    clearTimeout(this.#timer)
    this.#stands = true
    this.#events.onStanding(socket)
  }

  #timedOut(): void {
    const { url, proxy, connectTimeoutMs } = this.#way
    const through = proxy === undefined ? '' : ` through the proxy ${proxy.origin}`
    if (!this.#stands && this.#socket !== undefined) this.blame()
    this.destroy(
      timeoutError(`No connection to ${url.host}${through} within ${connectTimeoutMs} ms`),
    )
  }

  #gone(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    this.#events.onClosed()
  }
}

type LookupCallback = (error: null, address: string, family: number) => void

/** Host to connect to; IPv6 addresses lose the brackets a URL needs. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

function standsEvent(socket: Socket): 'connect' | 'secureConnect' {
  return socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect'
}

function noAddress({ hostname }: URL): Error {
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' })
}

/** An error with the `code` by which the class table knows it. */
function timeoutError(message: string): Error {
  return Object.assign(new Error(message), { code: 'UND_ERR_CONNECT_TIMEOUT' })
}
