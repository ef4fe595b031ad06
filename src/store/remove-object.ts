/**
 * Removes an object if it is still the one that is meant, told by its ETag. AWS compares it as it
 * deletes; of other stores it is not known, so they are looked at just before.
 */

import { isTransferError, TransferError } from '../errors.ts'
import type { RequestAttributes } from './attributes.ts'
import { isSameEtag } from './etag.ts'
import type { ObjectStore } from './object-store.ts'
import type { ObjectRef } from './types.ts'

/**
 * Hosts that are known to compare. Not those of access points and outposts.
 * Source: S3 User Guide, "How to perform conditional deletes", read 2026-11.
 */
const COMPARES = /(?:^|\.)s3(?:\.dualstack)?(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/

export interface RemoveObjectOptions {
  readonly attributes?: RequestAttributes | undefined
  readonly signal?: AbortSignal | undefined
}

/** What of a store it takes. */
export type RemovingStore = Pick<ObjectStore, 'route' | 'head' | 'deleteObject'>

/**
 * Removes the current version, or puts a marker over it; one that is gone counts as removed.
 * @throws ERR_OBJECT_CHANGED, ERR_ABORTED, and what the store refuses
 */
export async function removeObject(
  store: RemovingStore,
  { bucket, key }: Pick<ObjectRef, 'bucket' | 'key'>,
  etag: string,
  options: RemoveObjectOptions = {},
): Promise<void> {
  const object = { bucket, key }
  const isThere = (): Promise<boolean> => isStillThere(store, object, etag, options)
  const { host } = await store.route(bucket, { signal: options.signal })
  if (!COMPARES.test(host) && !(await isThere())) return
  try {
    await store.deleteObject(object, { ...options, ifMatch: etag })
  } catch (error) {
    switch (isTransferError(error) ? error.code : undefined) {
      case 'ERR_OBJECT_NOT_FOUND':
        return
      // A deletion that is repeated after its answer was lost may find the marker it made.
      case 'ERR_PRECONDITION_FAILED':
      case 'ERR_CONFLICT':
        if (await isThere()) throw error
        return
      // Some stores know no condition here.
      case 'ERR_NOT_SUPPORTED':
        if (await isThere()) await store.deleteObject(object, options)
        return
      default:
        throw error
    }
  }
}

/** @throws ERR_OBJECT_CHANGED when it is another one */
async function isStillThere(
  store: RemovingStore,
  object: ObjectRef,
  etag: string,
  options: RemoveObjectOptions,
): Promise<boolean> {
  try {
    const found = await store.head(object, options)
    if (isSameEtag(found.etag, etag)) return true
  } catch (error) {
    if (isTransferError(error) && error.code === 'ERR_OBJECT_NOT_FOUND') return false
    throw error
  }
  const message = `${object.key} is no longer the object that was copied`
  throw new TransferError('ERR_OBJECT_CHANGED', message, { ...object })
}
