/**
 * What the SDK's answers mean to us, and which of them we believe.
 *
 * The SDK calls several failures of Complete a success: an error document behind a 200 and
 * followed by a newline, a proxy's page, a body cut off in the middle. `checkAnswer` therefore
 * reads each answer before the SDK does: failures become a `TransferError` with everything the
 * store said, and an XML body must begin and end with the element it should be.
 */

import type {
  CompleteMultipartUploadCommandOutput,
  DeleteObjectsCommandOutput,
  ListMultipartUploadsCommandOutput,
  Part,
} from '@aws-sdk/client-s3'

import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'
import { TransferError } from '../errors.ts'
import { classifyResponse, type FailedResponse } from './classify.ts'
import type { ControlResponse } from './control-transport.ts'
import { cleanMessage, parseErrorBody } from './error-body.ts'
import { STORE_CODES } from './error-classes.ts'
import { invalid } from './invalid-answer.ts'
import { checksumType } from './object-info.ts'
import type { CompletedObject, ListedPart, UploadPage } from './object-store.ts'
import { CHECKSUM_MEMBERS, type ChecksumMember } from './s3-params.ts'
import type { ObjectRef } from './types.ts'

/** The element each answer with a body must consist of; S3's own name first. */
const ROOTS: Readonly<Record<string, readonly string[]>> = {
  // The second is that of `rclone serve s3`.
  CreateMultipartUploadCommand: ['InitiateMultipartUploadResult', 'InitiateMultipartUpload'],
  CompleteMultipartUploadCommand: ['CompleteMultipartUploadResult'],
  CopyObjectCommand: ['CopyObjectResult'],
  UploadPartCopyCommand: ['CopyPartResult'],
  GetObjectTaggingCommand: ['Tagging'],
  GetBucketVersioningCommand: ['VersioningConfiguration'],
  ListObjectsV2Command: ['ListBucketResult'],
  ListObjectVersionsCommand: ['ListVersionsResult'],
  ListMultipartUploadsCommand: ['ListMultipartUploadsResult'],
  ListPartsCommand: ['ListPartsResult'],
  DeleteObjectsCommand: ['DeleteResult'],
}

/**
 * Reads an answer before the SDK does. Returns for a believable success.
 * @throws the error the answer means; ERR_RESPONSE_INVALID for a success that is none
 */
export function checkAnswer(
  command: string | undefined,
  response: ControlResponse,
  signing: NonNullable<FailedResponse['signing']>,
): void {
  const roots = ROOTS[command ?? ''] ?? []
  const { statusCode: status, headers } = response
  const isSuccess = status >= 200 && status < 300
  if (isSuccess && roots.length === 0) return
  const text = response.body.toString('utf8')
  const error = parseErrorBody(text)
  if (!isSuccess || (error !== undefined && !hasRoot(text, roots))) {
    throw classifyResponse({
      status,
      headers,
      signing,
      timeMs: Date.now(),
      storeCode: error?.code,
      message: error?.message,
      region: error?.region,
      requestId: error?.requestId,
      header: error?.header,
    })
  }
  if (!hasRoot(text, roots)) {
    throw new TransferError(
      'ERR_RESPONSE_INVALID',
      `The store answered ${status}, but not with a whole ${roots[0]}.`,
      { status },
    )
  }
}

/** Complete's answer. @throws ERR_RESPONSE_INVALID without ETag, or for another object */
export function readCompletedObject(
  object: ObjectRef,
  output: CompleteMultipartUploadCommandOutput,
): CompletedObject {
  if (output.ETag === undefined || output.ETag === '') {
    throw invalid('The answer to CompleteMultipartUpload has no ETag.')
  }
  if (output.Key !== undefined && !isSameKey(object.key, output.Key)) {
    throw invalid(`The answer is about another key: ${JSON.stringify(output.Key)}.`)
  }
  if (output.Bucket !== undefined && !isSameBucket(object.bucket, output.Bucket)) {
    throw invalid(`The answer is about another bucket: ${JSON.stringify(output.Bucket)}.`)
  }
  return {
    etag: output.ETag,
    versionId: output.VersionId,
    checksums: readChecksums(output),
    checksumType: checksumType(output.ChecksumType),
    location: output.Location,
  }
}

