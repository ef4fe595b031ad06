/**
 * Runs one workload: every peer in turn, then all over again, so that a change in the load of the
 * machine meets all of them alike. Every run is verified before its numbers count.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeMachine } from './machine.ts'
import { measure, type Sample } from './measure.ts'
import type { WorkloadResult } from './results.ts'
import { startServer } from './server.ts'
import type { Workload } from './workloads/workload.ts'

export interface RunSettings {
  readonly runs: number
  /** Bytes; a workload may have a size of its own. */
  readonly size: number
  /** The command as a reader would type it. */
  readonly command: string
  readonly onSample: (sample: Sample) => void
}

/** Works in a new directory below `BENCH_DIR`, or the system's for temporary files. */
export async function runWorkload(
  workload: Workload,
  settings: RunSettings,
): Promise<WorkloadResult> {
  const size = workload.size ?? settings.size
  const parent = process.env['BENCH_DIR'] ?? tmpdir()
  const directory = await mkdtemp(join(parent, 'transfer-engine-bench-'))
  try {
    await using server = await startServer()
    await using prepared = await workload.prepare({ server, directory, size })
    const loadBefore = loadavg()[0] ?? 0
    const samples: Sample[] = []
    for (let run = 1; run <= settings.runs; run += 1) {
      for (const peer of workload.peers) {
        await prepared.reset()
        const sample = await measure(peer, run, prepared.job, server)
        await prepared.verify()
        samples.push(sample)
        settings.onSample(sample)
      }
    }
    return {
      workload: workload.name,
      title: workload.title,
      verification: workload.verification,
      size,
      reference: workload.reference.name,
      peers: workload.peers.map(({ name, settings }) => ({ name, settings })),
      date: new Date().toISOString().slice(0, 10),
      command: settings.command,
      loadBefore: Number(loadBefore.toFixed(1)),
      machine: await describeMachine(directory),
      samples,
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
