/** The error for an answer that is no answer. */

import { TransferError, type ErrorContext } from '../errors.ts'

/** An answer that is no answer. The caller adds the context. */
export function invalid(message: string, context: ErrorContext = {}): TransferError {
  return new TransferError('ERR_RESPONSE_INVALID', message, context)
}
