/**
 * The table of metrics as Markdown, for METRICS.md.
 */

import { METRICS } from '../../src/metrics/definitions.ts'

const START = '<!-- metrics:start -->'
const END = '<!-- metrics:end -->'

/** A document with its table replaced. */
export function withMetricsTable(document: string): string {
  const start = document.indexOf(START)
  const end = document.indexOf(END) + END.length
  if (start === -1 || end < start) throw new Error('METRICS.md has lost its markers')
  return document.slice(0, start) + metricsTable() + document.slice(end)
}

function metricsTable(): string {
  const lines = Object.entries(METRICS).map(([name, { type, unit, labels, stability, help }]) => {
    const named = labels.map((label) => `\`${label}\``).join(' ')
    return `| \`${name}\` | ${type} | ${unit} | ${named} | ${stability} | ${help} |`
  })
  const head = ['| metric | type | unit | labels | stability | |', '|---|---|---|---|---|---|']
  return [START, ...head, ...lines, END].join('\n')
}
