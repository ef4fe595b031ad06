/**
 * Command-line flags from the engine's option table: a row with a `flag` is one here, with the
 * row's bounds, and its value goes to the engine under the row's name.
 */

import { Option } from 'commander'
import type { OptionRow } from '../option-check.ts'
import { OPTIONS } from '../option-table.ts'
import type { EngineOptions } from '../options.ts'
import { formatDuration, formatSize, parseDuration, parseSize } from '../units.ts'
import { UsageError } from './usage-error.ts'

/** Values of flags by their names in camel case, as commander hands them over. */
export type FlagValues = Readonly<Record<string, unknown>>

const PLACEHOLDERS: Readonly<Record<OptionRow['kind'], string>> = {
  count: ' <number>',
  size: ' <size>',
  duration: ' <time>',
  choice: ' <name>',
  text: ' <text>',
  value: ' <text>',
  boolean: '',
}

/** Rows that say where and as whom; the others say how much of everything. */
const CONNECTION: readonly string[] = [
  'endpoint',
  'provider',
  'region',
  'profile',
  'pathStyle',
  'accelerate',
  'dualstack',
  'fips',
  'tlsMinVersion',
  'proxy',
]

/** Rows that matter to a command that moves no payload. */
const CONTROL: readonly string[] = [
  ...CONNECTION,
  'stateDir',
  'connectTimeoutMs',
  'readTimeoutMs',
  'maxAttempts',
]

/** Every flag of the option table, in its order; or those that matter without payload. */
export function engineFlags(kind: 'all' | 'control' = 'all'): Option[] {
  const rows = flaggedRows().filter(({ name }) => kind === 'all' || CONTROL.includes(name))
  return rows.map(({ name, flag, row }) => {
    const option = new Option(`${flag}${PLACEHOLDERS[row.kind]}`, describe(row))
    option.helpGroup(CONNECTION.includes(name) ? 'Connection:' : 'Tuning:')
    if (row.kind !== 'boolean') option.argParser((text) => parseFlag(flag, row, text))
    return option
  })
}

/** The options of the engine that were given as flags. */
export function engineOptionsFrom(values: FlagValues): EngineOptions {
  const given = flaggedRows().map(({ name, flag }) => [name, values[attributeName(flag)]] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

/** The flag that sets an option of the engine, for messages. */
export function flagOf(name: string): string | undefined {
  return flaggedRows().find((row) => row.name === name)?.flag
}

/** `--endpoint-url` → `endpointUrl`. */
export function attributeName(flag: string): string {
  return new Option(flag).attributeName()
}

/** Text of a flag → what the engine takes. @throws UsageError that names flag and bounds */
export function parseFlag(flag: string, row: OptionRow, text: string): unknown {
  switch (row.kind) {
    case 'count':
    case 'size':
    case 'duration': {
      const value = PARSERS[row.kind](text)
      if (value !== undefined && value >= row.min && value <= row.max) return value
      throw invalidFlag(flag, rangeOf(row), text)
    }
    case 'choice': {
      const value = row.values.find((each) => each.toLowerCase() === text.toLowerCase())
      if (value !== undefined) return value
      throw invalidFlag(flag, `one of ${row.values.join(', ')}`, text)
    }
    default:
      if (text !== '') return text
      throw invalidFlag(flag, 'a text that is not empty', text)
  }
}

/** The error for the value of a flag. */
export function invalidFlag(flag: string, expected: string, text: string): UsageError {
  const message = `Expected ${flag} to be ${expected}, got '${text}'.`
  return new UsageError('ERR_OPTION_INVALID', message, 'Correct the value of the flag.')
}

/** Takes the value of a flag that names a port. */
export function portParser(flag: string): (text: string) => number {
  return (text) => {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
    if (port <= 65_535) return port
    throw invalidFlag(flag, 'a whole number from 0 to 65535', text)
  }
}

const PARSERS = {
  count: (text: string) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
  size: parseSize,
  duration: parseDuration,
} as const

type NumberRow = Extract<OptionRow, { readonly min: number }>

function rangeOf(row: NumberRow): string {
  const { min, max } = row
  if (row.kind === 'size') {
    return `a size from ${formatSize(min)} to ${formatSize(max)}, like 8MiB`
  }
  if (row.kind === 'duration') {
    return `a time from ${formatDuration(min)} to ${formatDuration(max)}, like 30s`
  }
  return `a whole number from ${min} to ${max}`
}

function describe(row: OptionRow): string {
  if (row.kind === 'choice') {
    const fallback = row.default === undefined ? '' : ` (default: ${row.default})`
    return `${row.doc}: ${row.values.join(', ')}${fallback}`
  }
  if (!('min' in row) || row.default === undefined) return row.doc
  const format = FORMATTERS[row.kind]
  return `${row.doc} (default: ${format(row.default)})`
}

const FORMATTERS = {
  count: String,
  size: (value: number) => formatSize(value).replace(' ', ''),
  duration: (value: number) => formatDuration(value).replace('.0s', 's'),
} as const

interface FlaggedRow {
  readonly name: string
  readonly flag: string
  readonly row: OptionRow
}

function flaggedRows(): FlaggedRow[] {
  return Object.entries(OPTIONS).flatMap(([name, row]) =>
    row.flag === undefined ? [] : [{ name, flag: row.flag, row }],
  )
}
