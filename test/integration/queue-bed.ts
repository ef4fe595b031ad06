/** Two stores with keys of their own and a real Redis, and engines between them as coordinator and workers. */

import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import {
  TransferEngine,
  type EngineOptions,
  type QueueWork,
  type WorkOptions,
} from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { afterAll, afterEach, beforeAll, onTestFinished } from 'vitest'
import { findRedis, startRedis, type TestRedis } from '../helpers/redis.ts'
import { sdkClient } from '../helpers/sdk-client.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'

/** What starts a Redis; without one, tests of queues are skipped. */
export const executable = findRedis()

export const FROM = 's3://old/a/'
export const TO = 's3://new/b/'

export interface QueueBed {
  readonly redis: TestRedis
  readonly source: LocalStore
  readonly target: LocalStore
  /** Of the test under way. */
  directory(): string
  /** An engine between the two, with a state directory of its own, closed with the test. */
  engine(options?: EngineOptions): TransferEngine
  /** Work at the queue, stopped with the test. */
  serve(options?: Partial<WorkOptions>, engineOptions?: EngineOptions): QueueWork
  /** Puts objects behind the prefix of the source, with their numbers in their metadata. */
  put(names: readonly string[], bytesOf: (index: number) => Buffer): Promise<void>
}

/** Call once, in a `describe`. The destination and Redis are emptied after each test. */
export function useQueueBed(): QueueBed {
  const directory = useTemporaryDirectory()
  let redis: TestRedis
  let source: LocalStore
  let target: LocalStore
  let engines = 0
  beforeAll(async () => {
    redis = await startRedis(executable ?? '')
    source = await startLocalStore({ buckets: ['old'], region: 'eu-test-1' })
    target = await startLocalStore({ buckets: ['new'] })
  })
  afterAll(async () => {
    await redis.close()
    await source.close()
    await target.close()
  })
  afterEach(async () => {
    target.reset()
    await redis.command('FLUSHALL')
  })
  const engine = (options: EngineOptions = {}): TransferEngine => {
    engines += 1
    const { endpoint, region, credentials } = source
    const made = new TransferEngine({
      endpoint: target.endpoint,
      region: target.region,
      credentials: target.credentials,
      source: { endpoint, region, credentials },
      stateDir: join(directory(), `state-${engines}`),
      workers: 1,
      ...options,
    })
    onTestFinished(() => made.close({ graceMs: 0 }))
    return made
  }
  return {
    get redis() {
      return redis
    },
    get source() {
      return source
    },
    get target() {
      return target
    },
    directory,
    engine,
    serve: (options = {}, engineOptions = {}) => {
      const work = engine(engineOptions).serveQueue({ url: redis.url, leaseMs: 2000, ...options })
      onTestFinished(() => work.stop())
      return work
    },
    put: async (names, bytesOf) => {
      const sdk = sdkClient(source)
      for (const [index, name] of names.entries()) {
        const object = { Bucket: 'old', Key: `a/${name}`, Body: bytesOf(index) }
        await sdk.send(new PutObjectCommand({ ...object, Metadata: { n: String(index) } }))
      }
      sdk.destroy()
    },
  }
}
