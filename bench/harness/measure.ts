/** One sample: a peer does a job, as one process or as several of which the mean counts. */

import { mkdir, rm } from 'node:fs/promises'
import { MiB } from '../../src/units.ts'
import type { Job, Variant } from '../peers/peer.ts'
import type { Sample } from '../result.ts'
import type { OwnPeer, Workload } from '../workloads/workload.ts'
import { runMeasured, type ProcessCost } from './measured-process.ts'
import type { Site } from './site.ts'
import type { Stage } from './stage.ts'

/** What a slow peer may take before it is ended: a start, bytes at this rate, and each object. */
const TIMEOUT = { startMs: 120_000, bytesPerMs: (8 * MiB) / 1000, objectMs: 50 } as const

export interface MeasureOptions {
  readonly peer: OwnPeer
  readonly variant: Variant
  readonly run: number
  readonly workload: Workload
  readonly job: Job
  readonly stage: Stage
  readonly site: Site
  /** A directory for the settings and temporary files of the peer; it does not exist yet. */
  readonly scratch: string
  readonly signal: AbortSignal
}

/** @throws Error when the peer fails, or a byte is not where it should be. */
export async function measure(options: MeasureOptions): Promise<Sample> {
  const { peer, variant, run, workload } = options
  const processes = workload.processes ?? 1
  const samples: Sample[] = []
  for (let index = 0; index < processes; index += 1) {
    samples.push({ peer: peer.name, variant, run, ...(await measureOnce(options)) })
  }
  return meanOf(samples)
}

type Cost = Omit<Sample, 'peer' | 'variant' | 'run'>

async function measureOnce(options: MeasureOptions): Promise<Cost> {
  const { peer, workload, job, stage, site, scratch, signal } = options
  await stage.reset()
  await mkdir(scratch, { recursive: true })
  try {
    const command = await peer.command(job, scratch)
    const before = await site.stats()
    const cost = await runMeasured(command, { scratch, signal, timeoutMs: timeoutMs(job) })
    const after = await site.stats()
    if (peer.movesNothing !== true) await stage.verify()
    const { userSeconds, systemSeconds } = workload.timedByProgram
      ? programTime(cost, job.count)
      : cost
    const { peakRss, wallSeconds } = cost
    const difference = (of: 'connections' | 'requests' | 'cpuSeconds'): number | undefined =>
      before === undefined || after === undefined ? undefined : toMicros(after[of] - before[of])
    return {
      userSeconds,
      systemSeconds,
      peakRss,
      wallSeconds,
      connections: difference('connections'),
      requests: difference('requests'),
      serverCpuSeconds: difference('cpuSeconds'),
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function timeoutMs({ count, size }: Job): number {
  const { startMs, bytesPerMs, objectMs } = TIMEOUT
  return startMs + (count * size) / bytesPerMs + count * objectMs
}

/**
 * What a program says that its requests took, in microseconds per request, as seconds for all.
 *
 * @throws Error when it does not say it.
 */
export function programTime(
  { stdout }: Pick<ProcessCost, 'stdout'>,
  count: number,
): { readonly userSeconds: number; readonly systemSeconds: number } {
  const line = stdout.trim().split('\n').at(-1) ?? ''
  const said = JSON.parse(line) as Readonly<Record<string, unknown>>
  const { userMicrosPerRequest: user, systemMicrosPerRequest: system } = said
  if (typeof user !== 'number' || typeof system !== 'number') {
    throw new Error(`did not say what its requests took: ${line}`)
  }
  const secondsOf = (micros: number): number => toMicros((micros * count) / 1e6)
  return { userSeconds: secondsOf(user), systemSeconds: secondsOf(system) }
}

/** The mean of samples of one peer; of the memory the most. */
export function meanOf(samples: readonly Sample[]): Sample {
  const [first] = samples
  if (first === undefined) throw new Error('There is no sample')
  if (samples.length === 1) return first
  const mean = (values: readonly number[]): number =>
    toMicros(values.reduce((sum, value) => sum + value, 0) / values.length)
  const known = (values: readonly (number | undefined)[]): number | undefined => {
    const numbers = values.filter((value) => value !== undefined)
    return numbers.length === samples.length ? mean(numbers) : undefined
  }
  return {
    ...first,
    userSeconds: mean(samples.map((each) => each.userSeconds)),
    systemSeconds: mean(samples.map((each) => each.systemSeconds)),
    peakRss: Math.max(...samples.map((each) => each.peakRss)),
    wallSeconds: mean(samples.map((each) => each.wallSeconds)),
    connections: known(samples.map((each) => each.connections)),
    requests: known(samples.map((each) => each.requests)),
    serverCpuSeconds: known(samples.map((each) => each.serverCpuSeconds)),
  }
}

/** No digits behind those that were measured. */
function toMicros(seconds: number): number {
  return Number(seconds.toFixed(6))
}
