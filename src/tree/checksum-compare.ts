/**
 * Whether a file and an object of one size are the same by what the store knows of the bytes: a checksum
 * of the whole object, or an ETag that is the MD5 of what was sent in one piece. HEAD tells both, and
 * the file is read; the object is not.
 */

import type { ChecksumAlgorithm } from '../checksum/algorithms.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import { bestStored, type Checksum } from '../checksum/stored.ts'
import { isTransferError, toTransferError, type TransferError } from '../errors.ts'
import type { RequestAttributes } from '../store/attributes.ts'
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts'
import { ahead } from './ahead.ts'
import type { FileEntry, ObjectEntry } from './entries.ts'
import type { Pair } from './merge-join.ts'
import type { ActionReason } from './outcome.ts'

/** Hashes a whole file. */
export type DigestFile = (
  path: string,
  algorithm: ChecksumAlgorithm,
  signal: AbortSignal,
) => Promise<Uint8Array>

/** An ETag that looks like an MD5; one of parts ends in their number. */
const MD5_ETAG = /^"?([0-9a-f]{32})"?$/u

export interface ChecksumCompareOptions {
  readonly store: Pick<ObjectStore, 'head'>
  readonly bucket: string
  readonly digest: DigestFile
  /** Of each request. */
  readonly attributes: RequestAttributes
  readonly signal: AbortSignal
}

/** What came of comparing. */
export interface Contents {
  /** Why both differ; `undefined` when they are the same. */
  readonly reason: ActionReason | undefined
  /** What both have, when they are the same. */
  readonly checksum?: Checksum | undefined
}

/**
 * Compares a file and an object. What cannot be compared counts as different: `no-checksum`.
 * @throws what HEAD throws, but for an object that is gone by now; ERR_WORKER_LOST, ERR_ABORTED
 */
export async function compareContents(
  file: FileEntry,
  { key, size }: ObjectEntry,
  { store, bucket, digest, attributes, signal }: ChecksumCompareOptions,
): Promise<Contents> {
  if (file.size !== size) return { reason: 'size' }
  let info: ObjectInfo
  try {
    info = await store.head({ bucket, key }, { attributes, signal })
  } catch (error) {
    if (isTransferError(error) && error.code === 'ERR_OBJECT_NOT_FOUND') {
      return { reason: 'missing' }
    }
    throw error
  }
  if (info.size !== file.size) return { reason: 'size' }
  const stored = fullChecksumOf(info)
  if (stored === undefined) return { reason: 'no-checksum' }
  let found: Uint8Array
  try {
    found = await digest(file.path, stored.algorithm, signal)
  } catch (error) {
    // What is wrong with a file, a copy of it tells; or a copy to it mends.
    if (isTransferError(error) && error.code.startsWith('ERR_SOURCE_')) {
      return { reason: 'checksum' }
    }
    throw error
  }
  const isSame = stored.value === encodeDigest(found)
  return isSame ? { reason: undefined, checksum: stored } : { reason: 'checksum' }
}

/** A checksum of all bytes that the store knows: one it keeps, or the MD5 an ETag is. */
export function fullChecksumOf(info: ObjectInfo): Checksum | undefined {
  const stored = bestStored(info.checksums, info.checksumType)
  return stored?.type === 'FULL_OBJECT' ? stored : md5Of(info)
}

/** The MD5 that an ETag is, of an object that was sent in one piece. */
export function md5Of({
  etag,
  serverSideEncryption,
}: Pick<ObjectInfo, 'etag' | 'serverSideEncryption'>): Checksum | undefined {
  // With keys of KMS or of the customer an ETag is no MD5.
  const isPlain = serverSideEncryption === undefined || serverSideEncryption === 'AES256'
  const hex = isPlain ? MD5_ETAG.exec(etag)?.[1] : undefined
  if (hex === undefined) return undefined
  const value = Buffer.from(hex, 'hex').toString('base64')
  return { algorithm: 'MD5', value, type: 'FULL_OBJECT' }
}

/** Pairs compared at once. Source: none; enough that HEAD of a store far away is asked for many. */
const PAIRS_AHEAD = 32

type SyncPair<S, D> = Pair<S | FileEntry, D | FileEntry>

/** Verdicts on pairs that are on both sides, found some ahead. */
export class ChecksumVerdicts {
  readonly #options: ChecksumCompareOptions
  #heads = 0
  readonly #verdicts = new WeakMap<object, Contents | TransferError>()

  constructor(options: ChecksumCompareOptions) {
    this.#options = options
  }

  /**
   * Passes pairs on in their order, each with a verdict on it.
   * @param isMeant whether its verdict will be asked for
   */
  pairs<S extends ObjectEntry, D extends ObjectEntry>(
    pairs: AsyncIterable<SyncPair<S, D>>,
    isMeant: (source: S | FileEntry) => boolean,
  ): AsyncIterable<SyncPair<S, D>> {
    return ahead(pairs, PAIRS_AHEAD, async (pair) => {
      const { source, destination } = pair
      if (source === undefined || destination === undefined || !isMeant(source)) return pair
      const file = 'path' in source ? source : destination
      const object = 'path' in source ? destination : source
      if (!('path' in file) || 'path' in object) return pair
      this.#verdicts.set(source, await this.#compare(file, object))
      return pair
    })
  }

  /** Requests it took so far. */
  get heads(): number {
    return this.#heads
  }

  /** How the source of a pair compares, or why nobody knows. */
  of(source: FileEntry | ObjectEntry): Contents | TransferError | undefined {
    return this.#verdicts.get(source)
  }

  async #compare(file: FileEntry, object: ObjectEntry): Promise<Contents | TransferError> {
    if (file.size === object.size) this.#heads += 1
    try {
      return await compareContents(file, object, this.#options)
    } catch (error) {
      return toTransferError(error)
    }
  }
}
