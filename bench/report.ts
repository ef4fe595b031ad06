/**
 * Results → Markdown. Whatever stands between the markers of BENCHMARKS.md comes from here. Pure.
 */

import { formatSize, GiB, MiB } from '../src/units.ts'
import type { Machine } from './machine.ts'
import type { Sample } from './measure.ts'
import type { WorkloadResult } from './results.ts'
import { formatRatio, formatSummary, ratioOf, summarize } from './stats.ts'

const BEGIN = '<!-- bench: generated, do not edit -->'
const END = '<!-- bench: end -->'

/**
 * Puts the tables between the markers.
 *
 * @throws Error when the document does not have both, in order.
 */
export function replaceTables(document: string, tables: string): string {
  const begin = document.indexOf(BEGIN)
  const end = document.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`Expected ${BEGIN} and ${END} in the report`)
  return `${document.slice(0, begin)}${BEGIN}\n\n${tables}\n${document.slice(end)}`
}

/** A section per workload, and one with the machines and versions. */
export function renderResults(results: readonly WorkloadResult[]): string {
  const sections = results.map(renderWorkload)
  return [...sections, renderMachines(results)].join('\n')
}

function renderWorkload(result: WorkloadResult): string {
  const { title, size, peers, samples, reference, command, date, loadBefore } = result
  const runs = Math.max(...samples.map(({ run }) => run))
  const lines = [
    `### ${title}, ${formatSize(size)}`,
    '',
    ...renderRows(result),
    '',
    `${runs === 1 ? 'One run' : `Medians of ${runs} runs (least – most)`}, ${date}, \`${command}\`;`,
    `load average before it ${loadBefore.toFixed(1)}. ${result.verification}`,
    '',
    ...peers.map(({ name, settings }) => `- ${name}: ${settings}`),
  ]
  if (peers.length > 1) {
    lines.push(`- “of ${reference}”: CPU time divided run by run; median ± half of the range`)
  }
  return `${lines.join('\n')}\n`
}

function renderRows(result: WorkloadResult): string[] {
  const { peers, samples, size, reference } = result
  const compared = peers.length > 1
  const titles = ['', 'CPU s/GiB', 'user', 'system', 'peak RSS MiB', 'wall s', 'connections']
  if (compared) titles.splice(2, 0, `of ${reference}`)
  titles.push('store CPU s/GiB')
  const cpuOf = (peer: string): number[] => of(samples, peer).map((each) => cpuSeconds(each))
  const rows = peers.map(({ name }) => {
    const own = of(samples, name)
    const perGiB = (value: (sample: Sample) => number): string =>
      formatSummary(summarize(own.map((each) => value(each) / (size / GiB))), 2)
    const middle = (value: (sample: Sample) => number, digits: number): string =>
      summarize(own.map(value)).median.toFixed(digits)
    const cells = [
      name,
      perGiB(cpuSeconds),
      middle((each) => each.userSeconds / (size / GiB), 2),
      middle((each) => each.systemSeconds / (size / GiB), 2),
      formatSummary(summarize(own.map(({ peakRss }) => peakRss / MiB)), 0),
      middle(({ wallMs }) => wallMs / 1000, 1),
      middle(({ connections }) => connections, 0),
      middle(({ serverCpuSeconds }) => serverCpuSeconds / (size / GiB), 2),
    ]
    if (compared) cells.splice(2, 0, formatRatio(ratioOf(cpuOf(name), cpuOf(reference))))
    return cells
  })
  return tableLines(titles, rows)
}

function renderMachines(results: readonly WorkloadResult[]): string {
  const groups = new Map<string, { machine: Machine; workloads: string[] }>()
  for (const { machine, workload } of results) {
    const key = JSON.stringify(machine)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { machine, workloads: [workload] })
    else group.workloads.push(workload)
  }
  const tables = [...groups.values()].map(({ machine, workloads }) =>
    tableLines(['measured', workloads.join(', ')], Object.entries(machine)).join('\n'),
  )
  return `### Machine and versions\n\n${tables.join('\n\n')}\n`
}

/** First column to the left, the others to the right. */
function tableLines(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = titles.map((_title, index) => (index === 0 ? '---' : '---:'))
  return [line(titles), line(rule), ...rows.map(line)]
}

function of(samples: readonly Sample[], peer: string): Sample[] {
  return samples.filter((sample) => sample.peer === peer)
}

/** CPU time of the whole client process. */
export function cpuSeconds({ userSeconds, systemSeconds }: Sample): number {
  return userSeconds + systemSeconds
}
