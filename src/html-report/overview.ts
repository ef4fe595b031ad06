/** The first things one wants to know: how it ended, how much it was, how long it took. */

import { formatDuration, formatSize } from '../units.ts'
import { clip, markup, section, type Markup } from './markup.ts'
import type { OperationCounts } from './outcome-tally.ts'
import type { RunSummary } from './run-summary.ts'
import { formatRate } from './scale.ts'
import { countTable, formatCount, table, type Column } from './table.ts'

/** Sums over all operations. */
export function totalOf(operations: readonly OperationCounts[]): OperationCounts {
  const total = (pick: (counts: OperationCounts) => number): number =>
    operations.reduce((sum, counts) => sum + pick(counts), 0)
  return {
    operation: 'all',
    done: total(({ done }) => done),
    failed: total(({ failed }) => failed),
    planned: total(({ planned }) => planned),
    bytes: total(({ bytes }) => bytes),
  }
}

export function header(run: RunSummary): Markup {
  const { command, source, target, startedAt } = run.info
  return markup`<header>
<h1>${command}: ${clip(source)} → ${clip(target)}</h1>
<p>${statusOf(run)}</p>
<p class="faint">${timeOf(startedAt)} to ${timeOf(run.endedAt)}</p>
${figures(run)}
</header>
`
}

/** `2026-11-29 21:16:05 UTC`. */
function timeOf(date: Date): Markup {
  const text = date.toISOString()
  return markup`<time datetime="${text}">${text.slice(0, 19).replace('T', ' ')} UTC</time>`
}

/** Sums of what was skipped: what should have been moved, and the rest. */
export function skippedOf({ tally }: RunSummary): { readonly bad: number; readonly all: number } {
  const sum = (groups: typeof tally.skipped): number =>
    groups.reduce((total, { count }) => total + count, 0)
  return { bad: sum(tally.skipped.filter(({ isFailure }) => isFailure)), all: sum(tally.skipped) }
}

function statusOf(run: RunSummary): Markup {
  const { info, earlyEnd, tally } = run
  if (earlyEnd !== undefined) {
    const { code, message, hint } = earlyEnd
    return markup`<span class="bad">Ended early: ${code} ${clip(message)}</span> ${clip(hint)}`
  }
  const failed = totalOf(tally.operations).failed + skippedOf(run).bad
  if (failed > 0) return markup`<span class="bad">${formatCount(failed)} could not be done.</span>`
  const text = info.isDryRun ? 'A dry run: nothing was done.' : 'All was done.'
  return markup`<span class="good">${text}</span>`
}

function figures(run: RunSummary): Markup {
  const { tally, timeline, info } = run
  const { done, planned, failed, bytes } = totalOf(tally.operations)
  const { elapsedMs, stats, progress } = timeline
  const seconds = elapsedMs / 1000
  const rows: (readonly [name: string, value: string])[] = info.isDryRun
    ? [['would be done', formatCount(planned)]]
    : [['done', formatCount(done)]]
  rows.push(['bytes', formatSize(bytes)], ['duration', formatDuration(elapsedMs)])
  if (!info.isDryRun && seconds > 0) {
    rows.push(['mean rate', formatRate(bytes / seconds)])
    rows.push(['done per second', formatCount(Math.round(done / seconds))])
  }
  rows.push(['failed', formatCount(failed)])
  rows.push(['skipped', formatCount(skippedOf(run).all)])
  rows.push(['unchanged', formatCount(progress?.unchanged ?? 0)])
  rows.push(['requests retried', formatCount(stats?.retries.total ?? 0)])
  if (tally.resumed > 0) rows.push(['gone on with', formatCount(tally.resumed)])
  const items = rows.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)
  return markup`<dl class="figures">
${items}</dl>`
}

const PROOFS: Readonly<Record<string, string>> = {
  checksum: 'checksum',
  size: 'size only: the store keeps no checksum',
  none: 'nothing: the store lets nobody look',
  unknown: 'not told',
}

const WAYS: Readonly<Record<string, string>> = {
  server: 'the store copied it',
  relay: 'through this machine',
}

export function whatWasDone({ info, tally }: RunSummary): Markup | undefined {
  const { operations, verified, ways, reasons } = tally
  if (operations.length === 0) return undefined
  const number = 'number' as const
  const column = (title: 'done' | 'failed' | 'planned'): Column<OperationCounts> => ({
    title,
    cell: (counts) => formatCount(counts[title]),
    kind: number,
  })
  const sums = table<OperationCounts>({
    caption: 'Files and objects by what was done with them, and how that ended',
    columns: [
      { title: 'operation', cell: ({ operation }) => operation },
      column(info.isDryRun ? 'planned' : 'done'),
      column('failed'),
      { title: 'bytes', cell: ({ bytes }) => formatSize(bytes), kind: number },
    ],
    rows: operations,
    foot: totalOf(operations),
  })
  return section('What was done', [
    sums,
    countTable('What proves that content arrived', 'verified by', inWords(verified, PROOFS)),
    countTable('How objects were copied', 'way', inWords(ways, WAYS)),
    countTable('Why it was done', 'reason', reasons),
  ])
}

function inWords(
  counts: ReadonlyMap<string, number>,
  words: Readonly<Record<string, string>>,
): (readonly [string, number])[] {
  return [...counts].map(([name, count]) => [words[name] ?? name, count] as const)
}
