/**
 * ListObjectsV2: one attempt, read by our own parser.
 *
 * A listing decides what is copied and, in the end, what is deleted. So an answer must be a whole
 * document that holds what was asked for, in order: what was left out, doubled or comes from elsewhere
 * is no answer.
 */

import { askPage, type ListHost } from './ask-page.ts'
import { invalid } from './invalid-answer.ts'
import { compareKeys } from './key-order.ts'
import { parseListPage, type ParsedPage } from './list-page.ts'
import type { ListObjectsOptions, ObjectPage } from './object-store.ts'
import { Signer } from './signing.ts'

export class ListCall {
  readonly #host: ListHost
  readonly #signer = new Signer()

  constructor(host: ListHost) {
    this.#host = host
  }

  /** One attempt; whatever goes wrong comes out as a `TransferError`. */
  run(bucket: string, options: ListObjectsOptions): Promise<ObjectPage> {
    const { attributes, signal } = options
    return askPage(this.#host, this.#signer, bucket, {
      operation: 'ListObjectsV2',
      query: queryOf(options),
      attributes,
      signal,
      read: (body) => checkPage(parseListPage(body), options),
    })
  }
}

function queryOf(options: ListObjectsOptions): [string, string][] {
  const { prefix, delimiter, startAfter, token, maxKeys } = options
  const query: [string, string][] = [
    ['list-type', '2'],
    // XML cannot say every character of a key.
    ['encoding-type', 'url'],
    ['prefix', prefix],
  ]
  if (delimiter !== undefined) query.push(['delimiter', delimiter])
  if (token !== undefined) query.push(['continuation-token', token])
  else if (startAfter !== undefined) query.push(['start-after', startAfter])
  if (maxKeys !== undefined) query.push(['max-keys', String(maxKeys)])
  return query
}

/** @throws ERR_RESPONSE_INVALID for a page that cannot be the answer to what was asked */
function checkPage(page: ParsedPage, options: ListObjectsOptions): ObjectPage {
  const { objects, prefixes, isTruncated, token } = page
  if (isTruncated && token === undefined)
    throw invalid('The answer goes on, but does not say where.')
  let last = options.startAfter
  for (const { key } of objects) {
    if (!key.startsWith(options.prefix)) throw outside(key)
    if (last !== undefined && compareKeys(key, last) <= 0) throw outOfOrder(key, last)
    if (isRolledUp(key, options))
      throw invalid(`The answer ignores the delimiter: ${JSON.stringify(key)}.`)
    last = key
  }
  last = undefined
  for (const prefix of prefixes) {
    if (!prefix.startsWith(options.prefix) || !isRolledUp(prefix, options)) throw outside(prefix)
    if (last === undefined ? isBehind(prefix, options) : compareKeys(prefix, last) <= 0) {
      throw outOfOrder(prefix, last ?? options.startAfter ?? '')
    }
    last = prefix
  }
  return { objects, prefixes, next: isTruncated ? token : undefined }
}

function isRolledUp(name: string, { prefix, delimiter }: ListObjectsOptions): boolean {
  return delimiter !== undefined && name.includes(delimiter, prefix.length)
}

/** Whether a common prefix was passed: keys behind a first `startAfter` may still share it. */
function isBehind(prefix: string, { startAfter, token }: ListObjectsOptions): boolean {
  if (startAfter === undefined || compareKeys(prefix, startAfter) > 0) return false
  return token !== undefined || !startAfter.startsWith(prefix)
}

/** A name that cannot be in the answer. */
export function outside(name: string): Error {
  return invalid(`The answer has a name that was not asked for: ${JSON.stringify(name)}.`)
}

/** A name that cannot stand where it does. */
export function outOfOrder(name: string, last: string): Error {
  const names = `${JSON.stringify(name)} behind ${JSON.stringify(last)}`
  return invalid(`The answer is not in the order of keys: ${names}.`)
}
