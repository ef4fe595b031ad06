/** Which S3 operation a request is: a table of method, level and subresources. */

import type { Headers, OperationHandler } from './context.ts'
import * as acl from './ops/acl.ts'
import { getObjectAttributes } from './ops/attributes.ts'
import * as buckets from './ops/buckets.ts'
import { completeMultipartUpload } from './ops/complete.ts'
import { copyObject } from './ops/copy.ts'
import { deleteObject, deleteObjects } from './ops/delete.ts'
import { listObjects, listObjectsV2, listObjectVersions } from './ops/list.ts'
import { listMultipartUploads, listParts } from './ops/list-uploads.ts'
import * as multipart from './ops/multipart.ts'
import { getObject, headObject, putObject } from './ops/objects.ts'
import * as tagging from './ops/tagging.ts'
import { S3Error } from './s3-error.ts'

/** An operation under S3's own name. */
export interface Route {
  readonly operation: string
  readonly handler: OperationHandler
}

const ROUTES: Readonly<Record<string, readonly [string, OperationHandler]>> = {
  'GET service': ['ListBuckets', buckets.listBuckets],
  'PUT bucket': ['CreateBucket', buckets.createBucket],
  'HEAD bucket': ['HeadBucket', buckets.headBucket],
  'DELETE bucket': ['DeleteBucket', buckets.deleteBucket],
  'GET bucket': ['ListObjects', listObjects],
  'GET bucket list-type': ['ListObjectsV2', listObjectsV2],
  'GET bucket versions': ['ListObjectVersions', listObjectVersions],
  'GET bucket uploads': ['ListMultipartUploads', listMultipartUploads],
  'GET bucket location': ['GetBucketLocation', buckets.getBucketLocation],
  'GET bucket versioning': ['GetBucketVersioning', buckets.getBucketVersioning],
  'PUT bucket versioning': ['PutBucketVersioning', buckets.putBucketVersioning],
  'GET bucket ownershipControls': ['GetBucketOwnershipControls', acl.getOwnershipControls],
  'PUT bucket ownershipControls': ['PutBucketOwnershipControls', acl.putOwnershipControls],
  'DELETE bucket ownershipControls': ['DeleteBucketOwnershipControls', acl.deleteOwnershipControls],
  'POST bucket delete': ['DeleteObjects', deleteObjects],
  'GET object': ['GetObject', getObject],
  'HEAD object': ['HeadObject', headObject],
  'PUT object': ['PutObject', putObject],
  'PUT object copy': ['CopyObject', copyObject],
  'DELETE object': ['DeleteObject', deleteObject],
  'GET object acl': ['GetObjectAcl', acl.getObjectAcl],
  'PUT object acl': ['PutObjectAcl', acl.putObjectAcl],
  'GET object attributes': ['GetObjectAttributes', getObjectAttributes],
  'GET object tagging': ['GetObjectTagging', tagging.getObjectTagging],
  'PUT object tagging': ['PutObjectTagging', tagging.putObjectTagging],
  'DELETE object tagging': ['DeleteObjectTagging', tagging.deleteObjectTagging],
  'POST object uploads': ['CreateMultipartUpload', multipart.createMultipartUpload],
  'PUT object uploadId': ['UploadPart', multipart.uploadPart],
  'PUT object uploadId copy': ['UploadPartCopy', multipart.uploadPartCopy],
  'POST object uploadId': ['CompleteMultipartUpload', completeMultipartUpload],
  'DELETE object uploadId': ['AbortMultipartUpload', multipart.abortMultipartUpload],
  'GET object uploadId': ['ListParts', listParts],
}

/** Query parameters that name another operation. Source: S3 API Reference, 2026-11. */
const SUBRESOURCES = new Set([
  'abac',
  'accelerate',
  'acl',
  'analytics',
  'annotation',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'list-type',
  'location',
  'logging',
  'metadataConfiguration',
  'metadataTable',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'renameObject',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'session',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versioning',
  'versions',
  'website',
])

const METHODS = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE'])

/**
 * Finds the operation.
 *
 * @throws S3Error NotImplemented for what S3 has and this store has not, MethodNotAllowed.
 */
export function route(
  method: string,
  bucket: string,
  key: string,
  query: ReadonlyMap<string, string>,
  headers: Headers,
): Route {
  if (!METHODS.has(method)) throw new S3Error('MethodNotAllowed')
  const level = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object'
  const named = [...query.keys()].filter((name) => SUBRESOURCES.has(name)).sort()
  const copies = method === 'PUT' && headers['x-amz-copy-source'] !== undefined ? ['copy'] : []
  const [operation, handler] = ROUTES[[method, level, ...named, ...copies].join(' ')] ?? []
  if (operation === undefined || handler === undefined) {
    throw new S3Error('NotImplemented', undefined, { Header: named.join(',') })
  }
  return { operation, handler }
}
