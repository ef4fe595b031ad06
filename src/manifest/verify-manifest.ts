/**
 * A manifest against what is there now, one record after the other, some ahead: what is in memory does not
 * grow with their number, but for a digest of each name where what is extra is looked for.
 */

import { platform } from 'node:process'
import { TransferError } from '../errors.ts'
import type { Checksum } from '../checksum/stored.ts'
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts'
import type { ObjectRef } from '../store/types.ts'
import { formatS3Uri } from '../store/uri.ts'
import type { ProvedObject } from '../transfer/prove-object.ts'
import { ahead } from '../tree/ahead.ts'
import type { DigestFile } from '../tree/checksum-compare.ts'
import { isFailure, isSkipped } from '../tree/entries.ts'
import { isFolderMarker, localName, pathBelow } from '../tree/key-path.ts'
import { listPages } from '../tree/listing.ts'
import type { Side } from '../tree/sides.ts'
import { walk } from '../tree/walk.ts'
import { checkFile } from './check-file.ts'
import { checkObject } from './check-object.ts'
import { DigestSet } from './digest-set.ts'
import { invalidManifest } from './format.ts'
import { openManifest, type ManifestReader, type NumberedRecord } from './read-manifest.ts'
import { VerifyTally } from './tally.ts'
import type { Verdict } from './verdict.ts'
import type { CheckedVerify, VerifiedEntry, VerifyResult } from './verify-options.ts'

/** Records looked at at once. Source: as many transfers as there may be by default. */
const RECORDS_AHEAD = 64

export interface VerifyHost {
  readonly store: ObjectStore
  /** @throws (rejects) ERR_CHECKSUM_MISMATCH when its bytes are others */
  readonly prove: (object: ObjectRef, info: ObjectInfo, expected: Checksum) => Promise<ProvedObject>
  readonly digest: DigestFile
}

/** Where what a manifest says is looked for. */
interface Place {
  /** Its name there, which is also how it is found among what is extra. */
  readonly name: string
  readonly place: string
  readonly check: () => Promise<Verdict>
}

/**
 * @param signal ends it
 * @throws (rejects) ERR_MANIFEST_INVALID, ERR_MANIFEST_VERSION, ERR_SOURCE_NOT_FOUND; when all records were
 *   told ERR_MANIFEST_INCOMPLETE
 */
export async function verifyManifest(
  host: VerifyHost,
  path: string,
  side: Side,
  options: CheckedVerify,
  signal: AbortSignal,
): Promise<VerifyResult> {
  const startedAt = performance.now()
  const manifest = await openManifest(path, signal)
  const tally = new VerifyTally()
  const tell = async (entry: VerifiedEntry, isRecord: boolean): Promise<void> => {
    tally.add(entry, isRecord)
    await options.onResult?.(entry)
    signal.throwIfAborted()
  }
  const seen = options.extra ? new DigestSet() : undefined
  const placeOf = placing(host, path, side, manifest, { ...options, signal })
  const look = async (numbered: NumberedRecord): Promise<VerifiedEntry> => {
    const { name, place, check } = placeOf(numbered)
    seen?.add(name)
    return { ...(await check()), name, place, size: numbered.record.size }
  }
  // What keeps everything from being looked at, no region or no credentials, is told once.
  if (side.kind === 'store') await routed(host.store, side.bucket, manifest, signal)
  for await (const entry of ahead(manifest.records, RECORDS_AHEAD, look)) await tell(entry, true)
  const end = manifest.end()
  const problem = incompleteness(path, end)
  if (problem !== undefined && !options.allowIncomplete) throw problem
  if (seen !== undefined) {
    const extra =
      side.kind === 'store' ? objectsOf(host.store, side, signal) : filesOf(side.root, signal)
    for await (const entry of extra) if (!seen.has(entry.name)) await tell(entry, false)
  }
  const elapsedMs = performance.now() - startedAt
  return tally.result({ manifest: manifest.header, end, elapsedMs })
}

/** Ends the reading of a manifest that is of no use. */
async function routed(
  store: ObjectStore,
  bucket: string,
  { records }: ManifestReader,
  signal: AbortSignal,
): Promise<void> {
  try {
    await store.route(bucket, { signal })
  } catch (error) {
    await records.return()
    throw error
  }
}

/** By records to where they are looked for. @throws ERR_MANIFEST_INVALID for a name that leads elsewhere */
function placing(
  { store, prove, digest }: VerifyHost,
  path: string,
  side: Side,
  { header }: ManifestReader,
  { deep, attributes, signal }: CheckedVerify & { readonly signal: AbortSignal },
): (numbered: NumberedRecord) => Place {
  if (side.kind === 'store') {
    const { bucket, prefix } = side
    const checking = { store, attributes, signal, prove: deep ? prove : undefined }
    return ({ record }) => {
      const name = record.key.slice(header.prefix.length)
      const object = { bucket, key: prefix + name }
      const check = () => checkObject(record, object, checking)
      return { name, place: formatS3Uri(object), check }
    }
  }
  const checking = { signal, digest: deep ? digest : undefined }
  return ({ record, line }) => {
    const name = record.file ?? record.name
    const local = localName(name, { platform, encodeNames: false })
    if (local.problem !== undefined) {
      const shown = JSON.stringify(name)
      const problem = `Its name ${shown} is no safe one below a directory: ${local.detail}`
      throw invalidManifest(path, problem, line)
    }
    const place = pathBelow(side.root, local.name, platform)
    return { name, place, check: () => checkFile(record, place, checking) }
  }
}

function incompleteness(
  path: string,
  end: ReturnType<ManifestReader['end']>,
): TransferError | undefined {
  if (end?.complete === true) return undefined
  const why =
    end === undefined
      ? 'it was cut off: its end is missing'
      : end.failed > 0
        ? `${end.failed} of its run failed or were cut short, and are not in it`
        : 'its run was ended before all was done'
  const message = `${path} is not complete: ${why}. What it has was verified.`
  return new TransferError('ERR_MANIFEST_INCOMPLETE', message, { path })
}

async function* objectsOf(
  store: ObjectStore,
  { bucket, prefix, attributes }: Extract<Side, { readonly kind: 'store' }>,
  signal: AbortSignal,
): AsyncGenerator<VerifiedEntry> {
  for await (const { objects } of listPages(store, { bucket, prefix, attributes, signal })) {
    for (const { key, size } of objects) {
      if (isFolderMarker({ name: key, size })) continue
      const name = key.slice(prefix.length)
      yield { status: 'extra', name, place: formatS3Uri({ bucket, key }), size }
    }
  }
}

async function* filesOf(root: string, signal: AbortSignal): AsyncGenerator<VerifiedEntry> {
  for await (const entry of walk(root, { signal })) {
    const { name } = entry
    const place = pathBelow(root, name, platform)
    if (!isSkipped(entry)) yield { status: 'extra', name, place, size: entry.size }
    else if (isFailure(entry.reason)) {
      yield { status: 'unreadable', name, place, size: 0, detail: entry.reason }
    }
  }
}
