/**
 * A failure on the terminal: one line with its code, one with what to do. `--debug` adds where it
 * happened and the stack.
 *
 *   transfer-engine: ERR_BUCKET_NOT_FOUND The bucket does not exist
 *     hint: Create the bucket or correct its name.
 */

import type { CommanderError } from 'commander'
import { ERROR_CODES, isTransferError } from '../errors.ts'
import { flagOf } from './flags.ts'
import { objectFlagOf } from './object-flags.ts'
import { escapeText, jsonLine } from './output.ts'
import { isUsageError, UsageError } from './usage-error.ts'

/** A failure as data; `context` is empty for those of the command line. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly retryable: boolean
  readonly context: Readonly<Record<string, unknown>>
}

/** What the library says to a caller, said to whoever sits at the terminal. */
const HINTS: Readonly<Record<string, string>> = {
  ERR_ABORTED: 'Nothing was left behind, and the target is as it was; run it again.',
}

/** Any thrown value as a failure. */
export function failureOf(error: unknown): Failure {
  if (isUsageError(error)) {
    const { code, message, hint } = error
    return { code, message, hint, retryable: false, context: {} }
  }
  if (isTransferError(error)) {
    const { code, retryable, context } = error
    const hint = context.leftBehind === undefined ? (HINTS[code] ?? error.hint) : error.hint
    const message = inFlags(error.message, context.option)
    return { code, message, hint, retryable, context: { ...context } }
  }
  const message = error instanceof Error ? error.message : String(error)
  const { hint } = ERROR_CODES.ERR_INTERNAL
  return { code: 'ERR_INTERNAL', message, hint, retryable: false, context: {} }
}

/** Lines for people. */
export function failureText(error: unknown, { debug }: { readonly debug: boolean }): string {
  const { code, message, hint, context } = failureOf(error)
  const sentence = escapeText(`${message}${placeOf(message, context)}`)
  const lines = [`transfer-engine: ${code} ${sentence}`, `  hint: ${escapeText(hint)}`]
  const { leftBehind } = context
  if (typeof leftBehind === 'string') lines.push(`  left behind: ${escapeText(leftBehind)}`)
  if (debug) lines.push(...debugLines(error, context))
  return lines.map((line) => `${line}\n`).join('')
}

/** What commander found wrong, in our words. */
export function usageErrorOf(error: CommanderError, command: string): UsageError {
  const text = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
  const message = `${text.charAt(0).toUpperCase()}${text.slice(1)}`
  const hint = `See transfer-engine ${command === '' ? '' : `${command} `}--help.`
  if (error.code === 'commander.unknownOption') {
    return new UsageError('ERR_OPTION_UNKNOWN', message, hint)
  }
  const isValue = error.code === 'commander.optionMissingArgument'
  return new UsageError(isValue ? 'ERR_OPTION_INVALID' : 'ERR_USAGE', message, hint)
}

/** The object of which a store speaks, where its message does not name it. */
function placeOf(message: string, { bucket, key, status }: Failure['context']): string {
  if (typeof bucket !== 'string' || typeof key !== 'string' || status === undefined) return ''
  return message.includes(key) ? '' : ` (s3://${bucket}/${key})`
}

function debugLines(error: unknown, context: Failure['context']): string[] {
  const lines = [`  context: ${jsonLine(context).trimEnd()}`]
  let current: unknown = error
  // A chain of causes has an end, except for one that somebody bent into a ring.
  for (let depth = 0; current instanceof Error && depth < 8; depth += 1) {
    const label = depth === 0 ? 'stack' : 'cause'
    const stack = (current.stack ?? current.message).split('\n').map(escapeText)
    lines.push(`  ${label}: ${stack.join('\n    ')}`)
    current = current.cause
  }
  return lines
}

/** The library speaks of its options; whoever sits at the terminal knows the flags. */
function inFlags(message: string, option: string | undefined): string {
  const flag = option === undefined ? undefined : (flagOf(option) ?? objectFlagOf(option))
  return flag === undefined ? message : message.replaceAll(`\`${option}\``, flag)
}
