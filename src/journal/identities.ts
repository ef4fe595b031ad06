/**
 * What a journal keeps of files, objects and places, taken from what the system and the store say.
 * Pure. Picks fields by name, so that nothing else of its sources can come into a journal.
 */

import type { BigIntStats } from 'node:fs'
import type { Checksum } from '../checksum/stored.ts'
import type { ObjectAttributes } from '../store/attributes.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import { encodeKey } from '../store/signing.ts'
import type { ObjectRef, StoreRoute } from '../store/types.ts'
import { bareUrlOf, originOf } from './codec.ts'
import type { Connection, FileIdentity, NotedAttributes, ObjectIdentity, Place } from './records.ts'
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

/** One text for a place, as the name of the source of a copy. */
export function urlOfPlace({ endpoint, bucket, key, versionId }: Place): string {
  const version = versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`
  return `${endpoint}/${bucket}/${encodeKey(key)}${version}`
}

/** What was said of where and as whom, without what is secret or of no use to find a place again. */
export function connectionOf(options: Connection): Connection {
  const { endpoint, region, profile, pathStyle, accelerate, dualstack, fips } = options
  const url = endpoint === undefined ? undefined : bareUrlOf(endpoint)
  return { endpoint: url, region, profile, pathStyle, accelerate, dualstack, fips }
}

/** All that is said about an object but a customer key. */
export function openAttributes(attributes: ObjectAttributes): NotedAttributes {
  const { sseCustomerKey: _, ...open } = attributes
  return open
}
