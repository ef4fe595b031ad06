/**
 * How the sources of a tree are removed, by the side they are on: each noted before it is copied, and
 * removed behind its copy, while others are copied still.
 */

import { setMaxListeners } from 'node:events'
import { CopiedFile } from '../transfer/copied-file.ts'
import { removeSource } from '../transfer/move.ts'
import type { Verification } from '../transfer/results.ts'
import type { RequestAttributes } from '../store/attributes.ts'
import { removeObject, type RemovingStore } from '../store/remove-object.ts'
import type { TreeAction } from './outcome.ts'

/** What is known of a copy. */
interface Copied {
  readonly verified: Verification
  /** Of the object that was copied. */
  readonly etag: string
}

/**
 * Notes a source; what it gives removes that, and is called when all has been done to the copy.
 * @throws ERR_SOURCE_NOT_REMOVED from there
 */
export type SourceRemoval = (action: TreeAction) => Promise<(copied: Copied) => Promise<void>>

/** Files. */
export const removingFiles: SourceRemoval = async ({ key, path = '' }) => {
  const file = await CopiedFile.note(path)
  return (copied) => removeSource(copied, { key, path }, () => file.remove())
}

/** Objects of a bucket, each by a request of its own, which says which version of it is meant. */
export function removingObjects(
  store: RemovingStore,
  bucket: string,
  options: {
    readonly attributesOf: (action: TreeAction) => RequestAttributes
    readonly signal: AbortSignal
  },
): SourceRemoval {
  const { attributesOf, signal } = options
  // As many listen as removals are under way, and each takes its listener off again.
  setMaxListeners(0, signal)
  return (action) => {
    const { sourceKey, path } = action
    const key = sourceKey ?? action.key
    const remove = (copied: Copied): Promise<void> =>
      removeSource(copied, { bucket, key, path }, () => {
        const attributes = attributesOf(action)
        return removeObject(store, { bucket, key }, copied.etag, { attributes, signal })
      })
    return Promise.resolve(remove)
  }
}
