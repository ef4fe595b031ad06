/**
 * How many times cheaper ours is than each peer, over all workloads: the table at the top of the
 * report. Like is compared with like: equal settings with equal ones, a peer as it comes with ours
 * as it comes. Pure.
 */

import type { Variant } from '../peers/peer.ts'
import type { WorkloadResult } from '../result.ts'
import { anchorOf, tableLines } from './markdown.ts'
import { costRatio, isChecksum, isFloor, ourRow, type Row, rowsOf } from './rows.ts'
import { formatAmount, NOTHING, summarize } from './statistics.ts'

/** One peer over all workloads: how many times our cost its own is. */
interface Line {
  readonly title: string
  readonly floor: boolean
  /** By workload. */
  readonly ratios: ReadonlyMap<string, number>
}

const HEADINGS: Readonly<Record<Variant, string>> = {
  equal: 'Part size and concurrency equal, where a peer lets one set them:',
  default: 'Each as it comes, with its own settings:',
}

/** Cost of each peer divided by ours, a table per variant; empty where nothing was compared. */
export function renderSummary(results: readonly WorkloadResult[]): string {
  const parts: string[] = []
  for (const variant of ['equal', 'default'] as const) {
    const compared = results.filter((result) =>
      ratiosOf(result, variant).some(({ row }) => !isFloor(row)),
    )
    if (compared.length === 0) continue
    const lines = linesFor(compared, variant)
    const titles = compared.map(({ workload, title }) => `[${workload}](#${anchorOf(title)})`)
    const rows = lines.map(({ title, ratios, floor }) => [
      floor ? `_${title}_` : title,
      ...compared.map(({ workload }) => formatTimes(ratios.get(workload))),
    ])
    parts.push(HEADINGS[variant], tableLines(['', ...titles], rows).join('\n'))
  }
  return parts.join('\n\n')
}

/** Those nearest to ours first, floors at the end. */
function linesFor(results: readonly WorkloadResult[], variant: Variant): Line[] {
  const lines = new Map<string, { title: string; floor: boolean; ratios: Map<string, number> }>()
  for (const result of results) {
    for (const { row, ratio } of ratiosOf(result, variant)) {
      const { name, title } = row.peer
      const line = lines.get(name) ?? { title, floor: isFloor(row), ratios: new Map() }
      line.ratios.set(result.workload, ratio)
      lines.set(name, line)
    }
  }
  const middle = ({ ratios }: Line): number => summarize([...ratios.values()]).median
  return [...lines.values()].sort(
    (a, b) => Number(a.floor) - Number(b.floor) || middle(a) - middle(b),
  )
}

function ratiosOf(result: WorkloadResult, variant: Variant): { row: Row; ratio: number }[] {
  const rows = rowsOf(result.peers, result.samples, result)
  const own = ourRow(rows, variant)
  if (own === undefined) return []
  return rows
    .filter((row) => row.peer.kind !== 'ours' && !isChecksum(row))
    .filter((row) => row.variant === variant)
    .map((row) => ({ row, ratio: costRatio(row, own).value }))
}

function formatTimes(ratio: number | undefined): string {
  return ratio === undefined || !Number.isFinite(ratio) ? NOTHING : `${formatAmount(ratio)} ×`
}
