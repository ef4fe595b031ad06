/** CreateMultipartUpload, UploadPart, UploadPartCopy, AbortMultipartUpload. */

import { randomBytes } from 'node:crypto'
import type { UploadState } from '../bucket-state.ts'
import { CHECKSUM_ALGORITHMS, checksumAlgorithm, checksumHeader } from '../checksums.ts'
import { checkCopyConditions } from '../conditions.ts'
import { xmlAnswer } from '../context.ts'
import type { Answer, Headers, S3Request, StoreContext } from '../context.ts'
import { checkCustomerKey } from '../encryption.ts'
import { digestSource, hasOpaqueEtag, opaqueEtag, receiveBlob } from '../intake.ts'
import { BODY_SIZE_MAX } from '../limits.ts'
import { sliceSegments, wholeBlob } from '../model.ts'
import type { ObjectVersion, Part, Upload } from '../model.ts'
import { checkReadable, encryptionHeaders, readAttributes } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import { xmlDocument } from '../xml.ts'
import { checkAclAllowed } from './acl.ts'
import { wholeSecond } from './objects.ts'
import { isVersioned, resolveCopySource } from './versions.ts'

/** Algorithms whose parts can be verified as one full object. Source: s3 checksum type table. */
const FULL_OBJECT_ALGORITHMS = new Set(['CRC32', 'CRC32C', 'CRC64NVME'])

export function createMultipartUpload(store: StoreContext, request: S3Request): Answer {
  const { bucket, key, headers } = request
  store.catalog.bucket(bucket)
  const attributes = readAttributes(headers)
  checkAclAllowed(store, request)
  const checksum = store.dialect.checksums ? readUploadChecksum(headers) : undefined
  const id = randomBytes(24).toString('base64url')
  const upload = { id, bucket, key, initiated: wholeSecond(store.now()), attributes }
  store.catalog.addUpload(checksum === undefined ? upload : { ...upload, checksum })
  const answer = encryptionHeaders(attributes)
  if (checksum !== undefined) {
    answer['x-amz-checksum-algorithm'] = checksum.algorithm
    answer['x-amz-checksum-type'] = checksum.type
  }
  const result = { Bucket: bucket, Key: key, UploadId: id }
  return xmlAnswer(xmlDocument(store.dialect.createRoot, result), answer)
}

