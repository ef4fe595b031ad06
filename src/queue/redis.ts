/**
 * The connection to Redis, and the two optional packages behind it: loaded only by who has a queue.
 */

import type { Queue, Worker, WaitingError } from 'bullmq'
import type { Redis } from 'ioredis'
import { TransferError } from '../errors.ts'
import { abortable } from '../store/abortable.ts'
import type { CheckedConnection } from './options.ts'
import { isFull } from './room.ts'

export interface QueuePackages {
  readonly Redis: typeof Redis
  readonly Queue: typeof Queue
  readonly Worker: typeof Worker
  readonly WaitingError: typeof WaitingError
}

/** For the first connection. Milliseconds. Source: none; a connection within one network takes a few. */
const CONNECT_MS = 10_000

/**
 * A Redis that owes an answer for so long is taken as away: behind a broken network, none is heard to close.
 * Longer than a worker waits for a shard, which is an answer too. Milliseconds. Source: none.
 */
const SILENT_MS = 15_000

/** Longest wait between two attempts to connect again. Milliseconds. Source: none. */
const RECONNECT_MAX_MS = 3000

/** @throws ERR_PACKAGE_MISSING */
export async function loadPackages(): Promise<QueuePackages> {
  try {
    const [{ Queue, Worker, WaitingError }, { Redis }] = await Promise.all([
      import('bullmq'),
      import('ioredis'),
    ])
    return { Queue, Worker, WaitingError, Redis }
  } catch (error) {
    const message = 'A queue needs the packages bullmq and ioredis, which are not installed.'
    throw new TransferError('ERR_PACKAGE_MISSING', message, {}, { cause: error })
  }
}

/** A Redis that can be reached, and whether it still can. */
export class RedisLink {
  readonly client: Redis
  readonly name: string
  readonly #connection: CheckedConnection
  readonly #others: Redis[] = []
  #lostAt: number | undefined
  #isClosed = false

  private constructor(client: Redis, connection: CheckedConnection) {
    this.client = client
    this.name = connection.name
    this.#connection = connection
  }

  /**
   * Connects, and looks whether that Redis keeps what it is given.
   * @throws ERR_QUEUE_UNREACHABLE, ERR_OPTION_INVALID for one that may drop keys
   */
  static async open(packages: QueuePackages, connection: CheckedConnection): Promise<RedisLink> {
    const { url, password } = connection
    let isOpen = false
    const client = new packages.Redis(url, {
      ...(password === undefined ? {} : { password }),
      lazyConnect: true,
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
      // What is asked waits for Redis to come back.
      maxRetriesPerRequest: null,
      retryStrategy: (times) => (isOpen ? Math.min(100 * 2 ** times, RECONNECT_MAX_MS) : null),
    })
    let reason: unknown
    client.on('error', (error) => (reason = error))
    const link = new RedisLink(client, connection)
    try {
      await client.connect()
      isOpen = true
      await checkRights(client)
      await checkPolicy(client)
    } catch (error) {
      client.disconnect()
      if (error instanceof TransferError) throw error
      throw unreachable(url, reason ?? error)
    }
    client.on('close', () => link.#lost())
    client.on('ready', () => link.#back())
    return link
  }

  /** Milliseconds since it could be reached last; 0 while it can. */
  get lostForMs(): number {
    return this.#lostAt === undefined ? 0 : performance.now() - this.#lostAt
  }

  /** Another connection to the same, for what blocks one. */
  another(): Redis {
    const client = this.#kept(this.client.duplicate())
    const duplicate = client.duplicate.bind(client)
    // BullMQ makes one more of it, which only ends with this link when Redis is away.
    client.duplicate = (override) => this.#kept(duplicate(override))
    return client
  }

  #kept(client: Redis): Redis {
    // Told by the first connection.
    client.on('error', () => undefined)
    this.#others.push(client)
    return client
  }

  /** Waits for what is asked only while Redis is there: else it would be for ever. @throws ERR_ABORTED */
  async whileThere<T>(asked: Promise<T>): Promise<T> {
    const gone = new AbortController()
    const onClose = (): void => gone.abort(new Error('Redis is away'))
    if (this.lostForMs > 0) onClose()
    this.client.on('close', onClose)
    try {
      return await abortable(asked, gone.signal)
    } finally {
      this.client.off('close', onClose)
    }
  }

  /** What Redis answers in place of doing as it was asked is about Redis, not about us. */
  failure(error: unknown): unknown {
    const isAnswer = error instanceof Error && error.name === 'ReplyError'
    return isAnswer ? unreachable(this.#connection.url, error) : error
  }

  /** @param isOver whether nobody waits for answers any more */
  async close(isOver = false): Promise<void> {
    this.#isClosed = true
    for (const client of [...this.#others, this.client]) {
      if (isOver || client.status !== 'ready') client.disconnect()
      else await this.whileThere(client.quit()).catch(() => client.disconnect())
    }
  }

  /** What to end with when it was away too long. */
  givenUp(): TransferError {
    return unreachable(this.#connection.url, new Error('it was away for too long'))
  }

  #lost(): void {
    if (this.#lostAt !== undefined || this.#isClosed) return
    this.#lostAt = performance.now()
    const message = `Redis at ${bareUrl(this.#connection.url)} cannot be reached; waiting for it.`
    this.#connection.onNotice({ code: 'QUEUE_LOST', message })
  }

  #back(): void {
    if (this.#lostAt === undefined) return
    this.#lostAt = undefined
    this.#connection.onNotice({ code: 'QUEUE_BACK', message: 'Redis is back.' })
  }
}

/** Who may not write, or asks a copy of a Redis, hears of it now. Nothing is changed. */
async function checkRights(client: Redis): Promise<void> {
  const drop = `return redis.call('DEL', KEYS[1])`
  try {
    await client.eval(drop, 1, 'transfer-engine:nothing')
  } catch (error) {
    // It may have room later.
    if (!isFull(error)) throw error
  }
}

/** A Redis that drops what was not used for long would drop shards, and locks with them. */
async function checkPolicy(client: Redis): Promise<void> {
  // One that does not tell is taken as it is.
  const info = await client.info('memory').catch(() => '')
  const policy = /^maxmemory_policy:(\S+)/mu.exec(info)?.[1] ?? 'noeviction'
  const isBounded = !/^maxmemory:0\s*$/mu.test(info)
  if (policy === 'noeviction' || !isBounded) return
  const message =
    `That Redis drops keys when its memory is full (maxmemory-policy ${policy}), and so would lose ` +
    'parts of the job. Set maxmemory-policy to noeviction.'
  throw new TransferError('ERR_OPTION_INVALID', message, { option: 'queue' })
}

function unreachable(url: string, cause: unknown): TransferError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const message = `Redis at ${bareUrl(url)} cannot be reached: ${why.replace(/\.$/u, '')}.`
  // An answer to AUTH has the password with it.
  const bare = cause instanceof Error && 'command' in cause ? new Error(why) : cause
  return new TransferError('ERR_QUEUE_UNREACHABLE', message, { option: 'queue' }, { cause: bare })
}

/** Without user and password. */
function bareUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}
