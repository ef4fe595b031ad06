/** One row of CSV by RFC 4180: fields between commas, quotes around a field, doubled inside. */

/** Quoted, with what ends the field, or plain up to what ends it. */
const FIELD = /"([^"]*(?:""[^"]*)*)"(,|$)|([^",]*)(,|$)/suy

/**
 * The fields of a row, which has at least one.
 * @returns `undefined` when a quote is out of place
 */
export function parseCsvRow(row: string): string[] | undefined {
  const fields: string[] = []
  FIELD.lastIndex = 0
  for (;;) {
    const match = FIELD.exec(row)
    if (match === null) return undefined
    const [, quoted, quotedEnd, plain = '', plainEnd] = match
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if ((quotedEnd ?? plainEnd) !== ',') return fields
  }
}
