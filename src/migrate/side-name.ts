/**
 * What a side of a migration is called: in the directory of the job, and between machines.
 */

import { placeOf } from '../journal/identities.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { StoreSide } from '../tree/sides.ts'

/** `endpoint s3://bucket/prefix` */
export async function sideName(
  store: Pick<ObjectStore, 'route'>,
  { bucket, prefix }: StoreSide,
  signal: AbortSignal,
): Promise<string> {
  const { endpoint } = placeOf(await store.route(bucket, { signal }), { bucket, key: prefix })
  return `${endpoint} s3://${bucket}/${prefix}`
}
