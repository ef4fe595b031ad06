/**
 * Whether a copy that the store made by itself has the bytes of its source, by what the store says of both.
 */

import { bestStored, type Checksum } from '../checksum/stored.ts'
import { TransferError, type ErrorContext } from '../errors.ts'
import type { Copied } from '../store/copy-calls.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import type { Verification } from './results.ts'

/** An ETag that is made of MD5s: of the bytes, or of those of its parts with their number. */
const MD5_ETAG = /^([0-9a-f]{32})(?:-(\d+))?$/iu

export interface CopyProof {
  readonly verified: Verification
  /** What both have in common. */
  readonly checksum: Checksum | undefined
}

/**
 * @param found HEAD of the copy; `undefined` if it may not be looked at
 * @throws ERR_CHECKSUM_MISMATCH when the copy is another object
 */
export function proveCopy(
  source: ObjectInfo,
  answer: Copied,
  found: ObjectInfo | undefined,
  context: ErrorContext,
): CopyProof {
  if (found !== undefined && found.size !== source.size) {
    const message = `The copy has ${found.size} bytes, its source ${source.size}`
    throw new TransferError('ERR_CHECKSUM_MISMATCH', message, context)
  }
  const stored = bestStored(source.checksums, source.checksumType)
  const other = stored && { ...answer.checksums, ...found?.checksums }[stored.algorithm]
  const otherType = found?.checksumType ?? answer.checksumType
  if (stored !== undefined && other !== undefined && stored.type === (otherType ?? stored.type)) {
    if (other === stored.value) return { verified: 'checksum', checksum: stored }
    // A composite goes by the borders of parts, which may be others now.
    if (stored.type === 'FULL_OBJECT') {
      const message = `The copy has ${stored.algorithm} ${other}, its source ${stored.value}`
      throw new TransferError('ERR_CHECKSUM_MISMATCH', message, context)
    }
  }
  const byEtag = sameMd5(source, found?.etag ?? answer.etag)
  if (byEtag !== undefined) return { verified: 'checksum', checksum: byEtag }
  return { verified: found === undefined ? 'none' : 'size', checksum: undefined }
}

/** Where no key of KMS or of the customer is at work, ETags of MD5s are the same only for the same bytes. */
function sameMd5(source: ObjectInfo, etag: string): Checksum | undefined {
  const { serverSideEncryption: encryption = 'AES256' } = source
  const [mine, its] = [bare(source.etag), bare(etag)]
  const md5 = MD5_ETAG.exec(mine)
  if (md5 === null || mine !== its || encryption !== 'AES256') return undefined
  const [, hex = '', parts] = md5
  const value = Buffer.from(hex, 'hex').toString('base64')
  return parts === undefined
    ? { algorithm: 'MD5', value, type: 'FULL_OBJECT' }
    : { algorithm: 'MD5', value: `${value}-${parts}`, type: 'COMPOSITE' }
}

function bare(etag: string): string {
  return etag.replaceAll('"', '').toLowerCase()
}
