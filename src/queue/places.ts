/** Where a job goes from and to, as an engine that reaches both calls it. */

import { sideName } from '../migrate/side-name.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { CopyTreeSpec } from '../tree/sides.ts'
import type { Places } from './job-record.ts'

export interface PlaceStores {
  readonly source: Pick<ObjectStore, 'route'>
  readonly store: Pick<ObjectStore, 'route'>
}

/** @throws what is wrong with the connection */
export async function placesOf(
  { source, store }: PlaceStores,
  { from, remote }: CopyTreeSpec,
  signal: AbortSignal,
): Promise<Places> {
  return {
    from: await sideName(source, from, signal),
    to: await sideName(store, remote, signal),
  }
}
