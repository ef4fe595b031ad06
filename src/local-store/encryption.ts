/**
 * Server-side encryption as far as a client can see it. Nothing is encrypted: SSE-S3 and SSE-KMS
 * headers are checked and echoed; a customer's key (SSE-C) is checked, remembered by its MD5 and
 * then demanded. Unlike AWS it is taken over plain HTTP too, since the store is loopback-only.
 */

import { createHash } from 'node:crypto'
import type { Headers } from './context.ts'
import { S3Error } from './s3-error.ts'

const PREFIX = 'x-amz-server-side-encryption'
const ALGORITHMS = new Set(['AES256', 'aws:kms', 'aws:kms:dsse', 'aws:fsx'])

/** What a request that makes an object says of its encryption. */
export function readEncryption(headers: Headers): {
  echoed: Record<string, string>
  customerKeyMd5: string | undefined
} {
  const customerKeyMd5 = readCustomerKey(headers, `${PREFIX}-customer-`)
  const echoed: Record<string, string> = {}
  if (customerKeyMd5 !== undefined) {
    echoed[`${PREFIX}-customer-algorithm`] = 'AES256'
    echoed[`${PREFIX}-customer-key-md5`] = customerKeyMd5
    return { echoed, customerKeyMd5 }
  }
  const algorithm = headers[PREFIX] ?? 'AES256'
  if (!ALGORITHMS.has(algorithm)) {
    throw new S3Error('InvalidArgument', 'The encryption method specified is not supported.')
  }
  echoed[PREFIX] = algorithm
  const keyId = headers[`${PREFIX}-aws-kms-key-id`]
  if (keyId !== undefined && !algorithm.startsWith('aws:kms')) {
    throw new S3Error('InvalidArgument', 'A KMS key id needs aws:kms encryption.')
  }
  for (const name of ['aws-kms-key-id', 'context', 'bucket-key-enabled']) {
    const value = headers[`${PREFIX}-${name}`]
    if (value !== undefined) echoed[`${PREFIX}-${name}`] = value
  }
  return { echoed, customerKeyMd5 }
}

/** True when the ETag is not an MD5 on AWS: SSE-KMS and SSE-C. */
export function hidesMd5(echoed: Readonly<Record<string, string>>): boolean {
  return echoed[PREFIX] !== 'AES256'
}

/**
 * Compares the customer's key of a request with the one an object or upload was made with.
 *
 * @param copySource - true for the key of the source of a copy.
 * @throws S3Error InvalidRequest (a key is missing or not wanted), AccessDenied (another key).
 */
export function checkCustomerKey(
  headers: Headers,
  expected: string | undefined,
  copySource = false,
): void {
  const prefix = copySource ? 'x-amz-copy-source-server-side-encryption-customer-' : undefined
  const sent = readCustomerKey(headers, prefix ?? `${PREFIX}-customer-`)
  if (sent === expected) return
  if (expected === undefined) {
    throw new S3Error('InvalidRequest', 'The encryption parameters are not applicable here.')
  }
  if (sent === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'The object was stored using a form of Server Side Encryption. ' +
        'The correct parameters must be provided to retrieve the object.',
    )
  }
  throw new S3Error('AccessDenied', 'The customer key is not the one the object was stored with.')
}

/** Base64 MD5 of the customer's key; undefined when the request has none. */
function readCustomerKey(headers: Headers, prefix: string): string | undefined {
  const algorithm = headers[`${prefix}algorithm`]
  const key = headers[`${prefix}key`]
  const md5 = headers[`${prefix}key-md5`]
  if (algorithm === undefined && key === undefined && md5 === undefined) return undefined
  if (algorithm !== 'AES256') {
    throw new S3Error('InvalidEncryptionAlgorithmError', 'The algorithm must be AES256.')
  }
  const bytes = Buffer.from(key ?? '', 'base64')
  if (bytes.length !== 32) {
    throw new S3Error('InvalidArgument', 'The secret key was invalid for the specified algorithm.')
  }
  if (createHash('md5').update(bytes).digest('base64') !== md5) {
    throw new S3Error(
      'InvalidArgument',
      'The calculated MD5 hash of the key did not match the hash that was provided.',
    )
  }
  return md5
}
