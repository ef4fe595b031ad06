/**
 * A manifest from its file, one record after the other; what it is, its first bytes say, not its name.
 */

import { readFile } from 'node:fs/promises'
import { isTransferError, TransferError } from '../errors.ts'
import { errnoOf, sourceError } from '../local-errors.ts'
import { readRecords } from '../tree/files-from.ts'
import type { TextRecord } from '../tree/records.ts'
import {
  invalidManifest,
  readEnd,
  readHeader,
  recordOf,
  type ManifestEnd,
  type ManifestHeader,
  type ManifestRecord,
} from './format.ts'
import { besideCsv } from './manifest-file.ts'
import { CSV_SCHEMA, parseCsvLine, parseJson } from './text.ts'

/** A record, and where it is. */
export interface NumberedRecord {
  readonly record: ManifestRecord
  /** From 1. */
  readonly line: number
}

export interface ManifestReader {
  readonly header: ManifestHeader
  /**
   * Read once.
   * @throws (while read) ERR_MANIFEST_INVALID with a line, ERR_SOURCE_UNREADABLE, ERR_ABORTED
   */
  readonly records: AsyncGenerator<NumberedRecord, void, void>
  /** Once all have been read: its end, `undefined` when it was cut off. */
  readonly end: () => ManifestEnd | undefined
}

/**
 * Opens a manifest, NDJSON or CSV, also compressed by gzip. The caller ends `records`.
 * @throws (rejects) ERR_SOURCE_NOT_FOUND, ERR_SOURCE_UNREADABLE, ERR_MANIFEST_INVALID,
 *   ERR_MANIFEST_VERSION; ERR_MANIFEST_INCOMPLETE for CSV without the file beside it
 */
export async function openManifest(path: string, signal: AbortSignal): Promise<ManifestReader> {
  const lines = readLines(path, false, signal)
  let first: IteratorResult<TextRecord, void>
  try {
    first = await lines.next()
  } catch (error) {
    await lines.return()
    throw error
  }
  if (first.done === true) throw invalidManifest(path, 'It is empty.')
  if (first.value.text.startsWith('{')) {
    try {
      return jsonManifest(path, readHeader(parseJson(first.value.text), path), lines)
    } catch (error) {
      await lines.return()
      throw error
    }
  }
  await lines.return()
  return csvManifest(path, signal)
}

function jsonManifest(
  path: string,
  header: ManifestHeader,
  lines: AsyncGenerator<TextRecord, void, void>,
): ManifestReader {
  let end: ManifestEnd | undefined
  async function* read(): AsyncGenerator<NumberedRecord, void, void> {
    let count = 0
    for await (const { text, line } of lines) {
      if (end !== undefined) throw invalidManifest(path, 'It goes on behind its end.', line)
      const row = parseJson(text)
      if (row === undefined) {
        // The last line of a file that was cut off is none.
        if ((await lines.next()).done === true) return
        throw invalidManifest(path, 'It is no JSON.', line)
      }
      end = readEnd(endOf(row))
      if (end !== undefined) checkCount(path, end, count)
      else {
        yield numbered(row, header, path, line)
        count += 1
      }
    }
  }
  return { header, records: read(), end: () => end }
}

function endOf(row: unknown): unknown {
  return typeof row === 'object' && row !== null && 'end' in row ? row.end : undefined
}

async function csvManifest(path: string, signal: AbortSignal): Promise<ManifestReader> {
  const beside = besideCsv(path)
  const fields = parseJson(await readBeside(path, beside)) as Record<string, unknown> | undefined
  const header = readHeader(fields, beside)
  const end = readEnd(fields?.['end'])
  if (end === undefined)
    throw invalidManifest(beside, 'It does not say how many records there are.')
  if (fields?.['fileSchema'] !== CSV_SCHEMA) throw invalidManifest(beside, 'It has other columns.')
  let isCut = false
  async function* read(): AsyncGenerator<NumberedRecord, void, void> {
    let count = 0
    const last = end?.records
    for await (const { text, line } of readLines(path, true, signal)) {
      const row = parseCsvLine(text)
      if (row === undefined) throw invalidManifest(path, 'It is no row of a manifest.', line)
      yield numbered(row, header, path, line)
      count += 1
    }
    isCut = last !== undefined && count < last
    if (end !== undefined && !isCut) checkCount(path, end, count)
  }
  return { header, records: read(), end: () => (isCut ? undefined : end) }
}

async function readBeside(path: string, beside: string): Promise<string> {
  try {
    return await readFile(beside, 'utf8')
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw sourceError(error, beside)
    const message = `${path} has no ${beside} beside it: it was cut off, or is no manifest.`
    throw new TransferError('ERR_MANIFEST_INCOMPLETE', message, { path })
  }
}

function numbered(
  row: unknown,
  header: ManifestHeader,
  path: string,
  line: number,
): NumberedRecord {
  const record = recordOf(row, header)
  if (typeof record === 'string') throw invalidManifest(path, record, line)
  return { record, line }
}

function checkCount(path: string, { records }: ManifestEnd, found: number): void {
  if (records === found) return
  throw invalidManifest(path, `It says that it has ${records} records, and has ${found}.`)
}

/** Lines of the file; what is wrong with one is said of a manifest. */
async function* readLines(
  path: string,
  quotes: boolean,
  signal: AbortSignal,
): AsyncGenerator<TextRecord, void, void> {
  try {
    yield* readRecords(path, { end: 'newline', quotes }, signal)
  } catch (error) {
    if (!isTransferError(error) || error.code !== 'ERR_OPTION_INVALID') throw error
    const isCut = error.message.includes('unexpected end of file')
    const code = isCut ? 'ERR_MANIFEST_INCOMPLETE' : 'ERR_MANIFEST_INVALID'
    throw new TransferError(code, error.message, { path }, { cause: error })
  }
}
