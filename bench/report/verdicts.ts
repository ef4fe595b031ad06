/**
 * Goals held against results: what was measured, and whether it is enough. Medians decide, and
 * nothing is rounded before it is compared. Pure.
 */

import { formatSize, MiB } from '../../src/units.ts'
import type { Variant } from '../peers/peer.ts'
import type { WorkloadResult } from '../result.ts'
import { type Goal, GOALS, MEMORY_LIMIT, type Target } from './goals.ts'
import { tableLines } from './markdown.ts'
import {
  CHECKSUMS,
  costRatio,
  cpuSeconds,
  floorRow,
  OURS,
  ourRow,
  perUnit,
  rivals,
  type Row,
  rowNamed,
  rowsOf,
} from './rows.ts'
import { formatAmount, formatRatio, formatSummary, summarize } from './statistics.ts'
import { describeLoad, stepsOf } from './tables.ts'

export interface Verdict {
  readonly goal: string
  readonly target: string
  readonly measured: string
  /** Undefined where it was not measured. */
  readonly met: boolean | undefined
}

type Outcome = Pick<Verdict, 'measured' | 'met'>

const NOT_MEASURED: Outcome = { measured: 'not measured', met: undefined }

/** The goals as a table, each with what was measured. */
export function renderGoals(results: readonly WorkloadResult[]): string {
  const verdicts = verdictsOf(results)
  const rows = verdicts.map(({ goal, target, measured, met }, index) => [
    goal === verdicts[index - 1]?.goal ? '' : goal,
    target,
    measured,
    met === undefined ? '–' : met ? 'met' : '**not met**',
  ])
  return tableLines(['', 'goal', 'measured', ''], rows, 4).join('\n')
}

export function verdictsOf(
  results: readonly WorkloadResult[],
  goals: readonly Goal[] = GOALS,
): Verdict[] {
  const verdicts = goals.map((goal) => {
    const result = results.find(({ workload }) => workload === goal.workload)
    const outcome = result === undefined ? NOT_MEASURED : outcomeOf(result, goal.target, results)
    const moved = result === undefined || result.group === 'start' ? [] : [describeSteps(result)]
    const title = [goal.title, ...moved].join(', ')
    return { goal: title, target: describeTarget(goal, result), ...outcome }
  })
  return [...verdicts, memoryVerdict(results)]
}

/** `4 GiB`, or `256 MiB … 16 GiB`: what was moved in truth. */
function describeSteps(result: WorkloadResult): string {
  const loads = stepsOf(result).map(describeLoad)
  return [...new Set([loads[0], loads.at(-1)])].join(' … ')
}

function describeTarget({ target }: Goal, result: WorkloadResult | undefined): string {
  switch (target.kind) {
    case 'floor':
      return `≤ ${target.limit} × the C floor${target.plusCrc ? ' + a native CRC' : ''}`
    case 'peer':
      return `≤ ${target.limit} × ${titleOf(result, target.peer)}`
    case 'every-peer':
      return 'below every peer found'
    case 'workload':
      return `≤ ${target.limit} × ${target.other}`
    case 'cost':
      return `≤ ${target.limit} ${target.unit} of CPU time`
    case 'flat':
      return `± ${(target.limit * 100).toFixed(0)} %, whole programs`
    case 'flat-added':
      return `± ${(target.limit * 100).toFixed(0)} %, from step to step (without start-up)`
  }
}

function titleOf(result: WorkloadResult | undefined, name: string): string {
  return result?.peers.find((peer) => peer.name === name)?.title ?? name
}

function outcomeOf(
  result: WorkloadResult,
  target: Target,
  results: readonly WorkloadResult[],
): Outcome {
  const rows = rowsOf(result.peers, result.samples, result)
  const own = ourRow(rows, 'equal')
  if (target.kind === 'flat') return flatness(stepCosts(result), target.limit)
  if (target.kind === 'flat-added') return flatness(addedCosts(result), target.limit)
  if (own === undefined) return NOT_MEASURED
  switch (target.kind) {
    case 'floor':
      return againstFloor(result, rows, own, target)
    case 'peer':
      return against(own, rowNamed(rows, target.peer, own.variant), target.limit)
    case 'every-peer':
      return againstRivals(rows)
    case 'workload':
      return againstWorkload(own, result, target, results)
    case 'cost':
      return againstLimit(result, own, target.limit)
  }
}

function againstLimit({ unit }: WorkloadResult, { cost }: Row, limit: number): Outcome {
  return { measured: `${formatSummary(cost)} ${unit}`, met: cost.median <= limit }
}

function against(own: Row, other: Row | undefined, limit: number): Outcome {
  if (other === undefined) return NOT_MEASURED
  const ratio = costRatio(own, other)
  return Number.isFinite(ratio.value)
    ? { measured: `${formatRatio(ratio)} ×`, met: ratio.value <= limit }
    : NOT_MEASURED
}

/**
 * The CRC's own cost is taken off ours before it is divided. Where it was not measured, nothing is
 * taken off. Hashes that plain http asks for are shown, and count.
 */
