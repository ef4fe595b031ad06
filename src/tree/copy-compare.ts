/**
 * Whether two objects have the same bytes, by what both stores say of them.
 */

import { bestStored } from '../checksum/stored.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import type { ActionReason } from './outcome.ts'

/** An ETag made of MD5s, of the bytes or of those of parts. */
const MD5_ETAG = /^"?[0-9a-f]{32}(?:-\d+)?"?$/iu

/** Why they differ; `undefined` when they are the same. What cannot be compared counts as different. */
export function differByHeads(source: ObjectInfo, copy: ObjectInfo): ActionReason | undefined {
  if (source.size !== copy.size) return 'size'
  const stored = bestStored(source.checksums, source.checksumType)
  const other = stored && copy.checksums[stored.algorithm]
  if (stored !== undefined && other !== undefined && stored.type === copy.checksumType) {
    if (stored.value === other) return undefined
    // Composites of other parts differ for the same bytes.
    if (stored.type === 'FULL_OBJECT') return 'checksum'
  }
  const [a, b] = [bare(source.etag), bare(copy.etag)]
  const isPlain = isPlainlyEncrypted(source) && isPlainlyEncrypted(copy)
  if (!isPlain || !MD5_ETAG.test(a) || !MD5_ETAG.test(b)) return 'no-checksum'
  if (a === b) return undefined
  const isWhole = !a.includes('-') && !b.includes('-')
  return isWhole ? 'checksum' : 'no-checksum'
}

function isPlainlyEncrypted({ serverSideEncryption }: ObjectInfo): boolean {
  return serverSideEncryption === undefined || serverSideEncryption === 'AES256'
}

function bare(etag: string): string {
  return etag.replaceAll('"', '').toLowerCase()
}
