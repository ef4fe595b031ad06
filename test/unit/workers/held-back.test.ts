/**
 * Connections under a bandwidth limit, over real sockets: they wait without being cut, hold their
 * server back, and let go at once when they are told to.
 */

import { afterEach, describe, expect, it } from 'vitest'
import type { PartJob, PartResult } from '../../../src/pool/protocol.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { startConnectProxy } from '../../helpers/connect-proxy.ts'
import { selfSigned } from '../../helpers/self-signed.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import { until } from './pool-fixture.ts'
import {
  doneOf,
  failedOf,
  getJob,
  makeRunner,
  putJob,
  routeTo,
  sharedBytes,
  type RunnerFixture,
} from './runner-fixture.ts'

const KiB = 1024
const MiB = 1024 * KiB
const RATE = 400 * KiB
const secure = selfSigned()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const WIRES = [
  ['plain', undefined],
  ['TLS', secure],
  ['tunnelled TLS', { ...secure, isTunnelled: true }],
] as const

type Wire = (typeof WIRES)[number][1]

interface Setup extends RunnerFixture {
  readonly server: RawServer
  run(job: PartJob): Promise<PartResult | undefined>
  /** Makes whoever asks from now on wait for so long. */
  fillLine(ms: number): void
}

/** A runner under a limit, which cuts connections for the least silence or slowness. */
async function setUp(object: Buffer, wire?: Wire, readTimeoutMs = 400): Promise<Setup> {
  const server = await startRawServer({
    ...(wire === undefined ? {} : { secure: wire }),
    onRequest: ({ socket, method, headers }) => {
      if (method === 'PUT') return void socket.write(answer('200 OK', { etag: '"e"' }))
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '') ?? []
      const body = object.subarray(Number(from), Number(to) + 1)
      const range = `bytes ${from}-${to}/${object.length}`
      socket.write(answer('206 Partial Content', { etag: '"etag"', 'content-range': range }, body))
    },
  })
  const isTunnelled = wire !== undefined && 'isTunnelled' in wire
  const proxy = isTunnelled ? await startConnectProxy() : undefined
  const fixture = makeRunner({
    proxies: proxy && { https: { origin: proxy.url }, bypass: '' },
    readTimeoutMs,
    minThroughput: 100 * MiB,
    minThroughputWindowMs: 400,
    tls: { ca: secure.cert, rejectUnauthorized: true },
  })
  cleanUps.push(
    () => proxy?.close(),
    () => server.close(),
    () => fixture.runner.close(),
  )
  const { bandwidth } = fixture.shared
  bandwidth.set(RATE)
  const route = routeTo(server.origin)
  return {
    server,
    ...fixture,
    run: async (job) => (await fixture.runner.run({ route, jobs: [job] }))[0],
    fillLine: (ms) => void bandwidth.take((bandwidth.bytesPerSecond * ms) / 1000),
  }
}

function upload(bytes: Buffer): PartJob {
  const source = { kind: 'memory', buffer: sharedBytes(bytes), offset: 0 } as const
  return putJob({ source, length: bytes.length })
}

function download(length: number, size: number): PartJob & { readonly bytes: SharedArrayBuffer } {
  const bytes = new SharedArrayBuffer(length)
  return { ...getJob({ sink: { kind: 'memory', buffer: bytes, offset: 0 }, length, size }), bytes }
}

/** Bytes of a body that have left a server's process. */
function sentBy(server: RawServer): number {
  const [socket] = server.sockets
  return (socket?.bytesWritten ?? 0) - (socket?.writableLength ?? 0)
}

