/**
 * One step of a workload: every peer in turn, then all over again, so that a change in the load of
 * the machine meets all of them alike. Every run is verified before its numbers count.
 */

import { join } from 'node:path'
import { EQUAL_SETTINGS, type Variant } from '../peers/peer.ts'
import type { Sample } from '../result.ts'
import type { OwnPeer, Step, Workload } from '../workloads/workload.ts'
import { measure } from './measure.ts'
import type { Site } from './site.ts'
import { RelayStage } from './relay-stage.ts'
import { CopyStage, type Stage, type StageOptions } from './stage.ts'
import { TaskStage } from './task-stage.ts'

export interface StepOptions {
  readonly workload: Workload
  readonly step: Step
  readonly peers: readonly OwnPeer[]
  readonly variants: readonly Variant[]
  readonly runs: number
  readonly site: Site
  /** Everything that is made lies below it. */
  readonly directory: string
  readonly signal: AbortSignal
  readonly onSample: (sample: Sample, step: Step) => void
  /** A peer that failed takes no further part, and what it did before does not count. */
  readonly onFailure: (failure: Failure) => void
}

export interface Failure {
  readonly peer: string
  readonly variant: Variant
  readonly run: number
  readonly error: Error
}

/** @throws Error when it is interrupted; not when a peer fails. */
export async function runStep(options: StepOptions): Promise<Sample[]> {
  const { workload, step, site, directory, signal, onSample, onFailure } = options
  const { operation, secure, name } = workload
  const key = step.count === 1 ? `${name}.bin` : `${name}/`
  const inMemory = workload.timedByProgram === true
  const moved = { ...step, key, operation, secure, inMemory }
  await using stage = await prepare(options, moved)
  const failed = new Set<string>()
  const samples: Sample[] = []
  for (const { run, variant, peer } of turnsOf(options)) {
    signal.throwIfAborted()
    if (failed.has(peer.name)) continue
    const job = stage.job(variant === 'equal' ? EQUAL_SETTINGS : undefined)
    const scratch = join(directory, 'scratch')
    try {
      const measured = { peer, variant, run, workload, job, stage, site, scratch, signal }
      const sample = await measure(measured)
      samples.push(sample)
      onSample(sample, step)
    } catch (error) {
      signal.throwIfAborted()
      failed.add(peer.name)
      onFailure({ peer: peer.name, variant, run, error: asError(error) })
    }
  }
  return samples.filter(({ peer }) => !failed.has(peer))
}

function prepare(
  { workload, site, directory, signal }: StepOptions,
  moved: StageOptions,
): Promise<Stage> {
  const { task } = workload
  if (task === 'relay') return RelayStage.prepare(site, moved)
  const files = join(directory, 'files')
  return task === undefined
    ? CopyStage.prepare(site, files, moved, signal)
    : TaskStage.prepare(site, files, { ...moved, task }, signal)
}

interface Turn {
  readonly run: number
  readonly variant: Variant
  readonly peer: OwnPeer
}

/** A B C A B C …; a floor has no settings of its own, so it runs once in a round. */
export function turnsOf({
  workload,
  step,
  peers,
  variants,
  runs,
}: Pick<StepOptions, 'workload' | 'step' | 'peers' | 'variants' | 'runs'>): Turn[] {
  const here = peers.filter((peer) => workload.takesPart?.(peer, step) ?? true)
  const rounds = Array.from({ length: runs }, (_, index) => index + 1)
  return rounds.flatMap((run) =>
    variants.flatMap((variant, index) =>
      here
        .filter(({ kind }) => kind !== 'floor' || index === 0)
        .map((peer) => ({ run, variant, peer })),
    ),
  )
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
