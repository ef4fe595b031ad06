/**
 * One record of a manifest against the file that is there now: its size and time, or when it is read its
 * size and checksum, whatever the time.
 */

import { stat } from 'node:fs/promises'
import { encodeDigest } from '../checksum/encoding.ts'
import { isTransferError, toTransferError } from '../errors.ts'
import { notAFile, sourceError } from '../local-errors.ts'
import type { DigestFile } from '../tree/checksum-compare.ts'
import { isoTime, type ManifestRecord } from './format.ts'
import { otherBytes, otherSize, type Verdict } from './verdict.ts'

export interface FileCheckOptions {
  readonly signal: AbortSignal
  /** Reads a file, where bytes are to be compared. */
  readonly digest: DigestFile | undefined
}

/** @throws (rejects) ERR_ABORTED; any other failure is a verdict */
export async function checkFile(
  record: ManifestRecord,
  path: string,
  { signal, digest }: FileCheckOptions,
): Promise<Verdict> {
  try {
    const stats = await stat(path)
    if (!stats.isFile()) throw notAFile(path, stats)
    if (stats.size !== record.size) return otherSize(record.size, stats.size)
    if (digest === undefined) return compareTime(record, stats.mtimeMs)
    const { checksum } = record
    if (checksum?.type !== 'FULL_OBJECT') {
      const detail = 'the manifest has no checksum of the whole object'
      return { status: 'not-comparable', detail }
    }
    const { algorithm, value } = checksum
    const found = encodeDigest(await digest(path, algorithm, signal))
    return found === value ? { status: 'ok', by: 'checksum' } : otherBytes(algorithm, value, found)
  } catch (thrown) {
    signal.throwIfAborted()
    const error = toTransferError(sourceError(thrown, path))
    if (isTransferError(error) && error.code === 'ERR_SOURCE_NOT_FOUND')
      return { status: 'missing' }
    return { status: 'unreadable', error }
  }
}

/** Times as `sync` compares them. */
function compareTime({ mtime }: ManifestRecord, found: number): Verdict {
  if (mtime === undefined) return { status: 'ok', by: 'size' }
  if (Math.round(found) === Math.round(mtime)) return { status: 'ok', by: 'time' }
  const times = `time is ${isoTime(found) ?? found}, not ${isoTime(mtime) ?? mtime}`
  return { status: 'changed', detail: `${times}; its bytes were not compared` }
}
