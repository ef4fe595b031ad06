/**
 * All versions of the objects below a prefix, an entry for each key, a page ahead of its reader. Those of one
 * key are in memory together.
 */

import type { ListedVersion, ObjectStore, VersionPage } from '../store/object-store.ts'
import type { TreeEntry } from './entries.ts'
import { isFolderMarker } from './key-path.ts'
import type { SideOptions, StoreSide } from './sides.ts'

/** Size and time are those of the newest, of a marker 0 bytes. */
export interface VersionedEntry extends TreeEntry {
  readonly key: string
  /** Markers of removal too; the oldest first. */
  readonly versions: readonly ListedVersion[]
}

/** In the order of keys. @throws what `listVersions` throws */
export async function* versionedEntries(
  store: Pick<ObjectStore, 'listVersions'>,
  { bucket, prefix, attributes }: StoreSide,
  { job, isSource }: Pick<SideOptions, 'job' | 'isSource'>,
): AsyncGenerator<VersionedEntry, void, undefined> {
  const cut = new AbortController()
  const signal = AbortSignal.any([job.signal, cut.signal])
  const ask = (after: VersionPage['next']): Promise<VersionPage> => {
    const asked = store.listVersions(bucket, { prefix, after, attributes, signal })
    // It is looked at in its turn, or never.
    asked.catch(() => undefined)
    return asked
  }
  let newestFirst: ListedVersion[] = []
  let page: Promise<VersionPage> | undefined = ask(undefined)
  try {
    while (page !== undefined) {
      const { versions, next }: VersionPage = await page
      job.pages += 1
      page = next && ask(next)
      for (const version of versions) {
        const { key, isMarker, size } = version
        // What stands for the prefix itself is none of the objects below it.
        if (key === prefix && (isMarker || isFolderMarker({ name: key, size }))) continue
        if (newestFirst[0] !== undefined && newestFirst[0].key !== key) {
          yield entryOf(newestFirst, prefix)
          newestFirst = []
        }
        newestFirst.push(version)
        if (isSource) job.saw()
      }
    }
    if (newestFirst.length > 0) yield entryOf(newestFirst, prefix)
  } finally {
    cut.abort(new Error('the reader stopped'))
  }
}

function entryOf(newestFirst: readonly ListedVersion[], prefix: string): VersionedEntry {
  const { key, size, lastModified: mtimeMs = 0 } = newestFirst[0] as ListedVersion
  const versions = newestFirst.toReversed()
  return { name: key.slice(prefix.length), key, size, mtimeMs, versions }
}
