/** CopyObject: a new version that shares the source's bytes. */

import { checksumAlgorithm } from '../checksums.ts'
import type { ChecksumAlgorithm } from '../checksums.ts'
import { checkCopyConditions, checkWriteConditions } from '../conditions.ts'
import { xmlAnswer } from '../context.ts'
import type { Answer, Headers, S3Request, StoreContext } from '../context.ts'
import { checkCustomerKey } from '../encryption.ts'
import { digestSource, hasOpaqueEtag, opaqueEtag } from '../intake.ts'
import { BODY_SIZE_MAX } from '../limits.ts'
import type { ObjectAttributes, ObjectVersion, StoredChecksum } from '../model.ts'
import { checkReadable, encryptionHeaders, readAttributes } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import { xmlDocument } from '../xml.ts'
import { checkAclAllowed } from './acl.ts'
import { wholeSecond } from './objects.ts'
import { isVersioned, resolveCopySource, versionIdHeader } from './versions.ts'

export async function copyObject(store: StoreContext, request: S3Request): Promise<Answer> {
  const { headers, key } = request
  const bucket = store.catalog.bucket(request.bucket)
  const source = resolveCopySource(store, request)
  checkCustomerKey(headers, source.attributes.customerKeyMd5, true)
  checkReadable(source)
  checkCopyConditions(headers, source)
  checkWriteConditions(headers, bucket.current(key), key)
  checkSelfCopy(request, source)
  if (source.size > BODY_SIZE_MAX) {
    throw new S3Error(
      'InvalidRequest',
      'The specified copy source is larger than the maximum allowable size for a copy source.',
    )
  }
  const attributes = copiedAttributes(headers, source)
  checkAclAllowed(store, request)
  store.catalog.ledger.hold(source.segments)
  try {
    const { etag, checksum } = await digestCopy(store, headers, source, attributes)
    checkWriteConditions(headers, bucket.current(key), key)
    const version = store.catalog.addVersion({
      bucket: request.bucket,
      key,
      deleteMarker: false,
      lastModified: wholeSecond(store.now()),
      size: source.size,
      etag,
      segments: source.segments,
      attributes,
      checksum,
    })
    const answerHeaders = { ...encryptionHeaders(attributes), ...versionIdHeader(bucket, version) }
    const from = store.catalog.bucket(source.bucket)
    if (isVersioned(from)) answerHeaders['x-amz-copy-source-version-id'] = source.versionId
    const body = xmlDocument('CopyObjectResult', {
      LastModified: new Date(version.lastModified).toISOString(),
      ETag: `"${etag}"`,
      ChecksumType: checksum?.type,
      ...(checksum && { [`Checksum${checksum.algorithm}`]: checksum.value }),
    })
    return xmlAnswer(body, answerHeaders)
  } finally {
    store.catalog.ledger.release(source.segments)
  }
}

function copiedAttributes(headers: Headers, source: ObjectVersion): ObjectAttributes {
  const fresh = readAttributes(headers)
  const replace = directive(headers, 'x-amz-metadata-directive')
  const retag = directive(headers, 'x-amz-tagging-directive')
  const { content, metadata, tags } = source.attributes
  return {
    ...fresh,
    ...(replace ? {} : { content, metadata }),
    tags: retag ? fresh.tags : tags,
  }
}

/** True for REPLACE. */
function directive(headers: Headers, name: string): boolean {
  const value = headers[name] ?? 'COPY'
  if (value !== 'COPY' && value !== 'REPLACE') {
    throw new S3Error('InvalidArgument', `Unknown ${name}.`, { ArgumentValue: value })
  }
  return value === 'REPLACE'
}

function checkSelfCopy(request: S3Request, source: ObjectVersion): void {
  const { headers } = request
  const changes =
    source.bucket !== request.bucket ||
    source.key !== request.key ||
    headers['x-amz-copy-source']?.includes('?versionId=') === true ||
    directive(headers, 'x-amz-metadata-directive') ||
    headers['x-amz-storage-class'] !== undefined ||
    headers['x-amz-website-redirect-location'] !== undefined ||
    Object.keys(headers).some((name) => name.startsWith('x-amz-server-side-encryption'))
  if (changes) return
  throw new S3Error(
    'InvalidRequest',
    'This copy request is illegal because it is trying to copy an object to itself without ' +
      "changing the object's metadata, storage class, website redirect location or encryption " +
      'attributes.',
  )
}

/** The bytes are read only for what the source cannot tell. */
async function digestCopy(
  store: StoreContext,
  headers: Headers,
  source: ObjectVersion,
  attributes: ObjectAttributes,
): Promise<{ etag: string; checksum: StoredChecksum | undefined }> {
  const opaque = hasOpaqueEtag(store, attributes)
  const knownMd5 = /^[0-9a-f]{32}$/.test(source.etag) ? source.etag : undefined
  const algorithm = copyAlgorithm(store, headers, source)
  const known = source.checksum
  const reusable = known?.type === 'FULL_OBJECT' && known.algorithm === algorithm
  const algorithms = new Set<ChecksumAlgorithm>()
  if (!opaque && knownMd5 === undefined) algorithms.add('MD5')
  if (algorithm !== undefined && !reusable) algorithms.add(algorithm)
  const digests = await digestSource(store.catalog.ledger.open(source.segments), [...algorithms])
  const value = algorithm && digests.get(algorithm)?.toString('base64')
  return {
    etag: opaque ? opaqueEtag() : (knownMd5 ?? digests.get('MD5')?.toString('hex') ?? ''),
    checksum: reusable
      ? known
      : algorithm && value !== undefined
        ? { algorithm, type: 'FULL_OBJECT', value }
        : undefined,
  }
}

function copyAlgorithm(
  store: StoreContext,
  headers: Headers,
  source: ObjectVersion,
): ChecksumAlgorithm | undefined {
  if (!store.dialect.checksums) return undefined
  const name = headers['x-amz-checksum-algorithm']
  if (name === undefined) {
    return source.checksum?.algorithm ?? (store.dialect.defaultChecksum ? 'CRC64NVME' : undefined)
  }
  const algorithm = checksumAlgorithm(name)
  if (algorithm === undefined) throw new S3Error('InvalidRequest', 'Unknown checksum algorithm.')
  return algorithm
}
