/**
 * What may be said of a queue: by who gives a job to it, and by who works at it.
 */

import { TransferError } from '../errors.ts'
import { checkOption, unknownOption, type OptionRow } from '../option-check.ts'
import { GiB, TiB } from '../units.ts'

/** Something about a queue that a person should see, and that may pass. */
export interface QueueNotice {
  readonly code:
    /** The worker is at the queue. */
    | 'QUEUE_READY'
    /** Nobody works at the queue. */
    | 'NO_WORKER'
    /** Redis cannot be reached; what waits for it goes on when it is back. */
    | 'QUEUE_LOST'
    | 'QUEUE_BACK'
    /** Redis has no memory left. */
    | 'QUEUE_FULL'
    /** Redis forgot shards; they are given to it again. */
    | 'SHARDS_LOST'
    /** A worker cannot do a job: it is of another version, or goes to other places. */
    | 'WORKER_UNFIT'
    /** A shard is begun again. */
    | 'SHARD_FAILED'
  /** One sentence. */
  readonly message: string
}

export interface QueueConnectionOptions {
  /** `redis://host:port` or `rediss://…`, with user and database if there are any. */
  readonly url: string
  /** Instead of one in the URL. */
  readonly password?: string | undefined
  /** Who works at a queue does the jobs given to it by the same name. @default 'default' */
  readonly name?: string | undefined
  /** Hears of what may pass by itself. @default nobody */
  readonly onNotice?: ((notice: QueueNotice) => void) | undefined
}

/** What a migration may be told that others carry out. */
export interface QueueOptions extends QueueConnectionOptions {
  /** Objects after which a shard ends. @default 10 000 */
  readonly shardObjects?: number | undefined
  /** Bytes after which a shard ends. @default 64 GiB */
  readonly shardBytes?: number | undefined
  /** How often a shard is begun before it counts as failed. @default 3 */
  readonly attempts?: number | undefined
  /** How long Redis may be away or full before it is given up. Milliseconds. @default 10 min */
  readonly patienceMs?: number | undefined
}

/** What may be said of working at a queue. */
export interface WorkOptions extends QueueConnectionOptions {
  /** Shards at once: while the last objects of one end, another is begun. @default 2 */
  readonly shards?: number | undefined
  /**
   * A shard whose worker is not heard of for so long is given to another; a worker that cannot reach Redis
   * for that long lets go by itself. Milliseconds. @default 30 s
   */
  readonly leaseMs?: number | undefined
  /** Ends once there was nothing to do for so long. Milliseconds. @default never */
  readonly idleMs?: number | undefined
  /** Ends it; shards under way are given back. */
  readonly signal?: AbortSignal | undefined
}

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** Sources: none; a shard takes a worker some seconds to some minutes, and its names fit into memory. */
const ROWS = {
  shardObjects: { kind: 'count', default: 10_000, min: 1, max: 1e6, doc: 'Objects of a shard' },
  shardBytes: { kind: 'size', default: 64 * GiB, min: 1, max: 1024 * TiB, doc: 'Bytes of a shard' },
  attempts: { kind: 'count', default: 3, min: 1, max: 100, doc: 'Times a shard is begun' },
  patienceMs: {
    kind: 'duration',
    default: 10 * MINUTE_MS,
    min: 1000,
    max: 7 * DAY_MS,
    doc: 'How long Redis may be away',
  },
} as const satisfies Record<string, OptionRow>

const WORK_ROWS = {
  shards: { kind: 'count', default: 2, min: 1, max: 64, doc: 'Shards at once' },
  leaseMs: {
    kind: 'duration',
    default: 30_000,
    min: 2000,
    max: 60 * MINUTE_MS,
    doc: 'How long a worker may be silent',
  },
  idleMs: { kind: 'duration', default: 0, min: 0, max: 30 * DAY_MS, doc: 'End after so long' },
} as const satisfies Record<string, OptionRow>

export interface CheckedConnection {
  readonly url: string
  readonly password: string | undefined
  readonly name: string
  readonly onNotice: (notice: QueueNotice) => void
}

export interface CheckedQueue extends CheckedConnection {
  readonly shardObjects: number
  readonly shardBytes: number
  readonly attempts: number
  readonly patienceMs: number
}

export interface CheckedWork extends CheckedConnection {
  readonly shards: number
  readonly leaseMs: number
  /** 0 for never. */
  readonly idleMs: number
}

/** @throws ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN */
export function checkQueueOptions(options: QueueOptions): CheckedQueue {
  const { connection, rest } = checkConnection(options, ROWS)
  const read = (name: keyof typeof ROWS): number =>
    checkOption(name, ROWS[name], rest[name]) as number
  return {
    ...connection,
    shardObjects: read('shardObjects'),
    shardBytes: read('shardBytes'),
    attempts: read('attempts'),
    patienceMs: read('patienceMs'),
  }
}

/** @throws ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN */
export function checkWorkOptions(options: Omit<WorkOptions, 'signal'>): CheckedWork {
  const { connection, rest } = checkConnection(options, WORK_ROWS)
  const read = (name: keyof typeof WORK_ROWS): number =>
    checkOption(name, WORK_ROWS[name], rest[name]) as number
  return { ...connection, shards: read('shards'), leaseMs: read('leaseMs'), idleMs: read('idleMs') }
}

function checkConnection(
  options: QueueConnectionOptions,
  rows: Readonly<Record<string, OptionRow>>,
): { readonly connection: CheckedConnection; readonly rest: Readonly<Record<string, unknown>> } {
  if (typeof options !== 'object' || options === null) throw invalid('queue', '{ url }')
  const { url, password, name = 'default', onNotice = () => undefined, ...rest } = options
  if (typeof url !== 'string' || !isRedisUrl(url)) {
    throw invalid('queue', 'the URL of a Redis, such as redis://host:6379')
  }
  if (password !== undefined && typeof password !== 'string') throw invalid('password', 'a text')
  if (typeof name !== 'string' || !/^[\w.-]{1,64}$/u.test(name)) {
    throw invalid('name', 'up to 64 letters, digits, dots and dashes')
  }
  if (typeof onNotice !== 'function') throw invalid('onNotice', 'a function')
  for (const option of Object.keys(rest)) {
    if (!Object.hasOwn(rows, option)) throw unknownOption(option, rows)
  }
  return { connection: { url, password, name, onNotice }, rest }
}

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, pathname } = new URL(text)
  const isScheme = protocol === 'redis:' || protocol === 'rediss:'
  return isScheme && hostname !== '' && /^(?:\/\d*)?$/u.test(pathname)
}

function invalid(option: string, expected: string): TransferError {
  const message = `Expected \`${option}\` to be ${expected}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}
