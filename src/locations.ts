/**
 * Where things are: what callers write for an object, and where an upload without a word goes.
 */

import { TransferError } from './errors.ts'
import type { DownloadOptions } from './transfer-options.ts'
import type { ObjectRef } from './store/types.ts'
import { parseObjectUri, parseS3Uri, resolveKey, validateBucket, validateKey } from './store/uri.ts'
import { fileNameOf } from './transfer/upload-input.ts'

/** An object by URI, `s3://bucket/key`, or by its names. */
export type ObjectLocation = string | ObjectRef

/** The object a location names. @throws ERR_URI_INVALID, ERR_KEY_INVALID */
export function objectAt(location: ObjectLocation): ObjectRef {
  if (typeof location === 'string') return parseObjectUri(location)
  const { bucket, key, versionId } = location ?? {}
  if (typeof bucket !== 'string' || typeof key !== 'string') {
    const message = 'An object is s3://bucket/key, or { bucket, key }. Options come after it.'
    throw new TransferError('ERR_URI_INVALID', message)
  }
  validateBucket(bucket)
  validateKey(key)
  return versionId === undefined ? { bucket, key } : { bucket, key, versionId }
}

/**
 * Where an upload goes. A file keeps its name below a bucket or a prefix; bytes and streams have
 * none, so their destination must name the object.
 *
 * @param target the engine's, for uploads that name no destination
 * @throws ERR_OPTION_INVALID, ERR_URI_INVALID, ERR_KEY_INVALID
 */
export function destinationOf(
  destination: ObjectLocation | undefined,
  path: string | undefined,
  target: string | undefined,
): ObjectRef {
  if (destination !== undefined && typeof destination !== 'string') return objectAt(destination)
  const uri = destination ?? target
  if (uri === undefined) {
    const message = 'Say where to: pass a destination, or give the engine a `target`.'
    throw new TransferError('ERR_OPTION_INVALID', message, { option: 'target' })
  }
  if (path === undefined) return namedObject(uri)
  const location = parseS3Uri(uri)
  return { bucket: location.bucket, key: resolveKey(location, fileNameOf(path)) }
}

/** Where a copy goes: below a bucket or a prefix it has the last name of its source. */
export function copyDestination(destination: ObjectLocation, from: ObjectRef): ObjectRef {
  if (typeof destination !== 'string') return objectAt(destination)
  const location = parseS3Uri(destination)
  if (location.key !== '' && !location.key.endsWith('/')) return parseObjectUri(destination)
  const name = from.key.slice(from.key.lastIndexOf('/') + 1)
  if (name !== '') return { bucket: location.bucket, key: location.key + name }
  const message = `The key ${JSON.stringify(from.key)} does not end in a name: name the copy.`
  throw new TransferError('ERR_URI_INVALID', message)
}

/** A prefix alone would be a legal key, but hardly the one that is meant; `{ bucket, key }` says it. */
function namedObject(uri: string): ObjectRef {
  const object = parseObjectUri(uri)
  if (!object.key.endsWith('/')) return object
  const message = `${uri} is a prefix, and what is uploaded has no name of its own: name the object.`
  throw new TransferError('ERR_URI_INVALID', message)
}

/** The version a download asks for, if it names one. */
export function versionOf({ versionId }: Pick<DownloadOptions, 'versionId'>): {
  readonly versionId?: string
} {
  return versionId === undefined ? {} : { versionId }
}

/** The error for a download to something that is no path. */
export function badTarget(target: unknown): TransferError {
  const message = `Cannot download to ${typeof target}: pass a path, or use read()`
  return new TransferError('ERR_OPTION_INVALID', message)
}
