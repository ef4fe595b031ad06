/**
 * Which answers mean that a store cannot copy by itself, so that the bytes are to be relayed.
 */

import { isTransferError, type TransferError } from '../errors.ts'

/** It cannot at all, or not this. */
const REFUSALS: readonly string[] = [
  'ERR_NOT_SUPPORTED',
  'ERR_REQUEST_REFUSED',
  'ERR_OBJECT_TOO_LARGE',
]

/** A refusal, or a Complete that fails by what the store itself says of the parts it has copied. */
export function isCopyRefusal(error: unknown): error is TransferError {
  if (!isTransferError(error)) return false
  const { code, context } = error
  const isOwnSum =
    code === 'ERR_CHECKSUM_MISMATCH' && context.operation === 'CompleteMultipartUpload'
  return isOwnSum || REFUSALS.includes(code)
}
