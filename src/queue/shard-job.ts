/**
 * A shard as BullMQ hands it to a worker, from there to one of its ends: done, given back, left to others.
 *
 *   take → record (version, places) → journals → list, compare, copy → results → done
 *                                                   ↘ paused: given back, to be gone on with anywhere
 */

import type { Job } from 'bullmq'
import { TransferError, toTransferError } from '../errors.ts'
import { sleep } from '../store/abortable.ts'
import type { CopyTreeSpec } from '../tree/sides.ts'
import { JournalCourier } from './journal-courier.ts'
import { readRecord, type JobRecord } from './job-record.ts'
import type { QueueKeys } from './keys.ts'
import type { QueueNotice } from './options.ts'
import { placesOf, type PlaceStores } from './places.ts'
import type { QueuePackages, RedisLink } from './redis.ts'
import { ResultSender, type ShardEnd } from './results.ts'
import { isInShard, runShard, type CopyStretch } from './shard-run.ts'
import type { Shard } from './shards.ts'

/** How long nothing is taken after a shard that cannot be done here. Milliseconds. Source: none. */
const UNFIT_MS = 5000

/** What BullMQ keeps of a shard. */
export interface ShardData extends Shard {
  /** Id of its job. */
  readonly job: string
}

/** What does the copying. */
export interface ShardHost {
  readonly copy: CopyStretch
  /** Where a job goes by this engine. @throws what is wrong with its options */
  readonly specOf: (record: JobRecord) => CopyTreeSpec
  readonly stores: PlaceStores
  /** Of journals; `undefined` where none are written. */
  readonly stateDirectory: string | undefined
  /** Hears of journals that come from another machine. */
  readonly onJournal: (name: string) => void
}

export interface ShardJobsOptions {
  readonly host: ShardHost
  readonly link: RedisLink
  readonly keys: QueueKeys
  readonly packages: Pick<QueuePackages, 'WaitingError'>
  readonly onNotice: (notice: QueueNotice) => void
  /** A shard is about to move bytes: waits until the share of it is known. */
  readonly onBegin: (signal: AbortSignal) => Promise<void>
}

/** A shard under way. */
export interface ActiveShard {
  readonly record: JobRecord
  readonly courier: JournalCourier | undefined
  /** @param isGone whether nobody is to be told any more */
  pause(why: string, isGone?: boolean): void
}

export class ShardJobs {
  /** Those under way. */
  readonly active = new Set<ActiveShard>()
  /** Done to their ends. */
  done = 0
  readonly #options: ShardJobsOptions
  readonly #unfit = new Set<string>()
  #isStopping = false

  constructor(options: ShardJobsOptions) {
    this.#options = options
  }

  /** Gives all back, and what is taken later as well. */
  stop(): void {
    this.#isStopping = true
    for (const shard of this.active) shard.pause('The worker stops')
  }

  /** Redis is away: others take over what is under way. */
  leave(): void {
    for (const shard of this.active) shard.pause('Redis cannot be reached', true)
  }

