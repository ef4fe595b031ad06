/**
 * Options → the parts an engine is made of.
 */

import { isDeepStrictEqual } from 'node:util'
import { EventHub } from './events.ts'
import { resolveNetwork, type NetworkSettings } from './network/settings.ts'
import type { ResolvedOptions, SourceTarget } from './options.ts'
import { InlineExecutor } from './pool/inline-executor.ts'
import type { PartExecutor } from './pool/part-executor.ts'
import { PoolFeed } from './pool/pool-feed.ts'
import { SharedBuffers } from './pool/shared-buffers.ts'
import { SharedState } from './pool/shared-state.ts'
import { workerConfig } from './pool/worker-config.ts'
import { WorkerPool } from './pool/worker-pool.ts'
import { withSingleRemovals } from './store/delete-each.ts'
import type { ObjectStore } from './store/object-store.ts'
import { RequestPacer } from './store/request-pacer.ts'
import { createRetryPolicy } from './store/retry-policy.ts'
import { createS3Store } from './store/s3-store.ts'
import { withRetry } from './store/with-retry.ts'
import { warnOfTls } from './tls-warning.ts'
import { OpenUploads } from './transfer/open-uploads.ts'
import { ResumeSettings } from './transfer/resume-settings.ts'
import { RunningLimits } from './transfer/running-limits.ts'
import { Scheduler } from './transfer/scheduler.ts'
import { TransferCounts } from './transfer/transfer-counts.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'

/** The drivers, each loaded by the first transfer that needs it: modules are most of a start. */
export const drivers = {
  upload: once(() => import('./transfer/upload.ts')),
  download: once(() => import('./transfer/download.ts')),
  read: once(() => import('./transfer/read.ts')),
  copy: once(() => import('./transfer/copy.ts')),
  move: once(() => import('./transfer/move.ts')),
  prove: once(() => import('./transfer/prove-object.ts')),
  sample: once(() => import('./transfer/sample-object.ts')),
  resumeJob: once(() => import('./transfer/resume-job.ts')),
  listJobs: once(() => import('./journal/list-jobs.ts')),
  digest: once(() => import('./transfer/digest-file.ts')),
  tree: once(() => import('./tree/run-tree.ts')),
  copyTree: once(() => import('./tree/run-copy-tree.ts')),
  migrate: once(() => import('./migrate/migrate.ts')),
  replicate: once(() => import('./replicate/replicate.ts')),
  queuedCopies: once(() => import('./queue/queued-copies.ts')),
  work: once(() => import('./queue/work.ts')),
  manifest: once(() => import('./manifest/noted-tree.ts')),
  verify: once(() => import('./manifest/verify-manifest.ts')),
  cleanUp: once(() => import('./transfer/clean-up.ts')),
  listPages: once(() => import('./tree/listing.ts')),
} as const

/** What turns statistics into metrics, loaded by who asks for them. */
export const exposition = {
  text: once(() => import('./metrics/exposition.ts')),
  server: once(() => import('./metrics/server.ts')),
} as const

/**
 * What all transfers of one engine share. Nothing is started or sent.
 * @throws ERR_OPTION_INVALID for certificates, keys and proxies that are none
 */
export function createEnvironment(options: ResolvedOptions): TransferEnvironment {
  const { target, tuning } = options
  warnOfTls(target.tlsVerify)
  const network = resolveNetwork(target, process.env)
  const retryPolicy = createRetryPolicy(tuning)
  const events = new EventHub()
  const counts = new TransferCounts()
  const shared = new SharedState(tuning.maxInFlight)
  shared.bandwidth.set(tuning.maxBandwidth)
  const pacer = new RequestPacer(tuning.maxRequestRate)
  const executor = createExecutor(options, shared, network, events)
  const open = (where: SourceTarget): ObjectStore =>
    withSingleRemovals(
      withRetry(createS3Store(storeOptions(where, options, network)), {
        policy: retryPolicy,
        onRetry: ({ code }) => counts.retried(code),
        turn: async (signal, isRemoval) => (isRemoval ? pacer.note() : pacer.turn(signal)),
      }),
    )
  const store = open(target)
  return {
    store,
    source: options.source === undefined ? store : open(options.source),
    isOneIdentity: options.source === undefined || isOneIdentity(options.source, target),
    executor,
    scheduler: new Scheduler(tuning, (slot) => executor.progress(slot)),
    limits: new RunningLimits(shared.bandwidth, pacer),
    buffers: new SharedBuffers(tuning.memoryLimit),
    retryPolicy,
    openUploads: new OpenUploads(target),
    resume: new ResumeSettings(target),
    events,
    counts,
    tuning,
  }
}

/** A store reaches its buckets of all regions. */
function isOneIdentity(source: SourceTarget, target: SourceTarget): boolean {
  const names = ['endpoint', 'profile', 'credentials'] as const
  return names.every((name) => isDeepStrictEqual(source[name], target[name]))
}

function createExecutor(
  options: ResolvedOptions,
  shared: SharedState,
  network: NetworkSettings,
  events: EventHub,
): PartExecutor {
  const feed = new PoolFeed(shared, events)
  const config = workerConfig(options, network, shared)
  const { workers, maxInFlight, workerTimeoutMs, prewarmConnections: prewarm } = options.tuning
  return workers === 0
    ? new InlineExecutor(config, shared, feed, prewarm)
    : new WorkerPool(config, shared, feed, { workers, maxInFlight, prewarm, workerTimeoutMs })
}

/** What a store is made with. */
export function storeOptions(
  where: SourceTarget,
  { target, tuning }: ResolvedOptions,
  network: NetworkSettings,
): Parameters<typeof createS3Store>[0] {
  return {
    region: where.region,
    endpoint: where.endpoint,
    provider: where.provider,
    profile: where.profile,
    credentials: where.credentials,
    forcePathStyle: where.pathStyle,
    accelerate: where.accelerate,
    dualstack: where.dualstack,
    fips: where.fips,
    requestChecksumCalculation: target.requestChecksumCalculation,
    payloadSigning: tuning.payloadSigning,
    connectTimeoutMs: tuning.connectTimeoutMs,
    readTimeoutMs: tuning.readTimeoutMs,
    network,
  }
}

/** Importing again what is loaded costs some microseconds each time; this does not. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () => (loaded ??= load())
}
