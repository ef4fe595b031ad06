/**
 * What became of objects, on its way from workers to the coordinator: a Redis stream of compressed batches,
 * each removed once the coordinator has written down what it says.
 */

import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import type { Redis } from 'ioredis'
import { fromWire, toWire, type TransferError, type WireError } from '../errors.ts'
import { abortable, sleep } from '../store/abortable.ts'
import type { Outcome } from '../tree/outcome.ts'
import { KEPT_S } from './keys.ts'
import { whenRoom } from './room.ts'

/** Outcomes in a batch. Source: none; some 30 KB compressed. */
export const BATCH = 500

/** Longest that an outcome waits for others. Milliseconds. Source: none. */
const BATCH_MS = 1000

/** Batches that may wait for the coordinator: workers wait then. Source: none; some 30 MB. */
const WAITING_MAX = 1000

/** Between two looks whether there is room again. Milliseconds. Source: none. */
const ROOM_MS = 1000

/** How a shard ended. */
export interface ShardEnd {
  /** Objects that took part, at the last attempt. */
  readonly seen: number
  /** Of them, those that were left out. */
  readonly skipped: number
  readonly failed: number
}

export interface ShardMessage {
  readonly shard: number
  /** Which attempt tells it, and the how manyeth of it: Redis may get one twice when a connection breaks. */
  readonly sender: string
  readonly count: number
  readonly outcomes: readonly Outcome[]
  /** In the last message about a shard, unless it was given up. */
  readonly end?: ShardEnd | undefined
  /** Why it was given up. */
  readonly error?: TransferError | undefined
}

interface WireMessage extends Omit<ShardMessage, 'outcomes' | 'error'> {
  readonly outcomes: readonly object[]
  readonly error?: WireError | undefined
}

const [deflate, inflate] = [promisify(deflateRaw), promisify(inflateRaw)]

export function encodeMessage({ outcomes, error, ...rest }: ShardMessage): Promise<Buffer> {
  const message: WireMessage = {
    ...rest,
    outcomes: outcomes.map((outcome) =>
      outcome.status === 'failed' ? { ...outcome, error: toWire(outcome.error) } : outcome,
    ),
    error: error && toWire(error),
  }
  return deflate(JSON.stringify(message))
}

export async function decodeMessage(bytes: Buffer): Promise<ShardMessage> {
  const { outcomes, error, ...rest } = JSON.parse(
    (await inflate(bytes)).toString('utf8'),
  ) as WireMessage
  return {
    ...rest,
    outcomes: outcomes.map((outcome) => {
      const failure = (outcome as { readonly error?: WireError }).error
      return (failure === undefined ? outcome : { ...outcome, error: fromWire(failure) }) as Outcome
    }),
    error: error && fromWire(error),
  }
}

export interface SenderOptions {
  readonly client: Pick<Redis, 'xadd' | 'xlen' | 'expire'>
  readonly key: string
  readonly shard: number
  /** Redis cannot be reached, or the shard is another's by now. */
  readonly signal: AbortSignal
  readonly onFull: (message: string) => void
}

/** What one attempt at a shard has to tell, in batches. */
export class ResultSender {
  readonly #options: SenderOptions
  #outcomes: Outcome[] = []
  #timer: NodeJS.Timeout | undefined
  readonly #id = randomUUID()
  #count = 0
  /** All batches so far. */
  #sending: Promise<void> = Promise.resolve()

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** A promise when those before have to be taken first; rejects with ERR_ABORTED. */
  add(outcome: Outcome): Promise<void> | undefined {
    this.#outcomes.push(outcome)
    if (this.#outcomes.length >= BATCH) return this.#flush()
    this.#timer ??= setTimeout(() => {
      // Who adds more, or ends it, hears of it.
      this.#flush().catch(() => undefined)
    }, BATCH_MS)
    return undefined
  }

  /**
   * Resolves when all is in Redis.
   * @param last of the shard, unless it is to be gone on with
   * @throws ERR_ABORTED
   */
  async end(last: Pick<ShardMessage, 'end' | 'error'> = {}): Promise<void> {
    await this.#flush(last)
  }

  #flush(last: Pick<ShardMessage, 'end' | 'error'> = {}): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const who = { shard: this.#options.shard, sender: this.#id, count: (this.#count += 1) }
    const message = { ...who, outcomes: this.#outcomes, ...last }
    this.#outcomes = []
    const before = this.#sending
    this.#sending = (async () => {
      await before
      await this.#send(await encodeMessage(message))
    })()
    return this.#sending
  }

  async #send(bytes: Buffer): Promise<void> {
    const { client, key, signal, onFull } = this.#options
    await whenRoom(() => client.xadd(key, '*', 'm', bytes), { signal, onFull })
    await abortable(client.expire(key, KEPT_S), signal)
    while ((await abortable(client.xlen(key), signal)) > WAITING_MAX) await sleep(ROOM_MS, signal)
  }
}

/** Batches read at once. Source: none. */
const READ_BATCHES = 20

/** Who hears what workers tell. */
export interface ResultsHearer {
  /** Before all. @param last Redis' id of the last message */
  begins(last: string): Promise<void>
  hears(message: ShardMessage, id: string): Promise<void>
  /** After all: it is removed when this has resolved. */
  ends(last: string): Promise<void>
}

/** Takes what workers have told, in order. Resolves with how many batches there were. */
export async function takeResults(
  client: Pick<Redis, 'xrangeBuffer' | 'xdel'>,
  key: string,
  hearer: ResultsHearer,
): Promise<number> {
  const entries = await client.xrangeBuffer(key, '-', '+', 'COUNT', READ_BATCHES)
  const ids = entries.map(([id]) => id.toString('latin1'))
  const last = ids.at(-1)
  if (last === undefined) return 0
  await hearer.begins(last)
  for (const [index, [, fields]] of entries.entries()) {
    const bytes = fields[1]
    if (bytes !== undefined) await hearer.hears(await decodeMessage(bytes), ids[index] ?? last)
  }
  await hearer.ends(last)
  await client.xdel(key, ...ids)
  return entries.length
}

/** Whether one of Redis' ids is of a later message than another: two numbers each. */
export function isLater(id: string, than: string): boolean {
  const [a = 0, b = 0] = id.split('-').map(Number)
  const [c = 0, d = 0] = than.split('-').map(Number)
  return a > c || (a === c && b > d)
}
