/** The list of parts of a Complete: reading it, and holding it against what was uploaded. */

import type { UploadState } from '../bucket-state.ts'
import { CHECKSUM_ALGORITHMS } from '../checksums.ts'
import type { ChecksumAlgorithm } from '../checksums.ts'
import type { StoreContext } from '../context.ts'
import type { Dialect } from '../dialects.ts'
import { PART_NUMBER_MAX } from '../limits.ts'
import type { Part } from '../model.ts'
import { S3Error } from '../s3-error.ts'
import { childText } from '../xml.ts'
import type { XmlNode } from '../xml.ts'

/** A part as the client lists it. */
export interface ListedPart {
  readonly number: number
  readonly etag: string
  readonly checksums: ReadonlyMap<ChecksumAlgorithm, string>
}

/** @throws S3Error MalformedXML, InvalidPartOrder. */
export function readPartList(document: XmlNode): readonly ListedPart[] {
  const nodes = document.children
  if (nodes.length === 0 || nodes.length > PART_NUMBER_MAX) throw new S3Error('MalformedXML')
  const listed = nodes.map((node) => {
    const number = childText(node, 'PartNumber')?.trim() ?? ''
    const etag = childText(node, 'ETag')?.trim()
    if (node.name !== 'Part' || !/^\d{1,6}$/.test(number) || etag === undefined) {
      throw new S3Error('MalformedXML')
    }
    const checksums = new Map<ChecksumAlgorithm, string>()
    for (const algorithm of CHECKSUM_ALGORITHMS) {
      const value = childText(node, `Checksum${algorithm}`)
      if (value !== undefined) checksums.set(algorithm, value)
    }
    return { number: Number(number), etag: etag.replaceAll('"', ''), checksums }
  })
  for (const [at, part] of listed.entries()) {
    if (at > 0 && part.number <= (listed[at - 1]?.number ?? 0)) {
      throw new S3Error('InvalidPartOrder')
    }
  }
  return listed
}

/**
 * The uploaded parts that the list names.
 *
 * @throws S3Error InvalidPart, InvalidPartOrder, EntityTooSmall, InvalidRequest.
 */
export function checkPartList(
  store: StoreContext,
  state: UploadState,
  listed: readonly ListedPart[],
): readonly Part[] {
  const parts = listed.map((claim) => checkPart(store.dialect, state, claim))
  checkNumbers(store, state, listed)
  if (store.dialect.completeNeedsAllParts && listed.length !== state.parts.size) {
    throw new S3Error('InvalidPart')
  }
  for (const part of parts.slice(0, -1)) {
    if (part.size >= store.minPartSize) continue
    throw new S3Error('EntityTooSmall', undefined, {
      ProposedSize: String(part.size),
      MinSizeAllowed: String(store.minPartSize),
      PartNumber: String(part.number),
      ETag: part.etag,
    })
  }
  if (store.dialect.equalParts) checkEqualSizes(parts)
  return parts
}

function checkPart(dialect: Dialect, state: UploadState, claim: ListedPart): Part {
  const part = state.parts.get(claim.number)
  const { checksum } = state.upload
  const refused = { PartNumber: String(claim.number), ETag: claim.etag }
  if (part === undefined || part.etag !== claim.etag) {
    throw new S3Error('InvalidPart', undefined, refused)
  }
  // A store that knows no checksums skips the elements it does not know.
  for (const [algorithm, value] of dialect.checksums ? claim.checksums : []) {
    const same = part.checksum?.algorithm === algorithm && part.checksum.value === value
    if (!same) throw new S3Error('InvalidPart', undefined, refused)
  }
  if (checksum?.type === 'COMPOSITE' && !claim.checksums.has(checksum.algorithm)) {
    const name = checksum.algorithm.toLowerCase()
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using a ${name} checksum. The complete request must include the ` +
        `checksum for each part. It was missing for part ${claim.number} in the request.`,
    )
  }
  return part
}

/** With a checksum, part numbers start at 1 and have no gap. */
function checkNumbers(
  store: StoreContext,
  state: UploadState,
  listed: readonly ListedPart[],
): void {
  if (state.upload.checksum === undefined && !store.dialect.contiguousParts) return
  if (listed.every(({ number }, at) => number === at + 1)) return
  throw new S3Error(
    'InvalidPartOrder',
    'Part numbers must be consecutive and start with 1 when a checksum is used.',
  )
}

function checkEqualSizes(parts: readonly Part[]): void {
  const size = parts[0]?.size ?? 0
  const last = parts.at(-1)?.size ?? 0
  if (parts.slice(0, -1).every((part) => part.size === size) && last <= size) return
  throw new S3Error('InvalidPart', 'All non-trailing parts must have the same length.')
}
