import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeDigest } from '../../../src/checksum/encoding.ts'
import type { GetJob } from '../../../src/pool/protocol.ts'
import {
  answer,
  startRawServer,
  type RawRequest,
  type RawServer,
} from '../../helpers/raw-server.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import {
  doneOf,
  failedOf,
  getJob,
  makeRunner,
  routeTo,
  type RunnerFixture,
} from './runner-fixture.ts'

const OBJECT = testBytes(3_000_000)
const ETAG = '"etag"'

const directory = useTemporaryDirectory()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

interface Setup extends RunnerFixture {
  readonly server: RawServer
  get(job: GetJob): ReturnType<RunnerFixture['runner']['run']>
}

async function setUp(
  onRequest: (request: RawRequest) => void = serveRange,
  config: Parameters<typeof makeRunner>[0] = {},
): Promise<Setup> {
  const server = await startRawServer({ onRequest })
  const fixture = makeRunner(config)
  cleanUps.push(
    () => server.close(),
    () => fixture.runner.close(),
  )
  const route = routeTo(server.origin)
  return { server, ...fixture, get: (job) => fixture.runner.run({ route, jobs: [job] }) }
}

function serveRange(request: RawRequest): void {
  const { offset, length } = rangeOf(request)
  request.socket.write(rangeHead(offset, length))
  request.socket.write(OBJECT.subarray(offset, offset + length))
}

function rangeOf({ headers }: RawRequest): { readonly offset: number; readonly length: number } {
  const match = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '')
  const offset = Number(match?.[1])
  return { offset, length: Number(match?.[2]) - offset + 1 }
}

function rangeHead(
  offset: number,
  length: number,
  headers = `content-length: ${length}\r\n`,
): string {
  const last = offset + length - 1
  const range = `content-range: bytes ${offset}-${last}/${OBJECT.length}\r\n`
  return `HTTP/1.1 206 Partial Content\r\netag: ${ETAG}\r\n${range}${headers}\r\n`
}

/** A file of `size` marked bytes, open for writing. */
function target(size: number): { readonly fd: number; readonly bytes: () => Buffer } {
  const path = join(directory(), 'target.bin')
  writeFileSync(path, Buffer.alloc(size, '.'))
  const fd = openSync(path, 'r+')
  cleanUps.push(() => closeSync(fd))
  return { fd, bytes: () => readFileSync(path) }
}

function crcOf(bytes: Uint8Array): string {
  const digest = Buffer.alloc(4)
  digest.writeUInt32BE(crc32(bytes))
  return encodeDigest(digest)
}

const SIZE = OBJECT.length

describe('a GET', () => {
  it('writes exactly its range at its place and tells the checksum', async () => {
    const { get, server, counters, shared } = await setUp()
    const { fd, bytes } = target(2_000_000)
    const sink = { kind: 'file' as const, fd, offset: 500_000 }
    const job = getJob({ sink, offset: 1_000_000, length: 1_234_567, size: SIZE, slot: 2 })
    const [result] = await get(job)
    const wanted = OBJECT.subarray(1_000_000, 2_234_567)
    expect(doneOf(result)).toMatchObject({ length: 1_234_567, etag: ETAG })
    expect(encodeDigest(doneOf(result).digest)).toBe(crcOf(wanted))
    const written = bytes()
    expect(differenceOf(written.subarray(500_000, 1_734_567), wanted)).toBeUndefined()
    expect(written.subarray(0, 500_000).every((byte) => byte === 46)).toBe(true)
    expect(written.subarray(1_734_567).every((byte) => byte === 46)).toBe(true)
    expect(server.requests[0]?.headers).toMatchObject({
      range: 'bytes=1000000-2234566',
      'if-match': ETAG,
      'accept-encoding': 'identity',
    })
    expect(counters()).toMatchObject({ bytesReceived: 1_234_567, busy: 0, failed: 0 })
    expect(shared.progress(2)).toBe(1_234_567)
  })

  it('asks for a whole object without Range', async () => {
    const { get, server } = await setUp(({ socket }) =>
      socket.write(answer('200 OK', { etag: ETAG }, OBJECT)),
    )
    const { fd, bytes } = target(0)
    const sink = { kind: 'file' as const, fd, offset: 0 }
    doneOf((await get(getJob({ sink, length: SIZE, size: SIZE, whole: true })))[0])
    expect(server.requests[0]?.headers).not.toHaveProperty('range')
    expect(differenceOf(bytes(), OBJECT)).toBeUndefined()
  })

  it('puts a range into shared memory', async () => {
    const { get } = await setUp()
    const buffer = new SharedArrayBuffer(1_000_100)
    const sink = { kind: 'memory' as const, buffer, offset: 100 }
    doneOf((await get(getJob({ sink, offset: 7, length: 1_000_000, size: SIZE })))[0])
    const bytes = Buffer.from(buffer)
    expect(differenceOf(bytes.subarray(100), OBJECT.subarray(7, 1_000_007))).toBeUndefined()
    expect(bytes.subarray(0, 100).every((byte) => byte === 0)).toBe(true)
  })

  it('takes a body of chunks', async () => {
    const { get } = await setUp(({ socket }) => {
      socket.write(rangeHead(0, 200_000, 'transfer-encoding: chunked\r\n'))
      for (let offset = 0; offset < 200_000; offset += 50_000) {
        socket.write('c350\r\n')
        socket.write(OBJECT.subarray(offset, offset + 50_000))
        socket.write('\r\n')
      }
      socket.write('0\r\n\r\n')
    })
    const { fd, bytes } = target(0)
    const sink = { kind: 'file' as const, fd, offset: 0 }
    doneOf((await get(getJob({ sink, length: 200_000, size: SIZE })))[0])
    expect(differenceOf(bytes(), OBJECT.subarray(0, 200_000))).toBeUndefined()
  })
})

