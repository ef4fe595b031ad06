/**
 * What the store says it holds. An object uploaded with `VERIFIED_PATTERN` was compared, byte for
 * byte and in its place, with the pattern of its key, and its checksum was computed by the store.
 */

import { DeleteObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { crc32 } from 'node:zlib'
import type { StoreAddress } from '../server-process.ts'

/** Metadata by which the pattern back end of the local store is asked to compare every byte. */
export const VERIFIED_PATTERN: Readonly<Record<string, string>> = { pattern: 'verify' }

export function storeClient({ endpoint, region, credentials }: StoreAddress): S3Client {
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true })
}

export async function removeObject(client: S3Client, bucket: string, key: string): Promise<void> {
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
}

/** CRC32 of a file: of its whole, and of each part. */
export interface FileChecksums {
  readonly whole: number
  readonly parts: readonly number[]
}

/**
 * Compares size and CRC32, whichever of its two forms the object has.
 *
 * @throws Error naming the difference; an object that is not there is an error of the SDK.
 */
export async function checkStoredObject(
  client: S3Client,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  size: number,
  crcs: FileChecksums,
): Promise<void> {
  const found = await client.send(
    new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }),
  )
  if (found.ContentLength !== size) {
    throw new Error(`${key} has ${found.ContentLength} bytes instead of ${size}`)
  }
  if (found.Metadata?.['pattern'] !== VERIFIED_PATTERN['pattern']) {
    throw new Error(`${key} was not compared with its pattern`)
  }
  const accepted = [toBase64(crcs.whole), compositeOf(crcs.parts)]
  if (!accepted.includes(found.ChecksumCRC32 ?? '')) {
    throw new Error(`${key} has the CRC32 ${found.ChecksumCRC32}, not one of ${accepted.join()}`)
  }
}

/** Checksum of the checksums, and their number. */
export function compositeOf(parts: readonly number[]): string {
  const crc = parts.reduce((running, part) => crc32(toBytes(part), running), 0)
  return `${toBase64(crc)}-${parts.length}`
}

function toBase64(crc: number): string {
  return toBytes(crc).toString('base64')
}

/** CRC32 as S3 writes it. */
function toBytes(crc: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc)
  return bytes
}
