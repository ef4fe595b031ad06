/**
 * A manifest → the names of the objects it has, to be moved once more: those of the tree that is read, or
 * the copies that were made of it.
 */

import { TransferError } from '../errors.ts'
import { openManifest } from '../manifest/read-manifest.ts'
import type { ManifestHeader } from '../manifest/format.ts'
import { formatS3Uri } from '../store/uri.ts'
import { nameOfList } from './files-from.ts'
import type { WantedName } from './name-list.ts'
import { listError } from './records.ts'
import type { StoreSide } from './sides.ts'

/**
 * Names behind the prefix; of a manifest of more than that, what else it has is left out.
 * @throws (while read) as `openManifest` does and ERR_OPTION_INVALID for a manifest of something else;
 *   when all names were given ERR_MANIFEST_INCOMPLETE for one that was cut off
 */
export async function* manifestNames(
  path: string,
  side: StoreSide,
  signal: AbortSignal,
): AsyncGenerator<WantedName, void, void> {
  const { header, records, end } = await openManifest(path, signal)
  const isOfCopies = isCopyOf(header, side)
  const { bucket, prefix } = side
  try {
    if (!isOfCopies && !isAbout(header, side)) {
      const [its, ours] = [header, side].map((place) =>
        formatS3Uri({ bucket: place.bucket, key: place.prefix }),
      )
      throw listError(nameOfList(path), 1, `It is a manifest of ${its}, and not of ${ours}.`)
    }
    for await (const { record } of records) {
      const { name, key, size } = record
      if (isOfCopies) yield { name, size }
      else if (key.startsWith(prefix) && key !== prefix) {
        yield { name: key.slice(prefix.length), size }
      }
    }
  } finally {
    await records.return()
  }
  if (end() !== undefined) return
  const message = `${nameOfList(path)} was cut off: its end is missing. What it names in ${bucket} was taken.`
  throw new TransferError('ERR_MANIFEST_INCOMPLETE', message, { path })
}

/** Whether its objects are below the prefix, or the other way round. */
function isAbout(header: ManifestHeader, { bucket, prefix }: StoreSide): boolean {
  const [a, b] = [header.prefix, prefix]
  return header.bucket === bucket && (a.startsWith(b) || b.startsWith(a))
}

/** Whether its objects are copies of what is below the prefix: under the names those have there. */
function isCopyOf({ operation, from }: ManifestHeader, { bucket, prefix }: StoreSide): boolean {
  return operation === 'copy' && from === `s3://${bucket}/${prefix}`
}
