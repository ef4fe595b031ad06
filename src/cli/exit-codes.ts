/**
 * What the exit code says. Scripts branch on it, so it is API.
 */

import { isTransferError } from '../errors.ts'
import { isUsageError } from './usage-error.ts'

export const EXIT = {
  /** Everything was done, and verified. */
  done: 0,
  /** Something failed; what was there before is as it was. */
  failed: 1,
  /** The command line is wrong; nothing was tried. */
  usage: 2,
  /** It ended at a limit it was given: to be called again. */
  unfinished: 3,
  /** Stopped by a closed terminal, after cleaning up. Source: 128 + signal number, as shells do. */
  hungUp: 129,
  /** Stopped by Ctrl-C, after cleaning up. */
  interrupted: 130,
  /** Who read our output went away, `| head` for example. */
  brokenPipe: 141,
  /** Stopped by SIGTERM, after cleaning up. */
  terminated: 143,
} as const

/** Codes that say the command line is wrong. */
const USAGE_CODES: readonly string[] = [
  'ERR_OPTION_INVALID',
  'ERR_OPTION_UNKNOWN',
  'ERR_URI_INVALID',
  'ERR_KEY_INVALID',
]

/** The exit code for a failure. */
export function exitCodeOf(error: unknown): number {
  if (isUsageError(error)) return EXIT.usage
  return isTransferError(error) && USAGE_CODES.includes(error.code) ? EXIT.usage : EXIT.failed
}
