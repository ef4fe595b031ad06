/**
 * How the sources of a tree are removed, by the side they are on: each noted before it is copied, and
 * removed behind its copy, while others are copied still.
 */

import { listenOnce } from '../transfer/abort-listeners.ts'
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
  return (action) => {
    const { sourceKey, path } = action
    const key = sourceKey ?? action.key
    const remove = (copied: Copied): Promise<void> =>
      removeSource(copied, { bucket, key, path }, () =>
        withOwnSignal(signal, (own) => {
          const asked = { attributes: attributesOf(action), signal: own }
          return removeObject(store, { bucket, key }, copied.etag, asked)
        }),
      )
    return Promise.resolve(remove)
  }
}

/** Each request listens to its signal; one that many share would be listened to by all of them. */
async function withOwnSignal(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const own = new AbortController()
  const unlisten = listenOnce(signal, () => own.abort(signal.reason))
  try {
    await work(own.signal)
  } finally {
    unlisten()
  }
}
