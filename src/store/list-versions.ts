/**
 * ListObjectVersions: one attempt, over our own signer and parser as ListObjectsV2. What is copied, and in
 * which order, rests on it: an answer that is not in the order of keys, or not newest first, is none.
 */

import { abortError, throwIfAborted } from './abortable.ts'
import { attributeHeaders } from './attributes.ts'
import { classifyException } from './classify.ts'
import type { ControlRequest } from './control-transport.ts'
import { invalid } from './invalid-answer.ts'
import { compareKeys } from './key-order.ts'
import type { ListHost } from './list-objects.ts'
import type { VersionPage } from './listed.ts'
import type { ListVersionsOptions } from './object-store.ts'
import { checkAnswer } from './s3-answers.ts'
import { signedRequest } from './signed-request.ts'
import { Signer } from './signing.ts'
import type { StoreRoute } from './types.ts'
import { parseVersionPage, type ParsedVersions } from './version-page.ts'

export class ListVersionsCall {
  readonly #host: ListHost
  readonly #signer = new Signer()

  constructor(host: ListHost) {
    this.#host = host
  }

  /** One attempt; whatever goes wrong comes out as a `TransferError`. */
  async run(bucket: string, options: ListVersionsOptions): Promise<VersionPage> {
    const { signal } = options
    const context = { operation: 'ListObjectVersions', bucket }
    try {
      throwIfAborted(signal)
      const route = await this.#host.route(bucket, signal)
      const transport = await this.#host.transport()
      const request = this.#request(route, options)
      const { response } = await transport.handle(request, { abortSignal: signal })
      const { clockOffsetMs, signing } = route
      checkAnswer('ListObjectVersionsCommand', response, { region: signing?.region, clockOffsetMs })
      return checkPage(parseVersionPage(response.body), options)
    } catch (error) {
      if (signal?.aborted === true) throw abortError(signal).with(context)
      throw classifyException(error, context)
    }
  }

  #request(route: StoreRoute, options: ListVersionsOptions): ControlRequest {
    const { prefix, after, maxKeys, attributes } = options
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
    const headers = attributeHeaders('bucket', attributes)
    return signedRequest(this.#signer, route, { method: 'GET', key: '', query, headers })
  }
}

/** @throws ERR_RESPONSE_INVALID for a page that cannot be the answer to what was asked */
function checkPage(page: ParsedVersions, { prefix, after }: ListVersionsOptions): VersionPage {
  const { versions, isTruncated, next } = page
  let last = after?.key
  for (const { key, isLatest } of versions) {
    if (!key.startsWith(prefix)) {
      throw invalid(`The answer has a name that was not asked for: ${JSON.stringify(key)}.`)
    }
    const order = last === undefined ? 1 : compareKeys(key, last)
    const isSame = order === 0
    if (order < 0 || (isSame && key === after?.key && after.versionId === '')) {
      const names = `${JSON.stringify(key)} behind ${JSON.stringify(last)}`
      throw invalid(`The answer is not in the order of keys: ${names}.`)
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
