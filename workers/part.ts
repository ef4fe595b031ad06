/**
 * Piscina's entry: one `PartRunner` per thread, a channel for cancelling, an outbox for answers,
 * and nothing else. The SDK is never imported here; a worker starts with what it needs.
 */

import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads'
import type {
  AnswerMessage,
  ControlMessage,
  PartJob,
  PoolMessage,
  TaskMessage,
  WorkerConfig,
} from '../src/pool/protocol.ts'
import { HEARTBEAT_MS } from '../src/pool/shared-state.ts'
import { jobsOf } from '../src/pool/rows.ts'
import { AnswerOutbox } from './answer-outbox.ts'
import { PartRunner } from './part-runner.ts'
import { RouteTable } from './route-table.ts'

const config = workerData as WorkerConfig

const runner = new PartRunner(config, (pool) => {
  const message: PoolMessage = { pool }
  parentPort?.postMessage(message)
})
const routes = new RouteTable()
const outbox = new AnswerOutbox((answers: AnswerMessage) => parentPort?.postMessage(answers))

const { prewarm } = config
const warm = prewarm && runner.prewarm(prewarm.origin, prewarm.connections)

setInterval(() => runner.beat(), HEARTBEAT_MS).unref()

const channel = new BroadcastChannel(config.channel)
channel.onmessage = (event: unknown) => {
  const { data } = event as { readonly data: ControlMessage }
  runner.cancel(data.transferId, data.job)
}
channel.unref()

/** Jobs about small objects, of which there are many. */
const SMALL: ReadonlySet<PartJob['kind']> = new Set(['put-file', 'get-file', 'relay'])

/** Runs a task; the name is the one Piscina looks for. */
// oxlint-disable-next-line import/no-default-export
export default async function run(task: TaskMessage): Promise<void> {
  if (task.jobs.length === 0) return warm
  const { numbers } = task
  const [route, source] = [routes.find(task.route), routes.find(task.source)]
  const jobs = jobsOf(task)
  const small = jobs.map(({ kind }) => SMALL.has(kind))
  outbox.expectSmall(small.filter(Boolean).length)
  await runner.run({ route, source, jobs, numbers }, (result, index) =>
    outbox.add(numbers[index] as number, result, small[index]),
  )
  // Whoever hears that the task is over may trust that its answers are on their way.
  await outbox.posted
}
