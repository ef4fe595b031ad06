/**
 * Every metric there is: its name, kind, unit, meaning, labels, how far its name can be relied on,
 * and where in the statistics its values are. METRICS.md is made from this table.
 *
 * Names begin with `transfer_engine_` and end in the base unit (seconds, bytes) or, for what only
 * grows, in `_total`. Values of labels come from lists of ours: kinds, codes, reasons, states, ids
 * of threads that run. Never a bucket or a key, of which there are millions.
 */

import type { Histogram } from '../pool/histogram.ts'
import type { EngineStats } from '../stats.ts'

/** A value, or the buckets of a histogram in milliseconds, with its labels. */
export interface Sample<V> {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: V
}

interface MetricBase<V> {
  readonly unit: 'seconds' | 'bytes' | 'connections' | 'requests' | 'transfers' | 'threads'
  readonly help: string
  /** Names of the labels of each sample. */
  readonly labels: readonly string[]
  /** `stable` names and labels change with a major version only, others with any. */
  readonly stability: 'stable' | 'experimental'
  readonly read: (stats: EngineStats) => readonly Sample<V>[]
}

export type MetricDefinition =
  | (MetricBase<number> & { readonly type: 'counter' | 'gauge' })
  | (MetricBase<Histogram> & { readonly type: 'histogram' })

