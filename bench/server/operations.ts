/**
 * Which operation a request asks for: by method, by whether there is a key, and by the names in
 * its query. Path style only: `/bucket/key`. Signatures are not looked at.
 */

import { element, elementText, Refusal, refusalAnswer, xmlAnswer, type Answer } from './answer.ts'
import type { Catalog } from './catalog.ts'
import { listObjects, listObjectsV2, listUploads } from './listing.ts'
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  putPart,
} from './multipart-operations.ts'
import { getObject, putObject } from './object-operations.ts'
import type { Received } from './request-body.ts'
import type { RequestHead } from './request-head.ts'

/** Settings of a bucket nobody made, by the name in the query. */
const ABSENT_SETTINGS: Readonly<Record<string, string>> = {
  cors: 'NoSuchCORSConfiguration',
  encryption: 'ServerSideEncryptionConfigurationNotFoundError',
  lifecycle: 'NoSuchLifecycleConfiguration',
  'object-lock': 'ObjectLockConfigurationNotFoundError',
  policy: 'NoSuchBucketPolicy',
  replication: 'ReplicationConfigurationNotFoundError',
  tagging: 'NoSuchTagSet',
  website: 'NoSuchWebsiteConfiguration',
}

const OWNER = '<Owner><ID>bench</ID><DisplayName>bench</DisplayName></Owner>'

/** Whether the answer depends on the content of the body, which then has to be kept. */
export function needsText({ method }: RequestHead): boolean {
  return method === 'POST'
}

/** Whether it moves bytes or changes what there is. */
export function isMove({ method, path }: Pick<RequestHead, 'method' | 'path'>): boolean {
  // Without a key it asks what a bucket holds, or is.
  if (method === 'GET') return /^\/[^/]+\/./.test(path)
  return method !== 'HEAD'
}

/** Never throws: a refusal is an answer, and what else goes wrong is one too. */
export function answerRequest(
  catalog: Catalog,
  bucket: string,
  head: RequestHead,
  received: Received,
): Answer {
  try {
    const slash = head.path.indexOf('/', 1)
    const name = head.path.slice(1, slash < 0 ? undefined : slash)
    const key = slash < 0 ? '' : decode(head.path.slice(slash + 1))
    if (name === '') return listBuckets(head, bucket)
    if (name !== bucket) throw new Refusal(404, 'NoSuchBucket')
    if (key === '') return answerBucket(catalog, bucket, head, received)
    return answerObject(catalog, bucket, key, head, received)
  } catch (error) {
    const refusal =
      error instanceof Refusal ? error : new Refusal(500, 'InternalError', String(error))
    const answer = refusalAnswer(refusal)
    // An answer to HEAD has no document.
    return head.method === 'HEAD' ? { status: answer.status } : answer
  }
}

function answerObject(
  catalog: Catalog,
  bucket: string,
  key: string,
  head: RequestHead,
  received: Received,
): Answer {
  const { method, query } = head
  switch (method) {
    case 'GET':
    case 'HEAD': {
      if (query.has('uploadId')) return listParts(catalog, head, bucket, key)
      const object = catalog.get(key)
      if (object === undefined) {
        throw new Refusal(404, 'NoSuchKey', 'The specified key does not exist.')
      }
      if (query.has('acl')) return accessControl()
      if (query.has('tagging')) return xmlAnswer('Tagging', '<TagSet></TagSet>')
      return getObject(catalog, head, object)
    }
    case 'PUT':
      if (query.has('partNumber')) return putPart(catalog, head, key, received)
      if (query.has('acl') || query.has('tagging')) return { status: 200 }
      if (head.headers['x-amz-copy-source'] !== undefined) throw notImplemented()
      return putObject(catalog, head, key, received)
    case 'POST':
      if (query.has('uploads')) return createUpload(catalog, head, bucket, key)
      if (query.has('uploadId')) return completeUpload(catalog, head, bucket, key, received.text)
      throw notImplemented()
    case 'DELETE':
      if (query.has('uploadId')) return abortUpload(catalog, head, key)
      if (!query.has('tagging')) catalog.delete(key)
      return { status: 204 }
    default:
      throw notImplemented()
  }
}

function answerBucket(
  catalog: Catalog,
  bucket: string,
  { method, query }: RequestHead,
  received: Received,
): Answer {
  if (method === 'HEAD' || method === 'PUT') return { status: 200 }
  if (method === 'POST' && query.has('delete')) return deleteObjects(catalog, received.text)
  if (method !== 'GET') throw notImplemented()
  if (query.has('location')) return xmlAnswer('LocationConstraint', '')
  if (query.has('versioning')) return xmlAnswer('VersioningConfiguration', '')
  if (query.has('requestPayment')) {
    return xmlAnswer('RequestPaymentConfiguration', element('Payer', 'BucketOwner'))
  }
  if (query.has('acl')) return accessControl()
  if (query.has('uploads')) return listUploads(catalog, bucket, query)
  for (const name in ABSENT_SETTINGS) {
    if (query.has(name)) throw new Refusal(404, ABSENT_SETTINGS[name] ?? '')
  }
  return query.get('list-type') === '2'
    ? listObjectsV2(catalog, bucket, query)
    : listObjects(catalog, bucket, query)
}

function listBuckets({ method }: RequestHead, bucket: string): Answer {
  if (method === 'HEAD') return { status: 200 }
  if (method !== 'GET') throw notImplemented()
  const created = element('CreationDate', '2026-01-01T00:00:00.000Z')
  const inner = `<Buckets><Bucket>${element('Name', bucket)}${created}</Bucket></Buckets>`
  return xmlAnswer('ListAllMyBucketsResult', OWNER + inner)
}

function deleteObjects(catalog: Catalog, document: string): Answer {
  const isQuiet = elementText(document, 'Quiet') === 'true'
  let inner = ''
  for (const [, object = ''] of document.matchAll(/<Object>([\s\S]*?)<\/Object>/g)) {
    const key = elementText(object, 'Key') ?? ''
    catalog.delete(key)
    if (!isQuiet) inner += `<Deleted>${element('Key', key)}</Deleted>`
  }
  return xmlAnswer('DeleteResult', inner)
}

function accessControl(): Answer {
  return xmlAnswer('AccessControlPolicy', `${OWNER}<AccessControlList></AccessControlList>`)
}

function decode(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    throw new Refusal(400, 'InvalidURI')
  }
}

function notImplemented(): Refusal {
  return new Refusal(501, 'NotImplemented', 'The server of the benchmark does not do this.')
}
