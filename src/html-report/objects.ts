/** How large and how slow the files and objects were. */

import { formatDuration, formatSize } from '../units.ts'
import { barChart } from './bar-chart.ts'
import type { Bucket, LogHistogram } from './log-histogram.ts'
import { clip, section, type Markup } from './markup.ts'
import type { Moved } from './outcome-tally.ts'
import type { RunSummary } from './run-summary.ts'
import { formatRate } from './scale.ts'
import { formatCount, table } from './table.ts'

const QUANTILES = [0.5, 0.95, 0.99] as const

export function objects({ tally }: RunSummary): Markup | undefined {
  const { sizes, durations, largest, slowest } = tally
  if (sizes.count === 0) return undefined
  return section('Sizes and durations', [
    histogram('Sizes', sizes, formatSize, ({ sum }) => `, ${formatSize(sum)}`),
    histogram('Durations', durations, formatDuration),
    list('The largest', largest),
    list('The slowest', slowest),
  ])
}

function histogram(
  title: string,
  values: LogHistogram,
  format: (value: number) => string,
  more: (bucket: Bucket) => string = () => '',
): Markup | undefined {
  if (values.count === 0) return undefined
  const bars = values.buckets.map((bucket) => ({
    label: rangeOf(bucket, format),
    value: bucket.count,
    text: `${formatCount(bucket.count)}${more(bucket)}`,
  }))
  const quantiles = QUANTILES.map((share) => {
    const value = values.quantile(share) ?? 0
    const text = value === Infinity ? 'what is largest' : format(Math.round(value))
    return `${100 * share} % at most about ${text}`
  })
  return barChart(title, `of ${formatCount(values.count)}: ${quantiles.join(', ')}`, bars)
}

function rangeOf({ low, high }: Bucket, format: (value: number) => string): string {
  if (high === Infinity) return `over ${format(low)}`
  return low === 0 ? `up to ${format(high)}` : `${format(low)} – ${format(high)}`
}

function list(caption: string, rows: readonly Moved[]): Markup | undefined {
  if (rows.length === 0) return undefined
  const number = 'number' as const
  return table<Moved>({
    caption,
    columns: [
      { title: 'name', cell: ({ name }) => clip(name), kind: 'name' },
      { title: 'operation', cell: ({ operation }) => operation },
      { title: 'size', cell: ({ size }) => formatSize(size), kind: number },
      { title: 'duration', cell: ({ elapsedMs }) => formatDuration(elapsedMs), kind: number },
      { title: 'rate', cell: rateOf, kind: number },
      { title: 'attempts', cell: ({ attempts }) => formatCount(attempts), kind: number },
    ],
    rows,
  })
}

function rateOf({ size, elapsedMs }: Moved): string {
  return elapsedMs > 0 ? formatRate((size / elapsedMs) * 1000) : ''
}
