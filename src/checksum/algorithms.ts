/**
 * The ten checksums S3 knows: their names, rules and running implementations.
 *
 * A full-object checksum covers the bytes of the object; a composite one covers the checksums of
 * its parts. Only CRCs can be combined from parts into a full-object one, see `combine.ts`.
 */

import {
  cryptoFactory,
  loadCrc32,
  loadCrc32c,
  loadCrc64Nvme,
  loadXxHash,
  type ChecksumFactory,
} from './libraries.ts'

export type { ChecksumFactory, RunningChecksum } from './libraries.ts'

export type ChecksumAlgorithm =
  | 'CRC32'
  | 'CRC32C'
  | 'CRC64NVME'
  | 'SHA1'
  | 'SHA256'
  | 'SHA512'
  | 'MD5'
  | 'XXHASH64'
  | 'XXHASH3'
  | 'XXHASH128'

/** The algorithms whose value for a whole follows from the values of its parts. */
export type CombinableAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME'

/** What the checksum of a multipart object covers: its bytes, or the checksums of its parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

export interface ChecksumInfo {
  /** Header that carries the value, in lower case. */
  readonly header: string
  /** Length of a digest. */
  readonly bytes: number
  /** Whether `combineCrc` works for it. */
  readonly combinable: boolean
  /** Types a multipart upload may have; the first is the one S3 takes when none is named. */
  readonly multipartTypes: readonly ChecksumType[]
  /** Whether we offer it for uploads. The others are only verified when an object has them. */
  readonly uploadable: boolean
}

const COMPOSITE_ONLY: readonly ChecksumType[] = ['COMPOSITE']

/**
 * Rules per algorithm.
 * Source: S3 User Guide, "Checking object integrity", read 2026-11, for the first five; for the
 * five added in 2026 the behaviour compatible stores copied, as the guide has no table of them.
 */
export const CHECKSUMS: Readonly<Record<ChecksumAlgorithm, ChecksumInfo>> = {
  CRC32: {
    header: 'x-amz-checksum-crc32',
    bytes: 4,
    combinable: true,
    multipartTypes: ['COMPOSITE', 'FULL_OBJECT'],
    uploadable: true,
  },
  CRC32C: {
    header: 'x-amz-checksum-crc32c',
    bytes: 4,
    combinable: true,
    multipartTypes: ['COMPOSITE', 'FULL_OBJECT'],
    uploadable: true,
  },
  CRC64NVME: {
    header: 'x-amz-checksum-crc64nvme',
    bytes: 8,
    combinable: true,
    multipartTypes: ['FULL_OBJECT'],
    uploadable: true,
  },
  SHA1: digestInfo('x-amz-checksum-sha1', 20, true),
  SHA256: digestInfo('x-amz-checksum-sha256', 32, true),
  SHA512: digestInfo('x-amz-checksum-sha512', 64, false),
  MD5: digestInfo('x-amz-checksum-md5', 16, false),
  XXHASH64: digestInfo('x-amz-checksum-xxhash64', 8, false),
  XXHASH3: digestInfo('x-amz-checksum-xxhash3', 8, false),
  XXHASH128: digestInfo('x-amz-checksum-xxhash128', 16, false),
}

export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = Object.freeze(
  Object.keys(CHECKSUMS) as ChecksumAlgorithm[],
)

const LOADERS: Readonly<Record<ChecksumAlgorithm, () => Promise<ChecksumFactory>>> = {
  CRC32: async () => loadCrc32(),
  CRC32C: () => loadCrc32c(),
  CRC64NVME: loadCrc64Nvme,
  SHA1: async () => cryptoFactory('sha1'),
  SHA256: async () => cryptoFactory('sha256'),
  SHA512: async () => cryptoFactory('sha512'),
  MD5: async () => cryptoFactory('md5'),
  XXHASH64: () => loadXxHash('64'),
  XXHASH3: () => loadXxHash('3'),
  XXHASH128: () => loadXxHash('128'),
}

const loaded = new Map<ChecksumAlgorithm, Promise<ChecksumFactory>>()

/**
 * Loads what `algorithm` needs and nothing else; the work is done once per thread.
 * The factory starts a new checksum without waiting, as many at a time as wanted.
 */
export function loadChecksum(algorithm: ChecksumAlgorithm): Promise<ChecksumFactory> {
  const known = loaded.get(algorithm)
  if (known !== undefined) return known
  const loading = LOADERS[algorithm]()
  loaded.set(algorithm, loading)
  return loading
}

export function isChecksumAlgorithm(value: unknown): value is ChecksumAlgorithm {
  return typeof value === 'string' && Object.hasOwn(CHECKSUMS, value)
}

export function isCombinable(algorithm: ChecksumAlgorithm): algorithm is CombinableAlgorithm {
  return CHECKSUMS[algorithm].combinable
}

/** A hash that cannot be combined: multipart objects have the hash of their parts' hashes. */
function digestInfo(header: string, bytes: number, uploadable: boolean): ChecksumInfo {
  return { header, bytes, combinable: false, multipartTypes: COMPOSITE_ONLY, uploadable }
}
