/**
 * The ways to origins: direct, through a proxy that forwards requests (http), or through a tunnel
 * that a proxy makes (https). One per thread, since connections share what it knows: addresses, TLS
 * sessions, what OpenSSL made of the certificates.
 */

import type { SecureContext } from 'node:tls'
import { AddressBook } from './addresses.ts'
import { BoundedMap } from './bounded-map.ts'
import { Dial, type DialEvents, type Way } from './dial.ts'
import { proxyFor } from './no-proxy.ts'
import { proxyContext, secureContext } from './secure-context.ts'
import type { NetworkSettings } from './settings.ts'

/** Origins whose TLS session is kept, some KiB each. Source: none; buckets may be hosts. */
const SESSIONS_MAX = 256

export interface DiallerOptions extends NetworkSettings {
  /** Name, TCP, proxy and TLS until a connection stands. Milliseconds. */
  readonly connectTimeoutMs: number
}

/** What a request must say where a proxy forwards it. */
export interface Forwarding {
  /** Put before the path. */
  readonly origin: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
}

export class Dialler {
  readonly addresses: AddressBook
  readonly #options: DiallerOptions
  readonly #sessions = new BoundedMap<string, Buffer>(SESSIONS_MAX)
  readonly #pending = new Set<Dial>()
  #context: SecureContext | undefined
  #proxyContext: SecureContext | undefined

  /** @param addresses for tests */
  constructor(options: DiallerOptions, addresses: AddressBook = new AddressBook()) {
    this.#options = options
    this.addresses = addresses
  }

  /** How requests to an origin must be changed; undefined for not at all. */
  forwarding(origin: string): Forwarding | undefined {
    const url = new URL(origin)
    const proxy = proxyFor(this.#options.proxies, url)
    if (url.protocol === 'https:' || proxy === undefined || 'problem' in proxy) return undefined
    const authorization = this.#authorization(url)
    const headers = authorization === undefined ? [] : ['proxy-authorization', authorization]
    return { origin: url.origin, headers }
  }

  /** Begins to connect. */
  dial(origin: string, events: DialEvents): Dial {
    const dial: Dial = new Dial(this.#wayTo(new URL(origin)), {
      onSocket: events.onSocket,
      onStanding: (socket) => {
        this.#pending.delete(dial)
        events.onStanding(socket)
      },
      onClosed: () => {
        this.#pending.delete(dial)
        events.onClosed()
      },
      socketOptions: events.socketOptions,
    })
    this.#pending.add(dial)
    dial.start()
    return dial
  }

  /** Gives up what does not stand yet. */
  close(): void {
    for (const dial of this.#pending) dial.destroy()
  }

  #wayTo(url: URL): Way {
    const proxy = proxyFor(this.#options.proxies, url)
    const isSecure = url.protocol === 'https:'
    const { rejectUnauthorized } = this.#options.tls
    const { connectTimeoutMs } = this.#options
    const problem = proxy !== undefined && 'problem' in proxy ? proxy.problem : undefined
    const via = proxy !== undefined && 'origin' in proxy ? new URL(proxy.origin) : undefined
    return {
      url,
      proxy: via,
      problem,
      authorization: via && this.#authorization(url),
      addresses: this.addresses,
      connectTimeoutMs,
      rejectUnauthorized,
      sessions: this.#sessions,
      context: isSecure ? (this.#context ??= secureContext(this.#options)) : undefined,
      proxyContext:
        via?.protocol === 'https:'
          ? (this.#proxyContext ??= proxyContext(this.#options))
          : undefined,
    }
  }

  #authorization({ protocol }: URL): string | undefined {
    const { http, https } = this.#options.secrets?.proxyAuthorization ?? {}
    return protocol === 'https:' ? https : http
  }
}
