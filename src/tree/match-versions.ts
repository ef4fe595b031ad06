/**
 * How many versions of an object its copy has already: the first of the source are looked for at the
 * destination in their order, so that one written twice, or by somebody else in between, is passed over.
 */

import { TransferError } from '../errors.ts'
import { isSameEtag } from '../store/etag.ts'
import type { ListedVersion } from '../store/object-store.ts'

/** Whether two of one size are the same, where their ETags do not say so. */
export type SameContent = (version: ListedVersion, copy: ListedVersion) => Promise<boolean>

/**
 * The first of `versions` that is to be copied; their number if there is none. Both the oldest first.
 * @throws ERR_CONFLICT where the destination has later ones without an earlier one, which could only come
 *   behind them now; what `isSame` throws
 */
export async function firstMissing(
  versions: readonly ListedVersion[],
  copies: readonly ListedVersion[],
  isSame: SameContent,
): Promise<number> {
  let from = 0
  for (const [index, version] of versions.entries()) {
    const at = await indexOf(version, copies, from, isSame)
    if (at === -1) {
      checkOrder(versions.slice(index + 1), copies.slice(from))
      return index
    }
    from = at + 1
  }
  return versions.length
}

async function indexOf(
  version: ListedVersion,
  copies: readonly ListedVersion[],
  from: number,
  isSame: SameContent,
): Promise<number> {
  for (let at = from; at < copies.length; at += 1) {
    const copy = copies[at] as ListedVersion
    if (version.isMarker !== copy.isMarker || version.size !== copy.size) continue
    if (version.isMarker || haveOneEtag(version, copy) || (await isSame(version, copy))) return at
  }
  return -1
}

function checkOrder(later: readonly ListedVersion[], copies: readonly ListedVersion[]): void {
  const found = later.find((version) => copies.some((copy) => haveOneEtag(version, copy)))
  if (found === undefined) return
  const { key, versionId } = found
  const message =
    `The destination has the version ${versionId} of it, and not all that came before: they would come ` +
    'behind it now. Remove its versions at the destination, or leave it out.'
  throw new TransferError('ERR_CONFLICT', message, { key })
}

function haveOneEtag(version: ListedVersion, copy: ListedVersion): boolean {
  const [a, b] = [version.etag, copy.etag]
  const areKnown = a !== undefined && b !== undefined
  return areKnown && version.size === copy.size && isSameEtag(a, b)
}
