/** Migrations by a queue: engines of one process as coordinator and workers, at a real Redis. */

import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  TransferEngine,
  type EngineOptions,
  type QueueNotice,
  type WorkOptions,
} from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { failureOf, until } from '../helpers/failure.ts'
import { findRedis, startRedis, type TestRedis } from '../helpers/redis.ts'
import { sdkClient } from '../helpers/sdk-client.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const executable = findRedis()
const FROM = 's3://old/a/'
const TO = 's3://new/b/'
const NAMES = Array.from(
  { length: 60 },
  (_, index) => `${index % 3}/ü ${String(index).padStart(2, '0')}`,
)

describe.skipIf(executable === undefined)('a migration by a queue', () => {
  const directory = useTemporaryDirectory()
  let redis: TestRedis
  let source: LocalStore
  let target: LocalStore
  beforeAll(async () => {
    redis = await startRedis(executable ?? '')
    source = await startLocalStore({ buckets: ['old'], region: 'eu-test-1' })
    target = await startLocalStore({ buckets: ['new'] })
    const sdk = sdkClient(source)
    for (const [index, name] of NAMES.entries()) {
      const Metadata = { n: String(index) }
      const object = {
        Bucket: 'old',
        Key: `a/${name}`,
        Body: testBytes(100 + index, index),
        Metadata,
      }
      await sdk.send(new PutObjectCommand(object))
    }
    sdk.destroy()
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

  /** An engine between the two, closed with the test. */
  function engine(options: EngineOptions = {}): TransferEngine {
    const { endpoint, region, credentials } = source
    const made = new TransferEngine({
      endpoint: target.endpoint,
      region: target.region,
      credentials: target.credentials,
      source: { endpoint, region, credentials },
      stateDir: join(directory(), 'state'),
      workers: 1,
      ...options,
    })
    onTestFinished(() => made.close())
    return made
  }

  function serve(options: Partial<WorkOptions> = {}, engineOptions: EngineOptions = {}) {
    const work = engine(engineOptions).serveQueue({ url: redis.url, leaseMs: 2000, ...options })
    onTestFinished(() => work.stop())
    return work
  }

  const queue = (more: object = {}) => ({ url: redis.url, shardObjects: 7, ...more })
  const jobDirectory = () => join(directory(), 'job')

  function expectAll(): void {
    const objects = target.objects('new')
    expect(objects.map(({ key }) => key)).toEqual([...NAMES].sort().map((name) => `b/${name}`))
    for (const [index, name] of NAMES.entries()) {
      const found = objects.find(({ key }) => key === `b/${name}`)
      expect(found?.bytes().equals(testBytes(100 + index, index))).toBe(true)
      expect(found?.metadata).toMatchObject({ n: String(index) })
    }
    expect(target.uploads()).toEqual([])
  }

  test('is done by workers, told by the coordinator, and leaves nothing in Redis', async () => {
    const workers = [serve(), serve()]
    const told: string[] = []
    const result = await engine().migrate(FROM, TO, {
      jobDirectory: jobDirectory(),
      queue: queue(),
      onOutcome: (outcome) => told.push(outcome.name),
    })
    expect(result).toMatchObject({ copied: 60, failed: 0, unchanged: 0, job: { copied: 60 } })
    expect(told.sort()).toEqual([...NAMES].sort())
    expectAll()
    const report = JSON.parse(await readFile(join(jobDirectory(), 'report.json'), 'utf8'))
    expect(report).toMatchObject({ seen: 60, copied: 60 })
    expect(await readdir(jobDirectory())).toEqual(['job.json', 'outcomes.ndjson', 'report.json'])
    const shards = await Promise.all(
      workers.map(async (work) => {
        await work.stop()
        return (await work).shards
      }),
    )
    expect(shards.reduce((sum, each) => sum + each)).toBe(9)
    const keys = await redis.command('KEYS transfer-engine:default:*')
    expect(keys).toBe('*0')
  })

  test('compares: what is there is not copied again', async () => {
    void serve()
    const again = () => engine().migrate(FROM, TO, { jobDirectory: jobDirectory(), queue: queue() })
    await again()
    expect(await again()).toMatchObject({ copied: 0, unchanged: 60, job: { runs: 2, copied: 60 } })
  })

  test('carries options to its workers: rules, names, metadata', async () => {
    void serve()
    const result = await engine().migrate(FROM, TO, {
      jobDirectory: jobDirectory(),
      queue: queue(),
      filter: { rules: [{ action: 'exclude', pattern: '0/*' }] },
      rename: { pattern: '(.*)/(.*)', replacement: '$1-$2' },
      metadata: { by: 'queue' },
      expires: new Date('2030-01-01T00:00:00Z'),
    })
    expect(result).toMatchObject({ copied: 40, failed: 0 })
    const objects = target.objects('new')
    expect(objects).toHaveLength(40)
    expect(objects[0]).toMatchObject({ key: 'b/1-ü 01', metadata: { by: 'queue' } })
  })

  test('keeps the limits of the coordinator, over all workers together', async () => {
    const engines = [engine(), engine(), engine({ maxBandwidth: 1e6 })]
    const works = engines.map((each) => each.serveQueue({ url: redis.url, leaseMs: 2000 }))
    onTestFinished(async () => void (await Promise.all(works.map((work) => work.stop()))))
    await until(
      async () => (await redis.command('ZCARD transfer-engine:default:workers')) === ':3',
      'three workers are there',
    )
    const seen = new Set<number>()
    const look = setInterval(() => {
      for (const each of engines) seen.add(each.stats().limits.maxBandwidth)
    }, 5)
    onTestFinished(() => clearInterval(look))
    await engine({ maxBandwidth: 9e6 }).migrate(FROM, TO, {
      jobDirectory: jobDirectory(),
      queue: queue(),
    })
    // A third of nine, but where a worker has a limit of its own that is lower; none before and after.
    expect([...seen].every((limit) => [0, 3e6, 1e6].includes(limit) || limit > 3e6)).toBe(true)
    expect(seen).toContain(3e6)
    expectAll()
  })

  test('waits for workers, and says that there is none', async () => {
    const notices: QueueNotice[] = []
    const onNotice = (notice: QueueNotice) => notices.push(notice)
    const migration = engine().migrate(FROM, TO, {
      jobDirectory: jobDirectory(),
      queue: queue({ onNotice }),
    })
    await until(() => notices.some(({ code }) => code === 'NO_WORKER'), 'nobody works')
    void serve()
    expect(await migration).toMatchObject({ copied: 60 })
  })

  test('aborted, it is gone on with', async () => {
    const cut = new AbortController()
    const migration = engine().migrate(FROM, TO, {
      jobDirectory: jobDirectory(),
      queue: queue(),
      signal: cut.signal,
    })
    await until(() => existsSync(join(jobDirectory(), 'shards.ndjson')), 'shards are cut')
    cut.abort()
    expect(await failureOf(migration)).toMatchObject({ code: 'ERR_ABORTED' })
    void serve()
    const result = await engine().migrate(FROM, TO, {
      jobDirectory: jobDirectory(),
      queue: queue(),
    })
    expect(result).toMatchObject({ copied: 60, failed: 0, job: { runs: 2 } })
    expectAll()
  })
})
