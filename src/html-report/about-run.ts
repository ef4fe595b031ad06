/** What the run cost in connections, and with which options it was called. */

import { quantileOf, type Histogram } from '../pool/histogram.ts'
import { formatDuration, formatSize } from '../units.ts'
import { clip, section, type Markup } from './markup.ts'
import type { RunSummary } from './run-summary.ts'
import { formatNumber } from './scale.ts'
import { countTable, formatCount, table } from './table.ts'

type Fact = readonly [name: string, value: string]

export function connections({ timeline, info }: RunSummary): Markup | undefined {
  const { stats } = timeline
  if (stats === undefined || info.isDryRun) return undefined
  const { pool } = stats
  const { total, ...reasons } = pool.closed
  const facts: Fact[] = [
    ['opened', formatCount(pool.opened)],
    ['requests on a connection that was open already', formatCount(pool.reused)],
    ['opened per 1,000 requests', formatNumber(pool.openedPerThousandRequests)],
    ['closed', formatCount(total)],
    ['open at the end', formatCount(pool.open)],
    ['requests', formatCount(pool.requests)],
    ['requests that failed', formatCount(pool.failed)],
    ['bytes sent', formatSize(pool.bytesSent)],
    ['bytes received', formatSize(pool.bytesReceived)],
    ['opening one took', timesOf(pool.handshakeMs)],
    ['requests waited for one', timesOf(pool.acquireMs)],
  ]
  if (pool.heldBackMs > 0) {
    facts.push(['requests held back by the bandwidth limit', formatDuration(pool.heldBackMs)])
  }
  return section('Connections', [
    factTable('Connections of workers, and the requests on them', facts),
    countTable('Why connections were closed', 'reason', Object.entries(reasons)),
  ])
}

export function aboutRun({ info }: RunSummary): Markup {
  const { version, command, source, target, options } = info
  const facts: Fact[] = [
    ['command', command],
    ['from', source],
    ['to', target],
    ...options,
    ['transfer-engine', version],
    ['Node.js', process.version],
  ]
  return section('The run', [factTable('How it was called, without secrets', facts)])
}

function factTable(caption: string, rows: readonly Fact[]): Markup {
  return table<Fact>({
    caption,
    columns: [
      { title: 'what', cell: ([name]) => name },
      { title: 'value', cell: ([, value]) => clip(value, 400) },
    ],
    rows,
  })
}

function timesOf(times: Histogram): string {
  if (times.count === 0) return 'none'
  const [half, most] = [0.5, 0.99].map((share) => {
    const ms = quantileOf(times, share) ?? 0
    return ms === Infinity ? `over ${times.buckets.at(-1)?.le ?? 0} ms` : `${formatNumber(ms)} ms`
  })
  return `${half ?? ''}, 99 % of them at most ${most ?? ''}`
}
