/** Options of the store: what may be said about endpoint, identity and connections. */

import type { NetworkSettings } from '../network/settings.ts'
import type { ProviderName } from './profiles.ts'

/** Keys as the SDK's credential providers give them. */
export interface CredentialsInput {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  readonly expiration?: Date | undefined
}

/**
 * Keys, a function that fetches them (any provider of the SDK is one; it is asked again before
 * they expire), or `'anonymous'` for unsigned requests.
 */
export type CredentialsOption = CredentialsInput | (() => Promise<CredentialsInput>) | 'anonymous'

/** Everything not given is taken from where AWS tools take it. */
export interface S3StoreOptions {
  readonly region?: string | undefined
  /** `https://host[:port][/base]` of a compatible store. */
  readonly endpoint?: string | undefined
  readonly profile?: string | undefined
  readonly credentials?: CredentialsOption | undefined
  /** @default by the host of the endpoint */
  readonly provider?: ProviderName | undefined
  /** @default the profile's, and true for endpoints that are an IP address or localhost */
  readonly forcePathStyle?: boolean | undefined
  readonly accelerate?: boolean | undefined
  readonly dualstack?: boolean | undefined
  readonly fips?: boolean | undefined
  /** Whether uploads bear a checksum that nobody chose. */
  readonly requestChecksumCalculation?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED' | undefined
  /** Whether the SHA-256 of bodies is signed. @default auto: over plain http, or without checksums */
  readonly payloadSigning?: 'auto' | 'always' | 'never' | undefined
  /** TCP and TLS until the connection stands. Milliseconds. */
  readonly connectTimeoutMs: number
  /** Silence before and within an answer. Milliseconds. */
  readonly readTimeoutMs: number
  /** @default direct, with the certificates of Node */
  readonly network?: NetworkSettings | undefined
}
