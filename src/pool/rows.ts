/**
 * Jobs and answers as rows, which is how they cross between threads: cloning an object costs 2 to
 * 3 µs, most of it for the names of its fields; a row of the same values costs a quarter. Only the
 * two ends of a port see rows, everybody else the types of `protocol.ts`.
 */

import type {
  AnswerRow,
  ByteLocation,
  DigestJob,
  GetFileJob,
  GetJob,
  PartJob,
  PartResult,
  PutFileJob,
  PutJob,
  RelayJob,
  Row,
  TaskMessage,
} from './protocol.ts'

/** Fields in the order of the literal; a field that is forgotten does not compile. */
function fieldsOf<T>(fields: Readonly<Record<keyof Required<T>, 1>>): readonly (keyof T)[] {
  return Object.keys(fields) as (keyof T)[]
}

const BASE = { kind: 1, transferId: 1, slot: 1 } as const
const REQUEST = { ...BASE, key: 1, query: 1, headers: 1, length: 1, algorithm: 1 } as const
const JOBS: Readonly<Record<string, readonly string[]>> = {
  put: fieldsOf<PutJob>({ ...REQUEST, source: 1, sendChecksum: 1 }),
  'put-file': fieldsOf<PutFileJob>({ ...REQUEST, path: 1, sendChecksum: 1 }),
  get: fieldsOf<GetJob>({
    ...REQUEST,
    sink: 1,
    offset: 1,
    size: 1,
    whole: 1,
    etag: 1,
    contentEncoding: 1,
  }),
  'get-file': fieldsOf<GetFileJob>({
    ...REQUEST,
    path: 1,
    temporary: 1,
    compare: 1,
    fsync: 1,
    restore: 1,
    lastModified: 1,
  }),
  relay: fieldsOf<RelayJob>({
    ...BASE,
    key: 1,
    said: 1,
    sourceKey: 1,
    sourceHeaders: 1,
    etag: 1,
    length: 1,
    compare: 1,
    algorithm: 1,
    isChosen: 1,
    sendChecksum: 1,
  }),
  digest: fieldsOf<DigestJob>({ ...BASE, source: 1, length: 1, algorithm: 1 }),
}

type Located<K extends ByteLocation['kind']> = Extract<ByteLocation, { readonly kind: K }>
const LOCATIONS: Readonly<Record<string, readonly string[]>> = {
  file: fieldsOf<Located<'file'>>({ kind: 1, fd: 1, direct: 1, offset: 1, planned: 1 }),
  memory: fieldsOf<Located<'memory'>>({ kind: 1, buffer: 1, offset: 1 }),
}

/** Fields that hold a location. */
const LOCATION_FIELDS: ReadonlySet<string> = new Set(['source', 'sink'])

export function jobRow(job: PartJob): Row {
  return rowOf(job, JOBS)
}

/** The jobs of a task, in their order. */
export function jobsOf(task: TaskMessage): PartJob[] {
  return task.jobs.map((row) => objectOf(row, JOBS) as unknown as PartJob)
}

function rowOf(from: object, lists: typeof JOBS): Row {
  const values = from as Readonly<Record<string, unknown>>
  const fields = lists[values['kind'] as string] ?? []
  const row: unknown[] = []
  for (const field of fields) {
    const value = values[field]
    row.push(LOCATION_FIELDS.has(field) ? rowOf(value as ByteLocation, LOCATIONS) : value)
  }
  return row
}

function objectOf(row: Row, lists: typeof JOBS): Record<string, unknown> {
  const fields = lists[row[0] as string] ?? []
  const object: Record<string, unknown> = {}
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index] as string
    const value = row[index]
    // What is absent stays absent.
    if (value === undefined) continue
    object[field] = LOCATION_FIELDS.has(field) ? objectOf(value as Row, LOCATIONS) : value
  }
  return object
}

/** An answer to job number `job`. */
export function answerRow(job: number, result: PartResult): AnswerRow {
  const { workerId } = result
  const digest = String.fromCharCode(...result.digest)
  if (!result.ok) return [job, false, workerId, digest, result.received, result.error]
  const { length, etag, elapsedMs, relayed } = result
  const lines = linesOf(result.headers)
  if (relayed === undefined) return [job, true, workerId, digest, length, etag, lines, elapsedMs]
  return [job, true, workerId, digest, length, etag, lines, elapsedMs, relayed]
}

export function answerOf(row: AnswerRow): PartResult {
  const [, , workerId, text] = row
  const digest = Uint8Array.from(text, (character) => character.charCodeAt(0))
  if (!row[1]) return { ok: false, workerId, digest, received: row[4], error: row[5] }
  const [, ok, , , length, etag, lines, elapsedMs, relayed] = row
  const headers = headersOf(lines)
  if (relayed === undefined) return { ok, workerId, digest, length, etag, headers, elapsedMs }
  return { ok, workerId, digest, length, etag, headers, elapsedMs, relayed }
}

/** Name and value in turn, a line each: no header can hold a line break. */
function linesOf(headers: Readonly<Record<string, string>>): string {
  let lines = ''
  for (const name in headers) lines += `${name}\n${headers[name] ?? ''}\n`
  return lines
}

function headersOf(lines: string): Record<string, string> {
  const headers: Record<string, string> = {}
  const pieces = lines.split('\n')
  for (let index = 0; index + 1 < pieces.length; index += 2) {
    headers[pieces[index] as string] = pieces[index + 1] as string
  }
  return headers
}
