/** Charts of a run over time. */

import { formatDuration } from '../units.ts'
import { markup, section, type Markup } from './markup.ts'
import type { RunSummary } from './run-summary.ts'
import { formatNumber, formatRate } from './scale.ts'
import { timeChart, type Curve, type TimeChart } from './time-chart.ts'
import type { TimelineBin, TimelineName } from './timeline.ts'

export function overTime({ timeline, info }: RunSummary): Markup | undefined {
  const { bins, binMs, elapsedMs } = timeline
  if (info.isDryRun || bins.length === 0) return undefined
  const span = formatDuration(binMs).replace('.0s', 's')
  const common = { binMs, totalMs: elapsedMs }
  const draw = (
    title: string,
    curves: readonly Curve[],
    format: (value: number) => string = formatNumber,
    base: TimeChart['base'] = 10,
  ): Markup =>
    timeChart({ ...common, title, curves, format, base, description: describe(curves, format) })
  const rate = (name: TimelineName): number[] => bins.map((bin) => perSecond(bin, name))
  const plain = (name: TimelineName): number[] => bins.map(({ values }) => values[name])
  const means = `Means over ${span}. Most at one time: ${peaks(bins)}.`
  return section('Over time', [
    markup`<p class="faint">${means}</p>\n`,
    draw('Bytes per second', [{ name: 'bytes', values: rate('bytes') }], formatRate, 1024),
    draw('Per second', [
      { name: 'files and objects', values: rate('ended') },
      { name: 'requests of workers', values: rate('requests') },
    ]),
    draw(`Errors in ${span}`, [
      { name: 'failed', values: plain('failed') },
      { name: 'requests retried', values: plain('retried') },
    ]),
    draw('Requests', [
      { name: 'in flight', values: plain('inFlight') },
      { name: 'waiting', values: plain('waiting') },
    ]),
    draw('Connections', [
      { name: 'open', values: plain('open') },
      { name: 'busy', values: plain('busy') },
    ]),
  ])
}

/** Bytes under way go back when an attempt is lost. */
function perSecond({ values, seenMs }: TimelineBin, name: TimelineName): number {
  return seenMs > 0 ? (Math.max(0, values[name]) / seenMs) * 1000 : 0
}

function peaks(bins: readonly TimelineBin[]): string {
  const most = (name: TimelineName): string =>
    formatNumber(Math.max(0, ...bins.map(({ peaks }) => peaks[name])))
  return `${most('inFlight')} requests in flight, ${most('open')} connections open`
}

function describe(curves: readonly Curve[], format: (value: number) => string): string {
  return curves
    .map(({ name, values }) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      return `${name}: mean ${format(mean)}, most ${format(Math.max(0, ...values))}.`
    })
    .join(' ')
}
