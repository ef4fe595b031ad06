/**
 * The table of one workload, and what a reader must know about it: who took part with which version
 * and settings, who did not and why, the command, the date, and how what moved was verified. Pure.
 */

import { formatSize, MiB } from '../../src/units.ts'
import type { ResultPeer, Sample, WorkloadResult } from '../result.ts'
import { tableLines } from './markdown.ts'
import {
  costRatio,
  floorRow,
  isFloor,
  type Load,
  perUnit,
  type Row,
  rowNamed,
  rowsOf,
} from './rows.ts'
import { formatAmount, formatRatio, formatSummary, NOTHING, summarize } from './statistics.ts'

/** A step of a sweep, or the only one of a plain workload. */
export interface Step extends Load {
  readonly samples: readonly Sample[]
}

interface Column {
  readonly title: string
  readonly cell: (row: Row, step: Step) => string
}

/** Heading, table and notes of one workload, as Markdown that ends with a line break. */
export function renderTable(result: WorkloadResult): string {
  const parts = [`### ${result.title}`, renderRows(result), renderNotes(result)]
  return `${[...parts, renderPeers(result)].filter((part) => part !== '').join('\n\n')}\n`
}

/** The table alone. */
export function renderRows(result: WorkloadResult): string {
  return (result.steps === undefined ? renderPlain(result) : renderSweep(result)).join('\n')
}

/** One paragraph: how many runs, when, how to repeat them, and how they were verified. */
export function renderNotes(result: WorkloadResult): string {
  const { command, date, loadBefore, verification, absent } = result
  const samples = stepsOf(result).flatMap((step) => step.samples)
  const runs = Math.max(0, ...samples.map(({ run }) => run))
  const rows = rowsOf(result.peers, result.samples, result)
  const sentences = [
    runs === 1 ? `One run, ${date}.` : `Medians of ${runs} runs (least – most), ${date}.`,
    `To repeat it: \`${command}\`.`,
    `Load average before it: ${loadBefore.toFixed(1)}.`,
    verification,
  ]
  if (columnsFor(result, rows).some(({ title }) => title.startsWith('of '))) {
    sentences.push('“of …”: CPU time divided run by run; median ± half of the range.')
  }
  if (absent.length > 0) sentences.push(`Did not take part: ${renderAbsent(absent)}.`)
  return sentences.join(' ')
}

/** `s5cmd, rclone (not found); minio (failed in run 2)` */
function renderAbsent(absent: WorkloadResult['absent']): string {
  const names = new Map<string, string[]>()
  for (const { name, reason } of absent) {
    names.set(reason, [...(names.get(reason) ?? []), name])
  }
  return [...names].map(([reason, each]) => `${each.join(', ')} (${reason})`).join('; ')
}

/** A list of those who took part: version and settings. */
export function renderPeers({ peers }: WorkloadResult): string {
  const line = ({ title, version, settings }: ResultPeer): string =>
    `- ${title} ${version}: ${settings}`
  return peers.map(line).join('\n')
}

/** The steps of a sweep; a plain workload is one step. */
export function stepsOf(result: WorkloadResult): Step[] {
  const { count, size, unit, samples, steps } = result
  return (steps ?? [{ count, size, samples }]).map((step) => ({ ...step, unit }))
}

/** What a step moves, for people: `64 × 8 MiB`. */
export function describeLoad({ count, size }: Pick<Load, 'count' | 'size'>): string {
  return count === 1 ? formatSize(size) : `${formatCount(count)} × ${formatSize(size)}`
}

/** `50000` → `50,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** Whose row it is: ours in bold, floors in italics, and a word for settings of its own. */
export function labelOf(row: Row): string {
  const mark = row.peer.kind === 'ours' ? '**' : isFloor(row) ? '_' : ''
  return `${mark}${row.peer.title}${mark}`
}

