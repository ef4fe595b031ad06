/**
 * Statistics of an engine for people: a table of its workers, then connections, waits and retries.
 *
 *   worker  open  opened  reused  requests  failed    sent  received
 *   ------  ----  ------  ------  --------  ------  ------  --------
 *   1          2       2       5         7       0  56 MiB       0 B
 *   all        2       2       5         7       0  56 MiB       0 B
 *   connections: 285.7 opened per 1,000 requests; closed 0
 *   handshake: p50 0.4 ms, p95 0.9 ms, p99 1.0 ms (2)
 *   wait for a connection: p50 0.0 ms, p95 0.9 ms, p99 1.0 ms (7)
 *   retries: 1 (ERR_THROTTLED 1)
 */

import type { EngineStats } from '../index.ts'
import { quantileOf } from '../pool/histogram.ts'
import { formatSize } from '../units.ts'
import { renderTable, type Column } from './table.ts'

type Row = EngineStats['workers'][number]
type Counts = Omit<Row, 'alive' | 'threadId' | 'beatAt'>
type Times = Row['handshakeMs']

const QUANTILES = [0.5, 0.95, 0.99] as const

const COLUMNS: readonly Column[] = [
  { title: 'worker', align: 'left' },
  ...['open', 'opened', 'reused', 'requests', 'failed', 'sent', 'received'].map((title) => ({
    title,
    align: 'right' as const,
  })),
]

export function statsText({ pool, workers, retries }: EngineStats): string {
  const rows = workers.map((row) => rowOf(String(row.threadId), row))
  const table = renderTable(COLUMNS, [...rows, rowOf('all', pool)])
  const perThousand = pool.openedPerThousandRequests.toFixed(1)
  const { total, ...reasons } = pool.closed
  const lines = [
    `connections: ${perThousand} opened per 1,000 requests; closed ${counted(total, reasons)}`,
    `handshake: ${timesText(pool.handshakeMs)}`,
    `wait for a connection: ${timesText(pool.acquireMs)}`,
    `retries: ${counted(retries.total, retries.byCode)}`,
  ]
  return table + lines.map((line) => `${line}\n`).join('')
}

function rowOf(name: string, counts: Counts): string[] {
  const { open, opened, reused, requests, failed, bytesSent, bytesReceived } = counts
  const numbers = [open, opened, reused, requests, failed].map(String)
  return [name, ...numbers, formatSize(bytesSent), formatSize(bytesReceived)]
}

/** `5 (idle 3, failed 2)`; `0`. */
function counted(total: number, parts: Readonly<Record<string, number>>): string {
  const named = Object.entries(parts).filter(([, count]) => count > 0)
  if (named.length === 0) return String(total)
  return `${total} (${named.map(([name, count]) => `${name} ${count}`).join(', ')})`
}

function timesText(times: Times): string {
  if (times.count === 0) return 'none'
  const texts = QUANTILES.map((share) => `p${100 * share} ${timeText(times, share)}`)
  return `${texts.join(', ')} (${times.count})`
}

/** A quantile as far as the buckets tell it. */
function timeText(times: Times, share: number): string {
  const ms = quantileOf(times, share) ?? 0
  const largest = times.buckets.at(-1)?.le ?? 0
  return ms === Infinity ? `> ${largest} ms` : `${ms.toFixed(1)} ms`
}