/** By name, in the order of the text. */
export const METRICS: Readonly<Record<string, MetricDefinition>> = {
  transfer_engine_transfers_active: {
    type: 'gauge',
    unit: 'transfers',
    help: 'Transfers submitted and not ended.',
    labels: [],
    stability: 'stable',
    read: ({ transfers }) => one(transfers),
  },
  transfer_engine_transfers_submitted_total: {
    type: 'counter',
    unit: 'transfers',
    help: 'Transfers submitted.',
    labels: ['kind'],
    stability: 'stable',
    read: ({ kinds }) =>
      each(kinds, (kind, { submitted }) => [{ labels: { kind }, value: submitted }]),
  },
  transfer_engine_transfers_ended_total: {
    type: 'counter',
    unit: 'transfers',
    help: 'Transfers that ended, by how: succeeded, failed or aborted.',
    labels: ['kind', 'outcome'],
    stability: 'stable',
    read: ({ kinds }) =>
      each(kinds, (kind, counts) =>
        OUTCOMES.map((outcome) => ({ labels: { kind, outcome }, value: counts[outcome] })),
      ),
  },
  transfer_engine_transfer_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'Time from the submission of a transfer to its end, however it ended.',
    labels: ['kind'],
    stability: 'stable',
    read: ({ kinds }) =>
      each(kinds, (kind, { elapsedMs }) => [{ labels: { kind }, value: elapsedMs }]),
  },
  transfer_engine_transfer_failures_total: {
    type: 'counter',
    unit: 'transfers',
    help: 'Transfers that failed, by error code; aborted ones are not among them.',
    labels: ['code'],
    stability: 'stable',
    read: ({ failures }) => byCode(failures.byCode),
  },
  transfer_engine_replications_active: {
    type: 'gauge',
    unit: 'transfers',
    help: 'Replications under way.',
    labels: [],
    stability: 'experimental',
    read: ({ replications }) => one(replications.running),
  },
  transfer_engine_replication_lag_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Longest time since a pass began that did everything, over the replications under way.',
    labels: [],
    stability: 'experimental',
    read: ({ replications }) => one(replications.lagMs / 1000),
  },
  transfer_engine_payload_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Payload of parts that were sent whole, and payload received, that of failed attempts included.',
    labels: ['direction'],
    stability: 'stable',
    read: ({ pool }) => [
      { labels: { direction: 'sent' }, value: pool.bytesSent },
      { labels: { direction: 'received' }, value: pool.bytesReceived },
    ],
  },
  transfer_engine_requests_total: {
    type: 'counter',
    unit: 'requests',
    help: 'Requests for payload that were sent, repeated ones included.',
    labels: [],
    stability: 'stable',
    read: ({ pool }) => one(pool.requests),
  },
  transfer_engine_request_failures_total: {
    type: 'counter',
    unit: 'requests',
    help: 'Requests for payload that failed or were cut, before or after they were sent.',
    labels: [],
    stability: 'stable',
    read: ({ pool }) => one(pool.failed),
  },
  transfer_engine_retries_total: {
    type: 'counter',
    unit: 'requests',
    help: 'Requests that failed and were made again, by the code of the failure.',
    labels: ['code'],
    stability: 'stable',
    read: ({ retries }) => byCode(retries.byCode),
  },
  transfer_engine_requests_in_flight: {
    type: 'gauge',
    unit: 'requests',
    help: 'Requests for payload in flight.',
    labels: [],
    stability: 'stable',
    read: ({ requests }) => one(requests.inFlight),
  },
  transfer_engine_requests_waiting: {
    type: 'gauge',
    unit: 'requests',
    help: 'Parts that wait for their turn to be requested.',
    labels: [],
    stability: 'stable',
    read: ({ requests }) => one(requests.waiting),
  },
  transfer_engine_requests_limit: {
    type: 'gauge',
    unit: 'requests',
    help: 'Requests that each operation may have in flight for now, over all buckets.',
    labels: ['operation'],
    stability: 'experimental',
    read: ({ operations }) => {
      const sums = new Map<string, number>()
      for (const { operation, limit } of operations) {
        sums.set(operation, (sums.get(operation) ?? 0) + limit)
      }
      return Array.from(sums, ([operation, value]) => ({ labels: { operation }, value }))
    },
  },
  transfer_engine_held_back_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    help: 'Time that requests were held back by the limit of bandwidth.',
    labels: [],
    stability: 'experimental',
    read: ({ pool }) => one(pool.heldBackMs / 1000),
  },
  transfer_engine_memory_taken_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory taken of the budget for parts in flight, and of that for reading ahead.',
    labels: ['budget'],
    stability: 'experimental',
    read: (stats) => budgets(stats, 'taken'),
  },
  transfer_engine_memory_limit_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Size of each budget of memory.',
    labels: ['budget'],
    stability: 'experimental',
    read: (stats) => budgets(stats, 'limit'),
  },
  transfer_engine_workers: {
    type: 'gauge',
    unit: 'threads',
    help: 'Workers that run; the calling thread counts as one when it does their work.',
    labels: [],
    stability: 'stable',
    read: (stats) => one(runningWorkers(stats).length),
  },
  transfer_engine_connections: {
    type: 'gauge',
    unit: 'connections',
    help: 'Connections of each running worker: open, and of those connecting, busy and idle.',
    labels: ['worker', 'state'],
    stability: 'stable',
    read: (stats) =>
      runningWorkers(stats).flatMap((row) =>
        STATES.map((state) => ({ labels: { worker: row.threadId, state }, value: row[state] })),
      ),
  },
  transfer_engine_connection_waiters: {
    type: 'gauge',
    unit: 'requests',
    help: 'Requests of each running worker that wait for a connection.',
    labels: ['worker'],
    stability: 'stable',
    read: (stats) =>
      runningWorkers(stats).map(({ threadId, waiting }) => ({
        labels: { worker: threadId },
        value: waiting,
      })),
  },
  transfer_engine_connections_opened_total: {
    type: 'counter',
    unit: 'connections',
    help: 'Connections opened, or tried to.',
    labels: [],
    stability: 'stable',
    read: ({ pool }) => one(pool.opened),
  },
  transfer_engine_connections_closed_total: {
    type: 'counter',
    unit: 'connections',
    help: 'Connections closed, by the reason.',
    labels: ['reason'],
    stability: 'stable',
    read: ({ pool: { closed } }) =>
      each(closed, (reason, value) => (reason === 'total' ? [] : [{ labels: { reason }, value }])),
  },
  transfer_engine_connections_reused_total: {
    type: 'counter',
    unit: 'requests',
    help: 'Requests sent on a connection that had carried one before.',
    labels: [],
    stability: 'stable',
    read: ({ pool }) => one(pool.reused),
  },
  transfer_engine_connection_handshake_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'Time from opening a connection until it may be used, TLS included.',
    labels: [],
    stability: 'stable',
    read: ({ pool }) => one(pool.handshakeMs),
  },
  transfer_engine_connection_acquire_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'Time that requests waited for a connection.',
    labels: [],
    stability: 'stable',
    read: ({ pool }) => one(pool.acquireMs),
  },
}

const OUTCOMES = ['succeeded', 'failed', 'aborted'] as const
const STATES = ['open', 'connecting', 'busy', 'idle'] as const

function one<V>(value: V): readonly Sample<V>[] {
  return [{ labels: {}, value }]
}

function each<N extends string, T, V>(
  record: Readonly<Record<N, T>>,
  samples: (name: N, value: T) => readonly Sample<V>[],
): readonly Sample<V>[] {
  return (Object.entries(record) as [N, T][]).flatMap(([name, value]) => samples(name, value))
}

function byCode(counts: Readonly<Record<string, number>>): readonly Sample<number>[] {
  return each(counts, (code, value) => [{ labels: { code }, value }])
}

function budgets(
  { memory, readAhead }: EngineStats,
  what: 'taken' | 'limit',
): readonly Sample<number>[] {
  return [
    { labels: { budget: 'parts' }, value: memory[what] },
    { labels: { budget: 'read_ahead' }, value: readAhead[what] },
  ]
}

function runningWorkers({ workers }: EngineStats): EngineStats['workers'] {
  return workers.filter(({ alive }) => alive)
}
