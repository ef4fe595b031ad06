/**
 * An `ObjectStore` that tries again, around one that makes single attempts.
 *
 * Everything but Complete is repeated whenever another attempt may help. For Create that may leave
 * an upload without parts which nobody knows, when its answer was lost; that costs nothing until a
 * lifecycle rule removes it, and a transfer lost to one stale connection would cost more. After a
 * lost answer to Complete only a look at the object tells what happened, so it is repeated only when
 * the failed attempt did not take effect for certain: the store said so, or was never reached.
 */

import { isTransferError, type TransferError } from '../errors.ts'
import { sleep as realSleep, throwIfAborted } from './abortable.ts'
import { actionOf } from './classify.ts'
import type { ObjectStore, UploadCallOptions } from './object-store.ts'
import { RetrySequence, type RetryPolicy } from './retry-policy.ts'

export interface WithRetryOptions {
  readonly policy: RetryPolicy
  /**
   * Waits until a request may be made; rejects with ERR_ABORTED when the signal aborts. One that is
   * part of a removal is counted, and waits for nobody.
   */
  readonly turn?:
    | ((signal: AbortSignal | undefined, isRemoval: boolean) => Promise<void>)
    | undefined
  /** Waits; rejects with ERR_ABORTED when the signal aborts. For tests. */
  readonly sleep?: ((delayMs: number, signal?: AbortSignal) => Promise<void>) | undefined
  /** Told about each failed attempt that is followed by another. */
  readonly onRetry?: ((error: TransferError, delayMs: number) => void) | undefined
}

/** Adds retries to a store. */
export function withRetry(store: ObjectStore, options: WithRetryOptions): ObjectStore {
  const { policy, turn, sleep = realSleep, onRetry } = options

  async function attempt<T>(
    bucket: string,
    call: UploadCallOptions | undefined,
    mayRepeat: (error: TransferError) => boolean,
    run: () => Promise<T>,
  ): Promise<T> {
    const sequence = new RetrySequence(policy)
    for (;;) {
      await turn?.(call?.signal, call?.isRemoval === true)
      try {
        return await run()
      } catch (thrown) {
        if (!isTransferError(thrown)) throw thrown
        const error = thrown.with({ attempt: sequence.attempt })
        const delayMs = mayRepeat(error) ? sequence.next(error) : undefined
        if (delayMs === undefined || !repair(store, bucket, error)) throw error
        onRetry?.(error, delayMs)
        await sleep(delayMs, call?.signal)
        throwIfAborted(call?.signal)
      }
    }
  }

  return {
    settings: () => store.settings(),
    route: (bucket, call) => store.route(bucket, call),
    head: (object, call) => attempt(object.bucket, call, always, () => store.head(object, call)),
    createMultipartUpload: (object, call) =>
      attempt(object.bucket, call, always, () => store.createMultipartUpload(object, call)),
    completeMultipartUpload: (object, uploadId, parts, call) =>
      attempt(object.bucket, call, hadNoEffect, () =>
        store.completeMultipartUpload(object, uploadId, parts, call),
      ),
    copyObject: (from, to, call) =>
      attempt(to.bucket, call, always, () => store.copyObject(from, to, call)),
    copyPart: (from, to, call) =>
      attempt(to.bucket, call, always, () => store.copyPart(from, to, call)),
    tags: (object, call) => attempt(object.bucket, call, always, () => store.tags(object, call)),
    acl: (object, call) => attempt(object.bucket, call, always, () => store.acl(object, call)),
    allowsAcls: (bucket, call) =>
      attempt(bucket, call, always, () => store.allowsAcls(bucket, call)),
    versioning: (bucket, call) =>
      attempt(bucket, call, always, () => store.versioning(bucket, call)),
    abortMultipartUpload: (object, uploadId, call) =>
      attempt(object.bucket, call, always, () =>
        store.abortMultipartUpload(object, uploadId, call),
      ),
    listParts: (object, uploadId, call) =>
      attempt(object.bucket, call, always, () => store.listParts(object, uploadId, call)),
    listMultipartUploads: (bucket, call) =>
      attempt(bucket, call, always, () => store.listMultipartUploads(bucket, call)),
    deleteObject: (object, call) =>
      attempt(object.bucket, call, always, () => store.deleteObject(object, call)),
    deleteObjects: (bucket, keys, call) =>
      attempt(bucket, call, always, () => store.deleteObjects(bucket, keys, call)),
    listObjects: (bucket, call) =>
      attempt(bucket, call, always, () => store.listObjects(bucket, call)),
    listVersions: (bucket, call) =>
      attempt(bucket, call, always, () => store.listVersions(bucket, call)),
    refresh: (bucket, how) => store.refresh(bucket, how),
    noteClockOffset: (offsetMs) => store.noteClockOffset(offsetMs),
    close: () => store.close(),
  }
}

/**
 * Corrects what an error says is wrong with our side, so that another attempt can succeed: the
 * clock, the credentials, the region of the bucket. Use it for the errors of workers too.
 * Returns false when the error asks for a correction it does not tell.
 */
export function repair(store: ObjectStore, bucket: string, error: TransferError): boolean {
  const { clockOffsetMs, region } = error.context
  switch (actionOf(error)) {
    case 'clock':
      if (clockOffsetMs === undefined) return false
      store.noteClockOffset(clockOffsetMs)
      return true
    case 'credentials':
      store.refresh(bucket)
      return true
    case 'region':
      if (region === undefined) return false
      store.refresh(bucket, { region })
      return true
    default:
      return true
  }
}

function always(): boolean {
  return true
}

/** Whether the failed request changed nothing for certain: refused, or never sent. */
function hadNoEffect(error: TransferError): boolean {
  const { code } = error
  if (code === 'ERR_CONNECT' || code === 'ERR_CONNECT_TIMEOUT') return true
  return error.context.status !== undefined && code !== 'ERR_RESPONSE_INVALID'
}
