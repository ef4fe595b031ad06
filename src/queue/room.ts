/**
 * Writing to a Redis that may have no memory or disk left: others may free some, so it is waited for.
 */

import { TransferError } from '../errors.ts'
import { abortable, sleep } from '../store/abortable.ts'

/** Between two attempts. Milliseconds. Source: none. */
const ATTEMPT_MS = 1000

export interface RoomOptions {
  readonly signal: AbortSignal
  /** Hears, once, that there is none. */
  readonly onFull: (message: string) => void
  /** Milliseconds. @default as long as it takes */
  readonly patienceMs?: number | undefined
}

/** Whether Redis refused a write because it has no memory left, or no disk to save it on. */
export function isFull(error: unknown): boolean {
  return error instanceof Error && /\b(?:OOM|MISCONF)\b/u.test(error.message)
}

/** @throws ERR_QUEUE_FULL, ERR_ABORTED, and what `write` throws else */
export async function whenRoom<T>(
  write: () => Promise<T>,
  { signal, onFull, patienceMs = Infinity }: RoomOptions,
): Promise<T> {
  const startedAt = performance.now()
  for (let isTold = false; ; isTold = true) {
    try {
      return await abortable(write(), signal)
    } catch (error) {
      if (!isFull(error)) throw error
      if (performance.now() - startedAt > patienceMs) {
        const message = `Redis has no room left for shards: ${(error as Error).message}`
        throw new TransferError('ERR_QUEUE_FULL', message, {}, { cause: error })
      }
      if (!isTold) onFull('Redis has no room left, in memory or on disk; waiting for some.')
      await sleep(ATTEMPT_MS, signal)
    }
  }
}
