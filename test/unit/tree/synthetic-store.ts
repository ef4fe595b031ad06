/**
 * Stores for tests of listings that have keys and nothing else: those of an array, or as many as a
 * function makes up. Time is virtual: an answer takes as long as the test says, and costs none.
 */

import { setImmediate } from 'node:timers/promises'
import { TransferError } from '../../../src/errors.ts'
import { compareKeys } from '../../../src/store/key-order.ts'
import type {
  ListedObject,
  ListObjectsOptions,
  ObjectPage,
  ObjectStore,
} from '../../../src/store/object-store.ts'

/** Keys by number, in the order of their bytes. */
export interface KeySource {
  readonly length: number
  key(index: number): string
}

export interface SyntheticStore extends Pick<ObjectStore, 'listObjects'> {
  readonly requests: ListObjectsOptions[]
  /** Most at once. */
  readonly atOnce: () => number
  /** Virtual milliseconds. */
  readonly now: () => number
  /** Spends virtual time, as a slow reader does. */
  wait(ms: number): Promise<void>
}

export function keysOf(keys: readonly string[]): KeySource {
  const sorted = [...new Set(keys)].sort(compareKeys)
  return { length: sorted.length, key: (index) => sorted[index] as string }
}

export function syntheticStore(
  source: KeySource,
  options: {
    readonly pageSize?: number
    readonly answerMs?: number
    /** Begins at the beginning, wherever it is told to; the store's own check then refuses the page. */
    readonly ignoresStartAfter?: boolean
  } = {},
): SyntheticStore {
  const { pageSize = 1000, answerMs = 100 } = options
  const requests: ListObjectsOptions[] = []
  const clock = new VirtualClock()
  let underWay = 0
  let atOnce = 0
  return {
    requests,
    atOnce: () => atOnce,
    now: () => clock.ms,
    wait: (ms) => clock.wait(ms),
    async listObjects(_bucket, request) {
      requests.push(request)
      underWay += 1
      atOnce = Math.max(atOnce, underWay)
      await clock.wait(answerMs)
      underWay -= 1
      request.signal?.throwIfAborted()
      if (options.ignoresStartAfter && request.token === undefined && request.startAfter)
        throw new TransferError('ERR_RESPONSE_INVALID', 'The answer is not in the order of keys.')
      return pageOf(source, request, pageSize)
    },
  }
}

function pageOf(source: KeySource, request: ListObjectsOptions, pageSize: number): ObjectPage {
  const { prefix, startAfter, token } = request
  const after = token ?? startAfter
  const from = Math.max(
    firstIndex(source, (key) => compareKeys(key, prefix) >= 0),
    after === undefined ? 0 : firstIndex(source, (key) => compareKeys(key, after) > 0),
  )
  const objects: ListedObject[] = []
  let at = from
  for (; at < source.length && objects.length < pageSize; at += 1) {
    const key = source.key(at)
    if (!key.startsWith(prefix)) break
    objects.push({
      key,
      size: 1,
      etag: '"0"',
      lastModified: 0,
      storageClass: 'STANDARD',
      checksumAlgorithms: undefined,
    })
  }
  const goesOn = at < source.length && source.key(at).startsWith(prefix)
  return { objects, prefixes: [], next: goesOn ? objects.at(-1)?.key : undefined }
}

function firstIndex(source: KeySource, isThere: (key: string) => boolean): number {
  let low = 0
  let high = source.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isThere(source.key(middle))) high = middle
    else low = middle + 1
  }
  return low
}

/** Goes on to the next thing that is waited for once nothing else is left to do. */
class VirtualClock {
  ms = 0
  readonly #waiting: { readonly at: number; readonly done: () => void }[] = []
  #isRunning = false

  wait(ms: number): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ at: this.ms + ms, done })
      if (!this.#isRunning) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      await setImmediate()
      this.#waiting.sort((a, b) => a.at - b.at)
      const next = this.#waiting.shift()
      this.ms = Math.max(this.ms, next?.at ?? 0)
      next?.done()
    }
    this.#isRunning = false
  }
}
