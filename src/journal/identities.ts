/**
 * What a journal keeps of files, objects and places, taken from what the system and the store say.
 * Pure. Picks fields by name, so that nothing else of its sources can come into a journal.
 */

import type { BigIntStats } from 'node:fs'
import type { Checksum } from '../checksum/stored.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import type { ObjectRef, StoreRoute } from '../store/types.ts'
import { originOf } from './codec.ts'
import type { FileIdentity, ObjectIdentity, Place } from './records.ts'
import type { FoundFile } from './reconcile-download.ts'

/** A file, from `stat` with `bigint`. */
export function fileIdentityOf(stats: BigIntStats): FileIdentity {
  const { dev, ino, mtimeNs, ctimeNs } = stats
  return { dev, ino, size: Number(stats.size), mtimeNs, ctimeNs }
}

/** What lies at a path, from `lstat` with `bigint`; nothing if it is no regular file. */
export function foundFileOf(stats: BigIntStats | undefined): FoundFile {
  if (stats?.isFile() !== true) return undefined
  const { dev, ino, mtimeNs } = stats
  return { dev, ino, size: Number(stats.size), mtimeNs }
}

/** An object, from HEAD, and the checksum it will be proved by. */
export function objectIdentityOf(
  info: Pick<ObjectInfo, 'etag' | 'versionId' | 'size' | 'lastModified'>,
  checksum: Checksum | undefined,
): ObjectIdentity {
  const { etag, versionId, size, lastModified } = info
  return { etag, versionId, size, lastModified, checksum }
}

/** Where an object is, from the route to its bucket: of an endpoint only scheme, host and port. */
export function placeOf(
  route: Pick<StoreRoute, 'origin' | 'signing'>,
  { bucket, key, versionId }: ObjectRef,
): Place {
  const endpoint = originOf(route.origin) ?? route.origin
  return { endpoint, region: route.signing?.region, bucket, key, versionId }
}
