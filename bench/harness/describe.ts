/** Lines for the terminal, and the command line that gets a result again. Pure. */

import { formatSize, GiB, MiB } from '../../src/units.ts'
import type { Sample, WorkloadResult } from '../result.ts'
import type { Step, Workload } from '../workloads/workload.ts'
import type { BenchOptions } from './arguments.ts'

/** `1.21 s/GiB`: CPU time. */
export function describeCost(
  { userSeconds, systemSeconds }: Sample,
  { count, size }: Step,
  unit: WorkloadResult['unit'],
): string {
  const cpu = userSeconds + systemSeconds
  const cost = {
    's/GiB': () => (cpu / ((count * size) / GiB)).toFixed(2),
    'µs/object': () => ((cpu * 1e6) / count).toFixed(1),
    ms: () => (cpu * 1000).toFixed(0),
  }[unit]()
  return `${cost} ${unit}`
}

/** `run 1  s5cmd  1.21 s/GiB, 143 MiB, 2.1 s, verified` */
export function describeSample(sample: Sample, step: Step, unit: WorkloadResult['unit']): string {
  const { peer, variant, run, peakRss, wallSeconds } = sample
  const name = variant === 'equal' ? peer : `${peer} (${variant})`
  return (
    `run ${run}  ${name.padEnd(26)} ${describeCost(sample, step, unit)}, ` +
    `${(peakRss / MiB).toFixed(0)} MiB, ${wallSeconds.toFixed(2)} s, verified`
  )
}

/** What to type to get this result again; flags that do not matter to it are left out. */
export function commandFor(workload: Workload, options: BenchOptions): string {
  const { size, countScale, runs, variants, peers, against, endpoint } = options
  const flags = [`--filter ${workload.name}`]
  if (workload.scaledBy === 'size' && size !== undefined) {
    flags.push(`--size ${formatSize(size).replace(' ', '')}`)
  }
  if (workload.scaledBy === 'count' && countScale !== 1) flags.push(`--count-scale ${countScale}`)
  flags.push(`--runs ${runs}`)
  if (workload.hasVariants && variants.join() !== 'equal') {
    flags.push(`--variants ${variants.join()}`)
  }
  if (peers !== undefined) flags.push(`--peers ${peers.join()}`)
  if (against !== undefined) flags.push(`--against ${against}`)
  if (endpoint !== undefined) flags.push('--endpoint-url URL --bucket NAME')
  return `npm run bench -- ${flags.join(' ')}`
}
