/** Migrations by a queue: engines of one process as coordinator and workers, at a real Redis. */

import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { QueueNotice } from 'transfer-engine'
import type { LocalStore } from 'transfer-engine/testing'
import { failureOf, until } from '../helpers/failure.ts'
import type { TestRedis } from '../helpers/redis.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { executable, FROM, TO, useQueueBed } from './queue-bed.ts'

const NAMES = Array.from(
  { length: 60 },
  (_, index) => `${index % 3}/ü ${String(index).padStart(2, '0')}`,
)

describe.skipIf(executable === undefined)('a migration by a queue', () => {
  const bed = useQueueBed()
  const { directory, engine, serve } = bed
  let redis: TestRedis
  let target: LocalStore
  beforeAll(async () => {
    ;({ redis, target } = bed)
    await bed.put(NAMES, (index) => testBytes(100 + index, index))
  })

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
