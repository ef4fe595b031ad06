import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeDigest } from '../../../src/checksum/encoding.ts'
import type { PutJob } from '../../../src/pool/protocol.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
import { until } from './pool-fixture.ts'
import {
  digestJob,
  doneOf,
  failedOf,
  getJob,
  makeInlineExecutor,
  makeRunner,
  putJob,
  routeTo,
  sharedBytes,
} from './runner-fixture.ts'

const directory = useTemporaryDirectory()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** Answers PUTs with their key as ETag; `slow` after a while, `silent` never. */
async function serve(): Promise<RawServer> {
  const server = await startRawServer({
    onRequest: ({ socket, target }) => {
      const name = target.split('/').at(-1) ?? ''
      const reply = (): void => void socket.write(answer('200 OK', { etag: `"${name}"` }))
      if (name === 'slow') setTimeout(reply, 80)
      else if (name !== 'silent') reply()
    },
  })
  cleanUps.push(() => server.close())
  return server
}

const BYTES = sharedBytes(testBytes(1000))

function put(key: string, transferId = 1): PutJob {
  return putJob({
    key,
    transferId,
    source: { kind: 'memory', buffer: BYTES, offset: 0 },
    length: 1000,
  })
}

describe('a task', () => {
  it('is answered in the order of its jobs, whichever ends first', async () => {
    const server = await serve()
    const { runner } = makeRunner()
    cleanUps.push(() => runner.close())
    const jobs = ['slow', 'a', 'b', 'slow', 'c'].map((key) => put(key))
    const results = await runner.run({ route: routeTo(server.origin), jobs })
    expect(results.map((result) => doneOf(result).etag)).toEqual([
      '"slow"',
      '"a"',
      '"b"',
      '"slow"',
      '"c"',
    ])
  })

  it('answers each job for itself when one of them fails', async () => {
    const server = await serve()
    const { runner, counters } = makeRunner({ readTimeoutMs: 60 })
    cleanUps.push(() => runner.close())
    const jobs = ['a', 'silent', 'b'].map((key) => put(key))
    const results = await runner.run({ route: routeTo(server.origin), jobs })
    expect(results.map((result) => result.ok)).toEqual([true, false, true])
    expect(failedOf(results[1]).error.code).toBe('ERR_READ_TIMEOUT')
    expect(counters()).toMatchObject({ requests: 3, failed: 1, busy: 0, bytesSent: 2000 })
  })

  it('without a route fails as an answer, never as a rejection', async () => {
    const { runner } = makeRunner()
    const [result] = await runner.run({ route: undefined, jobs: [put('a')] })
    expect(failedOf(result).error.code).toBe('ERR_INTERNAL')
  })

  it('names transfer, worker, object and origin in its errors, and no secret', async () => {
    const { runner } = makeRunner()
    const server = await serve()
    await server.close()
    const sink = { kind: 'memory' as const, buffer: BYTES, offset: 0 }
    const jobs = [put('a', 7), getJob({ sink, length: 10, size: 10, key: 'b', transferId: 8 })]
    const results = await runner.run({ route: routeTo(server.origin), jobs })
    const { origin } = server
    expect(results.map((result) => failedOf(result).error)).toMatchObject([
      {
        code: 'ERR_CONNECT',
        context: { transferId: 7, operation: 'PutObject', bucket: 'bucket', key: 'a', origin },
      },
      { code: 'ERR_CONNECT', context: { transferId: 8, operation: 'GetObject', key: 'b' } },
    ])
  })
})

describe('a digest', () => {
  it.each(['file', 'memory'] as const)('of bytes in %s needs no request', async (kind) => {
    const bytes = testBytes(900_000)
    const path = join(directory(), 'file.bin')
    writeFileSync(path, bytes)
    const fd = openSync(path, 'r')
    cleanUps.push(() => closeSync(fd))
    const source =
      kind === 'file' ? { kind, fd, offset: 5 } : { kind, buffer: sharedBytes(bytes), offset: 5 }
    const { runner } = makeRunner()
    const [result] = await runner.run({
      route: undefined,
      jobs: [digestJob({ source, length: 800_000 })],
    })
    const expected = Buffer.alloc(4)
    expected.writeUInt32BE(crc32(bytes.subarray(5, 800_005)))
    expect(encodeDigest(doneOf(result).digest)).toBe(encodeDigest(expected))
    expect(doneOf(result).length).toBe(800_000)
  })
})

