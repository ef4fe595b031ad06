/**
 * Waiting that ends when a signal says so. What is waited for goes on; only the waiting ends.
 */

import { TransferError } from '../errors.ts'

/** The error of an aborted call, with the signal's reason as its cause. */
export function abortError(signal: AbortSignal): TransferError {
  return new TransferError('ERR_ABORTED', 'Aborted.', {}, { cause: signal.reason })
}

/** @throws ERR_ABORTED when the signal has aborted */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}

/** The promise, or ERR_ABORTED as soon as the signal aborts. */
export async function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return promise
  const { promise: aborted, reject } = withReject()
  const onAbort = (): void => reject(abortError(signal))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Resolves after that many milliseconds; rejects with ERR_ABORTED as soon as the signal aborts. */
export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delayMs)
  })
  try {
    await abortable(elapsed, signal)
  } finally {
    clearTimeout(timer)
  }
}

function withReject(): {
  readonly promise: Promise<never>
  readonly reject: (error: unknown) => void
} {
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<never>((_, fail) => {
    reject = fail
  })
  // The race may be over before anybody listens.
  promise.catch(() => undefined)
  return { promise, reject }
}
