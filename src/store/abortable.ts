/**
 * Waiting that ends when a signal says so. What is waited for goes on; only the waiting ends.
 */

import { TransferError } from '../errors.ts'

/** What waiting needs of an `AbortSignal`, which is dear to make: a transfer has one of its own. */
export interface StopSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** The error of an aborted call, with the signal's reason as its cause. */
export function abortError(signal: StopSignal): TransferError {
  return new TransferError('ERR_ABORTED', 'Aborted.', {}, { cause: signal.reason })
}

/** @throws ERR_ABORTED when the signal has aborted */
export function throwIfAborted(signal: StopSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}

/** The promise, or ERR_ABORTED as soon as the signal aborts. */
export async function abortable<T>(
  promise: Promise<T>,
  signal: StopSignal | undefined,
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
export async function sleep(delayMs: number, signal?: StopSignal): Promise<void> {
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
