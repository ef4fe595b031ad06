/**
 * `name=value` flags: repeatable, as AWS's shorthand `a=1,b=2`, or as a JSON object.
 */

import { UsageError } from './usage-error.ts'

/**
 * Adds the pairs in `text` to those of earlier flags. A comma separates two pairs only where a
 * name and `=` follow it, so that `note=one, two` is one pair.
 * @throws UsageError for text that is no pair, and for a name given twice
 */
export function parsePairs(
  flag: string,
  text: string,
  previous: unknown,
): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>(previous instanceof Map ? previous : [])
  for (const [name, value] of text.startsWith('{')
    ? jsonPairs(flag, text)
    : textPairs(flag, text)) {
    if (pairs.has(name)) throw invalid(`${flag} has '${name}' twice.`)
    pairs.set(name, value)
  }
  return pairs
}

function textPairs(flag: string, text: string): [string, string][] {
  return text.split(/,(?=[^,=\s]+=)/).map((pair) => {
    const equals = pair.indexOf('=')
    if (equals < 1) throw invalid(`Expected ${flag} to be name=value, got '${pair}'.`)
    return [pair.slice(0, equals), pair.slice(equals + 1)]
  })
}

function jsonPairs(flag: string, text: string): [string, string][] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw invalid(`Expected ${flag} to be name=value or a JSON object, got '${text}'.`)
  }
  const entries = Object.entries(parsed as Readonly<Record<string, unknown>>)
  return entries.map(([name, value]) => {
    if (typeof value !== 'string') throw invalid(`Expected '${name}' in ${flag} to be text.`)
    return [name, value]
  })
}

function invalid(message: string): UsageError {
  return new UsageError('ERR_OPTION_INVALID', message, 'Write it as name=value.')
}
