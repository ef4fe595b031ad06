/**
 * What connections to the store are made with: TLS, proxies, and the secrets of both. Checked on
 * the calling thread, where the errors belong; used by its control plane and by the workers.
 *
 * Invariant: `tls` and `proxies` hold no secret, so they may lie in a worker's start data; what is
 * secret travels in shared memory (`pack`), which no dump of that data writes out.
 */

import type Tls from 'node:tls'
import { TransferError } from '../errors.ts'
import { findProxies, type ProxyAuthorization, type ProxySettings } from './proxy-rules.ts'

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

/** TLS settings without secrets. PEM texts. */
export interface TlsSettings {
  /** Certificates to trust instead of the built-in ones. */
  readonly ca?: string | undefined
  /** Client certificate, with its chain. */
  readonly cert?: string | undefined
  /** @default TLSv1.2 */
  readonly minVersion?: TlsVersion | undefined
  readonly rejectUnauthorized: boolean
}

/** Certificates of a PEM text, and nothing of what else the file may hold. */
const CERTIFICATES = /-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----[^-]+-----END \1-----/g

export interface NetworkSecrets {
  /** Key of the client certificate, PEM. */
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
  readonly proxyAuthorization?: ProxyAuthorization | undefined
}

export interface NetworkSettings {
  readonly tls: TlsSettings
  readonly proxies?: ProxySettings | undefined
  readonly secrets?: NetworkSecrets | undefined
}

/** The options of an engine that say how connections are made. */
export interface NetworkOptions {
  readonly tlsCa?: string | undefined
  readonly tlsVerify?: boolean | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  readonly tlsPassphrase?: string | undefined
  readonly tlsMinVersion?: TlsVersion | undefined
  readonly proxy?: string | undefined
}

/**
 * Options and environment → settings.
 * @throws ERR_OPTION_INVALID for what is no certificate, no key of it, or no proxy
 */
export function resolveNetwork(
  options: NetworkOptions,
  env: Readonly<Record<string, string | undefined>>,
): NetworkSettings {
  const { tlsCa, tlsCert, tlsKey, tlsPassphrase, tlsMinVersion, tlsVerify } = options
  const { proxies, authorization } = findProxies(options.proxy, env)
  checkCertificates(options)
  return {
    tls: {
      ca: certificatesOf(tlsCa),
      cert: certificatesOf(tlsCert),
      minVersion: tlsMinVersion,
      rejectUnauthorized: tlsVerify ?? true,
    },
    proxies,
    secrets: { key: tlsKey, passphrase: tlsPassphrase, proxyAuthorization: authorization },
  }
}

/** A file of a certificate often holds its key too, which must not come along. */
function certificatesOf(text: string | undefined): string | undefined {
  return text
    ?.match(CERTIFICATES)
    ?.map((block) => `${block}\n`)
    .join('')
}

/** Secrets → memory that threads share. */
export function pack(secrets: NetworkSecrets): SharedArrayBuffer {
  const bytes = Buffer.from(JSON.stringify(secrets), 'utf8')
  const memory = new SharedArrayBuffer(bytes.length)
  new Uint8Array(memory).set(bytes)
  return memory
}

/** The way back. */
export function unpack(memory: SharedArrayBuffer): NetworkSecrets {
  return JSON.parse(Buffer.from(memory).toString('utf8')) as NetworkSecrets
}

/** Loaded where there is something to check: it costs 10 ms, and uploads need it in threads only. */
function openssl(): typeof Tls {
  return process.getBuiltinModule('node:tls')
}

function checkCertificates({ tlsCa, tlsCert, tlsKey, tlsPassphrase }: NetworkOptions): void {
  checkCertificate('tlsCa', tlsCa)
  checkCertificate('tlsCert', tlsCert)
  if (tlsCert !== undefined && tlsKey === undefined) throw lonely('tlsCert', 'tlsKey')
  if (tlsKey !== undefined && tlsCert === undefined) throw lonely('tlsKey', 'tlsCert')
  if (tlsPassphrase !== undefined && tlsKey === undefined) throw lonely('tlsPassphrase', 'tlsKey')
  if (tlsKey === undefined) return
  try {
    openssl().createSecureContext({ cert: tlsCert, key: tlsKey, passphrase: tlsPassphrase })
  } catch (error) {
    throw invalid('tlsKey', keyProblem(error, tlsPassphrase))
  }
}

function checkCertificate(option: string, text: string | undefined): void {
  if (text === undefined) return
  if (!text.includes('-----BEGIN')) throw invalid(option, 'PEM text, not a path or DER')
  const certificates = certificatesOf(text)
  try {
    // Unlike `ca`, of which what cannot be read is passed over.
    if (certificates !== undefined) openssl().createSecureContext({ cert: certificates })
  } catch {
    throw invalid(option, 'PEM certificates; these cannot be read')
  }
  if (certificates === undefined) throw invalid(option, 'PEM text that holds a certificate')
}

/** What OpenSSL says names no bytes of the key, but nothing of it is shown all the same. */
function keyProblem(error: unknown, passphrase: string | undefined): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  const said = `${String(code)} ${String(message)}`
  if (/VALUES_MISMATCH/i.test(said))
    return 'the key of `tlsCert`; it is that of another certificate'
  if (passphrase !== undefined) return 'a PEM key that `tlsPassphrase` opens'
  if (/INTERRUPTED_OR_CANCELLED|PASSWORD|DECRYPT/i.test(said)) {
    return 'a PEM key that is not encrypted, or to come with `tlsPassphrase` (TRANSFER_ENGINE_TLS_PASSPHRASE)'
  }
  return 'a PEM private key'
}

function lonely(option: string, other: string): TransferError {
  return new TransferError('ERR_OPTION_INVALID', `\`${option}\` needs \`${other}\` beside it.`, {
    option,
  })
}

/** Never shows the value. */
function invalid(option: string, expected: string): TransferError {
  return new TransferError('ERR_OPTION_INVALID', `Expected \`${option}\` to be ${expected}.`, {
    option,
  })
}