describe.each(WIRES)('a held %s connection', (_, wire) => {
  const object = testBytes(RATE)

  it('waits much longer than any time-out, downloading, and keeps to the limit', async () => {
    const { run, fillLine, server, counters } = await setUp(object, wire)
    const job = download(object.length, object.length)
    const startedAt = performance.now()
    const done = run(job)
    await until(() => counters().bytesReceived > 0, 'the first bytes are here')
    fillLine(1200)
    doneOf(await done)
    const elapsedMs = performance.now() - startedAt
    // What came last is paid for by who comes next.
    expect(elapsedMs).toBeGreaterThan(2200 - 200 - 200)
    expect(differenceOf(Buffer.from(job.bytes), object)).toBeUndefined()
    expect([server.accepted, counters().closed.total]).toEqual([1, 0])
    expect(counters().heldBackMs).toBeGreaterThan(1200)
  })

  it('waits much longer than any time-out, uploading, and keeps to the limit', async () => {
    const { run, fillLine, server, counters, shared } = await setUp(object, wire)
    const startedAt = performance.now()
    const done = run(upload(object))
    await until(() => shared.progress(0) > 0, 'the first bytes are sent')
    fillLine(1200)
    doneOf(await done)
    expect(performance.now() - startedAt).toBeGreaterThan(2200 - 200 - 200)
    expect(differenceOf(server.requests[0]?.body ?? Buffer.alloc(0), object)).toBeUndefined()
    expect([server.accepted, counters().closed.total]).toEqual([1, 0])
  })

  it('is used again afterwards as if nothing had been', async () => {
    const { run, server, shared } = await setUp(object, wire)
    for (let round = 0; round < 3; round += 1) {
      doneOf(await run(download(1000 + 50_000 * round, object.length)))
      doneOf(await run(upload(object.subarray(0, 50_000))))
    }
    shared.bandwidth.set(0)
    doneOf(await run(download(object.length, object.length)))
    expect(server.accepted).toBe(1)
  })

  it('holds its server back', async () => {
    // More than the kernel's buffers hold. Making the answer takes a while.
    const large = Buffer.alloc(32 * MiB)
    const { run, runner, server, counters } = await setUp(large, wire, 5000)
    const done = run(download(large.length, large.length))
    await until(() => counters().bytesReceived > 0, 'the first bytes are here')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(counters().bytesReceived).toBeLessThan(2 * RATE)
    expect(sentBy(server)).toBeLessThan(large.length / 2)
    runner.cancel(1)
    failedOf(await done)
  })

  it.each(['uploading', 'downloading'])('lets go at once when it is cut, %s', async (way) => {
    const { run, runner, fillLine, server, counters, shared } = await setUp(object, wire)
    const isUpload = way === 'uploading'
    const done = run(isUpload ? upload(object) : download(object.length, object.length))
    await until(() => shared.progress(0) > 0 || counters().bytesReceived > 0, 'bytes move')
    fillLine(60_000)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const startedAt = performance.now()
    runner.cancel(1)
    expect(failedOf(await done).error.code).toBe('ERR_ABORTED')
    expect(performance.now() - startedAt).toBeLessThan(5000)
    await until(() => server.sockets.size === 0, 'the socket is gone')
  })
})

describe('a request that waits for its turn', () => {
  it('holds no connection, and ends at once when it is told to', async () => {
    const { run, runner, fillLine, server } = await setUp(testBytes(1000))
    fillLine(60_000)
    const all = [run(upload(testBytes(1000))), run(download(1000, 1000))]
    await new Promise((resolve) => setTimeout(resolve, 50))
    const startedAt = performance.now()
    runner.cancel(1)
    const codes = (await Promise.all(all)).map((result) => failedOf(result).error.code)
    expect(codes).toEqual(['ERR_ABORTED', 'ERR_ABORTED'])
    expect(performance.now() - startedAt).toBeLessThan(5000)
    expect(server.accepted).toBe(0)
  })

  it('goes soon when the limit is raised or taken away', async () => {
    for (const limit of [100 * MiB, 0]) {
      const { run, fillLine, shared } = await setUp(testBytes(1000))
      fillLine(600_000)
      const done = run(upload(testBytes(1000)))
      await new Promise((resolve) => setTimeout(resolve, 50))
      const startedAt = performance.now()
      shared.bandwidth.set(limit === 0 ? 0 : 1000 * limit)
      doneOf(await done)
      expect(performance.now() - startedAt).toBeLessThan(10_000)
    }
  })
})
