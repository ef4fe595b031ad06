/** What goes wrong with queues: each a clear error, or a recovery after which nothing is missing. */

import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { EngineOptions, MigrateOptions, QueueNotice, WorkOptions } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { failureOf, until } from '../helpers/failure.ts'
import { startRedis, type TestRedis } from '../helpers/redis.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { executable, FROM, TO, useQueueBed } from './queue-bed.ts'

const COUNT = 30

describe.skipIf(executable === undefined)('a queue', () => {
  const bed = useQueueBed()
  const { directory, engine } = bed
  let redis: TestRedis
  let source: LocalStore
  let target: LocalStore
  beforeAll(() => {
    ;({ redis, source, target } = bed)
  })
  afterEach(() => source.reset())

  const put = (named: readonly string[], bytes = (index: number) => testBytes(100, index)) =>
    bed.put(named, bytes)

  const names = Array.from({ length: COUNT }, (_, index) => String(index).padStart(3, '0'))

  const notices: QueueNotice[] = []
  afterEach(() => void (notices.length = 0))
  const onNotice = (notice: QueueNotice): void => void notices.push(notice)
  const hears = (code: QueueNotice['code']) =>
    until(() => notices.some((notice) => notice.code === code), `${code} is told`)

  const serve = (options: Partial<WorkOptions> = {}, engineOptions: EngineOptions = {}) =>
    bed.serve({ onNotice, ...options }, engineOptions)

  function migrate(queue: object = {}, options: Partial<MigrateOptions> = {}, engineOptions = {}) {
    return engine(engineOptions).migrate(FROM, TO, {
      jobDirectory: join(directory(), 'job'),
      queue: { url: redis.url, shardObjects: 4, onNotice, ...queue },
      ...options,
    })
  }

  function expectAll(count = COUNT): void {
    expect(target.objects('new').map(({ key }) => key)).toEqual(
      names.slice(0, count).map((name) => `b/${name}`),
    )
    expect(target.uploads()).toEqual([])
  }

  describe('that cannot be used', () => {
    test.each([
      ['', 'queue'],
      ['http://127.0.0.1', 'queue'],
      ['redis://127.0.0.1/database', 'queue'],
    ])('is refused with %j', async (url, option) => {
      const error = await failureOf(migrate({ url }))
      expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option } })
      expect(existsSync(join(directory(), 'job'))).toBe(false)
    })

    test('is told without its password when nobody listens', async () => {
      const error = await failureOf(migrate({ url: 'redis://me:secret@127.0.0.1:1/2' }))
      expect(error).toMatchObject({ code: 'ERR_QUEUE_UNREACHABLE' })
      expect(error.message).toMatch(/redis:\/\/127\.0\.0\.1:1\/2 cannot be reached.*ECONNREFUSED/u)
      expect(JSON.stringify(error)).not.toContain('secret')
      expect(await failureOf(serve({ url: 'redis://127.0.0.1:1' }))).toMatchObject({
        code: 'ERR_QUEUE_UNREACHABLE',
      })
    })

    test('is told when it is no Redis', async () => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n')
      }).listen(0, '127.0.0.1')
      onTestFinished(() => void server.close())
      await until(() => server.listening, 'it listens')
      const { port } = server.address() as AddressInfo
      const error = await failureOf(migrate({ url: `redis://127.0.0.1:${port}` }))
      expect(error).toMatchObject({ code: 'ERR_QUEUE_UNREACHABLE' })
    })

    test('is told when it refuses the password', async () => {
      const closed = await startRedis(executable ?? '', ['--requirepass', 'right'])
      onTestFinished(() => closed.close())
      const error = await failureOf(migrate({ url: closed.url, password: 'wrong' }))
      expect(error).toMatchObject({ code: 'ERR_QUEUE_UNREACHABLE' })
      expect(inspect(error, { depth: 9 })).not.toContain("'wrong'")
      for (const call of [migrate, serve]) {
        expect(await failureOf(call({ url: closed.url }))).toMatchObject({
          code: 'ERR_QUEUE_UNREACHABLE',
        })
      }
      await put(names)
      void serve({ url: closed.url, password: 'right' })
      expect(await migrate({ url: closed.url, password: 'right' })).toMatchObject({ copied: COUNT })
    })

    test('is refused when it may drop what it is given', async () => {
      const lossy = ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru']
      const dropping = await startRedis(executable ?? '', lossy)
      onTestFinished(() => dropping.close())
      const error = await failureOf(migrate({ url: dropping.url }))
      expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'queue' } })
      expect(error.message).toContain('noeviction')
    })
  })

  test.each([
    ['sseCustomerKey', Buffer.alloc(32), 'never written'],
    ['sourceCustomerKey', Buffer.alloc(32), 'never written'],
    ['filter', () => true, 'unlike rules'],
    ['rename', (name: string) => name, 'unlike rules'],
    ['onBeforeTransfer', () => undefined, 'other machines'],
    ['manifest', 'm.ndjson', 'in place'],
    ['filesFrom', ['a'], 'stretches'],
  ])('takes no `%s`', async (option, value, why) => {
    const error = await failureOf(migrate({}, { [option]: value }))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option } })
    expect(error.message).toContain(why)
    expect(await redis.command('DBSIZE')).toBe(':0')
  })

  test('is refused when it may only be read', async () => {
    const copy = await startRedis(executable ?? '', ['--replicaof', '127.0.0.1', '1'])
    onTestFinished(() => copy.close())
    for (const call of [migrate, serve]) {
      const error = await failureOf(call({ url: copy.url }))
      expect(error).toMatchObject({ code: 'ERR_QUEUE_UNREACHABLE' })
      expect(error.message).toContain('READONLY')
    }
  })

  test('takes no second coordinator, and the first one ends', async () => {
    await put(names)
    const first = migrate()
    await until(() => existsSync(join(directory(), 'job', 'shards.ndjson')), 'it is at work')
    const second = migrate({}, { jobDirectory: join(directory(), 'other') })
    expect(await failureOf(second)).toMatchObject({ code: 'ERR_QUEUE_BUSY' })
    void serve()
    expect(await first).toMatchObject({ copied: COUNT })
    expectAll()
  })

  test('that is lost and comes back empty is filled again, and nothing is missing', async () => {
    await put(names)
    const migration = migrate()
    await until(() => existsSync(join(directory(), 'job', 'shards.ndjson')), 'it is at work')
    await until(async () => (await redis.command('KEYS transfer-engine:bull:*')) !== '*0', 'shards')
    await redis.kill()
    await hears('QUEUE_LOST')
    await redis.start()
    await hears('QUEUE_BACK')
    void serve()
    await hears('SHARDS_LOST')
    expect(await migration).toMatchObject({ copied: COUNT, failed: 0 })
    expectAll()
  })

  test('that stays away is given up after `patienceMs`, and what was done stays', async () => {
    await put(names)
    const lost = await startRedis(executable ?? '')
    onTestFinished(() => lost.close())
    const migration = migrate({ url: lost.url, patienceMs: 1000 })
    await until(() => existsSync(join(directory(), 'job', 'shards.ndjson')), 'it is at work')
    await lost.kill()
    expect(await failureOf(migration)).toMatchObject({ code: 'ERR_QUEUE_UNREACHABLE' })
    void serve()
    expect(await migrate()).toMatchObject({ copied: COUNT, job: { runs: 2 } })
  })

  test('that is full is waited for, or given up', async () => {
    await put(names)
    await redis.command('CONFIG SET maxmemory 1')
    onTestFinished(async () => void (await redis.command('CONFIG SET maxmemory 0')))
    expect(await failureOf(migrate({ patienceMs: 1000 }))).toMatchObject({ code: 'ERR_QUEUE_FULL' })
    const migration = migrate()
    await hears('QUEUE_FULL')
    await redis.command('CONFIG SET maxmemory 0')
    void serve()
    expect(await migration).toMatchObject({ copied: COUNT })
    expectAll()
  })

  test('leaves a job of another version, or of other places, to other workers', async () => {
    await put(names)
    const elsewhere = await startLocalStore({ buckets: ['new'] })
    onTestFinished(() => elsewhere.close())
    const wrong = serve({}, { endpoint: elsewhere.endpoint, credentials: elsewhere.credentials })
    const migration = migrate()
    await hears('WORKER_UNFIT')
    expect(notices.at(-1)?.message).toContain(elsewhere.endpoint)
    expect(elsewhere.objects('new')).toEqual([])
    await wrong.stop()
    void serve()
    expect(await migration).toMatchObject({ copied: COUNT })
  })

  test('is told when shards fail at every attempt; the same call does them later', async () => {
    await put(names)
    const weak = { accessKeyId: 'WEAK', secretAccessKey: 'weak-secret' }
    source.setCredentials([source.credentials, weak])
    const denied = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    source.faults.add({ match: { operation: 'ListObjectsV2', accessKeyId: 'WEAK' }, fault: denied })
    const { endpoint, region } = source
    const work = serve({}, { source: { endpoint, region, credentials: weak } })
    const error = await failureOf(migrate({}, { maxErrors: 0 }))
    expect(error).toMatchObject({ code: 'ERR_SHARD_FAILED', cause: { code: 'ERR_ACCESS_DENIED' } })
    expect(error.message).toMatch(/Shard \d+, names from .* failed: .*So did 7 others/u)
    expect(target.objects('new')).toEqual([])
    await work.stop()
    void serve()
    expect(await migrate()).toMatchObject({ copied: COUNT, failed: 0, job: { runs: 2 } })
    expectAll()
  })

  test('ends when more shards fail than may be open at once', async () => {
    const many = Array.from({ length: 258 }, (_, index) => String(index).padStart(3, '0'))
    await put(many)
    const weak = { accessKeyId: 'WEAK', secretAccessKey: 'weak-secret' }
    source.setCredentials([source.credentials, weak])
    const denied = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    source.faults.add({ match: { operation: 'ListObjectsV2', accessKeyId: 'WEAK' }, fault: denied })
    const { endpoint, region } = source
    void serve({ shards: 8 }, { source: { endpoint, region, credentials: weak } })
    const error = await failureOf(migrate({ shardObjects: 1, attempts: 1 }))
    expect(error).toMatchObject({ code: 'ERR_SHARD_FAILED' })
    expect(error.message).toContain('So did 257 others')
  })

  test('tells of an object that fails at every attempt once, and ends', async () => {
    await put(names)
    const denied = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    target.faults.add({ match: { operation: 'PutObject', key: 'b/007' }, fault: denied })
    void serve()
    const failed: string[] = []
    const result = await migrate(
      {},
      { onOutcome: ({ status, name }) => void (status === 'failed' && failed.push(name)) },
    )
    expect(result).toMatchObject({ copied: COUNT - 1, failed: 1, unchanged: 0 })
    expect(failed).toEqual(['007'])
    await hears('SHARD_FAILED')
  })

  test('hands a large object on from where its worker stopped', async () => {
    const large = testBytes(96 * 1024 * 1024, 7)
    await put(['000'], () => large)
    const parts = () =>
      target.requests.entries().filter(({ operation, status }) => {
        return operation === 'UploadPart' && status === 200
      }).length
    // The store takes five parts, and no more while the first worker is there.
    const partNumber = [6, 7, 8, 9, 10, 11, 12]
    const fault = { kind: 'stall-request', afterBytes: 1000 } as const
    target.faults.add({ match: { operation: 'UploadPart', partNumber }, fault })
    const first = serve()
    const migration = migrate()
    await until(() => parts() === 5, 'five parts are there')
    await first.stop()
    expect(target.uploads()).toHaveLength(1)
    target.faults.clear()
    void serve()
    expect(await migration).toMatchObject({ copied: 1, failed: 0 })
    expect(target.objects('new')[0]?.bytes().equals(large)).toBe(true)
    expect(target.uploads()).toEqual([])
    // Each was sent once, though the second worker has another disk.
    expect(parts()).toBe(12)
  })

  test('lets go of a worker that has nothing to do for `idleMs`', async () => {
    expect(await serve({ idleMs: 1000 })).toMatchObject({ shards: 0 })
    expect(await redis.command('ZCARD transfer-engine:default:workers')).toBe(':0')
  })

  test('holds no credential', async () => {
    await put(names)
    const migration = migrate()
    const records = () => redis.command('KEYS transfer-engine:default:job:*')
    await until(async () => (await records()) !== '*0', 'the job is written down')
    const key = (await records()).split('\r\n').at(-1) ?? ''
    const text = await redis.command(`GET ${key}`)
    expect(text).toContain('s3://old/a/')
    for (const { secretAccessKey, accessKeyId } of [source.credentials, target.credentials]) {
      expect(text).not.toContain(secretAccessKey)
      expect(text).not.toContain(accessKeyId)
    }
    void serve()
    await migration
  })
})
