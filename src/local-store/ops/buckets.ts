/** Buckets: list, create, head, delete, location, versioning. */

import { OWNER, xmlAnswer } from '../context.ts'
import type { Answer, S3Request, StoreContext } from '../context.ts'
import { receiveXml } from '../intake.ts'
import { S3Error } from '../s3-error.ts'
import { childText, xmlDocument } from '../xml.ts'

/** Source: S3 User Guide, "General purpose bucket naming rules", 2026-11. */
const BUCKET_NAME = /^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

export function listBuckets(store: StoreContext, request: S3Request): Answer {
  const prefix = request.query.get('prefix') ?? ''
  const buckets = store.catalog.buckets().filter(({ record }) => record.name.startsWith(prefix))
  const body = xmlDocument('ListAllMyBucketsResult', {
    Owner: OWNER,
    Buckets: {
      Bucket: buckets.map(({ record }) => ({
        Name: record.name,
        CreationDate: new Date(record.created).toISOString(),
      })),
    },
  })
  return xmlAnswer(body)
}

export async function createBucket(store: StoreContext, request: S3Request): Promise<Answer> {
  const { bucket, headers } = request
  checkBucketName(bucket)
  const chunked = request.payload.kind.startsWith('chunks')
  if (chunked || Number(headers['content-length'] ?? 0) > 0) {
    const root = await receiveXml(store, request, 'CreateBucketConfiguration')
    const wanted = childText(root, 'LocationConstraint')?.trim() ?? ''
    if (wanted !== '' && wanted !== store.region) {
      throw new S3Error(
        'IllegalLocationConstraintException',
        `The ${wanted} location constraint is not that of this endpoint.`,
      )
    }
  }
  if (store.catalog.hasBucket(bucket)) {
    throw new S3Error('BucketAlreadyOwnedByYou', undefined, { BucketName: bucket })
  }
  makeBucket(store, bucket, headers['x-amz-bucket-object-lock-enabled'] === 'true')
  return { status: 200, headers: { location: `/${bucket}` } }
}

/** Makes a bucket; one with object lock is versioned from the start, as on AWS. */
export function makeBucket(store: StoreContext, name: string, objectLock = false): void {
  checkBucketName(name)
  const record = { name, created: store.now() }
  store.catalog.putBucket(objectLock ? { ...record, objectLock, versioning: 'Enabled' } : record)
}

function checkBucketName(name: string): void {
  if (!BUCKET_NAME.test(name))
    throw new S3Error('InvalidBucketName', undefined, { BucketName: name })
}

export function headBucket(store: StoreContext, request: S3Request): Answer {
  store.catalog.bucket(request.bucket)
  return { status: 200, headers: { 'x-amz-bucket-region': store.region } }
}

export function deleteBucket(store: StoreContext, request: S3Request): Answer {
  const bucket = store.catalog.bucket(request.bucket)
  if (bucket.keys.length > 0) {
    throw new S3Error('BucketNotEmpty', undefined, { BucketName: request.bucket })
  }
  // Open uploads do not keep a bucket: AWS drops them with it.
  for (const state of bucket.uploads.values()) store.catalog.removeUpload(state)
  store.catalog.deleteBucket(request.bucket)
  return { status: 204, headers: {} }
}

export function getBucketLocation(store: StoreContext, request: S3Request): Answer {
  store.catalog.bucket(request.bucket)
  const region = store.region === 'us-east-1' ? '' : store.region
  return xmlAnswer(xmlDocument('LocationConstraint', region))
}

export function getBucketVersioning(store: StoreContext, request: S3Request): Answer {
  const { versioning } = store.catalog.bucket(request.bucket).record
  return xmlAnswer(xmlDocument('VersioningConfiguration', { Status: versioning }))
}

export async function putBucketVersioning(
  store: StoreContext,
  request: S3Request,
): Promise<Answer> {
  store.catalog.bucket(request.bucket)
  const root = await receiveXml(store, request, 'VersioningConfiguration')
  const status = childText(root, 'Status')?.trim()
  if (status !== 'Enabled' && status !== 'Suspended') {
    throw new S3Error('IllegalVersioningConfigurationException')
  }
  const { record } = store.catalog.bucket(request.bucket)
  if (record.objectLock === true && status === 'Suspended') {
    throw new S3Error('InvalidBucketState')
  }
  store.catalog.putBucket({ ...record, versioning: status })
  return { status: 200, headers: {} }
}
