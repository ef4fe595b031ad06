/**
 * How an object of known size goes up: in one PUT, or in parts. Pure; sizes are bytes.
 *
 * Invariants of a multipart plan: at most `partsMax` parts; all but the last have `partSize`
 * bytes; the last has 1 to `partSize`; together they are the object. A part size that would need
 * too many parts grows, rounded up to a MiB. Whether the plan can be carried out is settled here,
 * before the first byte is sent.
 */

import { assert } from '../assert.ts'
import { TransferError } from '../errors.ts'
import { formatSize, MiB } from '../units.ts'
import { AWS_LIMITS, type StoreLimits } from './limits.ts'
import { PART_SIZE_DEFAULT } from './part-size.ts'
import { rangeAt, splitIntoRanges, type ByteRange } from './ranges.ts'

/**
 * Objects of at least this size go up in parts. Bytes.
 * Source: none, reasonable default; below it one request costs less than the three of two parts.
 */
export const MULTIPART_THRESHOLD_DEFAULT = 16 * MiB

export interface UploadPlanInput {
  readonly size: number
  /** Part size asked for; the plan may take a larger one. @default 8 MiB */
  readonly partSize?: number | undefined
  /** Size from which an object goes up in parts. @default 16 MiB */
  readonly multipartThreshold?: number | undefined
  /** @default AWS_LIMITS */
  readonly limits?: StoreLimits | undefined
}

export interface SingleUploadPlan {
  readonly kind: 'single'
  readonly size: number
}

export interface MultipartUploadPlan {
  readonly kind: 'multipart'
  readonly size: number
  readonly partSize: number
  readonly parts: number
}

export type UploadPlan = SingleUploadPlan | MultipartUploadPlan

/**
 * Plans the upload of `size` bytes.
 *
 * Parts are used when the size reaches the threshold and exceeds one part, and always when it
 * exceeds what one PUT may carry. The bounds of `partSize` are checked only then: a part size
 * that plays no role is no reason to refuse an object.
 *
 * @throws TransferError ERR_OBJECT_TOO_LARGE when the store cannot hold the object at all.
 * @throws TransferError ERR_OPTION_INVALID when parts are needed and `partSize` is out of bounds.
 */
export function planUpload(input: UploadPlanInput): UploadPlan {
  const { size } = input
  const partSize = input.partSize ?? PART_SIZE_DEFAULT
  const threshold = input.multipartThreshold ?? MULTIPART_THRESHOLD_DEFAULT
  const limits = input.limits ?? AWS_LIMITS
  assert(Number.isSafeInteger(size) && size >= 0, `a size is a count of bytes, not ${size}`)

  checkObjectSize(size, limits)
  const fitsParts = size <= limits.partsMax * limits.partSizeMax
  const wantsParts = fitsParts && size >= threshold && size > partSize
  if (size <= limits.singlePutMax && !wantsParts) return { kind: 'single', size }

  checkPartSize(partSize, limits)
  const grown = growPartSize(size, partSize, limits)
  return { kind: 'multipart', size, partSize: grown, parts: splitIntoRanges(size, grown).count }
}

/** Bytes of part `partNumber` (from 1). A single PUT counts as part 1, also of zero bytes. */
export function partRange(plan: UploadPlan, partNumber: number): ByteRange {
  if (plan.kind === 'multipart') {
    return rangeAt(splitIntoRanges(plan.size, plan.partSize), partNumber - 1)
  }
  assert(partNumber === 1, `a single PUT has no part ${partNumber}`)
  return { offset: 0, length: plan.size }
}

function checkObjectSize(size: number, limits: StoreLimits): void {
  const { objectSizeMax, partsMax, partSizeMax } = limits
  if (size > objectSizeMax) {
    throw new TransferError(
      'ERR_OBJECT_TOO_LARGE',
      `The object has ${size} bytes (${formatSize(size)}); ` +
        `the store takes at most ${objectSizeMax} bytes (${formatSize(objectSizeMax)}).`,
    )
  }
  if (size > partsMax * partSizeMax && size > limits.singlePutMax) {
    throw new TransferError(
      'ERR_OBJECT_TOO_LARGE',
      `The object has ${size} bytes (${formatSize(size)}); ` +
        `the store takes at most ${partsMax} parts of ${formatSize(partSizeMax)}.`,
    )
  }
}

function checkPartSize(partSize: number, limits: StoreLimits): void {
  const { partSizeMin, partSizeMax } = limits
  if (Number.isSafeInteger(partSize) && partSize >= partSizeMin && partSize <= partSizeMax) return
  throw new TransferError(
    'ERR_OPTION_INVALID',
    `Expected \`partSize\` to be ${formatSize(partSizeMin)} to ${formatSize(partSizeMax)}, ` +
      `got ${partSize} bytes.`,
    { option: 'partSize' },
  )
}

/** Rounding up may pass the largest part by less than a MiB; that part size still suffices. */
function growPartSize(size: number, partSize: number, limits: StoreLimits): number {
  const smallest = Math.ceil(size / limits.partsMax)
  if (partSize >= smallest) return partSize
  return Math.min(Math.ceil(smallest / MiB) * MiB, limits.partSizeMax)
}
