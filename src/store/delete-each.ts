/**
 * Removal of many objects where there is no DeleteObjects, or none that takes what the SDK sends: one by
 * one then, each a request like any other, with its turn and its retries.
 */

import { isTransferError, type TransferError } from '../errors.ts'
import type { ObjectStore } from './object-store.ts'

/** Requests at a time. Source: none, reasonable default; as many as a listing has. */
const AT_ONCE = 8

/** A store whose `deleteObjects` works whether there is such a call or not. */
export function withSingleRemovals(store: ObjectStore): ObjectStore {
  // Found out by a refusal; the profile may not know.
  let isMissing = false
  return {
    ...store,
    async deleteObjects(bucket, keys, options) {
      const each = (): ReturnType<typeof deleteEach> =>
        deleteEach(keys, (key) => store.deleteObject({ bucket, key }, options))
      const { keysPerDelete } = (await store.settings()).profile
      if (isMissing || keysPerDelete === 1) return each()
      try {
        const failures = new Map<string, TransferError>()
        for (let at = 0; at < keys.length; at += keysPerDelete) {
          const some = keys.slice(at, at + keysPerDelete)
          const refused = await store.deleteObjects(bucket, some, options)
          for (const [key, error] of refused) failures.set(key, error)
        }
        return failures
      } catch (error) {
        if (!isDeleteObjectsMissing(error)) throw error
        isMissing = true
        return each()
      }
    },
  }
}

/**
 * Removes keys one by one. Returns the failures, by key.
 * @throws ERR_ABORTED; what is under way then has ended
 */
export async function deleteEach(
  keys: readonly string[],
  remove: (key: string) => Promise<void>,
): Promise<ReadonlyMap<string, TransferError>> {
  const failures = new Map<string, TransferError>()
  const left = keys.values()
  let broken: { readonly error: unknown } | undefined
  const work = async (): Promise<void> => {
    for (const key of left) {
      if (broken !== undefined) return
      try {
        await remove(key)
      } catch (error) {
        const isOfKey = isTransferError(error) && error.code !== 'ERR_ABORTED'
        if (isOfKey) failures.set(key, error)
        else broken ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  if (broken !== undefined) throw broken.error
  return failures
}

/** Whether a refusal of DeleteObjects is one of the call itself, and not of what was to be removed. */
export function isDeleteObjectsMissing(error: unknown): boolean {
  if (!isTransferError(error) || error.context.status === undefined) return false
  const { code, message } = error
  if (code === 'ERR_NOT_SUPPORTED') return true
  // Of the checksum the SDK sends with this call, and no option keeps from it.
  return code === 'ERR_REQUEST_REFUSED' && /content-md5|checksum/i.test(message)
}
