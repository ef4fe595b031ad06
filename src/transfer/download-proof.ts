/**
 * How a download will be proved: which checksum to compute over which ranges, and what their
 * result must equal. Decided from HEAD before the first byte.
 *
 * | stored                         | ranges                      | proof                            |
 * |--------------------------------|-----------------------------|----------------------------------|
 * | full-object CRC                | any                         | CRCs of the ranges, combined     |
 * | composite of CRCs              | parts, or fractions of them | part by part, then the composite |
 * | composite of hashes            | exactly the parts           | the composite                    |
 * | full-object hash (single PUT)  | any                         | hash over all bytes, in order    |
 * | none, or told not to compare   | any                         | sizes only; a CRC32 is reported  |
 */

import { isCombinable, type ChecksumAlgorithm } from '../checksum/algorithms.ts'
import { combineAll, compositeChecksum, type PartDigest } from '../checksum/combine.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import { bestStored, type Checksum } from '../checksum/stored.ts'
import { TransferError, type ErrorContext } from '../errors.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import type { Verification } from './results.ts'

export interface DownloadProof {
  /** What workers compute over each range. */
  readonly algorithm: ChecksumAlgorithm
  /** The stored value to meet; absent when there is none to compare. */
  readonly stored: Checksum | undefined
  /** Ranges must not cross these borders, which are multiples of it. */
  readonly storedPartSize: number | undefined
  /** Whether ranges must be exactly the stored parts. */
  readonly exactParts: boolean
  /** Whether the stored value is a hash over all bytes in order, computed in a pass of its own. */
  readonly wholePass: boolean
}

const NO_PROOF: DownloadProof = {
  algorithm: 'CRC32',
  stored: undefined,
  storedPartSize: undefined,
  exactParts: false,
  wholePass: false,
}

/**
 * @param partOf HEAD of a part, asked only for composite checksums.
 */
export async function planProof(
  info: ObjectInfo,
  compare: boolean,
  partOf: (partNumber: number) => Promise<ObjectInfo | undefined>,
): Promise<DownloadProof> {
  const stored = compare ? bestStored(info.checksums, info.checksumType) : undefined
  if (stored === undefined) return NO_PROOF
  const { algorithm } = stored
  if (stored.type === 'FULL_OBJECT') {
    return isCombinable(algorithm)
      ? { ...NO_PROOF, algorithm, stored }
      : { ...NO_PROOF, stored, wholePass: true }
  }
  const parts = Number(stored.value.split('-')[1])
  // A composite value without its count of parts, or one of nothing, has no borders to find.
  if (!(parts >= 1) || info.size === 0) return NO_PROOF
  const storedPartSize = await evenPartSize(info.size, parts, partOf)
  if (storedPartSize === undefined) return NO_PROOF
  const exactParts = !isCombinable(algorithm)
  return { algorithm, stored, storedPartSize, exactParts, wholePass: false }
}

/**
 * Size of the parts, if all but the last are alike: then the first tells the others, and the last
 * is what they leave. Otherwise only one HEAD per part would tell the borders, and nothing is
 * proved.
 */
async function evenPartSize(
  size: number,
  parts: number,
  partOf: (partNumber: number) => Promise<ObjectInfo | undefined>,
): Promise<number | undefined> {
  const first = await partOf(1)
  if (first === undefined) return undefined
  if (parts === 1) return first.size === size ? size : undefined
  const rest = size - first.size * (parts - 1)
  if (rest <= 0 || rest > first.size) return undefined
  const last = await partOf(parts)
  return last?.size === rest ? first.size : undefined
}

/** Ranges in order, each with its checksum by `proof.algorithm`. */
export type RangeDigests = readonly PartDigest[]

/** The checksum of what was received, in the shape of the stored one. */
export async function checksumOf(proof: DownloadProof, ranges: RangeDigests): Promise<Checksum> {
  const { algorithm, stored, storedPartSize } = proof
  if (stored?.type !== 'COMPOSITE' || storedPartSize === undefined) {
    if (!isCombinable(algorithm)) throw new Error(`${algorithm} needs a pass of its own`)
    return { algorithm, value: encodeDigest(combineAll(algorithm, ranges)), type: 'FULL_OBJECT' }
  }
  const digests = isCombinable(algorithm)
    ? groupByPart(ranges, storedPartSize).map((group) => combineAll(algorithm, group))
    : ranges.map((range) => range.digest)
  return { algorithm, value: await compositeChecksum(algorithm, digests), type: 'COMPOSITE' }
}

function groupByPart(ranges: RangeDigests, partSize: number): PartDigest[][] {
  const groups: PartDigest[][] = []
  let offset = 0
  for (const range of ranges) {
    const part = Math.floor(offset / partSize)
    const group = groups[part] ?? []
    group.push(range)
    groups[part] = group
    offset += range.length
  }
  return groups
}

/** @throws ERR_CHECKSUM_MISMATCH when what was received is not what is stored. */
export function compareReceived(
  stored: Checksum | undefined,
  received: Checksum,
  context: ErrorContext,
): Verification {
  if (stored === undefined) return 'size'
  if (stored.value === received.value) return 'checksum'
  const message = `Received ${stored.algorithm} ${received.value}, the store has ${stored.value}`
  throw new TransferError('ERR_CHECKSUM_MISMATCH', message, context)
}
