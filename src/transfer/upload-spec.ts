/**
 * What the steps of an upload need to know besides its source.
 */

import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'
import type { StoreLimits } from '../plan/limits.ts'
import { attributeHeaders, NO_ATTRIBUTES, type ObjectAttributes } from '../store/attributes.ts'

export interface UploadSpec {
  readonly attributes: ObjectAttributes
  /** `undefined` leaves it to the object. */
  readonly partSize: number | undefined
  readonly multipartThreshold: number
  readonly algorithm: ChecksumAlgorithm
  /** Whether the store is sent checksums at all. */
  readonly sendChecksum: boolean
  /** What the store accepts. */
  readonly limits: StoreLimits
  /** Most of its parts in flight. @default the engine's */
  readonly maxInFlight?: number | undefined
  /** Whether a failure leaves the parts where they are. @default false */
  readonly leavePartsOnError?: boolean | undefined
}

/** What the caller said, before it is filled in. */
export interface UploadWishes extends Omit<UploadSpec, 'sendChecksum' | 'limits'> {
  /** Length of a stream, if it was announced. */
  readonly size: number | undefined
  /** Whether the caller chose the checksum for this upload. */
  readonly isChecksumChosen: boolean
}

/** Attributes of uploads that set nothing but the media type, by that type. */
const typed = new Map<string | undefined, ObjectAttributes>()

/** Attributes with a media type where none is set; one object for those that are alike. */
export function withContentType(
  attributes: ObjectAttributes,
  contentType: string | undefined,
): ObjectAttributes {
  if (attributes !== NO_ATTRIBUTES) return { ...attributes, contentType }
  const known = typed.get(contentType) ?? { contentType }
  typed.set(contentType, known)
  return known
}

const headers = new WeakMap<ObjectAttributes, readonly string[]>()

/** Headers of a PUT of these attributes, made once: thousands of files may share them. */
export function putHeaders(attributes: ObjectAttributes): readonly string[] {
  let made = headers.get(attributes)
  if (made === undefined) {
    made = attributeHeaders('put', attributes)
    headers.set(attributes, made)
  }
  return made
}