describe('a head that is not right', () => {
  const right = {
    etag: ETAG,
    'content-range': `bytes 0-999/${SIZE}`,
  }

  it.each([
    ['ignores Range', '200 OK', right, 'ERR_RESPONSE_INVALID'],
    ['has another status', '203 Non-Authoritative', right, 'ERR_RESPONSE_INVALID'],
    ['has another ETag', '206 P', { ...right, etag: '"other"' }, 'ERR_OBJECT_CHANGED'],
    ['has no ETag', '206 P', { 'content-range': right['content-range'] }, 'ERR_OBJECT_CHANGED'],
    ['has no Content-Range', '206 P', { etag: ETAG }, 'ERR_RESPONSE_INVALID'],
    [
      'has another range',
      '206 P',
      { ...right, 'content-range': `bytes 1000-1999/${SIZE}` },
      'ERR_RESPONSE_INVALID',
    ],
    [
      'has another size',
      '206 P',
      { ...right, 'content-range': `bytes 0-999/${SIZE + 1}` },
      'ERR_RESPONSE_INVALID',
    ],
    [
      'is compressed on its way',
      '206 P',
      { ...right, 'content-encoding': 'gzip' },
      'ERR_RESPONSE_INVALID',
    ],
  ])('%s is refused before a byte is written', async (_, status, headers, code) => {
    const { get, counters } = await setUp(({ socket }) =>
      socket.write(answer(status, headers, Buffer.alloc(1000, 'x'))),
    )
    const { fd, bytes } = target(1000)
    const sink = { kind: 'file' as const, fd, offset: 0 }
    const failed = failedOf((await get(getJob({ sink, length: 1000, size: SIZE })))[0])
    expect(failed).toMatchObject({
      received: 0,
      error: { code, context: { operation: 'GetObject' } },
    })
    expect(bytes().every((byte) => byte === 46)).toBe(true)
    expect(counters()).toMatchObject({ bytesReceived: 0, busy: 0, open: 0, failed: 1 })
  })

  it('announces another length and is refused', async () => {
    const { get } = await setUp(({ socket }) =>
      socket.write(answer('206 P', right, Buffer.alloc(999))),
    )
    const sink = { kind: 'file' as const, fd: target(0).fd, offset: 0 }
    const failed = failedOf((await get(getJob({ sink, length: 1000, size: SIZE })))[0])
    expect(failed.error.code).toBe('ERR_RESPONSE_INVALID')
  })

  it.each([
    ['404 Not Found', 'NoSuchKey', 'ERR_OBJECT_NOT_FOUND'],
    ['404 Not Found', 'NoSuchBucket', 'ERR_BUCKET_NOT_FOUND'],
    ['403 Forbidden', 'AccessDenied', 'ERR_ACCESS_DENIED'],
    ['412 Precondition Failed', 'PreconditionFailed', 'ERR_OBJECT_CHANGED'],
    ['503 Slow Down', 'SlowDown', 'ERR_THROTTLED'],
  ])('%s %s is %s', async (status, storeCode, code) => {
    const { get } = await setUp(({ socket }) =>
      socket.write(answer(status, {}, `<Error><Code>${storeCode}</Code></Error>`)),
    )
    const { fd, bytes } = target(0)
    const sink = { kind: 'file' as const, fd, offset: 0 }
    const failed = failedOf((await get(getJob({ sink, length: 1000, size: SIZE })))[0])
    expect(failed).toMatchObject({ received: 0, error: { code, context: { storeCode } } })
    expect(bytes()).toHaveLength(0)
  })
})

