/**
 * All open uploads of a bucket below a prefix, page by page, and never in a circle: a store that
 * answers with a place where we have been does not hold us for ever.
 */

import { TransferError } from '../errors.ts'
import type { ListedUpload, ObjectStore, UploadMarker } from '../store/object-store.ts'
import type { S3Location } from '../store/uri.ts'

/** @throws ERR_RESPONSE_INVALID when the pages do not go on */
export async function* uploadPages(
  store: ObjectStore,
  place: S3Location,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly ListedUpload[], void, undefined> {
  const { bucket, key: prefix } = place
  const visited = new Set<string>()
  let after: UploadMarker | undefined
  do {
    const page = await store.listMultipartUploads(bucket, { prefix, after, signal })
    yield page.uploads
    after = page.next
    const place = JSON.stringify(after)
    if (after !== undefined && visited.has(place)) {
      const context = { operation: 'ListMultipartUploads', bucket }
      const message = 'The answer to ListMultipartUploads does not go on.'
      throw new TransferError('ERR_RESPONSE_INVALID', message, context)
    }
    visited.add(place)
  } while (after !== undefined)
}
