/** Finding the version a request is about, with the errors S3 has for each way to miss it. */

import type { BucketState } from '../bucket-state.ts'
import { findVersion } from '../catalog.ts'
import type { S3Request, StoreContext } from '../context.ts'
import { decodePercent } from '../keys.ts'
import type { ObjectVersion } from '../model.ts'
import { S3Error } from '../s3-error.ts'

/** True once versioning was switched on, even if it is suspended now. */
export function isVersioned(bucket: BucketState): boolean {
  return bucket.record.versioning !== undefined
}

/** The version id header of an answer that made or removed something. */
export function versionIdHeader(
  bucket: BucketState,
  version: ObjectVersion | undefined,
): Record<string, string> {
  return version !== undefined && isVersioned(bucket)
    ? { 'x-amz-version-id': version.versionId }
    : {}
}

/**
 * The version named by `versionId`, or the current one.
 *
 * @throws S3Error NoSuchKey, NoSuchVersion, MethodNotAllowed (a delete marker by its id).
 */
export function resolveVersion(
  bucket: BucketState,
  key: string,
  versionId: string | undefined,
): ObjectVersion {
  if (versionId === undefined) {
    const newest = bucket.newest(key)
    if (newest === undefined) throw new S3Error('NoSuchKey', undefined, { Key: key })
    if (newest.deleteMarker) {
      const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': newest.versionId }
      throw new S3Error('NoSuchKey', undefined, { Key: key }, headers)
    }
    return newest
  }
  const version = findVersion(bucket, key, versionId)
  if (version === undefined) {
    throw new S3Error('NoSuchVersion', undefined, { Key: key, VersionId: versionId })
  }
  if (version.deleteMarker) {
    const headers = {
      'x-amz-delete-marker': 'true',
      'x-amz-version-id': versionId,
      'last-modified': new Date(version.lastModified).toUTCString(),
      allow: 'DELETE',
    }
    throw new S3Error('MethodNotAllowed', undefined, { ResourceType: 'DeleteMarker' }, headers)
  }
  return version
}

/** The version named by `x-amz-copy-source`. */
export function resolveCopySource(store: StoreContext, request: S3Request): ObjectVersion {
  const header = request.headers['x-amz-copy-source'] ?? ''
  const question = header.search(/\?versionId=/)
  const path = decodePercent(question === -1 ? header : header.slice(0, question))
  const versionId = question === -1 ? undefined : header.slice(question + '?versionId='.length)
  const match = /^\/?([^/]+)\/([^]+)$/.exec(path)
  if (match === null) {
    throw new S3Error('InvalidArgument', 'Copy Source must mention the source bucket and key.')
  }
  const bucket = store.catalog.bucket(match[1] as string)
  return resolveVersion(bucket, match[2] as string, versionId)
}
