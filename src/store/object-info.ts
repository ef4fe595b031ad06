/**
 * What the head of an answer to HEAD or GET tells of an object. Pure.
 */

import { CHECKSUMS, type ChecksumAlgorithm, type ChecksumType } from '../checksum/algorithms.ts'
import type { ObjectDescription } from './copy-calls.ts'
import { invalid } from './invalid-answer.ts'
import type { ObjectInfo } from './object-store.ts'
import { describedBy } from './responses.ts'

type Headers = Readonly<Record<string, string>>

/** @throws ERR_RESPONSE_INVALID without size or ETag */
export function readInfo(headers: Headers): ObjectInfo {
  const text = headers['content-length'] ?? ''
  const size = /^\d{1,15}$/u.test(text) ? Number(text) : undefined
  const { etag } = headers
  if (size === undefined || etag === undefined || etag === '') {
    throw invalid('The answer has no size or no ETag.')
  }
  return {
    size,
    etag,
    ...describedBy(headers),
    versionId: headers['x-amz-version-id'],
    checksums: checksumsOf(headers),
    checksumType: checksumType(headers['x-amz-checksum-type']),
    partsCount: countOf(headers['x-amz-mp-parts-count']),
    contentType: headers['content-type'],
    contentEncoding: headers['content-encoding'],
    storageClass: headers['x-amz-storage-class'],
    serverSideEncryption: headers['x-amz-server-side-encryption'],
    described: descriptionOf(headers),
  }
}

function descriptionOf(headers: Headers): ObjectDescription {
  const retainUntil = Date.parse(headers['x-amz-object-lock-retain-until-date'] ?? '')
  return {
    cacheControl: headers['cache-control'],
    contentDisposition: headers['content-disposition'],
    contentLanguage: headers['content-language'],
    expires: headers['expires'],
    websiteRedirectLocation: headers['x-amz-website-redirect-location'],
    sseKmsKeyId: headers['x-amz-server-side-encryption-aws-kms-key-id'],
    objectLockMode: headers['x-amz-object-lock-mode'],
    objectLockRetainUntil: Number.isNaN(retainUntil) ? undefined : retainUntil,
    objectLockLegalHold: headers['x-amz-object-lock-legal-hold'] === 'ON',
    tagCount: countOf(headers['x-amz-tagging-count']) ?? 0,
    missingMetadata: countOf(headers['x-amz-missing-meta']) ?? 0,
  }
}

function checksumsOf(headers: Headers): ObjectInfo['checksums'] {
  const found: Partial<Record<ChecksumAlgorithm, string>> = {}
  for (const [algorithm, { header }] of Object.entries(CHECKSUMS)) {
    const value = headers[header]
    if (value !== undefined) found[algorithm as ChecksumAlgorithm] = value
  }
  return found
}

function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/u.test(text) ? Number(text) : undefined
}

export function checksumType(value: string | undefined): ChecksumType | undefined {
  return value === 'FULL_OBJECT' || value === 'COMPOSITE' ? value : undefined
}
