/**
 * Lists of names that are read instead of a listing: lines, names that end in NUL, CSV, and the CSV of
 * an S3 Inventory. Memory does not grow with their length; their order is as it is in the list.
 */

import { createReadStream } from 'node:fs'
import { Readable, addAbortSignal, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { errnoOf, sourceError } from '../local-errors.ts'
import { parseCsvRow } from './csv.ts'
import { listError, splitRecords, type RecordRules, type TextRecord } from './records.ts'

/**
 * - `lines`: a name a line; empty lines say nothing, and a CR at the end is no part of the name
 * - `nul`: names that end in NUL, as `find -print0` writes them
 * - `csv`: names in the column `name` or `key` of a first row that has one, else in the first column
 * - `inventory`: rows of S3 Inventory or a manifest of Batch Operations, `bucket,key,…`, keys encoded
 *   as in a URL; versions that are not the latest and delete markers are left out
 */
export type ListFormat = 'lines' | 'nul' | 'csv' | 'inventory'

export interface ListOptions {
  readonly format: ListFormat
  /**
   * Names of the columns: `fileSchema` of an inventory's manifest, split at its commas.
   * @default of an inventory Bucket, Key and Size
   */
  readonly columns?: readonly string[] | undefined
}

/** A name in a list. Whether it may be one, its readers check. */
export interface ListedName {
  /** A key, or the name of a file. */
  readonly name: string
  readonly bucket?: string | undefined
  /** Bytes, where the list has them. */
  readonly size?: number | undefined
  /** From 1, for messages. */
  readonly line: number
}

const INVENTORY_COLUMNS = ['Bucket', 'Key', 'Size']

/**
 * Names of a list in a file or in the standard input, also compressed by gzip.
 * @param path of the file; `-` is the standard input, which is closed when the signal aborts
 * @throws (rejects) ERR_OPTION_INVALID with a line, ERR_SOURCE_NOT_FOUND, ERR_SOURCE_UNREADABLE
 */
export async function* readListFile(
  path: string,
  options: ListOptions & { readonly signal?: AbortSignal | undefined },
): AsyncGenerator<ListedName, void, void> {
  // Opened only when it is read, since nobody would hear that it is missing before.
  yield* readList(openList(path, options.signal), nameOfList(path), options)
}

/**
 * Records of a file or of the standard input, also compressed by gzip.
 * @throws (rejects) as `readListFile` does
 */
export function readRecords(
  path: string,
  rules: RecordRules,
  signal: AbortSignal | undefined,
): AsyncGenerator<TextRecord, void, void> {
  const list = nameOfList(path)
  return splitRecords(inflated(openList(path, signal), list), rules, list)
}

/** What a list is called in messages. */
export function nameOfList(path: string): string {
  return path === '-' ? 'standard input' : path
}

function openList(path: string, signal: AbortSignal | undefined): Readable {
  const stream: Readable = path === '-' ? process.stdin : createReadStream(path)
  return signal === undefined ? stream : addAbortSignal(signal, stream)
}

/**
 * Names of a list.
 * @param list its name, for messages
 * @throws (rejects) as `readListFile` does
 */
export async function* readList(
  chunks: AsyncIterable<Uint8Array>,
  list: string,
  options: ListOptions,
): AsyncGenerator<ListedName, void, void> {
  const { format } = options
  const isCsv = format === 'csv' || format === 'inventory'
  const rules = { end: format === 'nul' ? 'nul' : 'newline', quotes: isCsv } as const
  const records = splitRecords(inflated(chunks, list), rules, list)
  if (isCsv) {
    yield* namesOfRows(records, list, options)
    return
  }
  for await (const { text, line } of records) {
    const name = format === 'lines' ? withoutReturn(text) : text
    if (name !== '') yield { name, line }
  }
}

/** Where in a row to look for what; -1 for what it has not. */
interface Columns {
  readonly name: number
  readonly bucket: number
  readonly size: number
  readonly isLatest: number
  readonly isDeleteMarker: number
}

async function* namesOfRows(
  records: AsyncIterable<TextRecord>,
  list: string,
  { format, columns: given }: ListOptions,
): AsyncGenerator<ListedName, void, void> {
  const isInventory = format === 'inventory'
  const names = given ?? (isInventory ? INVENTORY_COLUMNS : undefined)
  let columns = names === undefined ? undefined : columnsOf(names)
  for await (const { text, line } of records) {
    const row = withoutReturn(text)
    if (row === '') continue
    const fields = parseCsvRow(row)
    if (fields === undefined) throw listError(list, line, 'A quote is out of place.')
    if (columns === undefined) {
      columns = columnsOf(fields)
      if (columns.name !== -1) continue
      columns = columnsOf(['name'])
    }
    const listed = listedName(fields, columns, isInventory)
    if (typeof listed === 'string') throw listError(list, line, listed)
    if (listed !== undefined) yield { ...listed, line }
  }
}

function columnsOf(names: readonly string[]): Columns {
  const plain = names.map((name) => name.trim().toLowerCase())
  return {
    name: plain.findIndex((name) => name === 'key' || name === 'name'),
    bucket: plain.indexOf('bucket'),
    size: plain.indexOf('size'),
    isLatest: plain.indexOf('islatest'),
    isDeleteMarker: plain.indexOf('isdeletemarker'),
  }
}

/** @returns a sentence when the row has no name, nothing when it is not to be moved */
function listedName(
  fields: readonly string[],
  columns: Columns,
  isInventory: boolean,
): Omit<ListedName, 'line'> | string | undefined {
  if (fields[columns.isLatest]?.toLowerCase() === 'false') return undefined
  if (fields[columns.isDeleteMarker]?.toLowerCase() === 'true') return undefined
  const field = fields[columns.name]
  if (field === undefined) return `It has ${fields.length} columns, and none for the name.`
  const name = isInventory ? decodeKey(field) : field
  if (name === undefined) return `The key '${field}' is not encoded as in a URL.`
  if (name === '') return 'The name is empty.'
  const size = fields[columns.size]
  return {
    name,
    ...(columns.bucket === -1 ? {} : { bucket: fields[columns.bucket] }),
    ...(size !== undefined && /^\d+$/u.test(size) ? { size: Number(size) } : {}),
  }
}

/** Inventories write a blank as `+`, and a plus sign as `%2B`. */
function decodeKey(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text
}

/** The bytes themselves, or what they are when gzip's magic number begins them. */
async function* inflated(
  chunks: AsyncIterable<Uint8Array>,
  list: string,
): AsyncGenerator<Uint8Array, void, void> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    let head: Buffer = Buffer.alloc(0)
    while (head.length < 2) {
      const { done, value } = await iterator.next()
      if (done === true) break
      head = Buffer.concat([head, value])
    }
    const all = continued(head, iterator)
    if (head[0] === 0x1f && head[1] === 0x8b) {
      yield* pipeline(Readable.from(all), createGunzip(), () => {})
    } else {
      yield* all
    }
  } catch (error) {
    const isBroken = errnoOf(error)?.startsWith('Z_') === true
    throw isBroken
      ? listError(list, 1, `It is no whole gzip file: ${String(error)}`)
      : sourceError(error, list)
  } finally {
    await iterator.return?.()
  }
}

async function* continued(
  head: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  if (head.length > 0) yield head
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}
