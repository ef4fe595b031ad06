/**
 * Small tables of text: a header, a rule, rows; numbers to the right.
 */

import { displayWidth } from './output.ts'

export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** Lines of a table, each ending in a newline. Every row has a cell for every column. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[index] ?? ''))),
  )
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const cell = cells[index] ?? ''
        const blanks = ' '.repeat((widths[index] ?? 0) - displayWidth(cell))
        return align === 'left' ? cell + blanks : blanks + cell
      })
      .join('  ')
      .trimEnd()
  const lines = [
    line(columns.map(({ title }) => title)),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
  ]
  return lines.map((text) => `${text}\n`).join('')
}
