/**
 * `--rename`: names by a regular expression and its replacement, `$1` for groups.
 */

import { invalidFlag } from './flags.ts'

/** The whole name must match, or it stays. @throws UsageError */
export function renameFrom(pattern: string, replacement: string): (name: string) => string {
  let expression: RegExp
  try {
    expression = new RegExp(`^(?:${pattern})$`, 'su')
  } catch {
    throw invalidFlag('--rename', 'a regular expression', pattern)
  }
  return (name) => name.replace(expression, replacement)
}
