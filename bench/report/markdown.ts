/** The little Markdown a report needs. Pure. */

/** First column to the left, the others to the right, but `left` of them. */
export function tableLines(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  left = 1,
): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`
  const rule = titles.map((_title, index) => (index < left ? '---' : '---:'))
  return [line(titles), `| ${rule.join(' | ')} |`, ...rows.map(line)]
}

/** A bar would end the cell, a line break the table. */
function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
}

/** The anchor a heading gets on code hosts: lower case, blanks as hyphens, other marks gone. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')
}
