/**
 * Options → the parts an engine is made of.
 */

import { EventHub } from './events.ts'
import type { ResolvedOptions } from './options.ts'
import { InlineExecutor } from './pool/inline-executor.ts'
import type { PartExecutor } from './pool/part-executor.ts'
import { SharedBuffers } from './pool/shared-buffers.ts'
import { SharedState } from './pool/shared-state.ts'
import { workerConfig } from './pool/worker-config.ts'
import { WorkerPool } from './pool/worker-pool.ts'
import { createRetryPolicy } from './store/retry-policy.ts'
import { createS3Store } from './store/s3-store.ts'
import { withRetry } from './store/with-retry.ts'
import { Scheduler } from './transfer/scheduler.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'

/** The drivers, each loaded by the first transfer that needs it: modules are most of a start. */
export const drivers = {
  upload: once(() => import('./transfer/upload.ts')),
  download: once(() => import('./transfer/download.ts')),
  read: once(() => import('./transfer/read.ts')),
} as const

/** What all transfers of one engine share. Nothing is started or sent. */
export function createEnvironment(options: ResolvedOptions): TransferEnvironment {
  const { tuning } = options
  const retryPolicy = createRetryPolicy(tuning)
  const executor = createExecutor(options)
  return {
    store: withRetry(createS3Store(storeOptions(options)), { policy: retryPolicy }),
    executor,
    scheduler: new Scheduler(tuning, (slot) => executor.progress(slot)),
    buffers: new SharedBuffers(tuning.memoryLimit),
    retryPolicy,
    events: new EventHub(),
    tuning,
  }
}

function createExecutor(options: ResolvedOptions): PartExecutor {
  const shared = new SharedState(options.tuning.maxInFlight)
  const config = workerConfig(options, shared)
  const { workers, maxInFlight, workerTimeoutMs, prewarmConnections: prewarm } = options.tuning
  return workers === 0
    ? new InlineExecutor(config, shared, prewarm)
    : new WorkerPool(config, shared, { workers, maxInFlight, prewarm, workerTimeoutMs })
}

function storeOptions({ target, tuning }: ResolvedOptions): Parameters<typeof createS3Store>[0] {
  return {
    region: target.region,
    endpoint: target.endpoint,
    profile: target.profile,
    credentials: target.credentials,
    forcePathStyle: target.pathStyle,
    accelerate: target.accelerate,
    dualstack: target.dualstack,
    fips: target.fips,
    payloadSigning: tuning.payloadSigning,
    connectTimeoutMs: tuning.connectTimeoutMs,
    readTimeoutMs: tuning.readTimeoutMs,
    tls: { ca: target.tlsCa, rejectUnauthorized: target.tlsVerify ?? true },
  }
}

/** Importing again what is loaded costs some microseconds each time; this does not. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () => (loaded ??= load())
}
