/**
 * All results → what stands between the markers of BENCHMARKS.md: goals, the comparison at a
 * glance, a section per workload, the machine, the simulated runs. Pure.
 */

import type { Machine, WorkloadResult } from '../result.ts'
import type { RunRecord } from '../simulation/record.ts'
import { renderAdaptationSection } from './adaptation.ts'
import { type ProfileResult, renderProfiles } from './profiles.ts'
import { tableLines } from './markdown.ts'
import { plotFile, renderPlot } from './plots/render-plot.ts'
import { renderSummary } from './summary.ts'
import { renderNotes, renderPeers, renderRows } from './tables.ts'
import { renderGoals } from './verdicts.ts'

/**
 * Puts the results between the markers.
 *
 * @param part whose markers: `bench`, or `capacity`
 * @throws Error when the document does not have both, in order.
 */
export function replaceResults(document: string, rendered: string, part = 'bench'): string {
  const [first, last] = [`<!-- ${part}: generated, do not edit -->`, `<!-- ${part}: end -->`]
  const begin = document.indexOf(first)
  const end = document.indexOf(last)
  if (begin < 0 || end < begin) throw new Error(`Expected ${first} and ${last} in the report`)
  return `${document.slice(0, begin)}${first}\n\n${rendered}\n${document.slice(end)}`
}

/** What the report is written from besides results of workloads. */
export interface KeptBesides {
  /** Simulated runs of the adaptation. */
  readonly simulated?: readonly RunRecord[]
  /** Where the time of some workloads goes. */
  readonly profiles?: readonly ProfileResult[]
}

/** @param plots where the plots are, relative to the report: `bench/results/plots` */
export function renderResults(
  results: readonly WorkloadResult[],
  plots: string,
  { simulated = [], profiles = [] }: KeptBesides = {},
): string {
  const summary = renderSummary(results)
  const parts = [
    '### Goals',
    renderGoals(results),
    'The goals are ratios of client CPU time within one run of a workload; medians decide. “Not ' +
      'measured” means that no kept result says it.',
  ]
  if (summary !== '') {
    parts.push(
      '### Times cheaper than',
      'CPU time of each program divided by that of transfer-engine, run by run; above 1, ' +
        'transfer-engine is cheaper. Floors, in italics, move the bytes and do nothing else.',
      summary,
    )
  }
  parts.push(...results.map((result) => renderSection(result, plots)))
  if (profiles.length > 0) parts.push('### Where the time goes', renderProfiles(profiles))
  if (results.length > 0) parts.push(renderMachines(results))
  if (simulated.length > 0) parts.push(renderAdaptationSection(simulated, plots))
  return `${parts.join('\n\n')}\n`
}

function renderSection(result: WorkloadResult, plots: string): string {
  const { title, peers } = result
  const parts = [`### ${title}`]
  if (renderPlot(result) !== undefined) {
    parts.push(`![${title}: CPU ${result.unit} by program](${plots}/${plotFile(result)})`)
  }
  parts.push(renderRows(result), renderNotes(result))
  if (peers.length > 0) {
    const heading = '<details><summary>Versions and settings</summary>'
    parts.push(heading, renderPeers(result), '</details>')
  }
  return parts.join('\n\n')
}

function renderMachines(results: readonly WorkloadResult[]): string {
  const groups = new Map<string, { machine: Machine; workloads: string[] }>()
  for (const { machine, workload } of results) {
    const key = JSON.stringify(machine)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { machine, workloads: [workload] })
    else group.workloads.push(workload)
  }
  const tables = [...groups.values()].map(({ machine, workloads }) => {
    const measured = groups.size === 1 ? 'everything above' : workloads.join(', ')
    return tableLines(['measured', measured], Object.entries(machine), 2).join('\n')
  })
  return `### Machine and versions\n\n${tables.join('\n\n')}`
}
