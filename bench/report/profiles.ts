/** Where the time of a workload goes, as kept by `bench:profile --perf --write-report`: a table. Pure. */

import type { Share } from '../harness/perf-shares.ts'
import { tableLines } from './markdown.ts'

/** One profiled run of ours. */
export interface ProfileResult {
  readonly workload: string
  /** A heading: `Download of one 4 GiB object`. */
  readonly title: string
  /** What the run cost, profiler included: `1.23 s/GiB`. */
  readonly cost: string
  /** `2026-11-22` */
  readonly date: string
  /** What to type to get this again. */
  readonly command: string
  readonly shares: readonly Share[]
}

/** Smallest share that has a cell. Source: none; below it, runs differ by more. */
const SHARE_MIN = 0.005

/** A column for each profile, a row for each kind of work. */
export function renderProfiles(profiles: readonly ProfileResult[]): string {
  const names = [...new Set(profiles.flatMap(({ shares }) => shares.map(({ name }) => name)))]
  const shareOf = (profile: ProfileResult, name: string): number =>
    profile.shares.find((each) => each.name === name)?.share ?? 0
  const weight = (name: string): number =>
    profiles.reduce((sum, profile) => sum + shareOf(profile, name), 0)
  const rows = names
    .toSorted((a, b) => weight(b) - weight(a))
    .map((name) => [name, ...profiles.map((profile) => percent(shareOf(profile, name)))])
  const table = tableLines(['', ...profiles.map(({ workload }) => workload)], rows, 1).join('\n')
  const commands = profiles.map(
    ({ title, cost, date, command }) => `- ${title}: ${cost} in that run, ${date}. \`${command}\``,
  )
  return [
    'Shares of the CPU time of the whole process, by Linux perf, which makes a run some per cent dearer.',
    table,
    commands.join('\n'),
  ].join('\n\n')
}

function percent(share: number): string {
  return share < SHARE_MIN ? '' : `${(share * 100).toFixed(0)} %`
}
