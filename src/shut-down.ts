/**
 * What an engine has under way, and how that ends when the engine is closed.
 */

import type { MetricsServer } from './metrics/server.ts'
import { Lags } from './replicate/lag.ts'
import { RunningTasks } from './transfer/running-tasks.ts'
import { RunningTransfers } from './transfer/running-transfers.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'

/** All that runs on behalf of one engine. */
export class RunningWork {
  readonly transfers: RunningTransfers
  /** Sweeps and trees. */
  readonly tasks = new RunningTasks()
  /** Aborts listings, which nobody waits for: whoever reads them hears of it. */
  readonly listings = new AbortController()
  readonly servers: Promise<MetricsServer>[] = []
  /** Lets replications end with the pass under way, and work at queues with what is given back. */
  readonly replications = new AbortController()
  readonly lags = new Lags()

  constructor(env: TransferEnvironment) {
    this.transfers = new RunningTransfers(env)
  }
}

/**
 * Ends it all, then what it stood on.
 * @param graceMs how long transfers are waited for before they are aborted; absent: until they end
 */
export async function shutDown(
  env: TransferEnvironment,
  { transfers, tasks, listings, servers, replications }: RunningWork,
  graceMs: number | undefined,
): Promise<void> {
  const reason = 'the engine was closed'
  const abortAll = (): void => {
    tasks.cut(new Error(reason))
    transfers.abort(reason)
  }
  transfers.abort(reason, 'read')
  listings.abort(new Error(reason))
  replications.abort(new Error(reason))
  const timer = graceMs === undefined ? undefined : setTimeout(abortAll, graceMs)
  // Trees begin transfers of their own until they end.
  await tasks.settled()
  await transfers.settled()
  clearTimeout(timer)
  for (const server of await Promise.allSettled(servers)) {
    if (server.status === 'fulfilled') await server.value.close()
  }
  await env.executor.close()
  env.store.close()
  env.source.close()
  await env.openUploads.settled()
}
