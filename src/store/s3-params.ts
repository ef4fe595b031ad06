/**
 * Our words → the parameters of the SDK's commands.
 */

import type {
  CompletedPart as S3CompletedPart,
  CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3'

import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'
import { attributeParams } from './attributes.ts'
import type { CompletedPart, CompleteOptions, CreateOptions } from './object-store.ts'
import type { ObjectRef } from './types.ts'

/** Names of the members that carry checksums, per algorithm. */
export const CHECKSUM_MEMBERS = {
  CRC32: 'ChecksumCRC32',
  CRC32C: 'ChecksumCRC32C',
  CRC64NVME: 'ChecksumCRC64NVME',
  SHA1: 'ChecksumSHA1',
  SHA256: 'ChecksumSHA256',
  SHA512: 'ChecksumSHA512',
  MD5: 'ChecksumMD5',
  XXHASH64: 'ChecksumXXHASH64',
  XXHASH3: 'ChecksumXXHASH3',
  XXHASH128: 'ChecksumXXHASH128',
} as const satisfies Record<ChecksumAlgorithm, string>

/** One of those names. */
export type ChecksumMember = (typeof CHECKSUM_MEMBERS)[ChecksumAlgorithm]

function checksumParam(
  algorithm: ChecksumAlgorithm,
  value: string,
): Partial<Record<ChecksumMember, string>> {
  return { [CHECKSUM_MEMBERS[algorithm]]: value }
}

/** The object a command is about. */
export function objectParams(object: ObjectRef): { readonly Bucket: string; readonly Key: string } {
  return { Bucket: object.bucket, Key: object.key }
}

/** Opening of a multipart upload. */
export function createParams(
  object: ObjectRef,
  options: CreateOptions,
): CreateMultipartUploadCommandInput {
  return {
    ...attributeParams('create', options.attributes),
    ...objectParams(object),
    ChecksumAlgorithm: options.checksum?.algorithm,
    ChecksumType: options.checksum?.type,
  }
}

/** Completion of a multipart upload from exactly these parts. */
export function completeParams(
  object: ObjectRef,
  uploadId: string,
  parts: readonly CompletedPart[],
  options: CompleteOptions,
): CompleteMultipartUploadCommandInput {
  const { checksum, size } = options
  return {
    ...attributeParams('complete', options.attributes),
    ...objectParams(object),
    UploadId: uploadId,
    MultipartUpload: { Parts: parts.map(completedPart) },
    MpuObjectSize: size,
    ...(checksum && {
      ChecksumType: checksum.type,
      ...checksumParam(checksum.algorithm, checksum.value),
    }),
  }
}

function completedPart(part: CompletedPart): S3CompletedPart {
  const { partNumber, etag, checksum } = part
  return {
    PartNumber: partNumber,
    ETag: etag,
    ...(checksum && checksumParam(checksum.algorithm, checksum.value)),
  }
}
