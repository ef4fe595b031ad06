/**
 * ListObjectsV2: one attempt, signed by our own signer and read by our own parser, over the transport
 * of the control plane. The SDK is not even loaded: a million keys would cost it ten times the CPU.
 *
 * A listing decides what is copied and, in the end, what is deleted. So an answer must be a whole
 * document that holds what was asked for, in order: what was left out, doubled or comes from elsewhere
 * is no answer.
 */

import { abortError, throwIfAborted } from './abortable.ts'
import { attributeHeaders } from './attributes.ts'
import { classifyException } from './classify.ts'
import type { ControlRequest, ControlTransport } from './control-transport.ts'
import { invalid } from './invalid-answer.ts'
import { compareKeys } from './key-order.ts'
import { parseListPage, type ParsedPage } from './list-page.ts'
import type { ListObjectsOptions, ObjectPage } from './object-store.ts'
import { checkAnswer } from './s3-answers.ts'
import { signedRequest } from './signed-request.ts'
import { Signer } from './signing.ts'
import type { StoreRoute } from './types.ts'

/** What the call needs of its store. */
export interface ListHost {
  route(bucket: string, signal: AbortSignal | undefined): Promise<StoreRoute>
  transport(): Promise<ControlTransport>
}

export class ListCall {
  readonly #host: ListHost
  readonly #signer = new Signer()

  constructor(host: ListHost) {
    this.#host = host
  }

  /** One attempt; whatever goes wrong comes out as a `TransferError`. */
  async run(bucket: string, options: ListObjectsOptions): Promise<ObjectPage> {
    const { signal } = options
    const context = { operation: 'ListObjectsV2', bucket }
    try {
      throwIfAborted(signal)
      const route = await this.#host.route(bucket, signal)
      const transport = await this.#host.transport()
      const request = this.#request(route, options)
      const { response } = await transport.handle(request, { abortSignal: signal })
      const { clockOffsetMs, signing } = route
      checkAnswer('ListObjectsV2Command', response, { region: signing?.region, clockOffsetMs })
      return checkPage(parseListPage(response.body), options)
    } catch (error) {
      if (signal?.aborted === true) throw abortError(signal).with(context)
      throw classifyException(error, context)
    }
  }

  #request(route: StoreRoute, options: ListObjectsOptions): ControlRequest {
    const { prefix, delimiter, startAfter, token, maxKeys, attributes } = options
    const pairs: [string, string][] = [
      ['list-type', '2'],
      // XML cannot say every character of a key.
      ['encoding-type', 'url'],
      ['prefix', prefix],
    ]
    if (delimiter !== undefined) pairs.push(['delimiter', delimiter])
    if (token !== undefined) pairs.push(['continuation-token', token])
    else if (startAfter !== undefined) pairs.push(['start-after', startAfter])
    if (maxKeys !== undefined) pairs.push(['max-keys', String(maxKeys)])
    const headers = attributeHeaders('bucket', attributes)
    return signedRequest(this.#signer, route, { method: 'GET', key: '', query: pairs, headers })
  }
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

function outside(name: string): Error {
  return invalid(`The answer has a name that was not asked for: ${JSON.stringify(name)}.`)
}

function outOfOrder(name: string, last: string): Error {
  const names = `${JSON.stringify(name)} behind ${JSON.stringify(last)}`
  return invalid(`The answer is not in the order of keys: ${names}.`)
}
