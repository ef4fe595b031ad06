/**
 * The words both sides of the thread boundary use about a store. Types only.
 */

/** An object, named. `versionId` only where a version is meant. */
export interface ObjectRef {
  readonly bucket: string
  readonly key: string
  readonly versionId?: string | undefined
}

/** Keys for signing. Never logged, never part of an error. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** Epoch milliseconds after which the store refuses them; absent for static keys. */
  readonly expiresAt?: number | undefined
}

/**
 * How requests for one bucket are addressed and signed. Resolved once per bucket on the
 * coordinator, by asking the SDK, and handed to workers with each task, so that path style, dual
 * stack, FIPS, acceleration and access points are the SDK's rules and not ours.
 */
export interface StoreRoute {
  /** Scheme, host and port, `https://bucket.s3.eu-west-1.amazonaws.com`. No trailing slash. */
  readonly origin: string
  /** Value of the Host header, port included when it is not the scheme's own. */
  readonly host: string
  /** What stands before the key in the path: `''`, or `/bucket` in path style. Already encoded. */
  readonly basePath: string
  readonly bucket: string
  /** Scope of the signature; `undefined` sends anonymous requests. */
  readonly signing: { readonly region: string; readonly service: string } | undefined
  readonly credentials: Credentials | undefined
  /** Sign the SHA-256 of each body, or `UNSIGNED-PAYLOAD`. */
  readonly signPayload: boolean
  /** Store clock minus our clock. Milliseconds. */
  readonly clockOffsetMs: number
}
