/**
 * The beginning of a sequence that can be read but once, looked at without being lost to whoever reads it.
 */

import { setTimeout as after } from 'node:timers/promises'

export interface Beginning<T> {
  readonly items: readonly T[]
  /** Whether that is all there is. */
  readonly isAll: boolean
  /** All of it, from the first. Read once. */
  readonly whole: AsyncIterable<T>
  /** Says that nobody reads on. Harmless when it has been read. */
  readonly close: () => void
}

/**
 * @param max items taken at most
 * @param patienceMs for one that gives them slowly; what it has given until then is its beginning
 * @throws what the sequence throws
 */
export async function beginningOf<T>(
  sequence: AsyncIterable<T>,
  max: number,
  patienceMs: number,
): Promise<Beginning<T>> {
  const iterator = sequence[Symbol.asyncIterator]()
  const items: T[] = []
  let isAll = false
  let next: Promise<IteratorResult<T, unknown>> | undefined
  // One that gives nothing more may not hear of it either.
  const close = (): void => void Promise.resolve(iterator.return?.()).catch(() => undefined)
  const timer = new AbortController()
  const late = after(patienceMs, undefined, { ref: false, signal: timer.signal }).catch(() => {})
  try {
    while (items.length < max) {
      next ??= iterator.next()
      const result = await Promise.race([next, late])
      if (result === undefined) break
      next = undefined
      isAll = result.done === true
      if (result.done === true) break
      items.push(result.value)
    }
  } finally {
    timer.abort()
  }
  // Nobody may ever ask for it.
  next?.catch(() => undefined)
  async function* whole(): AsyncGenerator<T, void, void> {
    try {
      yield* items
      if (isAll) return
      let result = await (next ?? iterator.next())
      for (; result.done !== true; result = await iterator.next()) yield result.value
    } finally {
      close()
    }
  }
  return { items, isAll, whole: whole(), close }
}
