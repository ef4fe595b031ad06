/**
 * One record of a manifest against the object that is there now. HEAD tells size, version, ETag and the
 * stored checksum; `deep` reads it. An ETag says that an object is the one of then, and never what its
 * bytes are, but for the MD5 it is of an object that was sent in one piece without a key of KMS.
 */

import { bestStored, type Checksum } from '../checksum/stored.ts'
import { isTransferError, toTransferError } from '../errors.ts'
import type { RequestAttributes } from '../store/attributes.ts'
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts'
import type { ObjectRef } from '../store/types.ts'
import type { ProvedObject } from '../transfer/prove-object.ts'
import { fullChecksumOf, md5Of } from '../tree/checksum-compare.ts'
import { bareEtag, type ManifestRecord } from './format.ts'
import { otherBytes, otherSize, type Verdict } from './verdict.ts'

export interface ObjectCheckOptions {
  readonly store: Pick<ObjectStore, 'head'>
  readonly attributes: RequestAttributes
  readonly signal: AbortSignal
  /**
   * Reads an object, where bytes are to be compared.
   * @throws (rejects) ERR_CHECKSUM_MISMATCH when they are others
   */
  readonly prove:
    | ((object: ObjectRef, info: ObjectInfo, expected: Checksum) => Promise<ProvedObject>)
    | undefined
}

/** Whether bytes are the same; `undefined` when nobody knows. */
type Bytes = 'same' | Verdict | undefined

/** @throws (rejects) ERR_ABORTED; any other failure is a verdict */
export async function checkObject(
  record: ManifestRecord,
  object: ObjectRef,
  options: ObjectCheckOptions,
): Promise<Verdict> {
  const { store, attributes, signal, prove } = options
  try {
    const info = await store.head(object, { attributes, signal })
    if (info.size !== record.size) return otherSize(record.size, info.size)
    const stored = compareStored(record, info)
    // A stored checksum that differs is enough; one that agrees says nothing of the bytes on the disk.
    const isRead = prove !== undefined && (stored === undefined || stored === 'same')
    const bytes = isRead ? await compareRead(record, object, info, prove) : stored
    return verdictOf(record, object, info, { bytes, isRead })
  } catch (error) {
    signal.throwIfAborted()
    const failure = toTransferError(error)
    // Reads are ended when the engine is closed, which says nothing of the object.
    if (failure.code === 'ERR_ABORTED') throw failure
    if (failure.code === 'ERR_OBJECT_NOT_FOUND') return { status: 'missing' }
    return { status: 'unreadable', error: failure }
  }
}

function verdictOf(
  record: ManifestRecord,
  { bucket, key }: ObjectRef,
  info: ObjectInfo,
  { bytes, isRead }: { readonly bytes: Bytes; readonly isRead: boolean },
): Verdict {
  if (typeof bytes === 'object') return bytes
  const etag = bareEtag(info.etag)
  if (bytes === undefined && isRead) {
    const detail = 'the manifest has no checksum that could be computed of its bytes'
    return { status: 'not-comparable', detail }
  }
  const isInPlace = record.bucket === bucket && record.key === key
  const change = isInPlace ? changeOf(record, info) : undefined
  if (change !== undefined) {
    const what = bytes === 'same' ? 'the same bytes' : 'its bytes were not compared'
    return { status: 'changed', detail: `${change}; ${what}` }
  }
  if (bytes === 'same') return { status: 'ok', by: 'checksum' }
  return { status: 'ok', by: record.etag === etag ? 'etag' : 'size' }
}

/** What says that it was written anew. */
function changeOf(record: ManifestRecord, info: ObjectInfo): string | undefined {
  const { versionId, etag } = record
  if (etag !== undefined && etag !== bareEtag(info.etag)) {
    return `ETag is ${bareEtag(info.etag)}, not ${etag}`
  }
  if (versionId === undefined || info.versionId === undefined) return undefined
  return versionId === info.versionId ? undefined : `version is ${info.versionId}, not ${versionId}`
}

/** By what the store keeps. */
function compareStored({ checksum }: ManifestRecord, info: ObjectInfo): Bytes {
  if (checksum === undefined) return undefined
  const { algorithm, value, type } = checksum
  const kept = info.checksums[algorithm]
  const stored =
    kept === undefined ? undefined : bestStored({ [algorithm]: kept }, info.checksumType)
  const found = stored ?? (algorithm === 'MD5' ? md5Of(info) : undefined)
  if (found?.type !== type) return undefined
  if (found.value === value) return 'same'
  // Of other parts a composite is another one, of the same bytes.
  return type === 'COMPOSITE' ? undefined : otherBytes(algorithm, value, found.value)
}

async function compareRead(
  record: ManifestRecord,
  object: ObjectRef,
  info: ObjectInfo,
  prove: NonNullable<ObjectCheckOptions['prove']>,
): Promise<Bytes> {
  const expected = expectedOf(record, info)
  if (expected === undefined) return undefined
  try {
    return (await prove(object, info, expected)).isCompared ? 'same' : undefined
  } catch (error) {
    if (!isTransferError(error) || error.code !== 'ERR_CHECKSUM_MISMATCH') throw error
    return otherBytes(expected.algorithm, expected.value, undefined)
  }
}

/** What the bytes are to have: of an object that is the one of then, also what the store knows of it. */
function expectedOf({ checksum, etag }: ManifestRecord, info: ObjectInfo): Checksum | undefined {
  if (checksum !== undefined) return checksum
  return etag === bareEtag(info.etag) ? fullChecksumOf(info) : undefined
}
