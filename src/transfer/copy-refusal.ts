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

/** Refusals of what the copy is to be, which another way to copy does not change. */
const OF_THE_COPY: readonly (string | undefined)[] = [
  'InvalidStorageClass',
  'AccessControlListNotSupported',
]

/** A refusal, or a Complete that fails by what the store itself says of the parts it has copied. */
export function isCopyRefusal(error: unknown): error is TransferError {
  if (!isTransferError(error)) return false
  const { code, context } = error
  const isOwnSum =
    code === 'ERR_CHECKSUM_MISMATCH' && context.operation === 'CompleteMultipartUpload'
  if (OF_THE_COPY.includes(context.storeCode)) return false
  return isOwnSum || REFUSALS.includes(code)
}