describe('a body that breaks', () => {
  it.each(['reset', 'end'] as const)('by %s tells what arrived, with its checksum', async (how) => {
    const { get } = await setUp((request) => {
      request.socket.write(rangeHead(0, 1_000_000))
      request.socket.write(OBJECT.subarray(0, 400_000), () => {
        if (how === 'end') request.socket.end()
        else setTimeout(() => request.socket.resetAndDestroy(), 100)
      })
    })
    const { fd, bytes } = target(1_000_000)
    const sink = { kind: 'file' as const, fd, offset: 0 }
    const failed = failedOf((await get(getJob({ sink, length: 1_000_000, size: SIZE })))[0])
    expect(['ERR_CONNECTION_LOST', 'ERR_BODY_INCOMPLETE']).toContain(failed.error.code)
    expect(failed.received).toBe(400_000)
    expect(encodeDigest(failed.digest)).toBe(crcOf(OBJECT.subarray(0, 400_000)))
    expect(differenceOf(bytes().subarray(0, 400_000), OBJECT.subarray(0, 400_000))).toBeUndefined()
    expect(
      bytes()
        .subarray(400_000)
        .every((byte) => byte === 46),
    ).toBe(true)
  })

  it('by falling silent tells what arrived', async () => {
    const { get } = await setUp(
      ({ socket }) => {
        socket.write(rangeHead(0, 1000))
        socket.write(OBJECT.subarray(0, 300))
      },
      { readTimeoutMs: 100 },
    )
    const sink = { kind: 'file' as const, fd: target(0).fd, offset: 0 }
    const failed = failedOf((await get(getJob({ sink, length: 1000, size: SIZE })))[0])
    expect(failed).toMatchObject({ received: 300, error: { code: 'ERR_READ_TIMEOUT' } })
  })

  it('by ending properly but early is ERR_BODY_INCOMPLETE', async () => {
    const { get } = await setUp(({ socket }) => {
      socket.write(rangeHead(0, 1000, 'transfer-encoding: chunked\r\n'))
      socket.write(Buffer.concat([Buffer.from('64\r\n'), OBJECT.subarray(0, 100)]))
      socket.write('\r\n0\r\n\r\n')
    })
    const sink = { kind: 'file' as const, fd: target(0).fd, offset: 0 }
    const failed = failedOf((await get(getJob({ sink, length: 1000, size: SIZE })))[0])
    expect(failed).toMatchObject({ received: 100, error: { code: 'ERR_BODY_INCOMPLETE' } })
  })

  it('by being too long writes nothing behind its range', async () => {
    const { get } = await setUp(({ socket }) => {
      socket.write(rangeHead(0, 1000, 'transfer-encoding: chunked\r\n'))
      socket.write(Buffer.concat([Buffer.from('7d0\r\n'), OBJECT.subarray(0, 2000)]))
      socket.write('\r\n0\r\n\r\n')
    })
    const { fd, bytes } = target(2000)
    const sink = { kind: 'file' as const, fd, offset: 0 }
    const failed = failedOf((await get(getJob({ sink, length: 1000, size: SIZE })))[0])
    expect(failed.error.code).toBe('ERR_RESPONSE_INVALID')
    expect(failed.received).toBeLessThanOrEqual(1000)
    expect(
      bytes()
        .subarray(1000)
        .every((byte) => byte === 46),
    ).toBe(true)
  })
})

describe('a disk', () => {
  it.runIf(existsSync('/dev/full'))('that is full fails the job with ERR_DISK_FULL', async () => {
    const { get, counters } = await setUp()
    const fd = openSync('/dev/full', 'w')
    cleanUps.push(() => closeSync(fd))
    const sink = { kind: 'file' as const, fd, offset: 0 }
    const failed = failedOf((await get(getJob({ sink, length: 1000, size: SIZE })))[0])
    expect(failed).toMatchObject({ received: 0, error: { code: 'ERR_DISK_FULL' } })
    expect(counters()).toMatchObject({ busy: 0, open: 0 })
  })
})
