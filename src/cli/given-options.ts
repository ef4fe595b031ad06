/**
 * The flags that were given, as text for a report that others may read: without keys and passwords, and
 * of metadata and tags only the names.
 */

import { OPTIONS } from '../option-table.ts'
import type { FilterRule } from '../tree/filters.ts'
import { formatDuration, formatSize } from '../units.ts'
import { connectionFlags } from './connection-flags.ts'
import { attributeName, type FlagValues } from './flags.ts'
import { outputFlags, stateFlags } from './output-flags.ts'
import { probeFlag } from './probe-flag.ts'

/** Flags that are bytes or times, beside those of the option table. */
const SIZES = ['minSize', 'maxSize']
const TIMES = ['newerThan', 'olderThan']

/** May hold a user and a password. */
const ADDRESSES = ['proxy', 'queue', 'endpointUrl', 'sourceEndpointUrl', 'destEndpointUrl']

/** What is said of a value nobody is to see. */
const HIDDEN = 'given, not shown'

export function givenOptions(
  values: FlagValues,
): readonly (readonly [flag: string, value: string])[] {
  const unset = new Set(
    [...connectionFlags(), ...stateFlags(), ...outputFlags(), probeFlag()]
      .filter(({ negate }) => negate)
      .map((option) => option.attributeName()),
  )
  const given = Object.entries(values).filter(
    ([name, value]) => value !== undefined && !(value === true && unset.has(name)),
  )
  // Several flags add to one list, whose order counts.
  const rules = given.map(([, value]) => value).find(Array.isArray)
  return [
    ...given
      .filter(([, value]) => !Array.isArray(value))
      .map(([name, value]) => [flagOf(name, value), textOf(name, value)] as const),
    ...(rules === undefined ? [] : [['rules of names', rules.map(ruleOf).join(', ')] as const]),
  ]
}

function flagOf(name: string, value: unknown): string {
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return value === false ? `--no-${words}` : `--${words}`
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'boolean') return ''
  if (typeof value === 'number') return amountOf(name, value)
  if (typeof value === 'string') {
    return ADDRESSES.includes(name) ? value.replace(/^(.*?:\/\/)?.*@/, '$1') : value
  }
  if (value instanceof Set) return [...value].join(', ')
  return value instanceof Map ? `${[...value.keys()].join(', ')} (values not shown)` : HIDDEN
}

function amountOf(name: string, value: number): string {
  const row = Object.values(OPTIONS).find(
    ({ flag }) => flag !== undefined && attributeName(flag) === name,
  )
  if (row?.kind === 'duration') return formatDuration(value)
  if (TIMES.includes(name)) return new Date(value).toISOString()
  if (row?.kind !== 'size' && !SIZES.includes(name)) return String(value)
  const text = formatSize(value)
  return /\./.test(text) ? `${value} B` : text
}

/** A rule of `--exclude`, `--include` or `--filter-from`, as such a file has it. */
function ruleOf(rule: unknown): string {
  const { action, pattern } = rule as FilterRule
  return `${action === 'include' ? '+' : '-'} ${pattern}`
}
