import { createHash } from 'node:crypto'
import { closeSync, openSync, truncateSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodeDigest } from '../../../src/checksum/encoding.ts'
import { HELD_PART_MAX } from '../../../src/plan/memory-budget.ts'
import type { PutJob } from '../../../src/pool/protocol.ts'
import { READ_STEP } from '../../../workers/byte-source.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { selfSigned } from '../../helpers/self-signed.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import { until } from './pool-fixture.ts'
import {
  doneOf,
  failedOf,
  makeRunner,
  putJob,
  routeTo,
  sharedBytes,
  type RunnerFixture,
} from './runner-fixture.ts'

const directory = useTemporaryDirectory()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

type ServerOptions = Parameters<typeof startRawServer>[0]

async function setUp(options: ServerOptions = {}, config: Parameters<typeof makeRunner>[0] = {}) {
  const onRequest: ServerOptions['onRequest'] = ({ socket }) =>
    socket.write(answer('200 OK', { etag: '"e"' }))
  const server = await startRawServer({ onRequest, ...options })
  const fixture = makeRunner(config)
  cleanUps.push(
    () => server.close(),
    () => fixture.runner.close(),
  )
  return { server, ...fixture }
}

/** A descriptor of a file with these bytes. */
function fileWith(bytes: Uint8Array): { readonly fd: number; readonly path: string } {
  const path = join(directory(), 'source.bin')
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r')
  cleanUps.push(() => closeSync(fd))
  return { fd, path }
}

function crcOf(bytes: Uint8Array): string {
  const digest = Buffer.alloc(4)
  digest.writeUInt32BE(crc32(bytes))
  return digest.toString('base64')
}

async function put(server: RawServer, { runner }: RunnerFixture, job: PutJob) {
  const [result] = await runner.run({ route: routeTo(server.origin), jobs: [job] })
  return result
}

describe('a PUT', () => {
  it('sends exactly the bytes of its range, with their checksum in the header', async () => {
    const { server, ...fixture } = await setUp()
    const bytes = testBytes(1_000_000)
    const { fd } = fileWith(bytes)
    const source = { kind: 'file' as const, fd, offset: 123_456 }
    const query = 'partNumber=2&uploadId=u'
    const result = doneOf(
      await put(server, fixture, putJob({ source, length: 654_321, query, slot: 3 })),
    )
    const wanted = bytes.subarray(123_456, 123_456 + 654_321)
    const [sent] = server.requests
    expect(sent?.method).toBe('PUT')
    expect(sent?.target).toBe('/bucket/dir/key?partNumber=2&uploadId=u')
    expect(differenceOf(sent?.body ?? Buffer.alloc(0), wanted)).toBeUndefined()
    expect(sent?.headers).toMatchObject({
      'content-length': '654321',
      'x-amz-checksum-crc32': crcOf(wanted),
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=EXAMPLEKEYID\//),
    })
    expect(sent?.headers).not.toHaveProperty('expect')
    expect(sent?.headers).not.toHaveProperty('x-amz-trailer')
    expect(encodeDigest(result.digest)).toBe(crcOf(wanted))
    expect(result).toMatchObject({ length: 654_321, etag: '"e"' })
    expect(fixture.counters()).toMatchObject({ bytesSent: 654_321, busy: 0, failed: 0 })
    expect(fixture.shared.progress(3)).toBe(654_321)
  })

  it.each(['SHA1', 'SHA256'] as const)('sends the %s of the bytes when told so', async (name) => {
    const { server, ...fixture } = await setUp()
    const bytes = testBytes(300_000)
    const source = { kind: 'memory' as const, buffer: sharedBytes(bytes), offset: 0 }
    await put(server, fixture, putJob({ source, length: bytes.length, algorithm: name }))
    const wanted = createHash(name.toLowerCase()).update(bytes).digest('base64')
    expect(server.requests[0]?.headers[`x-amz-checksum-${name.toLowerCase()}`]).toBe(wanted)
  })

  it('sends no checksum when the store must not get one, and tells it all the same', async () => {
    const { server, ...fixture } = await setUp()
    const bytes = testBytes(1000)
    const { fd } = fileWith(bytes)
    const source = { kind: 'file' as const, fd, offset: 0 }
    const job = putJob({ source, length: 1000, sendChecksum: false })
    expect(encodeDigest(doneOf(await put(server, fixture, job)).digest)).toBe(crcOf(bytes))
    const names = Object.keys(server.requests[0]?.headers ?? {})
    expect(names.filter((name) => name.includes('checksum'))).toEqual([])
  })

  it('signs the SHA-256 of the body where the route says so', async () => {
    const { server, runner } = await setUp()
    const bytes = testBytes(700_000)
    const { fd } = fileWith(bytes)
    const source = { kind: 'file' as const, fd, offset: 0 }
    const route = routeTo(server.origin, { signPayload: true })
    await runner.run({ route, jobs: [putJob({ source, length: bytes.length })] })
    const wanted = createHash('sha256').update(bytes).digest('hex')
    expect(server.requests[0]?.headers['x-amz-content-sha256']).toBe(wanted)
  })

  it('sends an object of no bytes', async () => {
    const { server, ...fixture } = await setUp()
    const source = { kind: 'file' as const, fd: -1, offset: 0 }
    const result = doneOf(await put(server, fixture, putJob({ source, length: 0 })))
    expect(server.requests[0]?.headers).toMatchObject({
      'content-length': '0',
      'x-amz-checksum-crc32': 'AAAAAA==',
    })
    expect(result.length).toBe(0)
  })

  it('sends a part of shared memory at its offset', async () => {
    const { server, ...fixture } = await setUp()
    const bytes = testBytes(900_000)
    const source = { kind: 'memory' as const, buffer: sharedBytes(bytes), offset: 1000 }
    doneOf(await put(server, fixture, putJob({ source, length: 800_000 })))
    const body = server.requests[0]?.body ?? Buffer.alloc(0)
    expect(differenceOf(body, bytes.subarray(1000, 801_000))).toBeUndefined()
  })

  it('sends a part over TLS in slices, byte for byte', async () => {
    const secure = selfSigned()
    const tls = { ca: secure.cert, rejectUnauthorized: true }
    const { server, ...fixture } = await setUp({ secure, onConnection: slowStart }, { tls })
    const bytes = testBytes(5_000_000)
    const { fd } = fileWith(bytes)
    const source = { kind: 'file' as const, fd, offset: 0 }
    doneOf(await put(server, fixture, putJob({ source, length: bytes.length })))
    expect(differenceOf(server.requests[0]?.body ?? Buffer.alloc(0), bytes)).toBeUndefined()
  })
})

