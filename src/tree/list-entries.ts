/**
 * Pages of a listing → one entry after the other, objects and prefixes in one order.
 */

import { TransferError } from '../errors.ts'
import { compareKeys } from '../store/key-order.ts'
import type { ListedObject, ObjectStore } from '../store/object-store.ts'
import type { S3Location } from '../store/uri.ts'
import type { CheckedList } from './list-options.ts'
import type { listPages } from './listing.ts'
import type { ListedPage } from './segment.ts'

/** What stands between the names of a key, as in a path. */
const DELIMITER = '/'

/** An object below the prefix, or with `recursive: false` a prefix of deeper ones. */
export type ListedEntry =
  | {
      readonly kind: 'object'
      readonly bucket: string
      readonly key: string
      /** Bytes. */
      readonly size: number
      /** As sent, quotes included; `undefined` if the store did not say. */
      readonly etag: string | undefined
      /** Milliseconds since the epoch; `undefined` if the store did not say. */
      readonly lastModified: number | undefined
      /** `undefined` if the store did not say, which mostly means STANDARD. */
      readonly storageClass: string | undefined
    }
  | {
      readonly kind: 'prefix'
      readonly bucket: string
      /** From the beginning of the key to the `/`, included. */
      readonly prefix: string
    }

/** What is listed, and when it ends. */
interface Wanted extends CheckedList {
  readonly store: ObjectStore
  readonly place: S3Location
  /** Ends it when the engine is closed. */
  readonly closing: AbortSignal
}

/**
 * @param load what lists pages, loaded when it is needed
 * @param prepare what is listed; what it throws is the first thing the reader gets
 */
export async function* listEntries(
  load: () => Promise<{ readonly listPages: typeof listPages }>,
  prepare: () => Wanted,
): AsyncGenerator<ListedEntry, void, undefined> {
  const { store, place, recursive, attributes, signal: callers, closing } = prepare()
  const { listPages } = await load()
  const { bucket, key: prefix } = place
  const delimiter = recursive ? undefined : DELIMITER
  const signal = callers === undefined ? closing : AbortSignal.any([callers, closing])
  const options = { bucket, prefix, delimiter, attributes, signal }
  for await (const page of listPages(store, options)) {
    for (const entry of merged(bucket, page)) {
      // A page may be read long after it came.
      if (signal.aborted)
        throw new TransferError('ERR_ABORTED', 'Aborted.', { bucket }, { cause: signal.reason })
      yield entry
    }
  }
}

function* merged(bucket: string, { objects, prefixes }: ListedPage): Generator<ListedEntry> {
  let next = 0
  for (const object of objects) {
    for (; next < prefixes.length; next += 1) {
      const prefix = prefixes[next] as string
      if (compareKeys(prefix, object.key) > 0) break
      yield { kind: 'prefix', bucket, prefix }
    }
    yield entryOf(bucket, object)
  }
  for (const prefix of prefixes.slice(next)) yield { kind: 'prefix', bucket, prefix }
}

function entryOf(bucket: string, object: ListedObject): ListedEntry {
  const { key, size, etag, lastModified, storageClass } = object
  return { kind: 'object', bucket, key, size, etag, lastModified, storageClass }
}
