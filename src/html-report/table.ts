/** Tables with headers that screen readers find. */

import { markup, type Markup } from './markup.ts'

type Cell = string | number | Markup | undefined

export interface Column<R> {
  readonly title: string
  readonly cell: (row: R) => Cell
  /** Numbers end on the right, names are in letters of one width. @default text */
  readonly kind?: 'number' | 'name'
}

export interface TableOptions<R> {
  readonly caption: string
  /** The first one heads its row. */
  readonly columns: readonly Column<R>[]
  readonly rows: readonly R[]
  /** The last row, apart from the others. */
  readonly foot?: R
}

export function table<R>({ caption, columns, rows, foot }: TableOptions<R>): Markup {
  const heads = columns.map(({ title, kind }) => {
    const number = kind === 'number' ? classOf(kind) : undefined
    return markup`<th scope="col"${number}>${title}</th>`
  })
  const rowOf = (row: R): Markup => {
    const cells = columns.map(({ cell, kind }, index) =>
      index === 0
        ? markup`<th scope="row"${classOf(kind)}>${cell(row)}</th>`
        : markup`<td${classOf(kind)}>${cell(row)}</td>`,
    )
    return markup`<tr>${cells}</tr>\n`
  }
  // Two columns would be far apart on a wide page.
  const narrow = columns.length < 3 ? classOf('narrow') : undefined
  const end = foot === undefined ? undefined : markup`<tfoot>${rowOf(foot)}</tfoot>`
  return markup`<div class="scroll"><table${narrow}>
<caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${rows.map(rowOf)}</tbody>${end}
</table></div>
`
}

/** How often each of some words came. */
export function countTable(
  caption: string,
  title: string,
  counts: Iterable<readonly [word: string, count: number]>,
): Markup | undefined {
  const rows = [...counts].filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1])
  if (rows.length === 0) return undefined
  const columns: Column<readonly [string, number]>[] = [
    { title, cell: ([word]) => word },
    { title: 'count', cell: ([, count]) => formatCount(count), kind: 'number' },
  ]
  return table({ caption, columns, rows })
}

/** `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

function classOf(name: string | undefined): Markup | undefined {
  return name === undefined ? undefined : markup` class="${name}"`
}
