/**
 * A worker: takes shards of whatever jobs are at its queue, and does them with its own engine and its own
 * credentials, as long as it hears from Redis.
 */

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { abortable, sleep } from '../store/abortable.ts'
import { BULL_PREFIX, queueKeys, type QueueKeys } from './keys.ts'
import type { CheckedWork } from './options.ts'
import { HEARTBEAT_MS, sayGone, sayPresence, shareOf, type SharedLimits } from './presence.ts'
import { loadPackages, RedisLink } from './redis.ts'
import { ShardJobs, type ShardData, type ShardHost } from './shard-job.ts'

/** Between two looks at what is under way. Milliseconds. Source: none. */
const TICK_MS = 1000

/** Of the lease, after which a worker that hears nothing lets go: before another takes over. */
const SILENCE = 0.8

/** A shard that takes its workers along is given up after so many. Source: none. */
const STALLED_MAX = 10

/** What a worker stands on. */
export interface WorkHost extends ShardHost {
  readonly limits: { readonly own: SharedLimits; readonly set: (limits: SharedLimits) => void }
  /** Stops it: what is under way is paused and given back. */
  readonly signal: AbortSignal
}

export interface WorkResult {
  /** Shards that were done to their ends here. */
  readonly shards: number
  readonly elapsedMs: number
}

/**
 * Works until it is stopped, or was idle for long enough.
 * @throws ERR_PACKAGE_MISSING, ERR_QUEUE_UNREACHABLE, ERR_OPTION_INVALID
 */
export async function work(host: WorkHost, options: CheckedWork): Promise<WorkResult> {
  const startedAt = performance.now()
  const packages = await loadPackages()
  const link = await RedisLink.open(packages, options)
  const { name, shards, leaseMs, onNotice } = options
  onNotice({ code: 'QUEUE_READY', message: 'Waiting for shards.' })
  const keys = queueKeys(name)
  const onBegin = (signal: AbortSignal): Promise<void> => presence.say(signal)
  const jobs = new ShardJobs({ host, link, keys, packages, onNotice, onBegin })
  const idle = new AbortController()
  /** What was asked of a Redis that went away is never answered, nor refused. */
  const closed = new AbortController()
  const until = AbortSignal.any([host.signal, idle.signal])
  const presence = new Presence({ host, link, keys, jobs, options, until })
  const worker = new packages.Worker<ShardData, void>(
    name,
    // BullMQ gives a signal to who has three parameters.
    (job, token = '', lost = until) => abortable(jobs.process(job, token, lost), closed.signal),
    {
      connection: link.another(),
      prefix: BULL_PREFIX,
      concurrency: shards,
      lockDuration: leaseMs,
      stalledInterval: leaseMs,
      maxStalledCount: STALLED_MAX,
      removeOnComplete: { count: 0 },
    },
  )
  // The link tells of Redis; the rest is about shards that others have by now.
  worker.on('error', () => undefined)
  worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id)))
  try {
    await Promise.all([presence.speak(), presence.watch(() => idle.abort())])
  } finally {
    jobs.stop()
    const leave = async (): Promise<void> => {
      await worker.close(link.lostForMs > 0)
      await presence.leave()
    }
    // One that is away hears of it by the silence.
    await link.whileThere(leave()).catch(() => {
      jobs.leave()
      closed.abort()
    })
    host.limits.set(host.limits.own)
    await link.close(link.lostForMs > 0)
  }
  return { shards: jobs.done, elapsedMs: performance.now() - startedAt }
}

interface PresenceOptions {
  readonly host: WorkHost
  readonly link: RedisLink
  readonly keys: QueueKeys
  readonly jobs: ShardJobs
  readonly options: CheckedWork
  readonly until: AbortSignal
}

/** What a worker says of itself, what it hears, and what it does when it hears nothing. */
class Presence {
  readonly #id = randomUUID()
  readonly #options: PresenceOptions
  #heardAt = performance.now()
  #busyAt = performance.now()
  /** Workers at the queue, when it was heard last. */
  #workers = 1
  /** What is set now. */
  #shared = ''

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  /** Says again and again that it is there. */
  async speak(): Promise<void> {
    const { until, options } = this.#options
    // Well within the silence after which it lets go.
    const everyMs = Math.min(HEARTBEAT_MS, options.leaseMs / 4)
    while (!until.aborted) {
      // Where Redis is away or has no room, `watch` lets go in time.
      await this.say(until).catch(() => undefined)
      await sleep(everyMs, until).catch(() => undefined)
    }
  }

  /** Says that it is there, hears how many are, and takes its share of the budgets. */
  async say(signal: AbortSignal): Promise<void> {
    const { link, keys, options } = this.#options
    const word = { host: hostname(), pid: process.pid, leaseMs: options.leaseMs }
    this.#workers = await abortable(sayPresence(link.client, keys, this.#id, word), signal)
    this.#heardAt = performance.now()
    this.#share()
  }

  #share(): void {
    const { host, jobs } = this.#options
    const budgets = [...jobs.active].map(({ record }) => record.limits)
    const share = shareOf(host.limits.own, budgets, this.#workers)
    const text = JSON.stringify(share)
    if (text !== this.#shared) host.limits.set(share)
    this.#shared = text
  }

  async watch(onIdle: () => void): Promise<void> {
    const { jobs, options, until } = this.#options
    const { leaseMs, idleMs } = options
    const everyMs = Math.min(TICK_MS, leaseMs / 8)
    while (!until.aborted) {
      await sleep(everyMs, until).catch(() => undefined)
      const now = performance.now()
      if (jobs.active.size > 0) this.#busyAt = now
      else if (idleMs > 0 && now - this.#busyAt >= idleMs) onIdle()
      if (now - this.#heardAt > SILENCE * leaseMs) jobs.leave()
      jobs.tick()
    }
  }

  async leave(): Promise<void> {
    const { link, keys } = this.#options
    await sayGone(link.client, keys, this.#id)
  }
}