describe('a part too large to hold', () => {
  it('goes through one slice of memory, byte for byte, to a server that reads slowly', async () => {
    const { server, ...fixture } = await setUp({ onConnection: slowStart })
    const bytes = testBytes(HELD_PART_MAX + 70_001)
    const { fd } = fileWith(bytes)
    const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow')
    const source = { kind: 'file' as const, fd, offset: 1 }
    const job = putJob({ source, length: HELD_PART_MAX + 70_000 })
    const result = doneOf(await put(server, fixture, job))
    const [sent] = server.requests
    expect(differenceOf(sent?.body ?? Buffer.alloc(0), bytes.subarray(1))).toBeUndefined()
    expect(encodeDigest(result.digest)).toBe(crcOf(bytes.subarray(1)))
    const sizes = allocate.mock.calls.map(([size]) => size)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(READ_STEP)
  })

  it('uses the buffers of parts again', async () => {
    const { server, ...fixture } = await setUp()
    const { fd } = fileWith(testBytes(800_000))
    const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow')
    const source = { kind: 'file' as const, fd, offset: 0 }
    for (let round = 0; round < 5; round += 1) {
      doneOf(await put(server, fixture, putJob({ source, length: 800_000 })))
    }
    expect(allocate.mock.calls.filter(([size]) => size >= 800_000)).toHaveLength(1)
  })
})

describe('a file that became shorter', () => {
  it.each([
    ['before it is read', 1_000_000],
    ['and is too large to hold', HELD_PART_MAX + 1],
  ])('%s fails with ERR_SOURCE_CHANGED, and no wrong bytes count', async (_, length) => {
    const { server, ...fixture } = await setUp()
    const { fd, path } = fileWith(Buffer.alloc(length))
    truncateSync(path, length - 1000)
    const source = { kind: 'file' as const, fd, offset: 0 }
    const failed = failedOf(await put(server, fixture, putJob({ source, length })))
    expect(failed.error).toMatchObject({
      code: 'ERR_SOURCE_CHANGED',
      context: { offset: length - 1000, operation: 'PutObject', key: 'dir/key' },
    })
    expect(server.requests).toEqual([])
    expect(fixture.counters()).toMatchObject({ busy: 0, failed: 1, bytesSent: 0 })
  })
})

