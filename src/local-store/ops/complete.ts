/**
 * CompleteMultipartUpload: the list of parts is judged, the parts become one object, and a
 * full-object checksum is computed again from the stored bytes. Whatever is refused leaves the
 * upload open. A repetition of a Complete that succeeded gets the same answer, as on AWS.
 */

import { createHash } from 'node:crypto'
import type { UploadState } from '../bucket-state.ts'
import { checksumHeader, compositeChecksum } from '../checksums.ts'
import type { ChecksumAlgorithm } from '../checksums.ts'
import { checkWriteConditions } from '../conditions.ts'
import { xmlAnswer } from '../context.ts'
import type { Answer, S3Request, StoreContext } from '../context.ts'
import { digestSource, hasOpaqueEtag, opaqueEtag, receiveXml } from '../intake.ts'
import type { ObjectVersion, Part, PartSummary, Segment, StoredChecksum, Upload } from '../model.ts'
import { encryptionHeaders } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import { xmlDocument } from '../xml.ts'
import { checkPartList, readPartList } from './part-list.ts'
import type { ListedPart } from './part-list.ts'
import { findUpload } from './multipart.ts'
import { versionIdHeader } from './versions.ts'

export async function completeMultipartUpload(
  store: StoreContext,
  request: S3Request,
): Promise<Answer> {
  store.catalog.bucket(request.bucket)
  const document = await receiveXml(store, request, 'CompleteMultipartUpload', true)
  const listed = readPartList(document)
  const id = request.query.get('uploadId') ?? ''
  const open = store.catalog.bucket(request.bucket).uploads.get(id)
  await open?.completing
  const repeated = findRepeated(store, request, id, listed)
  if (repeated !== undefined) return describe(store, request, repeated)
  const state = findUpload(store, request)
  let settle = (): void => undefined
  state.completing = new Promise((resolve) => {
    settle = resolve
  })
  try {
    const version = await complete(store, request, state, listed)
    return describe(store, request, version)
  } finally {
    state.completing = undefined
    settle()
  }
}

async function complete(
  store: StoreContext,
  request: S3Request,
  state: UploadState,
  listed: readonly ListedPart[],
): Promise<ObjectVersion> {
  const { upload } = state
  const { headers, key } = request
  const conditions = store.dialect.conditionalComplete === 'ignore' ? {} : headers
  const bucket = store.catalog.bucket(request.bucket)
  const parts = checkPartList(store, state, listed)
  checkWriteConditions(conditions, bucket.current(key), key)
  checkObjectSize(request, parts)
  checkChecksumType(request, upload)
  const joined = parts.flatMap((part) => part.segments)
  store.catalog.ledger.hold(joined)
  try {
    const { segments, readable } = store.backend.assemble(key, joined)
    const checksum = await objectChecksum(store, request, upload, parts, segments, readable)
    checkWriteConditions(conditions, bucket.current(key), key)
    const version = store.catalog.addVersion({
      bucket: request.bucket,
      key,
      deleteMarker: false,
      lastModified: upload.initiated,
      size: parts.reduce((sum, part) => sum + part.size, 0),
      etag: multipartEtag(store, upload, parts),
      segments,
      attributes: upload.attributes,
      checksum,
      multipart: {
        uploadId: upload.id,
        parts: parts.map((part) => summary(part, upload)),
      },
    })
    store.catalog.rememberCompleted(version)
    store.catalog.removeUpload(state)
    return version
  } finally {
    store.catalog.ledger.release(joined)
  }
}

/** What stays known of a part; its checksum only when the upload asked for it. */
function summary({ number, size, etag, checksum }: Part, upload: Upload): PartSummary {
  const value = upload.checksum === undefined ? undefined : checksum?.value
  return { number, size, etag, checksum: value }
}

function findRepeated(
  store: StoreContext,
  request: S3Request,
  id: string,
  listed: readonly ListedPart[],
): ObjectVersion | undefined {
  if (store.dialect.repeatedComplete === 'no-such-upload') return undefined
  const version = store.catalog.completed(request.bucket, request.key, id)
  const parts = version?.multipart?.parts ?? []
  const same =
    parts.length === listed.length &&
    parts.every(({ number, etag }, at) => {
      return listed[at]?.number === number && listed[at]?.etag === etag
    })
  return same ? version : undefined
}

