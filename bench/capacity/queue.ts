/**
 * What a migration by the queue asks of Redis: a formula of counted commands and bytes. Counts are those of `INFO
 * commandstats` over 60 shards of 10 objects and over 6 of 100, with BullMQ 6.7 and one worker: 47.3 commands a
 * shard with its one batch. Pure.
 */

import { MiB } from '../../src/units.ts'
import { KEY_LENGTH } from './outcome-sample.ts'

/** How a source is cut, and what is told how often. Sizes are bytes, times seconds. */
export const QUEUE = {
  /** Most objects of a shard, and most bytes. Source: defaults of `queue`. */
  shardObjects: 10_000,
  shardBytes: 64 * 1024 * MiB,
  /** Most outcomes of an entry of the stream, and entries that wait there before workers do. */
  batchOutcomes: 500,
  batchesWaiting: 1000,
  /** Bytes of an outcome in a batch, which is compressed. Source: 500 of `outcomeLine`'s kind with own keys and ETags. */
  outcomeBytes: 60,
  /** Between two renewals of a shard's lock. */
  renewal: 15,
  /** Between two signs of life of a worker. */
  heartbeat: 2,
  /** Between two looks whether a job is stopped, of each shard. */
  look: 1,
  /** Shards a process works on at a time. */
  shardsAtOnce: 2,
  /** Shards the coordinator has in Redis at most. */
  shardsOpen: 4096,
  /** Of a job: its numbers, two keys, and what BullMQ and Redis put around them. */
  jobBytes: 300 + 2 * KEY_LENGTH + 700,
} as const

interface RedisCost {
  readonly what: string
  readonly per: 'shard' | 'batch' | 'shard and renewal' | 'shard and look' | 'process and heartbeat'
  readonly commands: number
}

export const REDIS_COSTS: readonly RedisCost[] = [
  { what: 'BullMQ: add, take, end and remove it (scripts)', per: 'shard', commands: 33 },
  { what: 'record of the job, journals, a sign of life', per: 'shard', commands: 9 },
  { what: 'XADD, EXPIRE, XLEN, XRANGE, XDEL', per: 'batch', commands: 5 },
  { what: 'renew the lock (script)', per: 'shard and renewal', commands: 3 },
  { what: 'EXISTS: whether the job is stopped', per: 'shard and look', commands: 1 },
  {
    what: 'a sign of life, and how many there are (script)',
    per: 'process and heartbeat',
    commands: 6,
  },
]

/** Objects of a shard that is full by their number or by their bytes. */
export function shardObjects(size: number): number {
  return Math.max(1, Math.min(QUEUE.shardObjects, Math.floor(QUEUE.shardBytes / size)))
}

/** Commands an object takes: (per shard) ÷ objects of a shard + (per batch) ÷ outcomes of a batch. */
export function commandsPerObject(size: number): number {
  const objects = shardObjects(size)
  return sum('shard') / objects + sum('batch') / Math.min(QUEUE.batchOutcomes, objects)
}

/** Commands per second that so many processes take however little they move. */
export function commandsOfTime(processes: number): number {
  const { renewal, heartbeat, look, shardsAtOnce } = QUEUE
  const perShard = sum('shard and renewal') / renewal + sum('shard and look') / look
  return processes * (shardsAtOnce * perShard + sum('process and heartbeat') / heartbeat)
}

/** Bytes of jobs in Redis: those that are open, however many objects there are, but no more than there are shards. */
export function jobMemory(objects: number, size: number): number {
  const shards = Math.ceil(objects / shardObjects(size))
  return Math.min(shards, QUEUE.shardsOpen) * QUEUE.jobBytes
}

/** Bytes of outcomes in Redis that nobody took: workers wait when there are so many batches. */
export function resultMemory(outcomes: number): number {
  const { batchesWaiting, batchOutcomes, outcomeBytes } = QUEUE
  return Math.min(outcomes, batchesWaiting * batchOutcomes) * outcomeBytes
}

function sum(per: RedisCost['per']): number {
  return REDIS_COSTS.filter((cost) => cost.per === per).reduce(
    (all, { commands }) => all + commands,
    0,
  )
}