describe('the answer to a PUT', () => {
  const bytes = testBytes(1000)
  const error = (code: string): string => `<Error><Code>${code}</Code><Message>m</Message></Error>`

  it.each([
    ['200 OK', {}, '', 'ERR_RESPONSE_INVALID'],
    ['200 OK', { etag: '""' }, '', 'ERR_RESPONSE_INVALID'],
    ['200 OK', { etag: '"e"', 'x-amz-checksum-crc32': 'AAAAAA==' }, '', 'ERR_CHECKSUM_MISMATCH'],
    ['403 Forbidden', {}, error('AccessDenied'), 'ERR_ACCESS_DENIED'],
    ['403 Forbidden', {}, error('SignatureDoesNotMatch'), 'ERR_ACCESS_DENIED'],
    ['400 Bad Request', {}, error('BadDigest'), 'ERR_CHECKSUM_MISMATCH'],
    ['400 Bad Request', {}, error('ExpiredToken'), 'ERR_CREDENTIALS_EXPIRED'],
    ['404 Not Found', {}, error('NoSuchUpload'), 'ERR_UPLOAD_NOT_FOUND'],
    ['503 Slow Down', {}, error('SlowDown'), 'ERR_THROTTLED'],
    ['500 Oh', {}, 'not XML', 'ERR_STORE_UNAVAILABLE'],
  ])('%s %j is %s%s', async (status, headers, body, code) => {
    const { server, ...fixture } = await setUp({
      onRequest: ({ socket }) => socket.write(answer(status, headers, body)),
    })
    const source = { kind: 'memory' as const, buffer: sharedBytes(bytes), offset: 0 }
    const query = 'partNumber=1&uploadId=u'
    const failed = failedOf(await put(server, fixture, putJob({ source, length: 1000, query })))
    expect(failed.error).toMatchObject({ code, context: { operation: 'UploadPart' } })
    expect(failed.received).toBe(0)
    expect(fixture.counters()).toMatchObject({ busy: 0, open: 0, failed: 1, bytesSent: 0 })
  })

  it('takes versions, checksums and encryption along, and nothing else', async () => {
    const kept = {
      'x-amz-version-id': 'v1',
      'x-amz-checksum-crc32': crcOf(bytes),
      'x-amz-server-side-encryption': 'AES256',
    }
    const { server, ...fixture } = await setUp({
      onRequest: ({ socket }) =>
        socket.write(answer('200 OK', { etag: '"e"', server: 'x', ...kept })),
    })
    const source = { kind: 'memory' as const, buffer: sharedBytes(bytes), offset: 0 }
    const result = doneOf(await put(server, fixture, putJob({ source, length: 1000 })))
    expect(result.headers).toEqual(kept)
  })

  it('that refuses before the body was read is told as the refusal', async () => {
    const { server, ...fixture } = await setUp({
      onRequest: undefined as never,
      onConnection: (socket) => {
        socket.once('data', () => {
          socket.pause()
          socket.write(answer('403 Forbidden', { connection: 'close' }, error('AccessDenied')))
        })
      },
    })
    const source = { kind: 'file' as const, fd: fileWith(testBytes(12_000_000)).fd, offset: 0 }
    const failed = failedOf(await put(server, fixture, putJob({ source, length: 12_000_000 })))
    expect(failed.error.code).toBe('ERR_ACCESS_DENIED')
    await until(() => fixture.counters().open === 0, 'the connection is gone')
    expect(fixture.counters().busy).toBe(0)
  })

  it('with `Connection: close` makes the next part use another connection', async () => {
    const { server, ...fixture } = await setUp({
      onRequest: ({ socket }) => socket.end(answer('200 OK', { etag: '"e"', connection: 'close' })),
    })
    const source = { kind: 'memory' as const, buffer: sharedBytes(bytes), offset: 0 }
    for (let round = 0; round < 3; round += 1) {
      doneOf(await put(server, fixture, putJob({ source, length: 1000 })))
    }
    expect(server.accepted).toBe(3)
  })
})

/** A server that begins to read late, so that the sender meets full buffers. */
function slowStart(socket: Socket): void {
  socket.pause()
  setTimeout(() => socket.resume(), 60)
}