function againstFloor(
  { unit }: WorkloadResult,
  rows: readonly Row[],
  own: Row,
  { limit, plusCrc = false }: Extract<Target, { kind: 'floor' }>,
): Outcome {
  const floor = floorRow(rows)
  const plain = against(own, floor, limit)
  if (floor === undefined || plain.met === undefined) return plain
  const crc = rowNamed(rows, CHECKSUMS.crc32)
  const sha256 = rowNamed(rows, CHECKSUMS.sha256)
  const notes: string[] = []
  let { met } = plain
  if (plusCrc && crc !== undefined) {
    const left = (own.cost.median - crc.cost.median) / floor.cost.median
    notes.push(`${formatAmount(left)} × without the CRC's ${formatAmount(crc.cost.median)} ${unit}`)
    met = left <= limit
  }
  if (sha256 !== undefined) {
    notes.push(`SHA-256 alone costs ${formatAmount(sha256.cost.median)} ${unit}`)
  }
  return { measured: [plain.measured, ...notes].join('; '), met }
}

/** The rival nearest to ours decides; like is compared with like. */
function againstRivals(rows: readonly Row[]): Outcome {
  const ratios = rivals(rows).flatMap((rival) => {
    const own = ourRow(rows, rival.variant)
    return own === undefined ? [] : [{ rival, ratio: costRatio(own, rival) }]
  })
  const nearest = ratios
    .filter(({ ratio }) => Number.isFinite(ratio.value))
    .sort((a, b) => b.ratio.value - a.ratio.value)[0]
  if (nearest === undefined) return NOT_MEASURED
  const { rival, ratio } = nearest
  const settings: Readonly<Record<Variant, string>> = { equal: '', default: ', its own settings' }
  return {
    measured: `${formatRatio(ratio)} × the nearest (${rival.peer.title}${settings[rival.variant]})`,
    met: ratio.value < 1,
  }
}

function againstWorkload(
  own: Row,
  { unit }: WorkloadResult,
  { other, limit }: Extract<Target, { kind: 'workload' }>,
  results: readonly WorkloadResult[],
): Outcome {
  const base = results.find(({ workload }) => workload === other)
  if (base === undefined || base.unit !== unit) return NOT_MEASURED
  const row = ourRow(rowsOf(base.peers, base.samples, base), own.variant)
  if (row === undefined) return NOT_MEASURED
  const ratio = own.cost.median / row.cost.median
  const costs = `${formatAmount(own.cost.median)} against ${formatAmount(row.cost.median)} ${unit}`
  return { measured: `${formatAmount(ratio)} × (${costs})`, met: ratio <= limit }
}

/** Half of the range, as a share of its middle: `± limit` around one value. */
function flatness(costs: readonly number[], limit: number): Outcome {
  if (costs.length < 2) return NOT_MEASURED
  const least = Math.min(...costs)
  const most = Math.max(...costs)
  const spread = (most - least) / (most + least)
  return {
    measured: `± ${(spread * 100).toFixed(0)} % (${formatAmount(least)} – ${formatAmount(most)})`,
    met: least > 0 && spread <= limit,
  }
}

/** Our median cost at each step. */
function stepCosts(result: WorkloadResult): number[] {
  return stepsOf(result).flatMap((step) => {
    const row = ourRow(rowsOf(result.peers, step.samples, step))
    return row === undefined ? [] : [row.cost.median]
  })
}

/** What an object, or a byte, costs that a step has more than the one before. */
function addedCosts(result: WorkloadResult): number[] {
  const totals = stepsOf(result).flatMap((step) => {
    const row = ourRow(rowsOf(result.peers, step.samples, step))
    return row === undefined
      ? []
      : [{ step, seconds: summarize(row.samples.map(cpuSeconds)).median }]
  })
  return totals.slice(1).flatMap(({ step, seconds }, index) => {
    const before = totals[index]
    if (before === undefined) return []
    const { count, size, unit } = step
    // Only one of them grows from step to step; the other is the same in both.
    const added =
      unit === 's/GiB'
        ? { unit, count: 1, size: count * size - before.step.count * before.step.size }
        : { unit, count: count - before.step.count, size }
    return [perUnit(seconds - before.seconds, added)]
  })
}

/** The highest peak of ours, over every run of every workload. */
function memoryVerdict(results: readonly WorkloadResult[]): Verdict {
  const peaks = results
    // There a program of the benchmark drives a worker with all of its jobs in memory.
    .filter(({ group }) => group !== 'request')
    .flatMap((result) =>
      stepsOf(result)
        .flatMap(({ samples }) => samples)
        .filter(({ peer }) => peer === OURS)
        .map(({ peakRss }) => ({ peakRss, workload: result.workload })),
    )
  const highest = [...peaks].sort((a, b) => b.peakRss - a.peakRss)[0]
  const outcome: Outcome =
    highest === undefined
      ? NOT_MEASURED
      : {
          measured: `${(highest.peakRss / MiB).toFixed(0)} MiB at most (${highest.workload})`,
          met: highest.peakRss <= MEMORY_LIMIT,
        }
  const target = `≤ ${formatSize(MEMORY_LIMIT)} in every run`
  return { goal: 'Peak RSS, any size and any count', target, ...outcome }
}
