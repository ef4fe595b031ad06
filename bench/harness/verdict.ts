/** Whether a ratio got worse than the recorded one, with room for noise. Pure. */

import { median } from './statistics.ts'

/** How much worse a ratio may be before it counts. Source: issue of the benchmark, 20 %. */
export const WORSE_MAX = 1.2

/** What the guard was recorded with; ratios by workload. */
export interface GuardRecord {
  readonly date: string
  readonly size: number
  readonly runs: number
  readonly machine: Readonly<Record<string, string>>
  readonly ratios: Readonly<Record<string, number>>
}

export interface Verdict {
  readonly measured: number
  readonly recorded: number
  readonly limit: number
  readonly isWorse: boolean
}

/** @param ratios of ours to the peer, run by run; the middle one counts */
export function judge(ratios: readonly number[], recorded: number): Verdict {
  if (ratios.length === 0) throw new Error('There is no run to judge')
  const measured = median(ratios)
  const limit = recorded * WORSE_MAX
  return { measured, recorded, limit, isWorse: measured > limit }
}

/** `upload: 0.61 of lib-storage (0.55 – 0.70, 7 runs); recorded 0.58, may be 0.70` */
export function describeVerdict(
  name: string,
  reference: string,
  ratios: readonly number[],
  { measured, recorded, limit, isWorse }: Verdict,
): string {
  const range = `${Math.min(...ratios).toFixed(2)} – ${Math.max(...ratios).toFixed(2)}`
  return (
    `${name}: ${measured.toFixed(2)} of ${reference} (${range}, ${ratios.length} runs); ` +
    `recorded ${recorded.toFixed(2)}, may be ${limit.toFixed(2)}: ${isWorse ? 'worse' : 'fine'}`
  )
}

/** @throws Error when the text is not what `--record` writes. */
export function parseRecord(text: string): GuardRecord {
  const record = JSON.parse(text) as Partial<GuardRecord>
  const values = Object.values(record.ratios ?? {})
  if (typeof record.size === 'number' && values.length > 0 && values.every((each) => each > 0)) {
    return record as GuardRecord
  }
  throw new Error('The record of the guard has no ratios; --record writes it')
}
