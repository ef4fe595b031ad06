/**
 * Names by a regular expression and its replacement: a rule that can be written down, where a function
 * cannot.
 */

import { TransferError } from '../errors.ts'

export interface RenameRule {
  /** A regular expression for the whole name; one that does not match stays. */
  readonly pattern: string
  /** What the name becomes; `$1` for groups, as `String.replace` has it. */
  readonly replacement: string
}

export type Rename = (name: string) => string

/** @throws ERR_OPTION_INVALID for what is neither a function nor a rule */
export function renameBy(wish: Rename | RenameRule): Rename {
  if (typeof wish === 'function') return wish
  const { pattern, replacement } = (wish ?? {}) as Partial<RenameRule>
  if (typeof pattern === 'string' && typeof replacement === 'string') {
    try {
      const expression = new RegExp(`^(?:${pattern})$`, 'su')
      return (name) => name.replace(expression, replacement)
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      throw invalid(`of a regular expression (${cause})`)
    }
  }
  throw invalid('of texts { pattern, replacement }, or a function')
}

function invalid(expected: string): TransferError {
  const message = `Expected \`rename\` to be made ${expected}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option: 'rename' })
}
