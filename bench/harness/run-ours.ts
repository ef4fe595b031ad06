/** One verified run of ours, its command as a measurement wants it. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PEERS } from '../peers/all.ts'
import type { Command } from '../peers/peer.ts'
import { OURS } from '../report/rows.ts'
import type { Sample } from '../result.ts'
import type { OwnPeer, Step, Workload } from '../workloads/workload.ts'
import { describeSample } from './describe.ts'
import { runStep } from './interleave.ts'
import { peersOf } from './roster.ts'
import { startSinkSite } from './sink-site.ts'

/**
 * Prints what the run cost, and returns it.
 *
 * @throws Error when the run fails, or moved a wrong byte.
 */
export async function runOurs(
  workload: Workload,
  step: Step,
  wrap: (command: Command) => Command,
  signal: AbortSignal,
): Promise<Sample> {
  const ours = peersOf(workload, [step], PEERS, [OURS], undefined).map((peer): OwnPeer => ({
    ...peer,
    command: async (job, scratch) => wrap(await peer.command(job, scratch)),
  }))
  const parent = process.env['BENCH_DIR'] ?? tmpdir()
  const directory = await mkdtemp(join(parent, 'transfer-engine-run-'))
  try {
    await using site = await startSinkSite()
    const samples = await runStep({
      workload: { ...workload, processes: 1 },
      step,
      peers: ours,
      variants: ['equal'],
      runs: 1,
      site,
      directory,
      signal,
      onSample: (sample) => {
        process.stdout.write(`${describeSample(sample, step, workload.unit)}\n`)
      },
      onFailure: ({ error }) => {
        throw error
      },
    })
    const [sample] = samples
    if (sample === undefined) throw new Error('Nothing was run')
    return sample
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
