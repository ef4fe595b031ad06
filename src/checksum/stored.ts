/**
 * The checksums a store tells of an object, and which of them to compare with. Pure.
 */

import {
  CHECKSUM_ALGORITHMS,
  CHECKSUMS,
  type ChecksumAlgorithm,
  type ChecksumType,
} from './algorithms.ts'

/** A checksum as S3 writes it: base64, `-N` behind a composite one. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  readonly value: string
  readonly type: ChecksumType
}

export type ChecksumValues = Readonly<Partial<Record<ChecksumAlgorithm, string>>>

/** Stored checksums from the cheapest to compute to the dearest. Source: see DECISIONS.md, CRC32. */
const PREFERENCE: readonly ChecksumAlgorithm[] = [
  'CRC32',
  'CRC32C',
  'XXHASH3',
  'XXHASH64',
  'XXHASH128',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'MD5',
  'SHA512',
]

/** The checksum that is cheapest to compare; `undefined` when there is none. */
export function bestStored(values: ChecksumValues, type: string | undefined): Checksum | undefined {
  for (const algorithm of PREFERENCE) {
    const value = values[algorithm]
    if (value === undefined) continue
    const isComposite = type === 'COMPOSITE' || /-\d+$/.test(value)
    return { algorithm, value, type: isComposite ? 'COMPOSITE' : 'FULL_OBJECT' }
  }
  return undefined
}

/** The same from the headers of an answer, names in lower case. */
export function storedInHeaders(headers: Readonly<Record<string, string>>): Checksum | undefined {
  const values: Partial<Record<ChecksumAlgorithm, string>> = {}
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = headers[CHECKSUMS[algorithm].header]
    if (value !== undefined) values[algorithm] = value
  }
  return bestStored(values, headers['x-amz-checksum-type'])
}
