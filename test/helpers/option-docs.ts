/**
 * The option table as Markdown, for the README.
 */

import type { OptionRow } from '../../src/option-check.ts'
import { OPTIONS } from '../../src/option-table.ts'
import { formatDuration, formatSize } from '../../src/units.ts'

const START = '<!-- options:start -->'
const END = '<!-- options:end -->'

/** Defaults that depend on the machine or on the environment, in words. */
const SPECIAL_DEFAULTS: Readonly<Record<string, string>> = {
  region: '`AWS_REGION`, profile',
  endpoint: '`AWS_ENDPOINT_URL_S3`, profile, AWS',
  provider: 'by the host of the endpoint',
  profile: '`AWS_PROFILE`',
  credentials: 'the SDK’s provider chain',
  pathStyle: 'the provider’s; for IP addresses and localhost',
  requestChecksumCalculation: '`AWS_REQUEST_CHECKSUM_CALCULATION`, profile, the provider’s',
  tlsVerify: 'true',
  stateDir: '`$XDG_STATE_HOME/transfer-engine`, or `~/.local/state/transfer-engine`',
  recordUploads: 'true',
  proxy: '`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`',
  workers: 'one per core, at most 64',
  partSize: 'by object',
}

/** Flags that are spelt as AWS tools do, or mean the opposite; `src/cli/` makes them. */
export const SPECIAL_FLAGS: Readonly<Record<string, string>> = {
  tlsCa: '--ca-bundle',
  tlsVerify: '--no-verify-ssl',
  tlsCert: '--client-cert',
  tlsKey: '--client-key',
  recordUploads: '--no-record-uploads',
  requestChecksumCalculation: '--no-checksums',
}

export function optionTable(): string {
  const lines = Object.entries(OPTIONS).map(([name, row]) => {
    const flag = row.flag ?? SPECIAL_FLAGS[name]
    const shown = flag === undefined ? '' : `\`${flag}\``
    return `| \`${name}\` | ${defaultOf(name, row)} | ${rangeOf(row)} | ${shown} | ${row.doc} |`
  })
  const head = ['| option | default | range | flag | |', '|---|---|---|---|---|']
  return [START, ...head, ...lines, END].join('\n')
}

/** A document with its table replaced. */
export function withOptionTable(document: string): string {
  const start = document.indexOf(START)
  const end = document.indexOf(END) + END.length
  if (start === -1 || end < start) throw new Error('The README has lost its option markers')
  return document.slice(0, start) + optionTable() + document.slice(end)
}

/** The default of an option as the documents write it; empty where there is none. */
export function defaultOf(name: string, row: OptionRow): string {
  const special = SPECIAL_DEFAULTS[name]
  if (special !== undefined) return special
  if (!('default' in row) || row.default === undefined) return ''
  return formatValue(row, row.default)
}

function rangeOf(row: OptionRow): string {
  if ('values' in row) return row.values.join(' ')
  if (!('min' in row)) return ''
  return `${formatValue(row, row.min)} – ${formatValue(row, row.max)}`
}

function formatValue(row: OptionRow, value: number | string): string {
  if (typeof value === 'string') return value
  if (row.kind === 'size') return formatSize(value)
  return row.kind === 'duration' ? formatDuration(value) : String(value)
}
