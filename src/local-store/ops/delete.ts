/** DeleteObject and DeleteObjects, delete markers included. */

import type { BucketState } from '../bucket-state.ts'
import { findVersion } from '../catalog.ts'
import { checkWriteConditions } from '../conditions.ts'
import { xmlAnswer } from '../context.ts'
import type { Answer, S3Request, StoreContext } from '../context.ts'
import { receiveXml } from '../intake.ts'
import { checkKey } from '../keys.ts'
import { PAGE_MAX } from '../limits.ts'
import type { ObjectVersion } from '../model.ts'
import { readAttributes } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import { childText, xmlDocument } from '../xml.ts'
import type { XmlElements, XmlNode } from '../xml.ts'
import { wholeSecond } from './objects.ts'
import { isVersioned } from './versions.ts'

/** What one deletion did. */
interface Deletion {
  /** The marker that was made, or the version that was removed. */
  readonly version?: ObjectVersion | undefined
  readonly markerMade: boolean
}

export function deleteObject(store: StoreContext, request: S3Request): Answer {
  const { key, query, headers } = request
  const bucket = store.catalog.bucket(request.bucket)
  const match = headers['if-match']
  if (match !== undefined) checkWriteConditions({ 'if-match': match }, bucket.current(key), key)
  const { version } = remove(store, bucket, key, query.get('versionId'))
  const answer: Record<string, string> = {}
  if (version?.deleteMarker === true) answer['x-amz-delete-marker'] = 'true'
  if (version !== undefined && isVersioned(bucket)) answer['x-amz-version-id'] = version.versionId
  return { status: 204, headers: answer }
}

export async function deleteObjects(store: StoreContext, request: S3Request): Promise<Answer> {
  store.catalog.bucket(request.bucket)
  if (store.dialect.deleteObjectsNeedsMd5 && request.headers['content-md5'] === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5')
  }
  const root = await receiveXml(store, request, 'Delete')
  const bucket = store.catalog.bucket(request.bucket)
  const objects = root.children.filter(({ name }) => name === 'Object')
  if (objects.length === 0 || objects.length > PAGE_MAX) throw new S3Error('MalformedXML')
  const quiet = childText(root, 'Quiet')?.trim() === 'true'
  const deleted: XmlElements[] = []
  const failed: XmlElements[] = []
  for (const node of objects) {
    const key = childText(node, 'Key')
    if (key === undefined || key === '') throw new S3Error('MalformedXML')
    const versionId = childText(node, 'VersionId')
    try {
      const done = removeListed(store, bucket, node, key, versionId)
      if (!quiet) deleted.push(describe(bucket, key, versionId, done))
    } catch (error) {
      if (!(error instanceof S3Error)) throw error
      failed.push({ Key: key, VersionId: versionId, Code: error.code, Message: error.message })
    }
  }
  return xmlAnswer(xmlDocument('DeleteResult', { Deleted: deleted, Error: failed }))
}

function removeListed(
  store: StoreContext,
  bucket: BucketState,
  node: XmlNode,
  key: string,
  versionId: string | undefined,
): Deletion {
  checkKey(key)
  const etag = childText(node, 'ETag')
  if (etag !== undefined) checkWriteConditions({ 'if-match': etag }, bucket.current(key), key)
  return remove(store, bucket, key, versionId)
}

function describe(
  bucket: BucketState,
  key: string,
  versionId: string | undefined,
  { version, markerMade }: Deletion,
): XmlElements {
  const marker = isVersioned(bucket) && version?.deleteMarker === true
  return {
    Key: key,
    VersionId: versionId,
    DeleteMarker: marker ? true : undefined,
    DeleteMarkerVersionId: marker && (markerMade || versionId) ? version.versionId : undefined,
  }
}

function remove(
  store: StoreContext,
  bucket: BucketState,
  key: string,
  versionId: string | undefined,
): Deletion {
  const { catalog } = store
  if (versionId !== undefined) {
    const version = findVersion(bucket, key, versionId)
    if (version !== undefined) catalog.removeVersion(version)
    return { version, markerMade: false }
  }
  if (isVersioned(bucket)) {
    const marker = catalog.addVersion({
      bucket: bucket.record.name,
      key,
      deleteMarker: true,
      lastModified: wholeSecond(store.now()),
      size: 0,
      etag: '',
      segments: [],
      attributes: readAttributes({}),
    })
    return { version: marker, markerMade: true }
  }
  const version = bucket.current(key)
  if (version !== undefined) catalog.removeVersion(version)
  return { version, markerMade: false }
}
