/**
 * What is called how in Redis. A job is all runs of one migration with one directory, by its `id`; a shard
 * is a stretch of its keys.
 */

/** Of what is written; who reads another one leaves it alone. */
export const PROTOCOL = 1

const ROOT = 'transfer-engine'

/** Of BullMQ's own keys. */
export const BULL_PREFIX = `${ROOT}:bull`

/** Seconds that what belongs to a job stays when nobody comes back for it. Source: none; a week. */
export const KEPT_S = 7 * 24 * 3600

/** The keys of a queue. */
export interface QueueKeys {
  /** When each worker was heard of last, by Redis' clock. */
  readonly workers: string
  /** What each worker says of itself. */
  readonly says: string
  /** Held by the coordinator of a pair of places. */
  lock(places: string): string
  /** The record of a job. */
  job(id: string): string
  /** There once a job is to begin nothing more. */
  stop(id: string): string
  /** What became of objects, from workers to the coordinator. */
  results(id: string): string
  /** Journals of what is under way in a shard. */
  journals(id: string, shard: number): string
}

export function queueKeys(name: string): QueueKeys {
  const root = `${ROOT}:${name}`
  return {
    workers: `${root}:workers`,
    says: `${root}:says`,
    lock: (places) => `${root}:lock:${places}`,
    job: (id) => `${root}:job:${id}`,
    stop: (id) => `${root}:stop:${id}`,
    results: (id) => `${root}:results:${id}`,
    journals: (id, shard) => `${root}:journals:${id}:${shard}`,
  }
}

/** BullMQ's name of a shard. */
export function shardName(id: string, shard: number): string {
  return `${id}-${shard}`
}
