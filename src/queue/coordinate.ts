/**
 * The coordinator of a job: cuts the source into shards, gives them to the queue, hears what became of each
 * object, and sees to it that no shard is forgotten. It moves no byte itself.
 *
 *   lock → shard log → record ─┬─ list → cut → note → add (as long as few are open)
 *                              ├─ results → told, written down, removed
 *                              └─ watch: lock, workers, shards that were lost or given up
 */

import { createHash } from 'node:crypto'
import type { Queue } from 'bullmq'
import { TransferError } from '../errors.ts'
import { abortable, sleep } from '../store/abortable.ts'
import type { TreeJob } from '../tree/tree-job.ts'
import { CoordinatorLock } from './coordinator-lock.ts'
import { writeRecord, type JobRecord } from './job-record.ts'
import { BULL_PREFIX, KEPT_S, queueKeys, shardName, type QueueKeys } from './keys.ts'
import { Ledger, type Notes } from './ledger.ts'
import type { CheckedQueue } from './options.ts'
import { loadPackages, RedisLink } from './redis.ts'
import { whenRoom, type RoomOptions } from './room.ts'
import type { ShardData } from './shard-job.ts'
import { ShardLog } from './shard-log.ts'
import { cutShards, type Shard } from './shards.ts'
import { QueueWatch } from './watch.ts'

/** Shards in Redis at most: what it has to hold, some 5 MB, does not grow with the job. Source: none. */
const OPEN_MAX = 4096

/** Between two looks for results. Milliseconds. Source: none. */
const RESULTS_MS = 200

/** How long shards under way are waited for when a job is stopped. Milliseconds. Source: none. */
const STOP_MS = 15_000

export interface CoordinateHost {
  /** Hears of all; its signal ends it. */
  readonly job: TreeJob
  /** What the source has behind a name. */
  readonly entries: (
    after: string | undefined,
  ) => AsyncIterable<{ readonly name: string; readonly size: number }>
  readonly record: Omit<JobRecord, 'protocol' | 'engine' | 'id' | 'attempts'>
  /** Where what is told is written down: the directory of the migration. */
  readonly notes: Notes & { readonly directory: string }
}

/**
 * Ends when all shards have.
 * @throws ERR_QUEUE_BUSY, ERR_QUEUE_UNREACHABLE, ERR_QUEUE_FULL, ERR_SHARD_FAILED, ERR_PACKAGE_MISSING,
 *   ERR_ABORTED, and what the listing throws
 */
export async function coordinate(host: CoordinateHost, options: CheckedQueue): Promise<void> {
  const packages = await loadPackages()
  const link = await RedisLink.open(packages, options)
  const keys = queueKeys(options.name)
  try {
    const { places } = host.record
    const pair = createHash('sha256').update(JSON.stringify(places)).digest('hex').slice(0, 32)
    const { signal } = host.job
    const room = roomOf(options, signal)
    const lock = await whenRoom(
      () => CoordinatorLock.take(link.client, keys.lock(pair), signal),
      room,
    )
    try {
      const log = await ShardLog.open(host.notes.directory)
      const connection = { connection: link.client, prefix: BULL_PREFIX }
      const queue = new packages.Queue<ShardData>(options.name, connection)
      // The link tells.
      queue.on('error', () => undefined)
      await new Coordinator(host, options, { link, keys, lock, queue, log }).run()
    } finally {
      if (link.lostForMs === 0) await link.whileThere(lock.release()).catch(() => undefined)
    }
  } catch (error) {
    throw link.failure(error)
  } finally {
    await link.close(link.lostForMs > 0)
  }
}

interface Parts {
  readonly link: RedisLink
  readonly keys: QueueKeys
  readonly lock: CoordinatorLock
  readonly queue: Queue<ShardData>
  readonly log: ShardLog
}

class Coordinator {
  readonly #host: CoordinateHost
  readonly #options: CheckedQueue
  readonly #parts: Parts
  readonly #ledger: Ledger
  /** Aborts when all is over, or anything has gone wrong. */
  readonly #ended = new AbortController()
  readonly #signal: AbortSignal

