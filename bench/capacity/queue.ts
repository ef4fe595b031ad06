/**
 * What a migration by the queue asks of Redis: a formula of counted commands and bytes. The counts are those
 * of the design, those inside of BullMQ's scripts are estimates; to be corrected here, and only here, by what
 * `INFO commandstats` tells of a run. Pure.
 */

import { MiB } from '../../src/units.ts'
import { KEY_LENGTH } from './outcome-sample.ts'

/** How a source is cut, and what is told how often. Sizes are bytes, times seconds. */
export const QUEUE = {
  /** Most objects of a shard, and most bytes. */
  shardObjects: 10_000,
  shardBytes: 64 * 1024 * MiB,
  /** Most outcomes of an entry of the stream. */
  batchOutcomes: 500,
  /** Between two renewals of a shard's lock, and two signs of life of a worker. */
  renewal: 15,
  /** Between two looks at who lives, to share rates. */
  look: 5,
  /** Shards a process works on at a time. */
  shardsAtOnce: 1,
  /** Shards the coordinator has in Redis at most, per process that works. */
  shardsAhead: 16,
  /** Of a job: its numbers, two keys, and what BullMQ and Redis put around them. */
  jobBytes: 300 + 2 * KEY_LENGTH + 700,
} as const

interface RedisCost {
  readonly what: string
  readonly per: 'shard' | 'batch' | 'shard and renewal' | 'process and renewal' | 'process and look'
  readonly commands: number
}

export const REDIS_COSTS: readonly RedisCost[] = [
  { what: 'add the job (script)', per: 'shard', commands: 12 },
  { what: 'take it (script)', per: 'shard', commands: 16 },
  { what: 'end and remove it (script)', per: 'shard', commands: 16 },
  { what: 'XADD, XRANGE, XDEL', per: 'batch', commands: 3 },
  { what: 'renew the lock (script)', per: 'shard and renewal', commands: 3 },
  { what: 'ZADD: a sign of life', per: 'process and renewal', commands: 1 },
  { what: 'ZRANGE: who lives', per: 'process and look', commands: 1 },
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
  const { renewal, look, shardsAtOnce } = QUEUE
  const perProcess =
    (shardsAtOnce * sum('shard and renewal') + sum('process and renewal')) / renewal +
    sum('process and look') / look
  return processes * perProcess
}

/** Bytes of jobs in Redis: those ahead, however many objects there are, but no more than there are shards. */
export function jobMemory(objects: number, size: number, processes: number): number {
  const shards = Math.ceil(objects / shardObjects(size))
  const ahead = processes * (QUEUE.shardsAhead + QUEUE.shardsAtOnce)
  return Math.min(shards, ahead) * QUEUE.jobBytes
}

function sum(per: RedisCost['per']): number {
  return REDIS_COSTS.filter((cost) => cost.per === per).reduce(
    (all, { commands }) => all + commands,
    0,
  )
}
