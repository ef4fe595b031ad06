/**
 * Rows of a manifest as lines of NDJSON and of CSV, and back. In CSV keys and names are encoded as in a
 * URL, as S3 Batch Operations and S3 Inventory have them: so no row has a line break in it.
 */

import { parseCsvRow } from '../tree/csv.ts'
import { COLUMNS, type Column, type Row } from './format.ts'

/** Columns that may hold anything. */
const ENCODED: ReadonlySet<Column> = new Set(['key', 'name', 'file'])

/** The columns of CSV, as S3 Inventory tells them. */
export const CSV_SCHEMA = COLUMNS.map(([, name]) => name).join(', ')

export function csvLine(row: Row): string {
  const cells = COLUMNS.map(([column]) => {
    const value = row[column]
    if (value === undefined) return ''
    return ENCODED.has(column) ? encodeName(String(value)) : csvCell(String(value))
  })
  return `${cells.join(',')}\n`
}

/** @returns `undefined` for what is no row of these columns */
export function parseCsvLine(text: string): Row | undefined {
  const cells = parseCsvRow(text.endsWith('\r') ? text.slice(0, -1) : text)
  if (cells?.length !== COLUMNS.length) return undefined
  const row: Partial<Record<Column, string | number>> = {}
  for (const [index, [column]] of COLUMNS.entries()) {
    const cell = cells[index] ?? ''
    if (cell === '') continue
    const value = ENCODED.has(column) ? decodeName(cell) : cell
    if (value === undefined) return undefined
    row[column] = column === 'size' && /^\d+$/u.test(value) ? Number(value) : value
  }
  return row
}

export function jsonLine(fields: object): string {
  return `${JSON.stringify(fields)}\n`
}

/** @returns `undefined` for what is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Slashes stay, so that people can read it; what reads it decodes both. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll('%2F', '/')
}

/** S3 Inventory writes a blank as `+`, and a plus sign as `%2B`. */
function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