describe('cancelling', () => {
  it('cuts the jobs of that transfer at once, and no others', async () => {
    const server = await serve()
    const { runner, counters } = makeRunner()
    cleanUps.push(() => runner.close())
    const route = routeTo(server.origin)
    const running = runner.run({ route, jobs: [put('silent', 1), put('slow', 2)] })
    await until(() => server.requests.length === 2, 'both requests have arrived')
    runner.cancel(1)
    const results = await running
    expect(failedOf(results[0])).toMatchObject({ received: 0, error: { code: 'ERR_ABORTED' } })
    expect(doneOf(results[1]).etag).toBe('"slow"')
    await until(() => server.sockets.size === 1, 'the server sees the cut')
    expect(counters()).toMatchObject({ open: 1, busy: 0 })
  })

  it('cuts a single job by its number, and not the one that has its slot by now', async () => {
    const server = await serve()
    const { runner } = makeRunner()
    cleanUps.push(() => runner.close())
    const route = routeTo(server.origin)
    const jobs = [put('silent', 1), put('slow', 1)]
    const running = runner.run({ route, jobs, numbers: [7, 9] })
    await until(() => server.requests.length === 2, 'both requests have arrived')
    // Late: number 8 had the slot of 9 and has ended.
    runner.cancel(1, 8)
    runner.cancel(1, 7)
    const results = await running
    expect(failedOf(results[0]).error.code).toBe('ERR_ABORTED')
    expect(doneOf(results[1]).etag).toBe('"slow"')
  })

  it('answers jobs that come after the word without a request', async () => {
    const server = await serve()
    const { runner } = makeRunner()
    cleanUps.push(() => runner.close())
    runner.cancel(5)
    const route = routeTo(server.origin)
    const results = await runner.run({ route, jobs: [put('a', 5), put('b', 6)] })
    expect(failedOf(results[0]).error.code).toBe('ERR_ABORTED')
    expect(doneOf(results[1]).etag).toBe('"b"')
    expect(server.requests).toHaveLength(1)
  })

  it('answers jobs that wait for a connection', async () => {
    const server = await serve()
    const { runner } = makeRunner({ maxConnections: 1 })
    cleanUps.push(() => runner.close())
    const running = runner.run({
      route: routeTo(server.origin),
      jobs: [put('silent', 1), put('a', 1), put('b', 2)],
    })
    await until(() => server.requests.length === 1, 'the first request has arrived')
    runner.cancel(1)
    const results = await running
    expect(results.map((result) => (result.ok ? result.etag : result.error.code))).toEqual([
      'ERR_ABORTED',
      'ERR_ABORTED',
      '"b"',
    ])
    expect(server.requests.map(({ target }) => target)).toEqual(['/bucket/silent', '/bucket/b'])
  })

  it('changes nothing for a job that has ended', async () => {
    const server = await serve()
    const { runner } = makeRunner()
    cleanUps.push(() => runner.close())
    const route = routeTo(server.origin)
    doneOf((await runner.run({ route, jobs: [put('a', 1)] }))[0])
    runner.cancel(1)
    doneOf((await runner.run({ route, jobs: [put('b', 2)] }))[0])
    expect(server.accepted, 'the connection was not cut').toBe(1)
  })

  it('remembers at least the last thousand transfers', async () => {
    const server = await serve()
    const { runner } = makeRunner()
    cleanUps.push(() => runner.close())
    for (let transferId = 1; transferId <= 10_000; transferId += 1) runner.cancel(transferId)
    const route = routeTo(server.origin)
    const results = await runner.run({ route, jobs: [put('a', 9001), put('b', 10_000)] })
    expect(results.map((result) => failedOf(result).error.code)).toEqual([
      'ERR_ABORTED',
      'ERR_ABORTED',
    ])
  })
})

describe('closing', () => {
  it('fails what is at work and leaves no connection', async () => {
    const server = await serve()
    const { runner, counters } = makeRunner()
    await runner.prewarm(server.origin, 3)
    const running = runner.run({ route: routeTo(server.origin), jobs: [put('silent')] })
    await until(() => server.requests.length === 1, 'the request has arrived')
    runner.close()
    expect((await running)[0]?.ok).toBe(false)
    await until(() => server.sockets.size === 0, 'all connections are gone')
    expect(counters()).toMatchObject({ open: 0, busy: 0 })
  })
})

describe('the executor in the calling thread', () => {
  it('runs, counts and cancels as a worker does', async () => {
    const server = await serve()
    const { executor } = makeInlineExecutor()
    cleanUps.push(() => executor.close())
    const route = routeTo(server.origin)
    await executor.ready(route)
    const done = doneOf(await executor.run(route, put('a')))
    expect(done.etag).toBe('"a"')
    expect(executor.progress(0)).toBe(1000)
    expect(executor.workers()).toMatchObject([{ requests: 1, opened: 1, bytesSent: 1000 }])
    const silent = executor.run(route, put('silent', 9))
    await until(() => server.requests.length === 2, 'the request has arrived')
    expect(executor.progress(0), 'the slot starts anew').toBe(0)
    executor.cancel(9)
    expect(failedOf(await silent).error.code).toBe('ERR_ABORTED')
  })

  it('answers the job at work when it is closed, and may be closed twice', async () => {
    const server = await serve()
    const { executor } = makeInlineExecutor()
    const route = routeTo(server.origin)
    const silent = executor.run(route, put('silent'))
    await until(() => server.requests.length === 1, 'the request has arrived')
    await executor.close()
    await executor.close()
    expect((await silent).ok).toBe(false)
    await until(() => server.sockets.size === 0, 'the connection is gone')
  })
})
