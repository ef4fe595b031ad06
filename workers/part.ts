/**
 * Piscina's entry: one `PartRunner` per thread, a channel for cancelling, and nothing else. The
 * SDK is never imported here; a worker starts with what it needs.
 */

import { BroadcastChannel, workerData } from 'node:worker_threads'
import type { ControlMessage, PartResult, PartTask, WorkerConfig } from '../src/pool/protocol.ts'
import { PartRunner } from './part-runner.ts'

const config = workerData as WorkerConfig

const runner = new PartRunner(config)

const { prewarm } = config
const warm = prewarm && runner.prewarm(prewarm.origin, prewarm.connections)

const channel = new BroadcastChannel(config.channel)
channel.onmessage = (event: unknown) => {
  const { data } = event as { readonly data: ControlMessage }
  runner.cancel(data.transferId)
}
channel.unref()

/** Runs a task; the name is the one Piscina looks for. */
// oxlint-disable-next-line import/no-default-export
export default async function run(task: PartTask): Promise<PartResult[]> {
  if (task.jobs.length === 0) await warm
  return runner.run(task)
}
