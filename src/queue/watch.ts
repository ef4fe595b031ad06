/**
 * What a coordinator looks after while others work: its lock, whether anybody works at all, shards that were
 * given up, and shards Redis has forgotten.
 */

import type { Queue } from 'bullmq'
import { TransferError } from '../errors.ts'
import { abortable, sleep } from '../store/abortable.ts'
import type { CoordinatorLock } from './coordinator-lock.ts'
import { KEPT_S, PROTOCOL, shardName, type QueueKeys } from './keys.ts'
import type { Ledger } from './ledger.ts'
import type { QueueNotice } from './options.ts'
import { presentWorkers } from './presence.ts'
import type { RedisLink } from './redis.ts'
import { isFull } from './room.ts'
import type { ShardData } from './shard-job.ts'
import type { Shard } from './shards.ts'

/** Between two looks. Milliseconds. Source: none; well below the time of the lock. */
const LOOK_MS = 2000

/** Looks between two whether Redis has forgotten a shard. */
const LOOKS_PER_COUNT = 5

/** Looks without a worker before that is told. */
const LOOKS_ALONE = 3

/** Failed shards read at once; there are fewer open. */
const FAILED_MAX = 1000

export interface WatchOptions {
  readonly lock: Pick<CoordinatorLock, 'renew'>
  readonly queue: Pick<Queue<ShardData>, 'toKey' | 'getFailed'>
  readonly link: Pick<RedisLink, 'client'>
  readonly keys: QueueKeys
  readonly ledger: Ledger
  /** Of the job. */
  readonly id: string
  readonly onNotice: (notice: QueueNotice) => void
  readonly writeRecord: () => Promise<void>
  readonly add: (shard: Shard) => Promise<void>
  readonly signal: AbortSignal
}

export class QueueWatch {
  readonly #options: WatchOptions
  #looksAlone = 0

  constructor(options: WatchOptions) {
    this.#options = options
  }

  /** Until the signal aborts. @throws ERR_QUEUE_BUSY when another coordinator has the job */
  async run(): Promise<void> {
    const { lock, signal } = this.#options
    for (let look = 1; ; look += 1) {
      await sleep(LOOK_MS, signal)
      try {
        await abortable(lock.renew(), signal)
        await this.#lookForWorkers()
        await this.#lookForFailed()
        if (look % LOOKS_PER_COUNT === 0) await this.#lookForLost()
      } catch (error) {
        // Who adds shards tells of it, and it passes.
        if (!isFull(error)) throw error
      }
    }
  }

  async #lookForWorkers(): Promise<void> {
    const { link, keys, ledger, signal, onNotice } = this.#options
    const there = await abortable(presentWorkers(link.client, keys), signal)
    const isAlone = there.every(({ protocol }) => protocol !== PROTOCOL)
    this.#looksAlone = isAlone && ledger.open.length > 0 ? this.#looksAlone + 1 : 0
    if (this.#looksAlone !== LOOKS_ALONE) return
    const [other] = there
    const message =
      other === undefined
        ? 'Nobody works at the queue: run transfer-engine worker with the same --queue.'
        : `Workers at the queue are of another version: transfer-engine ${other.engine} on ${other.host}.`
    onNotice({ code: 'NO_WORKER', message })
  }

  /** Shards that took their workers along too often. */
  async #lookForFailed(): Promise<void> {
    const { queue, ledger, id, signal } = this.#options
    for (const job of await abortable(queue.getFailed(0, FAILED_MAX), signal)) {
      const shard = ledger.open.find(({ index }) => job.data.job === id && job.data.index === index)
      if (shard === undefined) continue
      await abortable(job.remove(), signal)
      ledger.giveUp(shard, new TransferError('ERR_WORKER_LOST', job.failedReason))
    }
  }

  /** A Redis that was started anew may have lost everything. */
  async #lookForLost(): Promise<void> {
    const { queue, ledger, link, keys, id, signal, onNotice, writeRecord, add } = this.#options
    const isKept = await abortable(link.client.expire(keys.job(id), KEPT_S), signal)
    if (isKept === 0) await writeRecord()
    const missing: Shard[] = []
    const looked = ledger.open.map(async (shard) => {
      const key = queue.toKey(shardName(id, shard.index))
      if ((await link.client.exists(key)) === 0) missing.push(shard)
    })
    await abortable(Promise.all(looked), signal)
    // Those that have ended told so before they left the queue.
    while ((await abortable(ledger.take(), signal)) > 0);
    const lost = missing.filter((shard) => ledger.isOpen(shard))
    if (lost.length === 0) return
    const message = `Redis has lost ${lost.length} shards; they are given to it again.`
    onNotice({ code: 'SHARDS_LOST', message })
    for (const shard of lost) await add(shard)
  }
}
