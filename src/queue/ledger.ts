/**
 * What is known of a job's shards: which are open, which were given up, and what workers tell of them.
 */

import type { Redis } from 'ioredis'
import { TransferError } from '../errors.ts'
import type { TreeJob } from '../tree/tree-job.ts'
import { takeResults, type ShardMessage } from './results.ts'
import type { ShardLog } from './shard-log.ts'
import type { Shard } from './shards.ts'

export interface LedgerOptions {
  readonly client: Pick<Redis, 'xrangeBuffer' | 'xdel'>
  /** Of the results. */
  readonly key: string
  readonly log: ShardLog
  readonly job: TreeJob
  /** Resolves when what the job was told is written down. */
  readonly written: () => Promise<void>
}

export class Ledger {
  readonly #options: LedgerOptions
  /** Copies told of, by shard. */
  readonly #copied = new Map<number, { objects: number; bytes: number }>()
  readonly #givenUp = new Map<number, TransferError>()
  #taking: Promise<unknown> = Promise.resolve()

  constructor(options: LedgerOptions) {
    this.#options = options
    for (const shard of options.log.open.values()) this.#expect(shard)
  }

  /** Neither done nor given up. */
  get open(): readonly Shard[] {
    return [...this.#options.log.open.values()].filter((shard) => this.isOpen(shard))
  }

  isOpen({ index }: Pick<Shard, 'index'>): boolean {
    return this.#options.log.open.has(index) && !this.#givenUp.has(index)
  }

  async cut(shard: Shard): Promise<void> {
    await this.#options.log.cut(shard)
    this.#expect(shard)
  }

  /** Takes what workers have told since; resolves with how many messages there were. */
  take(): Promise<number> {
    const { client, key, written } = this.#options
    // One at a time, or two would count the same.
    const taking = this.#taking.then(() =>
      takeResults(client, key, (message) => this.#heard(message), written),
    )
    this.#taking = taking.catch(() => undefined)
    return taking
  }

  giveUp({ index, after, upTo }: Shard, cause: TransferError): void {
    if (this.#givenUp.has(index)) return
    const [from, to] = [after, upTo].map((name) => (name === undefined ? '…' : `'${name}'`))
    const message = `Shard ${index}, names from ${from} to ${to}, failed: ${cause.message}`
    this.#givenUp.set(index, new TransferError('ERR_SHARD_FAILED', message, {}, { cause }))
  }

  /** Of the shards that were given up, if there are any. */
  get failure(): TransferError | undefined {
    const [first, ...others] = this.#givenUp.values()
    if (first === undefined || others.length === 0) return first
    const message = `${first.message} So did ${others.length} other${others.length === 1 ? '' : 's'}.`
    return new TransferError('ERR_SHARD_FAILED', message, {}, { cause: first.cause })
  }

  #expect({ objects, bytes }: Shard): void {
    this.#options.job.plannedElsewhere(objects, bytes)
  }

  async #heard({ shard: index, outcomes, end, error }: ShardMessage): Promise<void> {
    const { log, job } = this.#options
    const shard = log.open.get(index)
    // It was done by another meanwhile, which found in place what this one had copied.
    if (shard === undefined) return
    const copied = this.#copied.get(index) ?? { objects: 0, bytes: 0 }
    this.#copied.set(index, copied)
    for (const outcome of outcomes) {
      if (outcome.status === 'done') {
        copied.objects += 1
        copied.bytes += outcome.size
      }
      await job.ended(outcome)
    }
    if (error !== undefined) this.giveUp(shard, error)
    if (end === undefined) return
    const { seen, skipped, failed } = end
    job.sawElsewhere(seen, Math.max(0, seen - skipped - failed - copied.objects))
    job.plannedElsewhere(copied.objects - shard.objects, copied.bytes - shard.bytes)
    this.#copied.delete(index)
    this.#givenUp.delete(index)
    await log.done(index)
  }
}