function readUploadChecksum(headers: Headers): Upload['checksum'] {
  const name = headers['x-amz-checksum-algorithm']
  const type = headers['x-amz-checksum-type']?.toUpperCase()
  if (name === undefined) {
    if (type === undefined) return undefined
    throw new S3Error(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    )
  }
  const algorithm = checksumAlgorithm(name)
  if (algorithm === undefined) {
    throw new S3Error('InvalidRequest', 'Checksum algorithm provided is unsupported.')
  }
  const fallback = algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'
  const chosen = type ?? fallback
  const possible =
    chosen === 'FULL_OBJECT'
      ? FULL_OBJECT_ALGORITHMS.has(algorithm)
      : chosen === 'COMPOSITE' && algorithm !== 'CRC64NVME'
  if (!possible) {
    throw new S3Error(
      'InvalidRequest',
      `The ${chosen} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    )
  }
  return { algorithm, type: chosen as 'FULL_OBJECT' | 'COMPOSITE' }
}

export async function uploadPart(store: StoreContext, request: S3Request): Promise<Answer> {
  const { headers } = request
  const number = readPartNumber(store, request)
  const state = findUpload(store, request)
  const { upload } = state
  checkCustomerKey(headers, upload.attributes.customerKeyMd5)
  if (store.dialect.checksums) checkPartChecksum(headers, upload)
  await waitForEarlierParts(store, request, state, number)
  const mustMatch = upload.attributes.metadata['pattern'] === 'verify'
  const purpose = { key: upload.key, part: true, mustMatch }
  const fallback = upload.checksum?.algorithm
  const taken = await receiveBlob(store, request, purpose, upload.attributes, fallback)
  try {
    storePart(store, request, {
      number,
      size: taken.blob.length,
      etag: taken.etag,
      lastModified: wholeSecond(store.now()),
      segments: wholeBlob(taken.blob),
      checksum: taken.checksum,
    })
  } catch (error) {
    store.backend.remove(taken.blob)
    throw error
  }
  if (taken.blob.length === 0) store.backend.remove(taken.blob)
  const answer: Record<string, string> = {
    etag: `"${taken.etag}"`,
    ...encryptionHeaders(upload.attributes),
  }
  if (taken.checksum !== undefined) {
    answer[checksumHeader(taken.checksum.algorithm)] = taken.checksum.value
  }
  return { status: 200, headers: answer }
}

/** The upload may have been aborted while the part was coming in. */
function storePart(store: StoreContext, request: S3Request, part: Part): void {
  store.catalog.putPart(findUpload(store, request), part)
}

function checkPartChecksum(headers: Headers, upload: Upload): void {
  const trailer = headers['x-amz-trailer']?.toLowerCase() ?? ''
  const sent = CHECKSUM_ALGORITHMS.find((algorithm) => {
    const name = checksumHeader(algorithm)
    return headers[name] !== undefined || trailer.trim() === name
  })
  const expected = upload.checksum?.algorithm
  if (expected === undefined || sent === expected) return
  if (sent === undefined && upload.checksum?.type === 'FULL_OBJECT') return
  const names = [expected, sent ?? 'null'].map((name) => name.toLowerCase())
  throw new S3Error(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${names[0]}, ` +
      `actual checksum Type: ${names[1]}`,
  )
}

/** Stores that stream parts in order hold a part back while too many bytes wait before it. */
async function waitForEarlierParts(
  store: StoreContext,
  request: S3Request,
  state: UploadState,
  number: number,
): Promise<void> {
  const most = store.dialect.outOfOrderMax
  if (most === undefined) return
  while (!request.message.socket.destroyed && waitingBytes(state, number) > most) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function waitingBytes(state: UploadState, number: number): number {
  let next = 1
  while (state.parts.has(next)) next += 1
  if (number <= next) return 0
  let bytes = 0
  for (const part of state.parts.values()) if (part.number > next) bytes += part.size
  return bytes
}

export async function uploadPartCopy(store: StoreContext, request: S3Request): Promise<Answer> {
  if (!store.dialect.uploadPartCopy) throw new S3Error('NotImplemented')
  const { headers } = request
  const number = readPartNumber(store, request)
  const { upload } = findUpload(store, request)
  checkCustomerKey(headers, upload.attributes.customerKeyMd5)
  const source = resolveCopySource(store, request)
  checkCustomerKey(headers, source.attributes.customerKeyMd5, true)
  checkReadable(source)
  checkCopyConditions(headers, source)
  const segments = readCopyRange(store, headers['x-amz-copy-source-range'], source)
  const size = segments.reduce((sum, segment) => sum + segment.length, 0)
  if (size > BODY_SIZE_MAX) throw new S3Error('EntityTooLarge')
  const opaque = hasOpaqueEtag(store, upload.attributes)
  const algorithm = upload.checksum?.algorithm
  const wanted = [...(opaque ? [] : (['MD5'] as const)), ...(algorithm ? [algorithm] : [])]
  store.catalog.ledger.hold(segments)
  try {
    const digests = await digestSource(store.catalog.ledger.open(segments), wanted)
    const etag = opaque ? opaqueEtag() : (digests.get('MD5')?.toString('hex') ?? '')
    const value = algorithm && digests.get(algorithm)?.toString('base64')
    const checksum = algorithm && value !== undefined ? { algorithm, value } : undefined
    const lastModified = wholeSecond(store.now())
    storePart(store, request, { number, size, etag, lastModified, segments, checksum })
    const answer = encryptionHeaders(upload.attributes)
    if (isVersioned(store.catalog.bucket(source.bucket))) {
      answer['x-amz-copy-source-version-id'] = source.versionId
    }
    const body = xmlDocument('CopyPartResult', {
      LastModified: new Date(lastModified).toISOString(),
      ETag: `"${etag}"`,
      ...(checksum && { [`Checksum${checksum.algorithm}`]: checksum.value }),
    })
    return xmlAnswer(body, answer)
  } finally {
    store.catalog.ledger.release(segments)
  }
}

function readCopyRange(
  store: StoreContext,
  range: string | undefined,
  source: ObjectVersion,
): ObjectVersion['segments'] {
  if (range === undefined) return source.segments
  const match = /^bytes=(\d+)-(\d+)$/.exec(range)
  const [start, last] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || last < start) {
    throw new S3Error(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last.',
    )
  }
  if (source.size <= store.minPartSize) {
    throw new S3Error(
      'InvalidRequest',
      'The specified copy source is not supported as a byte-range copy source',
    )
  }
  if (last >= source.size) {
    throw new S3Error(
      'InvalidArgument',
      `Range specified is not valid for source object of size: ${source.size}`,
    )
  }
  return sliceSegments(source.segments, start, last + 1)
}

export async function abortMultipartUpload(
  store: StoreContext,
  request: S3Request,
): Promise<Answer> {
  await findUpload(store, request).completing
  store.catalog.removeUpload(findUpload(store, request))
  return { status: 204, headers: {} }
}

/** @throws S3Error NoSuchUpload. */
export function findUpload(store: StoreContext, request: S3Request): UploadState {
  const id = request.query.get('uploadId') ?? ''
  return store.catalog.upload(request.bucket, request.key, id)
}

function readPartNumber(store: StoreContext, request: S3Request): number {
  const text = request.query.get('partNumber') ?? ''
  const number = Number(text)
  const most = store.dialect.partNumberMax
  if (!/^\d{1,6}$/.test(text) || number < 1 || number > most) {
    const extra = { ArgumentName: 'partNumber', ArgumentValue: text }
    throw new S3Error(
      'InvalidArgument',
      `Part number must be an integer between 1 and ${most}, inclusive`,
      extra,
    )
  }
  return number
}
