/**
 * ListObjectVersions: one attempt, over our own signer and parser as ListObjectsV2. What is copied, and in
 * which order, rests on it: an answer that is not in the order of keys, or not newest first, is none.
 */

import { askPage, type ListHost } from './ask-page.ts'
import { invalid } from './invalid-answer.ts'
import { compareKeys } from './key-order.ts'
import { outOfOrder, outside } from './list-objects.ts'
import type { VersionPage } from './listed.ts'
import type { ListVersionsOptions } from './object-store.ts'
import { Signer } from './signing.ts'
import { parseVersionPage, type ParsedVersions } from './version-page.ts'

export class ListVersionsCall {
  readonly #host: ListHost
  readonly #signer = new Signer()

  constructor(host: ListHost) {
    this.#host = host
  }

  /** One attempt; whatever goes wrong comes out as a `TransferError`. */
  run(bucket: string, options: ListVersionsOptions): Promise<VersionPage> {
    const { attributes, signal } = options
    return askPage(this.#host, this.#signer, bucket, {
      operation: 'ListObjectVersions',
      query: queryOf(options),
      attributes,
      signal,
      read: (body) => checkPage(parseVersionPage(body), options),
    })
  }
}

function queryOf({ prefix, after, maxKeys }: ListVersionsOptions): [string, string][] {
  const query: [string, string][] = [
    ['versions', ''],
    // XML cannot say every character of a key.
    ['encoding-type', 'url'],
    ['prefix', prefix],
  ]
  if (after !== undefined) {
    query.push(['key-marker', after.key])
    if (after.versionId !== '') query.push(['version-id-marker', after.versionId])
  }
  if (maxKeys !== undefined) query.push(['max-keys', String(maxKeys)])
  return query
}

/** @throws ERR_RESPONSE_INVALID for a page that cannot be the answer to what was asked */
function checkPage(page: ParsedVersions, { prefix, after }: ListVersionsOptions): VersionPage {
  const { versions, isTruncated, next } = page
  let last = after?.key
  for (const { key, isLatest } of versions) {
    if (!key.startsWith(prefix)) throw outside(key)
    const order = last === undefined ? 1 : compareKeys(key, last)
    const isSame = order === 0
    if (order < 0 || (isSame && key === after?.key && after.versionId === '')) {
      throw outOfOrder(key, last ?? '')
    }
    // Only the first of a key may be its latest, and must be.
    if (isLatest === isSame) {
      throw invalid(`The answer does not have the newest of ${JSON.stringify(key)} first.`)
    }
    last = key
  }
  if (!isTruncated) return { versions, next: undefined }
  const isStuck = next?.key === after?.key && next?.versionId === after?.versionId
  if (next === undefined || isStuck || (last !== undefined && compareKeys(next.key, last) < 0)) {
    throw invalid('The answer goes on, but does not say where.')
  }
  return { versions, next }
}