/** A part of ListParts' answer. @throws ERR_RESPONSE_INVALID without number, size or ETag */
export function readListedPart(part: Part): ListedPart {
  const { PartNumber: partNumber, Size: size, ETag: etag } = part
  if (partNumber === undefined || size === undefined || etag === undefined) {
    throw invalid('The answer to ListParts has a part without number, size or ETag.')
  }
  return {
    partNumber,
    size,
    etag,
    lastModified: part.LastModified?.getTime(),
    checksums: readChecksums(part),
  }
}

/**
 * A page of ListMultipartUploads' answer. Keys come as in a URL where the store says so.
 * @throws ERR_RESPONSE_INVALID for an upload without key or id, or a page without its end
 */
export function readUploadPage(output: ListMultipartUploadsCommandOutput): UploadPage {
  const read = output.EncodingType === 'url' ? fromUrl : same
  const uploads = (output.Uploads ?? []).map(({ Key, UploadId, Initiated }) => {
    if (!Key || !UploadId) throw invalid('The answer has an upload without key or id.')
    return { key: read(Key), uploadId: UploadId, initiatedAt: Initiated?.getTime() }
  })
  if (output.IsTruncated !== true) return { uploads, next: undefined }
  if (!output.NextKeyMarker) throw invalid('The answer goes on, but does not say where.')
  const next = { key: read(output.NextKeyMarker), uploadId: output.NextUploadIdMarker ?? '' }
  return { uploads, next }
}

/**
 * What became of each key, by the answer to DeleteObjects: the failures.
 * @throws ERR_RESPONSE_INVALID if it says nothing of a key
 */
export function readDeleted(
  keys: readonly string[],
  output: DeleteObjectsCommandOutput,
): ReadonlyMap<string, TransferError> {
  const told = new Set(output.Deleted?.map(({ Key }) => Key))
  const failures = new Map<string, TransferError>()
  for (const { Key: key = '', Code: storeCode, Message: message } of output.Errors ?? []) {
    told.add(key)
    const code = STORE_CODES.get(storeCode ?? '') ?? 'ERR_REQUEST_REFUSED'
    const text = cleanMessage(message) ?? 'The object could not be removed'
    failures.set(key, new TransferError(code, text, { operation: 'DeleteObjects', key, storeCode }))
  }
  if (keys.every((key) => told.has(key))) return failures
  throw invalid('The answer does not say what became of each object.')
}

/** Whether a document consists of one of those elements, to its very end, blanks aside. */
function hasRoot(text: string, roots: readonly string[]): boolean {
  const name = /^\uFEFF?\s*(?:<\?xml[^>]*\?>)?\s*<([\w.:-]+)[\s>]/.exec(text)?.[1]
  if (name === undefined || !roots.includes(name.replace(/^.*:/, ''))) return false
  return text.trimEnd().endsWith(`</${name}>`)
}

export function readChecksums(
  output: Readonly<Partial<Record<ChecksumMember, string | undefined>>>,
): Partial<Record<ChecksumAlgorithm, string>> {
  const checksums: Partial<Record<ChecksumAlgorithm, string>> = {}
  for (const [algorithm, member] of Object.entries(CHECKSUM_MEMBERS)) {
    const value = output[member]
    if (value !== undefined) checksums[algorithm as ChecksumAlgorithm] = value
  }
  return checksums
}

function same(text: string): string {
  return text
}

function fromUrl(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalid(`The answer has a key that is not encoded as it says: ${JSON.stringify(text)}.`)
  }
}

/** XML cannot say control characters, and some stores answer with the key as in the URL. */
function isSameKey(asked: string, answered: string): boolean {
  if (asked === answered || /[\p{Cc}\uFFFE\uFFFF]/u.test(asked)) return true
  try {
    return decodeURIComponent(answered) === asked
  } catch {
    return false
  }
}

/** Access points answer with the name of the bucket behind them. */
function isSameBucket(asked: string, answered: string): boolean {
  const isAccessPoint = asked.startsWith('arn:') || /-(?:s3alias|-ol-s3)$/.test(asked)
  return isAccessPoint || asked === answered
}
