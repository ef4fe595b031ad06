/**
 * A `PartRunner` in this thread, and the routes and jobs to give it.
 */

import { EventHub } from '../../../src/events.ts'
import { InlineExecutor } from '../../../src/pool/inline-executor.ts'
import type { PartRunnerFactory } from '../../../src/pool/part-executor.ts'
import { PoolFeed } from '../../../src/pool/pool-feed.ts'
import type {
  DigestJob,
  GetJob,
  PartDone,
  PartFailed,
  PartResult,
  PutJob,
  WorkerConfig,
} from '../../../src/pool/protocol.ts'
import { SharedState, type WorkerCounters } from '../../../src/pool/shared-state.ts'
import type { StoreRoute } from '../../../src/store/types.ts'
import { PartRunner } from '../../../workers/part-runner.ts'

export const SECRET = 'not-a-real-secret-key'
export const SESSION_TOKEN = 'not-a-real-session-token'

const SLOTS = 8

export interface RunnerFixture {
  readonly runner: PartRunner
  readonly shared: SharedState
  counters(): WorkerCounters
}

export function workerConfigFor(
  shared: SharedState,
  overrides: Partial<WorkerConfig> = {},
): WorkerConfig {
  return {
    channel: 'unused',
    shared: shared.buffer,
    slots: SLOTS,
    maxConnections: 4,
    maxIdleConnections: 4,
    connectTimeoutMs: 5000,
    readTimeoutMs: 5000,
    idleTimeoutMs: 5000,
    connectionMaxAgeMs: 0,
    acquireTimeoutMs: 0,
    minThroughput: 0,
    minThroughputWindowMs: 20_000,
    tls: { rejectUnauthorized: true },
    ...overrides,
  }
}

export function makeRunner(overrides: Partial<WorkerConfig> = {}): RunnerFixture {
  const shared = new SharedState(SLOTS)
  const runner = new PartRunner(workerConfigFor(shared, overrides), () => undefined)
  const counters = (): WorkerCounters => {
    const [counters] = shared.workers()
    if (counters === undefined) throw new Error('no worker has registered')
    return counters
  }
  return { runner, shared, counters }
}

/** The executor of `workers: 0`, with the same runner. */
export function makeInlineExecutor(): {
  readonly executor: InlineExecutor
  readonly shared: SharedState
} {
  const shared = new SharedState(SLOTS)
  const factory: PartRunnerFactory = (...given) => new PartRunner(...given)
  const feed = new PoolFeed(shared, new EventHub())
  const executor = new InlineExecutor(workerConfigFor(shared), shared, feed, 0, factory)
  return { executor, shared }
}

export function routeTo(origin: string, overrides: Partial<StoreRoute> = {}): StoreRoute {
  return {
    origin,
    host: new URL(origin).host,
    basePath: '/bucket',
    bucket: 'bucket',
    signing: { region: 'us-east-1', service: 's3' },
    credentials: {
      accessKeyId: 'EXAMPLEKEYID',
      secretAccessKey: SECRET,
      sessionToken: SESSION_TOKEN,
    },
    signPayload: false,
    clockOffsetMs: 0,
    ...overrides,
  }
}

export function putJob(job: Partial<PutJob> & Pick<PutJob, 'source' | 'length'>): PutJob {
  return {
    kind: 'put',
    transferId: 1,
    slot: 0,
    key: 'dir/key',
    query: '',
    headers: [],
    algorithm: 'CRC32',
    sendChecksum: true,
    ...job,
  }
}

export function getJob(job: Partial<GetJob> & Pick<GetJob, 'sink' | 'length' | 'size'>): GetJob {
  return {
    kind: 'get',
    transferId: 1,
    slot: 0,
    key: 'dir/key',
    query: '',
    headers: [],
    offset: 0,
    whole: false,
    etag: '"etag"',
    contentEncoding: undefined,
    algorithm: 'CRC32',
    ...job,
  }
}

export function digestJob(
  job: Partial<DigestJob> & Pick<DigestJob, 'source' | 'length'>,
): DigestJob {
  return { kind: 'digest', transferId: 1, slot: 0, algorithm: 'CRC32', ...job }
}

export function doneOf(result: PartResult | undefined): PartDone {
  if (result?.ok === true) return result
  throw new Error(`expected a success, got ${JSON.stringify(result)}`)
}

/** A failure, after a look whether it gives a secret away. */
export function failedOf(result: PartResult | undefined): PartFailed {
  if (result?.ok !== false) throw new Error(`expected a failure, got ${JSON.stringify(result)}`)
  const text = JSON.stringify(result)
  for (const secret of [SECRET, SESSION_TOKEN, 'Signature=']) {
    if (text.includes(secret)) throw new Error(`the error gives ${secret} away: ${text}`)
  }
  return result
}

/** Bytes in memory that threads could share. */
export function sharedBytes(bytes: Uint8Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes.length)
  new Uint8Array(buffer).set(bytes)
  return buffer
}