  constructor(host: CoordinateHost, options: CheckedQueue, parts: Parts) {
    const { job, notes } = host
    const { log, link, keys } = parts
    this.#host = host
    this.#options = options
    this.#parts = parts
    this.#signal = AbortSignal.any([job.signal, this.#ended.signal])
    this.#ledger = new Ledger({
      client: link.client,
      key: keys.results(log.id),
      log,
      job,
      notes,
    })
  }

  async run(): Promise<void> {
    const { log, lock, queue, link, keys } = this.#parts
    const watch = new QueueWatch({
      lock,
      queue,
      link,
      keys,
      ledger: this.#ledger,
      id: log.id,
      onNotice: this.#options.onNotice,
      writeRecord: () => this.#writeRecord(),
      add: (shard) => this.#add(shard),
      signal: this.#signal,
    })
    let isOver = false
    try {
      const ended = this.#ended.signal
      // What fails first ends all, also while the first words are said.
      const guard = this.#running(this.#guard())
      guard.catch(() => undefined)
      await this.#waited(() => link.client.del(keys.stop(log.id)))
      await this.#writeRecord()
      const aside = Promise.allSettled([this.#running(watch.run()), guard])
      await Promise.all([this.#running(this.#plan()), this.#running(this.#collect())])
      this.#ended.abort()
      await aside
      if (ended.reason instanceof TransferError) throw ended.reason
      const { failure } = this.#ledger
      if (failure !== undefined) throw failure
      isOver = true
    } catch (error) {
      this.#ended.abort()
      await link.whileThere(this.#stop()).catch(() => undefined)
      const reason: unknown = this.#ended.signal.reason
      throw reason instanceof TransferError ? reason : error
    } finally {
      await log.close(isOver)
      if (isOver) await link.whileThere(this.#forget()).catch(() => undefined)
    }
  }

  async #running(task: Promise<void>): Promise<void> {
    try {
      await task
    } catch (error) {
      this.#ended.abort(error)
      throw error
    }
  }

  async #writeRecord(): Promise<void> {
    const { log, link, keys } = this.#parts
    const { attempts } = this.#options
    const record = writeRecord({ ...this.#host.record, id: log.id, attempts })
    await this.#waited(() => link.client.set(keys.job(log.id), record, 'EX', KEPT_S))
  }

  async #plan(): Promise<void> {
    const { log } = this.#parts
    const { job, entries } = this.#host
    for (const shard of this.#ledger.open) await this.#add(shard)
    if (!log.isWhole) {
      for await (const shard of cutShards(entries(log.last?.upTo), this.#options, log.last)) {
        while (this.#ledger.open.length >= OPEN_MAX) await sleep(RESULTS_MS, this.#signal)
        job.check()
        await this.#ledger.cut(shard)
        await this.#add(shard)
      }
      await log.whole()
    }
    job.allPlanned()
  }

  /** Adding what is there already does nothing. @throws ERR_QUEUE_FULL */
  async #add(shard: Shard): Promise<void> {
    const { queue, log } = this.#parts
    const { attempts } = this.#options
    const how = { jobId: shardName(log.id, shard.index), attempts, removeOnComplete: true }
    await this.#waited(() => queue.add('shard', { job: log.id, ...shard }, how))
  }

  async #collect(): Promise<void> {
    const { log } = this.#parts
    for (;;) {
      if ((await abortable(this.#ledger.take(), this.#signal)) > 0) continue
      if (log.isWhole && this.#ledger.open.length === 0) return
      await sleep(RESULTS_MS, this.#signal)
    }
  }

  /** Ends what a Redis that is away would hold for ever, and what may begin nothing more. */
  async #guard(): Promise<void> {
    const { link } = this.#parts
    while (!this.#ended.signal.aborted) {
      if (link.lostForMs > this.#options.patienceMs) throw link.givenUp()
      this.#host.job.check()
      await sleep(RESULTS_MS, this.#ended.signal).catch(() => undefined)
    }
  }

  /** Lets workers stop, and hears what they have done. */
  async #stop(): Promise<void> {
    const { link, keys, log, queue } = this.#parts
    if (link.lostForMs > 0) return
    await link.client.set(keys.stop(log.id), '1', 'EX', KEPT_S)
    const startedAt = performance.now()
    let active = this.#ledger.open
    while (active.length > 0 && performance.now() - startedAt < STOP_MS && link.lostForMs === 0) {
      const left: Shard[] = []
      for (const shard of active) {
        const name = shardName(log.id, shard.index)
        // Those under way stay until their workers let go.
        await queue.remove(name).catch(() => undefined)
        if ((await queue.getJob(name)) !== undefined) left.push(shard)
      }
      active = left
      await this.#ledger.take()
      if (active.length > 0) await sleep(RESULTS_MS)
    }
    await this.#ledger.take()
  }

  async #forget(): Promise<void> {
    const { link, keys, log } = this.#parts
    await link.client.del(keys.job(log.id), keys.stop(log.id), keys.results(log.id))
  }

  #waited<T>(ask: () => Promise<T>): Promise<T> {
    return whenRoom(ask, roomOf(this.#options, this.#signal))
  }
}

function roomOf({ patienceMs, onNotice }: CheckedQueue, signal: AbortSignal): RoomOptions {
  const onFull = (message: string): void => onNotice({ code: 'QUEUE_FULL', message })
  return { signal, patienceMs, onFull }
}
