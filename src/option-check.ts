/**
 * One option against its row of the table: types, bounds, and errors that say what to write.
 */

import { TransferError } from './errors.ts'
import { nearestName } from './nearest-name.ts'
import { formatDuration, formatSize } from './units.ts'

export interface NumberRow {
  readonly kind: 'count' | 'size' | 'duration'
  /** `undefined` where the engine chooses. */
  readonly default: number | undefined
  readonly min: number
  readonly max: number
}

interface ChoiceRow {
  readonly kind: 'choice'
  /** Absent where the environment says it. */
  readonly default?: string
  readonly values: readonly string[]
}

interface PlainRow {
  readonly kind: 'text' | 'boolean' | 'value'
}

/** One option of the table. */
export type OptionRow = (NumberRow | ChoiceRow | PlainRow) & {
  /** The command-line flag; absent where the command has none. */
  readonly flag?: string
  /** Names it goes by elsewhere (boto3, s3transfer), recognised only to name ours. */
  readonly was?: readonly string[]
  /** Never shown, not even when it is refused; files of certificates may hold the key as well. */
  readonly isSecret?: boolean
  readonly doc: string
}

/** One value against its row; the default when it is absent. @throws ERR_OPTION_INVALID */
export function checkOption(name: string, row: OptionRow, value: unknown): unknown {
  if (value === undefined) return 'default' in row ? row.default : undefined
  switch (row.kind) {
    case 'text':
      if (typeof value === 'string' && value !== '') return value
      throw invalid(name, 'a text that is not empty', value, row.isSecret)
    case 'boolean':
      if (typeof value === 'boolean') return value
      throw invalid(name, 'true or false', value)
    case 'choice':
      if (typeof value === 'string' && row.values.includes(value)) return value
      throw invalid(name, `one of ${row.values.join(', ')}`, value)
    case 'value':
      return checkCredentials(name, value)
    default:
      if (Number.isSafeInteger(value) && Number(value) >= row.min && Number(value) <= row.max) {
        return value
      }
      throw invalid(name, bounds(row), value)
  }
}

function checkCredentials(name: string, value: unknown): unknown {
  if (typeof value === 'function' || value === 'anonymous') return value
  const keys = value as {
    readonly accessKeyId?: unknown
    readonly secretAccessKey?: unknown
  } | null
  const complete =
    typeof keys === 'object' &&
    keys !== null &&
    typeof keys.accessKeyId === 'string' &&
    typeof keys.secretAccessKey === 'string'
  if (complete) return value
  const expected = 'accessKeyId and secretAccessKey, a function, or anonymous'
  // The value itself may be half a secret, so it is not shown.
  throw new TransferError('ERR_OPTION_INVALID', `Expected \`${name}\` to be ${expected}.`, {
    option: name,
  })
}

/** The error for a name that is no option, with the nearest one. */
export function unknownOption(
  name: string,
  table: Readonly<Record<string, { readonly was?: readonly string[] }>>,
): TransferError {
  const renamed = Object.entries(table).find(([, row]) => row.was?.includes(name))?.[0]
  const nearest = renamed ?? nearestName(name, Object.keys(table))
  const suggestion = nearest === undefined ? '' : ` Did you mean \`${nearest}\`?`
  return new TransferError('ERR_OPTION_UNKNOWN', `Unknown option \`${name}\`.${suggestion}`, {
    option: name,
  })
}

/** Bounds of a numeric option for people. */
export function bounds(row: NumberRow): string {
  const format =
    row.kind === 'size' ? formatSize : row.kind === 'duration' ? formatDuration : String
  const unit = row.kind === 'size' ? ' (bytes)' : row.kind === 'duration' ? ' (milliseconds)' : ''
  return `a whole number from ${format(row.min)} to ${format(row.max)}${unit}`
}

function invalid(name: string, expected: string, value: unknown, isSecret = false): TransferError {
  const shown = isSecret ? 'another value' : shownValue(value)
  const message = `Expected \`${name}\` to be ${expected}, got ${shown} (${typeof value}).`
  return new TransferError('ERR_OPTION_INVALID', message, { option: name })
}

/** For a message. An object may hold a secret, as a Buffer does, or have no text at all. */
export function shownValue(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  const isPlain = value === null || typeof value === 'number' || typeof value === 'boolean'
  return isPlain ? String(value) : 'another value'
}