function checkObjectSize(request: S3Request, parts: readonly Part[]): void {
  const claimed = request.headers['x-amz-mp-object-size']
  if (claimed === undefined) return
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  if (/^\d+$/.test(claimed) && Number(claimed) === size) return
  throw new S3Error(
    'InvalidRequest',
    `The provided 'x-amz-mp-object-size' header value ${claimed} does not match what was ` +
      `computed: ${size}`,
  )
}

function checkChecksumType(request: S3Request, upload: Upload): void {
  const claimed = request.headers['x-amz-checksum-type']?.toUpperCase()
  const type = upload.checksum?.type ?? 'FULL_OBJECT'
  if (claimed === undefined || claimed === type) return
  throw new S3Error(
    'InvalidRequest',
    `The upload was created using the ${type} checksum mode. ` +
      'The complete request must use the same checksum mode.',
  )
}

async function objectChecksum(
  store: StoreContext,
  request: S3Request,
  upload: Upload,
  parts: readonly Part[],
  segments: readonly Segment[],
  readable: boolean,
): Promise<StoredChecksum | undefined> {
  if (!store.dialect.checksums) return undefined
  const type = upload.checksum?.type ?? 'FULL_OBJECT'
  const fallback = store.dialect.defaultChecksum ? 'CRC64NVME' : undefined
  const algorithm = upload.checksum?.algorithm ?? fallback
  if (algorithm === undefined) return undefined
  const claimed = request.headers[checksumHeader(algorithm)]
  const computed =
    type === 'COMPOSITE'
      ? compositeChecksum(algorithm, partDigests(parts))
      : await fullObjectChecksum(store, algorithm, segments, readable)
  if (claimed !== undefined && computed !== undefined && !equalClaim(claimed, computed)) {
    const extra = { ExpectedDigest: claimed, CalculatedDigest: computed }
    const name = algorithm.toLowerCase()
    const message = `The ${name} you specified did not match the calculated checksum.`
    throw new S3Error('BadDigest', message, extra)
  }
  const value = computed ?? claimed
  return value === undefined ? undefined : { algorithm, type, value }
}

/** From the bytes, never from the checksums of the parts; undefined when there are no bytes. */
async function fullObjectChecksum(
  store: StoreContext,
  algorithm: ChecksumAlgorithm,
  segments: readonly Segment[],
  readable: boolean,
): Promise<string | undefined> {
  if (!readable) return undefined
  const digests = await digestSource(store.catalog.ledger.open(segments), [algorithm])
  return digests.get(algorithm)?.toString('base64')
}

/** A composite value may be sent with or without the number of parts. */
function equalClaim(claimed: string, computed: string): boolean {
  return claimed === computed || claimed === computed.replace(/-\d+$/, '')
}

function partDigests(parts: readonly Part[]): Buffer[] {
  return parts.map(({ checksum }) => Buffer.from(checksum?.value ?? '', 'base64'))
}

function multipartEtag(store: StoreContext, upload: Upload, parts: readonly Part[]): string {
  if (hasOpaqueEtag(store, upload.attributes)) return `${opaqueEtag()}-${parts.length}`
  const hash = createHash('md5')
  for (const { etag } of parts) hash.update(etag, 'hex')
  return `${hash.digest('hex')}-${parts.length}`
}

function describe(store: StoreContext, request: S3Request, version: ObjectVersion): Answer {
  const bucket = store.catalog.bucket(request.bucket)
  const { checksum } = version
  const scheme = request.secure ? 'https' : 'http'
  const path = encodeURIComponent(request.key).replaceAll('%2F', '/')
  const body = xmlDocument('CompleteMultipartUploadResult', {
    Location: `${scheme}://${request.host}/${request.bucket}/${path}`,
    Bucket: request.bucket,
    Key: request.key,
    ETag: store.dialect.completeEtagEmpty ? '' : `"${version.etag}"`,
    ...(checksum && { [`Checksum${checksum.algorithm}`]: checksum.value }),
    ChecksumType: checksum?.type,
  })
  const headers = { ...encryptionHeaders(version.attributes), ...versionIdHeader(bucket, version) }
  return xmlAnswer(body, headers)
}
