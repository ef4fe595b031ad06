/**
 * What is found where a manifest says that an object is.
 */

import type { TransferError } from '../errors.ts'

/** How a record agrees, or does not. */
export type VerifyStatus =
  /** It is there, and what could be compared agrees; `by` says what that was. */
  | 'ok'
  /** Nothing is there. */
  | 'missing'
  /** It has another size. */
  | 'size'
  /** It has other bytes. */
  | 'checksum'
  /** It was written anew: with the same bytes, or nobody looked at them. `detail` says which. */
  | 'changed'
  /** It could not be looked at; `error` says why. */
  | 'unreadable'
  /** Of a `deep` look: its bytes could not be compared. */
  | 'not-comparable'
  /** It is there, and not in the manifest. */
  | 'extra'

/**
 * What agrees beside the size: the checksum of the whole; the ETag; the time of the file; or nothing more.
 */
export type VerifiedBy = 'checksum' | 'etag' | 'time' | 'size'

export interface Verdict {
  readonly status: VerifyStatus
  readonly by?: VerifiedBy | undefined
  /** What differs, in words. */
  readonly detail?: string | undefined
  readonly error?: TransferError | undefined
}

/** Bytes that differ, though as many. */
export function otherBytes(algorithm: string, value: string, found: string | undefined): Verdict {
  const detail =
    found === undefined
      ? `its bytes have not the ${algorithm} ${value}`
      : `${algorithm} is ${found}, not ${value}`
  return { status: 'checksum', detail }
}

export function otherSize(size: number, found: number): Verdict {
  return { status: 'size', detail: `${found} bytes, not ${size}` }
}
