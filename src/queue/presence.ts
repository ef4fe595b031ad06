/**
 * Who works at a queue, by Redis' clock alone: those of hosts differ. Each worker says every two seconds that
 * it is there, and hears how many are, so that all keep one budget together.
 */

import type { Redis } from 'ioredis'
import { packageVersion } from '../package-version.ts'
import { PROTOCOL, type QueueKeys } from './keys.ts'

/** From one word to the next. Milliseconds. Source: none. */
export const HEARTBEAT_MS = 2000

/** What a worker says of itself. */
export interface WorkerWord {
  readonly protocol: number
  readonly engine: string
  readonly host: string
  readonly pid: number
  /** After so many milliseconds of silence it is not there any more. */
  readonly leaseMs: number
}

/** Says that one is there, forgets who is silent, and answers how many are. */
const SAY = `
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], gone)
  redis.call('HDEL', KEYS[2], gone)
end
return redis.call('ZCARD', KEYS[1])`

const LIST = `
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local there = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
if #there == 0 then return {} end
return redis.call('HMGET', KEYS[2], unpack(there))`

type Evaluating = Pick<Redis, 'eval'>

/** Resolves with how many workers there are, this one included. */
export async function sayPresence(
  client: Evaluating,
  { workers, says }: QueueKeys,
  id: string,
  word: Pick<WorkerWord, 'host' | 'pid' | 'leaseMs'>,
): Promise<number> {
  const said: WorkerWord = { protocol: PROTOCOL, engine: packageVersion(), ...word }
  const text = JSON.stringify(said)
  return Number(await client.eval(SAY, 2, workers, says, id, text, word.leaseMs))
}

export async function sayGone(
  client: Pick<Redis, 'zrem' | 'hdel'>,
  { workers, says }: QueueKeys,
  id: string,
): Promise<void> {
  await client.zrem(workers, id)
  await client.hdel(says, id)
}

/** Those that are there. */
export async function presentWorkers(
  client: Evaluating,
  { workers, says }: QueueKeys,
): Promise<readonly WorkerWord[]> {
  const texts = (await client.eval(LIST, 2, workers, says)) as readonly (string | null)[]
  return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as WorkerWord]))
}

export interface SharedLimits {
  readonly maxBandwidth: number
  readonly maxRequestRate: number
}

/**
 * What one of so many workers may take of the budgets of the jobs it works on. A budget of 0 is none.
 * @param own what the worker may take in any case
 */
export function shareOf(
  own: SharedLimits,
  jobs: readonly SharedLimits[],
  workers: number,
): SharedLimits {
  const share = (name: keyof SharedLimits): number => {
    const all = jobs.map((job) => job[name]).filter((limit) => limit > 0)
    const shares = all.map((limit) => Math.max(1, Math.floor(limit / Math.max(1, workers))))
    const bounds = own[name] > 0 ? [own[name], ...shares] : shares
    return bounds.length === 0 ? 0 : Math.min(...bounds)
  }
  return { maxBandwidth: share('maxBandwidth'), maxRequestRate: share('maxRequestRate') }
}
