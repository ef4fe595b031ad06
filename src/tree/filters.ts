/**
 * Which entries of a tree are meant: patterns of names, sizes and times. All that is given must let
 * an entry pass.
 *
 * Patterns have the order of the AWS CLI: everything is included at first, and the last rule whose
 * pattern fits decides. Case counts on every system, and patterns have '/' on every system.
 */

import { TransferError } from '../errors.ts'
import { parseDuration } from '../units.ts'
import type { TreeEntry } from './entries.ts'
import { compilePattern } from './patterns.ts'

export interface FilterRule {
  readonly action: 'include' | 'exclude'
  /** As `compilePattern` has it, for the whole `name` of an entry. */
  readonly pattern: string
}

export interface FilterOptions {
  /** In the order in which they were given. */
  readonly rules?: readonly FilterRule[] | undefined
  /** Bytes; smaller ones are left out. */
  readonly minSize?: number | undefined
  /** Bytes; larger ones are left out. */
  readonly maxSize?: number | undefined
  /** Epoch milliseconds; what was modified at that time or before is left out. */
  readonly newerThanMs?: number | undefined
  /** Epoch milliseconds; what was modified at that time or after is left out. */
  readonly olderThanMs?: number | undefined
}

/** Whether an entry is meant. */
export type Filter = (entry: TreeEntry) => boolean

/** @throws ERR_OPTION_INVALID for what is neither a function nor rules */
export function filterBy(wish: Filter | FilterOptions): Filter {
  if (typeof wish === 'function') return wish
  if (isFilterOptions(wish)) return createFilter(wish)
  const expected = `a function, or { rules, ${BOUNDS.join(', ')} }`
  throw invalid('filter', `Expected \`filter\` to be ${expected}.`)
}

function isFilterOptions(wish: unknown): wish is FilterOptions {
  if (typeof wish !== 'object' || wish === null) return false
  const { rules = [], ...bounds } = wish as { readonly rules?: unknown }
  const areBounds = Object.entries(bounds).every(
    ([name, value]) => BOUNDS.includes(name) && (value === undefined || Number.isFinite(value)),
  )
  return areBounds && Array.isArray(rules) && rules.every(isRule)
}

function isRule(rule: unknown): rule is FilterRule {
  const { action, pattern } = (rule ?? {}) as Partial<FilterRule>
  return (action === 'include' || action === 'exclude') && typeof pattern === 'string'
}

const BOUNDS: readonly string[] = ['minSize', 'maxSize', 'newerThanMs', 'olderThanMs']

/** @throws ERR_OPTION_INVALID for a pattern that is none */
export function createFilter(options: FilterOptions): Filter {
  const { minSize = 0, maxSize = Infinity } = options
  const { newerThanMs = -Infinity, olderThanMs = Infinity } = options
  const isIncluded = namesOf(options.rules ?? [])
  return ({ name, size, mtimeMs }) =>
    size >= minSize &&
    size <= maxSize &&
    mtimeMs > newerThanMs &&
    mtimeMs < olderThanMs &&
    isIncluded(name)
}

function namesOf(rules: readonly FilterRule[]): (name: string) => boolean {
  const compiled = rules.map(({ action, pattern }) => {
    const expression = compilePattern(pattern)
    if (typeof expression !== 'string') return { expression, isIncluded: action === 'include' }
    throw invalid(action, `\`${pattern}\` is no pattern. ${expression}`)
  })
  // From the end, since the last one decides.
  compiled.reverse()
  return (name) => compiled.find(({ expression }) => expression.test(name))?.isIncluded ?? true
}

/**
 * Rules from the text of a file: lines of `+ pattern` or `- pattern`; empty ones and those that begin
 * with `#` say nothing. Blanks around a pattern are no part of it; `[ ]` is one.
 *
 * @param file its name, for messages
 * @throws ERR_OPTION_INVALID with the number of the line
 */
export function parseFilterRules(text: string, file: string): FilterRule[] {
  const rules: FilterRule[] = []
  for (const [index, line] of text
    .replace(/^\ufeff/u, '')
    .split(/\r?\n/u)
    .entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const [, sign, pattern] = /^([+-])\s+(.*)$/su.exec(trimmed) ?? []
    const where = `${file}, line ${index + 1}`
    if (sign === undefined || pattern === undefined) {
      throw invalid('filterFrom', `${where}: expected \`+ pattern\` or \`- pattern\`.`)
    }
    const problem = compilePattern(pattern)
    if (typeof problem === 'string') {
      throw invalid('filterFrom', `${where}: \`${pattern}\` is no pattern. ${problem}`)
    }
    rules.push({ action: sign === '+' ? 'include' : 'exclude', pattern })
  }
  return rules
}

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:?\d\d)?)?$/u

/**
 * A date, `2026-01-31` or `2026-01-31T10:00Z`, or an age, `30d` or `12h` → epoch milliseconds. A date
 * that names no zone is in UTC.
 *
 * @param option its name, for messages
 * @param nowMs epoch milliseconds that ages count from
 * @throws ERR_OPTION_INVALID
 */
export function parseTimeBound(option: string, text: string, nowMs: number): number {
  const age = /[a-z]$/u.test(text) ? parseDuration(text) : undefined
  const time = age === undefined ? parseDate(text.trim()) : nowMs - age
  if (time !== undefined) return time
  const expected = 'a date, such as 2026-01-31 or 2026-01-31T10:00Z, or an age, such as 30d or 12h'
  throw invalid(option, `Expected \`${option}\` to be ${expected}, got '${text}'.`)
}

function parseDate(text: string): number | undefined {
  const [, year, month, day, time = '00:00', zone = 'Z'] = DATE.exec(text) ?? []
  const midnight = new Date(`${year}-${month}-${day}T00:00Z`)
  // Days that a month does not have would run into the next one.
  if (Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== Number(day)) return undefined
  const date = new Date(`${year}-${month}-${day}T${time}${zone.replace(/(\d\d)(\d\d)$/u, '$1:$2')}`)
  return Number.isNaN(date.getTime()) ? undefined : date.getTime()
}

function invalid(option: string, message: string): TransferError {
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}
