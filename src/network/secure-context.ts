/**
 * What OpenSSL makes of TLS settings. Made once for many connections: with a CA of its own it takes
 * 3 ms to read them all.
 */

import tls, { type SecureContext } from 'node:tls'
import type { NetworkSettings } from './settings.ts'

/** What OpenSSL makes of the settings. */
export function secureContext(settings: NetworkSettings): SecureContext {
  const { ca, cert, minVersion = 'TLSv1.2' } = settings.tls
  const { key, passphrase } = settings.secrets ?? {}
  return tls.createSecureContext({ ca, cert, key, passphrase, minVersion })
}

/** The same for a proxy, which is not shown the client certificate. */
export function proxyContext(settings: NetworkSettings): SecureContext {
  return secureContext({ tls: { ...settings.tls, cert: undefined } })
}
