/**
 * One page of a list: keys in UTF-8 order, those that share a prefix up to the delimiter rolled
 * into one, at most so many entries. Entries are whatever a key expands to (its object, its
 * versions, its open uploads).
 */

import { compareKeys, encodeListed, lowerBound } from '../keys.ts'
import { S3Error } from '../s3-error.ts'

export interface PageRequest<T> {
  /** Sorted. */
  readonly keys: readonly string[]
  readonly prefix: string
  readonly delimiter: string
  readonly max: number
  /** List begins after this key, or after all keys of this common prefix. */
  readonly after?: { readonly name: string; readonly wholePrefix: boolean } | undefined
  /** Key before which the list begins, when entries of that key itself are still to come. */
  readonly from?: string | undefined
  /** Entries of a key, in order. */
  expand(key: string): readonly T[]
}

export interface Page<T> {
  readonly entries: readonly T[]
  readonly prefixes: readonly string[]
  readonly truncated: boolean
  /** The last key or common prefix on the page. */
  readonly last: { readonly name: string; readonly wholePrefix: boolean } | undefined
}

export function listPage<T>(request: PageRequest<T>): Page<T> {
  const { keys, prefix, delimiter, max } = request
  const entries: T[] = []
  const prefixes: string[] = []
  let last: Page<T>['last']
  let index = startIndex(request)
  while (index < keys.length) {
    const key = keys[index] as string
    if (!key.startsWith(prefix)) break
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (cut === -1) {
      const found = request.expand(key)
      for (const entry of found) {
        if (entries.length + prefixes.length >= max)
          return { entries, prefixes, truncated: true, last }
        entries.push(entry)
        last = { name: key, wholePrefix: false }
      }
      index += 1
      continue
    }
    const common = key.slice(0, cut + delimiter.length)
    const end = endOfPrefix(keys, common)
    const rolledBefore = request.after?.name === common
    if (!rolledBefore && anyEntry(request, index, end)) {
      if (entries.length + prefixes.length >= max)
        return { entries, prefixes, truncated: true, last }
      prefixes.push(common)
      last = { name: common, wholePrefix: true }
    }
    index = end
  }
  return { entries, prefixes, truncated: false, last }
}

function startIndex<T>({ keys, prefix, after, from }: PageRequest<T>): number {
  const first = lowerBound(keys, prefix)
  if (from !== undefined) return Math.max(first, lowerBound(keys, from))
  if (after === undefined) return first
  const resumed = after.wholePrefix
    ? endOfPrefix(keys, after.name)
    : lowerBound(keys, after.name, true)
  return Math.max(first, resumed)
}

/** First index behind all keys that start with a prefix, which stand together. */
function endOfPrefix(keys: readonly string[], prefix: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const key = keys[middle] as string
    if (key.startsWith(prefix) || compareKeys(key, prefix) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function anyEntry<T>(request: PageRequest<T>, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) {
    if (request.expand(request.keys[index] as string).length > 0) return true
  }
  return false
}

/** What the `encoding-type` parameter does to keys and prefixes in an answer. */
export function listEncoder(encodingType: string | undefined): (text: string) => string {
  if (encodingType === undefined) return (text) => text
  if (encodingType.toLowerCase() !== 'url') {
    const extra = { ArgumentName: 'encoding-type', ArgumentValue: encodingType }
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request', extra)
  }
  return encodeListed
}
