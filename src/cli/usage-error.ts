/**
 * A command line that cannot be carried out: what is wrong with it, and what to write instead.
 */

/** `ERR_USAGE` is the command's own; the others are those of the library. */
export type UsageCode =
  | 'ERR_USAGE'
  | 'ERR_OPTION_INVALID'
  | 'ERR_OPTION_UNKNOWN'
  | 'ERR_URI_INVALID'
  | 'ERR_SOURCE_NOT_FILE'

export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code: UsageCode
  /** What to do, as one sentence. */
  readonly hint: string

  constructor(code: UsageCode, message: string, hint: string) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

export function isUsageError(value: unknown): value is UsageError {
  return value instanceof UsageError
}
