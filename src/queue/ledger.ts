/**
 * What is known of a job's shards: which are open, which were given up, and what workers tell of them.
 */

import type { Redis } from 'ioredis'
import { TransferError } from '../errors.ts'
import type { Outcome } from '../tree/outcome.ts'
import type { TreeJob } from '../tree/tree-job.ts'
import { isLater, takeResults, type ShardEnd, type ShardMessage } from './results.ts'
import type { ShardLog } from './shard-log.ts'
import type { Shard } from './shards.ts'

export interface LedgerOptions {
  readonly client: Pick<Redis, 'xrangeBuffer' | 'xdel'>
  /** Of the results. */
  readonly key: string
  readonly log: ShardLog
  readonly job: TreeJob
  readonly notes: Notes
}

/** Where what the job is told is written down. */
export interface Notes {
  /** Resolves when all of it is, with how many bytes that are. */
  written(): Promise<number>
  /** How many outcomes are behind so many bytes. */
  notedBehind(at: number): Promise<number>
}

/** What was told of a shard that has not ended. */
interface Heard {
  /** Copies. */
  objects: number
  bytes: number
  /** Messages, by sender. */
  readonly counts: Map<string, number>
}

export class Ledger {
  readonly #options: LedgerOptions
  readonly #heard = new Map<number, Heard>()
  /** Ended in this run, by whether nothing failed; not yet in the log, or not to be. */
  readonly #ended = new Map<number, boolean>()
  /** Outcomes that are still to come again, as the run before wrote them down and was killed. */
  #told: number | undefined
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
    const isKnown = this.#givenUp.has(index) || this.#ended.has(index)
    return this.#options.log.open.has(index) && !isKnown
  }

  async cut(shard: Shard): Promise<void> {
    await this.#options.log.cut(shard)
    this.#expect(shard)
  }

  /** Takes what workers have told since; resolves with how many messages there were. */
  take(): Promise<number> {
    const { client, key } = this.#options
    // One at a time, or two would count the same.
    const taking = this.#taking.then(() =>
      takeResults(client, key, {
        begins: (last) => this.#begins(last),
        hears: (message, id) => this.#hears(message, id),
        ends: (last) => this.#ends(last),
      }),
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

  /** Says what is about to be written down, so that a kill in the middle lets nothing be told twice. */
  async #begins(last: string): Promise<void> {
    const { log, notes } = this.#options
    const at = await notes.written()
    if (this.#told === undefined) {
      const { interrupted } = log
      this.#told = interrupted === undefined ? 0 : await notes.notedBehind(interrupted.at)
      // Its own line stays the last word until all of it was taken.
      if (this.#told > 0) return
    }
    await log.taking({ last, at })
  }

  async #hears(message: ShardMessage, id: string): Promise<void> {
    const { log } = this.#options
    // A kill came between its writing and its removal.
    if (log.taken !== undefined && !isLater(id, log.taken)) return
    const { shard: index, sender, count, outcomes } = message
    // It was done by another meanwhile, which found in place what this one had copied.
    const shard = log.open.get(index)
    if (shard === undefined || this.#ended.has(index)) return
    const known = this.#heard.get(index) ?? { objects: 0, bytes: 0, counts: new Map() }
    this.#heard.set(index, known)
    if (count <= (known.counts.get(sender) ?? 0)) return
    known.counts.set(sender, count)
    for (const outcome of outcomes) await this.#tell(outcome, known, id)
    if (message.error !== undefined) this.giveUp(shard, message.error)
    if (message.end !== undefined) this.#end(shard, message.end)
  }

  async #tell(outcome: Outcome, known: Heard, id: string): Promise<void> {
    const { log, job } = this.#options
    const isDone = outcome.status === 'done'
    if (this.#told !== undefined && this.#told > 0) {
      const { interrupted } = log
      this.#told = interrupted === undefined || isLater(id, interrupted.last) ? 0 : this.#told - 1
      // What the run before has copied is in place for this one; what it could not do is told again.
      if (isDone && interrupted !== undefined && !isLater(id, interrupted.last)) return
    }
    if (isDone) {
      known.objects += 1
      known.bytes += outcome.size
    }
    await job.ended(outcome)
  }

  #end(shard: Shard, { seen, skipped, failed }: ShardEnd): void {
    const { job } = this.#options
    const { objects, bytes } = this.#heard.get(shard.index) ?? { objects: 0, bytes: 0 }
    const told = skipped + failed + objects
    // Of what is moved, an attempt sees only what those before it have left.
    job.sawElsewhere(Math.max(seen, told), Math.max(0, seen - told))
    job.plannedElsewhere(objects - shard.objects, bytes - shard.bytes)
    this.#heard.delete(shard.index)
    this.#givenUp.delete(shard.index)
    this.#ended.set(shard.index, failed === 0)
  }

  async #ends(last: string): Promise<void> {
    const { log, notes } = this.#options
    // What the log says is done is not asked about again: so it says so last.
    await notes.written()
    // Those with failures are tried again when this run is killed before it can tell.
    const done = [...this.#ended].filter(([index, isClean]) => isClean && log.open.has(index))
    await log.took(
      last,
      done.map(([index]) => index),
    )
    for (const [index] of done) this.#ended.delete(index)
  }
}
