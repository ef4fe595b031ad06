/**
 * What the steps of an upload need to know besides its source.
 */

import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'
import type { ObjectAttributes } from '../store/attributes.ts'

export interface UploadSpec {
  readonly attributes: ObjectAttributes
  readonly partSize: number
  readonly multipartThreshold: number
  readonly algorithm: ChecksumAlgorithm
  /** Whether the store is sent checksums at all. */
  readonly sendChecksum: boolean
}