function renderPlain(result: WorkloadResult): string[] {
  const rows = rowsOf(result.peers, result.samples, result)
  const columns = columnsFor(result, rows)
  const [step] = stepsOf(result)
  return tableLines(
    ['', 'settings', ...columns.map(({ title }) => title)],
    rows.map((row) => [
      labelOf(row),
      row.variant,
      ...columns.map(({ cell }) => (step === undefined ? NOTHING : cell(row, step))),
    ]),
    2,
  )
}

function renderSweep(result: WorkloadResult): string[] {
  const columns = [costColumn(result), ...OTHER_COLUMNS, serverColumn(result)]
  const rows = stepsOf(result).flatMap((step) =>
    rowsOf(result.peers, step.samples, step).map((row) => [
      describeLoad(step),
      labelOf(row),
      row.variant,
      ...columns.map(({ cell }) => cell(row, step)),
    ]),
  )
  return tableLines(['moved', '', 'settings', ...columns.map(({ title }) => title)], rows, 3)
}

function columnsFor(result: WorkloadResult, rows: readonly Row[]): Column[] {
  const columns = [costColumn(result)]
  const reference = rowNamed(rows, result.reference)
  const floor = floorRow(rows)
  const divisors = [reference, floor].filter((row) => row !== undefined)
  for (const { peer } of new Set(divisors)) {
    if (rows.some((row) => row.peer !== peer)) columns.push(ratioColumn(peer, rows))
  }
  const requests = result.group === 'tree' ? [REQUESTS] : []
  return [...columns, ...OTHER_COLUMNS, ...requests, serverColumn(result)]
}

function costColumn({ unit }: WorkloadResult): Column {
  return { title: `CPU ${unit}`, cell: ({ cost }) => formatSummary(cost) }
}

/** Like is divided by like: equal settings by equal ones, a peer as it comes by one as it comes. */
function ratioColumn(divisor: ResultPeer, rows: readonly Row[]): Column {
  const cell = (row: Row): string => {
    const reference = rowNamed(rows, divisor.name, row.variant)
    return reference === undefined ? NOTHING : formatRatio(costRatio(row, reference))
  }
  return { title: `of ${divisor.title}`, cell }
}

function serverColumn({ unit }: WorkloadResult): Column {
  return perUnitColumn(`server CPU ${unit}`, ({ serverCpuSeconds }) => serverCpuSeconds)
}

/** Median of some CPU time, in the unit of the workload. */
function perUnitColumn(title: string, seconds: (sample: Sample) => number | undefined): Column {
  const cell = ({ samples }: Row, step: Step): string =>
    middleOf(samples, (sample) => {
      const value = seconds(sample)
      return value === undefined ? undefined : perUnit(value, step)
    })
  return { title, cell }
}

/** What every table shows behind the cost. */
const OTHER_COLUMNS: readonly Column[] = [
  perUnitColumn('user', ({ userSeconds }) => userSeconds),
  perUnitColumn('system', ({ systemSeconds }) => systemSeconds),
  {
    title: 'peak RSS MiB',
    cell: ({ samples }) => formatSummary(summarize(samples.map(({ peakRss }) => peakRss / MiB)), 0),
  },
  { title: 'wall s', cell: ({ samples }) => middleOf(samples, (each) => each.wallSeconds) },
  {
    title: 'connections',
    cell: ({ samples }) => middleOf(samples, ({ connections }) => connections, 0),
  },
]

/** Where nothing is moved, what is asked is all there is. */
const REQUESTS: Column = {
  title: 'requests',
  cell: ({ samples }) => middleOf(samples, ({ requests }) => requests, 0),
}

/** The median as text; nothing where no run has the value. */
function middleOf(
  samples: readonly Sample[],
  value: (sample: Sample) => number | undefined,
  digits?: number,
): string {
  const { median } = summarize(samples.map(value).filter((each) => each !== undefined))
  if (digits === undefined) return formatAmount(median)
  return formatSummary({ median, min: median, max: median }, digits)
}
