/**
 * How a command that failed ends: what is said, and the exit code. What ended it from outside counts
 * before what that broke.
 */

import { targetError } from '../local-errors.ts'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import type { Interruption } from './interrupt.ts'

/** Tells the failure, unless whoever read the output went away. Returns the exit code. */
export function failureExit(
  error: unknown,
  report: { failed(error: unknown): void },
  { exitCode, outputError }: Pick<Interruption, 'exitCode' | 'outputError'>,
): number {
  if (exitCode === EXIT.brokenPipe) return exitCode
  const failure = outputError === undefined ? error : targetError(outputError, 'standard output')
  report.failed(failure)
  return exitCode ?? exitCodeOf(failure)
}
