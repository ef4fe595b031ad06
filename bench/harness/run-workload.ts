/** Runs one workload at a site, from looking for the peers to the result. */

import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatSize } from '../../src/units.ts'
import type { Peer, Variant } from '../peers/peer.ts'
import type { ResultStep, Sample, WorkloadResult } from '../result.ts'
import { describeStep, type Step, type Workload } from '../workloads/workload.ts'
import { missingSpace } from './free-space.ts'
import { runStep, type Failure } from './interleave.ts'
import { describeMachine } from './machine.ts'
import { findPeers, peersOf, resultPeer, type Checkout, type Roster } from './roster.ts'
import { stepsOf, type Scale } from './scale.ts'
import type { Site } from './site.ts'

export interface RunSettings extends Scale {
  readonly runs: number
  readonly variants: readonly Variant[]
  /** All adapters, and the names of those that may take part; undefined: all. */
  readonly peers: readonly Peer[]
  readonly chosen: readonly string[] | undefined
  readonly checkout: Checkout | undefined
  /** The command as a reader would type it. */
  readonly command: string
  readonly signal: AbortSignal
  readonly onSample: (sample: Sample, step: Step) => void
  readonly onFailure: (failure: Failure) => void
  /** Told what is left out, and why. */
  readonly onLeftOut: (text: string) => void
}

/** @returns undefined when nothing of it could be run, of which `onLeftOut` was told. */
export async function runWorkload(
  workload: Workload,
  site: Site,
  settings: RunSettings,
): Promise<WorkloadResult | undefined> {
  const { onLeftOut, chosen, checkout } = settings
  const endpoint = endpointFor(workload, site)
  if (endpoint === undefined) {
    onLeftOut(`${workload.name}: there is no ${workload.secure ? 'https' : 'http'} endpoint`)
    return undefined
  }
  if (workload.task !== undefined && (await site.stats()) === undefined) {
    onLeftOut(`${workload.name}: this store does not say whether anything was moved`)
    return undefined
  }
  const parent = process.env['BENCH_DIR'] ?? tmpdir()
  const steps = await stepsWithRoom(workload, parent, settings)
  const wanted = peersOf(workload, steps, settings.peers, chosen, checkout)
  const { operation } = workload
  const roster = await findPeers(
    wanted,
    steps.map((step) => ({ operation, endpoint, ...step })),
  )
  if (steps.length === 0 || roster.present.length === 0) {
    if (steps.length > 0) onLeftOut(`${workload.name}: no peer is found that can do it`)
    return undefined
  }
  const directory = await mkdtemp(join(parent, 'transfer-engine-bench-'))
  const loadBefore = Number((loadavg()[0] ?? 0).toFixed(1))
  const failures: Failure[] = []
  const results: ResultStep[] = []
  try {
    for (const step of steps) {
      const samples = await runStep({
        ...settings,
        workload,
        step,
        site,
        directory,
        variants: workload.hasVariants ? settings.variants : ['equal'],
        peers: roster.present.map(({ peer }) => peer),
        onFailure: (failure) => {
          failures.push(failure)
          settings.onFailure(failure)
        },
      })
      results.push({ ...step, samples })
    }
    return {
      ...headOf(workload, site, results),
      ...(checkout === undefined ? {} : { reference: nameAt(workload, roster, checkout) }),
      peers: roster.present.map(resultPeer).filter(({ name }) => hasSamples(name, results)),
      absent: [...roster.absent, ...failures.map(absence)],
      date: new Date().toISOString().slice(0, 10),
      command: settings.command,
      loadBefore,
      machine: await describeMachine(directory),
      samples: workload.steps === undefined ? (results[0]?.samples ?? []) : [],
      ...(workload.steps === undefined ? {} : { steps: results }),
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Two checkouts are compared with each other: the peers are divided by the other one. */
function nameAt(workload: Workload, { present }: Roster, { ref }: Checkout): string {
  return present.find(({ peer }) => peer.name.endsWith(`@${ref}`))?.peer.name ?? workload.reference
}

/** A workload over TLS needs an https endpoint, any other an http one. */
function endpointFor({ secure }: Workload, { address }: Site): string | undefined {
  const { endpoint, secureEndpoint } = address
  if (secure) return secureEndpoint
  return endpoint.startsWith('http:') ? endpoint : undefined
}

async function stepsWithRoom(
  workload: Workload,
  parent: string,
  { onLeftOut, ...scale }: RunSettings,
): Promise<Step[]> {
  const steps: Step[] = []
  const scaled = stepsOf(workload, scale)
  if (scaled.length === 0) onLeftOut(`${workload.name}: all of its steps are larger`)
  for (const step of scaled) {
    const { count, size } = step
    const { operation, timedByProgram, task } = workload
    const usesDisk =
      operation !== 'read' && timedByProgram !== true && task !== 'list' && task !== 'relay'
    const missing = usesDisk ? await missingSpace(parent, count, size) : 0
    if (missing === 0) steps.push(step)
    else {
      const text = `${formatSize(missing)} of free space are missing for the files (see BENCH_DIR)`
      onLeftOut(`${workload.name}, ${describeStep(step)}: ${text}`)
    }
  }
  return steps
}

function headOf(
  workload: Workload,
  site: Site,
  steps: readonly ResultStep[],
): Pick<
  WorkloadResult,
  | 'workload'
  | 'title'
  | 'group'
  | 'operation'
  | 'secure'
  | 'count'
  | 'size'
  | 'unit'
  | 'reference'
  | 'verification'
> {
  const { name, group, operation, secure, unit, reference, title } = workload
  const { count, size } = steps.at(-1) ?? workload
  return {
    workload: name,
    title: title({ count, size }),
    group,
    operation,
    secure,
    count,
    size,
    unit,
    reference,
    verification: workload.verification ?? verificationOf(workload, site),
  }
}

function verificationOf({ operation }: Workload, { receivedBy }: Site): string {
  if (operation === 'upload') return receivedBy
  if (operation === 'download') {
    return 'After each run every byte of the files is compared with the content of its key.'
  }
  return (
    'Programs of libraries count the bytes they are given, and compare 16 at each end of every chunk with ' +
    'the content of the key (boto3 only counts); commands that write to /dev/null are believed.'
  )
}

function hasSamples(name: string, steps: readonly ResultStep[]): boolean {
  return steps.some(({ samples }) => samples.some(({ peer }) => peer === name))
}

function absence({ peer, run }: Failure): { readonly name: string; readonly reason: string } {
  return { name: peer, reason: `failed in run ${run}` }
}
