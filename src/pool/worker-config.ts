/**
 * Options → what a worker needs to know of them.
 */

import { randomUUID } from 'node:crypto'
import { pack, type NetworkSettings } from '../network/settings.ts'
import type { ResolvedOptions } from '../options.ts'
import type { WorkerConfig } from './protocol.ts'
import type { SharedState } from './shared-state.ts'

/** The connections of the engine are divided evenly over the workers it may start. */
export function workerConfig(
  options: ResolvedOptions,
  network: NetworkSettings,
  shared: SharedState,
): WorkerConfig {
  const { tuning } = options
  return {
    channel: `transfer-engine:${randomUUID()}`,
    shared: shared.buffer,
    slots: tuning.maxInFlight,
    maxConnections: Math.max(1, Math.floor(tuning.maxConnections / Math.max(1, tuning.workers))),
    maxIdleConnections: tuning.maxIdleConnections,
    connectTimeoutMs: tuning.connectTimeoutMs,
    readTimeoutMs: tuning.readTimeoutMs,
    idleTimeoutMs: tuning.idleTimeoutMs,
    connectionMaxAgeMs: tuning.connectionMaxAgeMs,
    acquireTimeoutMs: tuning.acquireTimeoutMs,
    minThroughput: tuning.minThroughput,
    minThroughputWindowMs: tuning.minThroughputWindowMs,
    tls: network.tls,
    proxies: network.proxies,
    secrets: pack(network.secrets ?? {}),
  }
}