  /** Keeps journals up to date, and ends what its coordinator has ended. */
  tick(): void {
    if (this.#options.link.lostForMs > 0) return
    for (const shard of this.active) {
      // What cannot be kept now is kept a second later, or copied again.
      void shard.courier?.ship().catch(() => undefined)
      void this.#isEnded(shard.record).then((isEnded) => {
        if (isEnded) shard.pause('The coordinator ends the job')
      })
    }
  }

  /** Does a shard. @param lost tells that another has it by now */
  async process(job: Job<ShardData, void>, token: string, lost: AbortSignal): Promise<void> {
    const { link, keys } = this.#options
    const text = await link.client.get(keys.job(job.data.job))
    // Nobody is interested any more.
    if (text === null) return
    const record = await this.#fitting(text, lost)
    if (record === undefined) {
      // Others may have it at once; only this one waits before it looks again.
      await job.moveToWait(token)
      await sleep(UNFIT_MS, lost).catch(() => undefined)
      throw new this.#options.packages.WaitingError()
    }
    if (await this.#isEnded(record)) return
    const [cut, gone] = [new AbortController(), new AbortController()]
    const pause = (why: string, isGone = false): void => {
      cut.abort(paused(why))
      if (isGone) gone.abort(paused(why))
    }
    const courier = this.#courierOf(record, job.data)
    const shard: ActiveShard = { record, courier, pause }
    const onLost = (): void => pause('The shard was given to another worker', true)
    lost.addEventListener('abort', onLost, { once: true })
    this.active.add(shard)
    if (this.#isStopping) pause('The worker stops')
    try {
      await this.#options.onBegin(cut.signal)
      await courier?.restore()
      const end = await this.#attempt(job, record, { signal: cut.signal, gone: gone.signal })
      // What failed is gone on with by the next run, if it finds its journal.
      if (end?.failed === 0) await courier?.end()
      this.done += 1
    } catch (error) {
      await this.#failed(job, token, shard, toTransferError(error))
    } finally {
      lost.removeEventListener('abort', onLost)
      this.active.delete(shard)
    }
  }

  async #failed(
    job: Job<ShardData, void>,
    token: string,
    { record, courier }: ActiveShard,
    error: TransferError,
  ): Promise<void> {
    const { link, onNotice } = this.#options
    if (link.lostForMs === 0) await courier?.ship().catch(() => undefined)
    if (await this.#isEnded(record)) return
    // It counts for no attempt; it is refused if another has the shard.
    if (error.code === 'ERR_PAUSED') return this.#giveBack(job, token)
    const message = `Shard ${job.data.index} is begun again: ${error.message}`
    onNotice({ code: 'SHARD_FAILED', message })
    throw error
  }

  async #giveBack(job: Job<ShardData, void>, token: string): Promise<never> {
    await job.moveToWait(token)
    throw new this.#options.packages.WaitingError()
  }

  async #isEnded({ id }: JobRecord): Promise<boolean> {
    const { link, keys } = this.#options
    if (link.lostForMs > 0) return false
    return (await link.client.exists(keys.stop(id)).catch(() => 0)) === 1
  }

  async #attempt(
    job: Job<ShardData, void>,
    record: JobRecord,
    { signal, gone }: { readonly signal: AbortSignal; readonly gone: AbortSignal },
  ): Promise<ShardEnd | undefined> {
    const { host, link, keys, onNotice } = this.#options
    const { job: id, ...shard } = job.data
    const sender = new ResultSender({
      client: link.client,
      key: keys.results(id),
      shard: shard.index,
      signal: gone,
      onFull: (message) => onNotice({ code: 'QUEUE_FULL', message }),
    })
    return runShard({
      record,
      shard,
      copy: host.copy,
      sender,
      isLast: job.attemptsMade + 1 >= record.attempts,
      signal,
    })
  }

  /** The record, if this worker can do the job. */
  async #fitting(text: string, signal: AbortSignal): Promise<JobRecord | undefined> {
    const { host, onNotice } = this.#options
    try {
      const record = readRecord(text)
      const { places } = record
      const ours = await placesOf(host.stores, host.specOf(record), signal)
      if (ours.from === places.from && ours.to === places.to) return record
      const message =
        `The job is from ${places.from} to ${places.to}, ` +
        `and this worker would go from ${ours.from} to ${ours.to}.`
      throw new TransferError('ERR_QUEUE_VERSION', message)
    } catch (error) {
      const { message } = toTransferError(error)
      if (!this.#unfit.has(message) && !signal.aborted) {
        this.#unfit.add(message)
        onNotice({ code: 'WORKER_UNFIT', message: `Left to other workers: ${message}` })
      }
      return undefined
    }
  }

  #courierOf(record: JobRecord, shard: ShardData): JournalCourier | undefined {
    const { host, link, keys } = this.#options
    const { stateDirectory, onJournal } = host
    if (stateDirectory === undefined) return undefined
    const { bucket, prefix } = host.specOf(record).from
    return new JournalCourier({
      client: link.client,
      key: keys.journals(record.id, shard.index),
      stateDirectory,
      isOurs: ({ bucket: its, key }) =>
        its === bucket && key.startsWith(prefix) && isInShard(shard, key.slice(prefix.length)),
      onRestored: onJournal,
    })
  }
}

function paused(why: string): TransferError {
  return new TransferError('ERR_PAUSED', `${why}; the shard is gone on with.`)
}
