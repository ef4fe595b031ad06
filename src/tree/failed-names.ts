/**
 * A report of an earlier run, or what a migration has noted in all of its runs → the names that failed, to
 * be done again: lines of JSON, or CSV with the columns named in its first row if the file's name ends in
 * `.csv`. Removals are not among them, since whether they are still due is for a sync to say.
 */

import { parseCsvRow } from './csv.ts'
import { isFailure, type SkipReason } from './entries.ts'
import { nameOfList, readRecords } from './files-from.ts'
import type { ListedTree, WantedName } from './name-list.ts'
import { listError } from './records.ts'

/** A row of a report as far as it is read; all else of it is for people. */
type Row = Readonly<Record<string, unknown>>

/**
 * Names of what failed, or was skipped and should not have been, and was not done since. The report is read
 * to its end before the first is given, since the run they are given to may write to it.
 * @throws (while read) ERR_OPTION_INVALID for what is no report, or one of another tree,
 *   ERR_SOURCE_NOT_FOUND, ERR_SOURCE_UNREADABLE
 */
export async function* failedNames(
  path: string,
  spec: ListedTree,
  signal: AbortSignal,
): AsyncGenerator<WantedName, void, void> {
  const list = nameOfList(path)
  const failed = new Map<string, WantedName>()
  for await (const { row, line } of rowsOf(path, list, signal)) {
    const { status, operation, name, reason, size } = row
    if (typeof status !== 'string' || typeof name !== 'string') {
      throw listError(list, line, 'It is no line of a report.')
    }
    if (operation === 'delete') continue
    const isSkipped = status === 'skipped' && isFailure(reason as SkipReason)
    if (!isSkipped && status !== 'failed') {
      failed.delete(name)
      continue
    }
    const problem = isSkipped ? undefined : problemOf(row, spec)
    if (problem !== undefined) throw listError(list, line, problem)
    const bytes = Number.isSafeInteger(Number(size ?? NaN)) ? Number(size) : undefined
    failed.set(name, { name, size: bytes })
  }
  yield* failed.values()
}

/** Why a row is not about this tree. */
function problemOf(
  { operation, name, bucket, key }: Row,
  { direction, remote }: ListedTree,
): string | undefined {
  if (operation !== direction)
    return `It is of a tree that went the other way (${String(operation)}).`
  // A copy may have another name than its source.
  const isNamed = direction === 'copy' || key === remote.prefix + String(name)
  if (bucket === remote.bucket && isNamed) return undefined
  return `It is about s3://${String(bucket)}/${String(key)}, which is not below this prefix.`
}

async function* rowsOf(
  path: string,
  list: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly row: Row; readonly line: number }> {
  const isCsv = /\.csv(?:\.gz)?$/iu.test(path)
  let columns: readonly string[] | undefined
  let isReport = false
  const records = readRecords(path, { end: 'newline', quotes: isCsv }, signal)
  for await (const { text, line } of records) {
    if (text.trim() === '') continue
    if (!isCsv) {
      const row = parseJson(text)
      // The last line of a job that was killed may be cut.
      if (row === undefined && isReport && (await records.next()).done === true) return
      isReport = true
      yield { row: row ?? {}, line }
      continue
    }
    const fields = parseCsvRow(text.replace(/\r$/u, ''))
    if (fields === undefined) throw listError(list, line, 'A quote is out of place.')
    if (columns === undefined) columns = fields
    else yield { row: Object.fromEntries(columns.map((name, at) => [name, fields[at]])), line }
  }
}

function parseJson(text: string): Row | undefined {
  try {
    return JSON.parse(text) as Row | undefined
  } catch {
    return undefined
  }
}
