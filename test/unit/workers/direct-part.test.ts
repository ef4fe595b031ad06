/** Parts and ranges past the page cache: what goes which way, and what happens when it cannot. */

import {
  closeSync,
  constants,
  openSync,
  read,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import type * as NodeFs from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodeDigest } from '../../../src/checksum/encoding.ts'
import type { ByteLocation, GetJob } from '../../../src/pool/protocol.ts'
import type * as PageBuffer from '../../../workers/page-buffer.ts'
import { pageBuffer } from '../../../workers/page-buffer.ts'
import { hasDirectDisk, openDirectly } from '../../helpers/direct-disk.ts'
import { answer, startRawServer, type RawRequest } from '../../helpers/raw-server.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import {
  digestJob,
  doneOf,
  failedOf,
  getJob,
  makeRunner,
  putJob,
  routeTo,
  type RunnerFixture,
} from './runner-fixture.ts'

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof NodeFs>()
  return {
    ...fs,
    read: vi.fn<Read>(fs.read),
    readSync: vi.fn<typeof fs.readSync>(fs.readSync),
    writeSync: vi.fn<typeof fs.writeSync>(fs.writeSync),
  }
})
vi.mock('../../../workers/page-buffer.ts', async (original) => {
  const module = await original<typeof PageBuffer>()
  return { ...module, pageBuffer: vi.fn<typeof module.pageBuffer>(module.pageBuffer) }
})

const BLOCK = 4096
const MiB = 1024 * 1024
const OBJECT = testBytes(3_000_000)
const SIZE = OBJECT.length
const ETAG = '"etag"'
const actual = await vi.importActual<typeof NodeFs>('node:fs')

/** The form of `read` that is used. */
type Read = (
  fd: number,
  buffer: Buffer,
  at: number,
  length: number,
  position: number,
  done: (error: Error | null, count: number) => void,
) => void

const mockedRead = vi.mocked(read as unknown as Read)

const directory = useTemporaryDirectory()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
  vi.restoreAllMocks()
  mockedRead.mockReset().mockImplementation(actual.read)
  vi.mocked(readSync).mockReset().mockImplementation(actual.readSync)
  vi.mocked(writeSync).mockReset().mockImplementation(actual.writeSync)
  vi.mocked(pageBuffer).mockClear()
})

interface DirectPlace {
  readonly fd: number
  readonly direct: number
  at(offset: number): Extract<ByteLocation, { readonly kind: 'file' }>
  bytes(): Buffer
}

/** A file with these bytes, opened both ways. */
function fileWith(content: Uint8Array): DirectPlace {
  const path = join(directory(), 'file.bin')
  writeFileSync(path, content)
  const fd = openSync(path, 'r+')
  const direct = openDirectly(path, constants.O_RDWR) ?? -1
  cleanUps.push(
    () => closeSync(fd),
    () => closeSync(direct),
  )
  const at = (offset: number) => ({ kind: 'file' as const, fd, direct, offset })
  return { fd, direct, at, bytes: () => readFileSync(path) }
}

async function setUp(onRequest: (request: RawRequest) => void = serveRange) {
  const server = await startRawServer({ onRequest })
  const fixture = makeRunner({})
  cleanUps.push(
    () => server.close(),
    () => fixture.runner.close(),
  )
  const run = async (job: Parameters<typeof fixture.runner.run>[0]['jobs'][number]) =>
    (await fixture.runner.run({ route: routeTo(server.origin), jobs: [job] }))[0]
  return { server, run, ...(fixture satisfies RunnerFixture) }
}

function rangeOf({ headers }: RawRequest): readonly [offset: number, end: number] {
  const match = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '')
  return [Number(match?.[1]), Number(match?.[2]) + 1]
}

function headOf(offset: number, end: number): string {
  const range = `content-range: bytes ${offset}-${end - 1}/${SIZE}\r\n`
  return `HTTP/1.1 206 OK\r\netag: ${ETAG}\r\n${range}content-length: ${end - offset}\r\n\r\n`
}

function serveRange(request: RawRequest): void {
  const [offset, end] = rangeOf(request)
  request.socket.write(headOf(offset, end))
  request.socket.write(OBJECT.subarray(offset, end))
}

function crcOf(bytes: Uint8Array): string {
  const digest = Buffer.alloc(4)
  digest.writeUInt32BE(crc32(bytes))
  return encodeDigest(digest)
}

type Call = typeof read | typeof readSync | typeof writeSync

/** What one descriptor was called with: offset and length. */
function callsOf(call: Call, fd: number): (readonly [number, number])[] {
  return vi
    .mocked(call as (...given: unknown[]) => unknown)
    .mock.calls.filter(([used]) => used === fd)
    .map(([, , , length, position]) => [Number(position), Number(length)] as const)
}

const sum = (calls: readonly (readonly [number, number])[]): number =>
  calls.reduce((all, [, length]) => all + length, 0)

function refusal(code: string): Error {
  return Object.assign(new Error('refused'), { code })
}

/** Has the direct descriptor say this to who writes. */
function refuseToWrite(fd: number, code: string): void {
  const real = actual.writeSync as (...given: unknown[]) => number
  vi.mocked(writeSync as (...given: unknown[]) => number).mockImplementation((...given) => {
    if (given[0] === fd) throw refusal(code)
    return real(...given)
  })
}

/** Has the direct descriptor say this to who reads. */
function refuseToRead(fd: number, code: string): void {
  mockedRead.mockImplementation((used, buffer, at, length, position, done) => {
    if (used === fd) setImmediate(() => done(refusal(code), 0))
    else (actual.read as Read)(used, buffer, at, length, position, done)
  })
}

describe.runIf(hasDirectDisk())('a GET past the page cache', () => {
  const RANGES = [
    ['of whole blocks', 0, 0, 2 * MiB],
    ['that begins and ends within blocks', 500_001, 1_000_000, 1_234_567],
    ['to the odd end', SIZE - 4097, SIZE - 4097, 4097],
    ['of less than a block', 5000, 1, 100],
  ] as const

  it.each(RANGES)('%s writes its blocks directly and its ends the usual way', async (...given) => {
    const [, place, offset, length] = given
    const { run } = await setUp()
    const file = fileWith(Buffer.alloc(SIZE, '.'))
    const sink = file.at(place)
    const done = doneOf(await run(getJob({ sink, offset, length, size: SIZE })))
    const wanted = OBJECT.subarray(offset, offset + length)
    expect(encodeDigest(done.digest)).toBe(crcOf(wanted))
    const expected = Buffer.alloc(SIZE, '.')
    wanted.copy(expected, place)
    expect(differenceOf(file.bytes(), expected)).toBeUndefined()
    const blocks = Math.floor((place + length) / BLOCK) - Math.ceil(place / BLOCK)
    expect(sum(callsOf(writeSync, file.direct))).toBe(Math.max(0, blocks) * BLOCK)
    expect(sum(callsOf(writeSync, file.fd))).toBe(length - Math.max(0, blocks) * BLOCK)
  })

  it('reads the socket into its pages: only what came with the head is copied', async () => {
    const copy = vi.spyOn(Buffer.prototype, 'copy')
    const { run } = await setUp()
    doneOf(
      await run(getJob({ sink: fileWith(Buffer.alloc(SIZE)).at(0), length: SIZE, size: SIZE })),
    )
    const copied = copy.mock.results.reduce((all, { value }) => all + Number(value), 0)
    expect(copied).toBeLessThanOrEqual(MiB)
  })

  it.each(['EINVAL', 'EOPNOTSUPP'])('does it the usual way after %s', async (code) => {
    const { run } = await setUp()
    const file = fileWith(Buffer.alloc(SIZE))
    refuseToWrite(file.direct, code)
    doneOf(await run(getJob({ sink: file.at(0), length: SIZE, size: SIZE })))
    expect(differenceOf(file.bytes(), OBJECT)).toBeUndefined()
    expect(callsOf(writeSync, file.direct)).toHaveLength(1)
  })

  it('that breaks has written what it says arrived', async () => {
    const { run } = await setUp(({ socket }) => {
      socket.write(headOf(0, 2 * MiB))
      socket.write(OBJECT.subarray(0, MiB + 300_001), () => {
        setTimeout(() => socket.resetAndDestroy(), 100)
      })
    })
    const file = fileWith(Buffer.alloc(SIZE, '.'))
    const job = getJob({ sink: file.at(0), length: 2 * MiB, size: SIZE })
    const { received, digest, error } = failedOf(await run(job))
    expect(error.code).toBe('ERR_CONNECTION_LOST')
    expect(received).toBe(MiB + 300_001)
    expect(encodeDigest(digest)).toBe(crcOf(OBJECT.subarray(0, received)))
    const expected = Buffer.alloc(SIZE, '.')
    OBJECT.copy(expected, 0, 0, received)
    expect(differenceOf(file.bytes(), expected)).toBeUndefined()
  })

  it.each([
    ['in the middle', 2 * MiB],
    ['at its end', 500_000],
  ])('that meets a full disk %s has received nothing', async (_, length) => {
    const { run } = await setUp()
    const file = fileWith(Buffer.alloc(SIZE))
    refuseToWrite(file.direct, 'ENOSPC')
    const failed = failedOf(await run(getJob({ sink: file.at(0), length, size: SIZE })))
    expect(failed).toMatchObject({ received: 0, error: { code: 'ERR_DISK_FULL' } })
  })

  it('that is refused takes no pages', async () => {
    const { run } = await setUp(({ socket }) => socket.write(answer('503 Slow Down', {}, 'no')))
    const job = getJob({ sink: fileWith(Buffer.alloc(SIZE)).at(0), length: MiB, size: SIZE })
    expect(failedOf(await run(job)).received).toBe(0)
    expect(vi.mocked(pageBuffer)).not.toHaveBeenCalled()
  })

  it('gives its pages on when it is done, and to nobody after a failure', async () => {
    let isBroken = false
    const { run } = await setUp((request) => {
      if (!isBroken) return serveRange(request)
      request.socket.write(headOf(...rangeOf(request)))
      request.socket.end(OBJECT.subarray(0, 100_000))
    })
    const file = fileWith(Buffer.alloc(SIZE))
    const job: GetJob = getJob({ sink: file.at(0), length: MiB, size: SIZE })
    const pagesMade = (): number => vi.mocked(pageBuffer).mock.calls.length
    doneOf(await run(job))
    doneOf(await run(job))
    expect(pagesMade()).toBe(1)
    isBroken = true
    failedOf(await run(job))
    expect(pagesMade()).toBe(1)
    isBroken = false
    doneOf(await run(job))
    expect(pagesMade()).toBe(2)
  })
})

describe.runIf(hasDirectDisk())('a PUT past the page cache', () => {
  const accept = ({ socket }: RawRequest): void => {
    socket.write(answer('200 OK', { etag: ETAG }))
  }
  const PARTS = [
    ['of whole blocks', 0, 2 * MiB],
    ['that begins and ends within blocks', 1001, 2_345_678],
    ['of as many bytes as its pages have, but not at a block', 1001, 2 * MiB],
    ['of less than a block', 4097, 100],
    ['to the odd end', SIZE - 70_001, 70_001],
  ] as const

  it.each(PARTS)('%s sends its bytes, read once', async (_, offset, length) => {
    const { run, server } = await setUp(accept)
    const file = fileWith(OBJECT)
    doneOf(await run(putJob({ source: file.at(offset), length })))
    const wanted = OBJECT.subarray(offset, offset + length)
    const [sent] = server.requests
    expect(differenceOf(sent?.body ?? Buffer.alloc(0), wanted)).toBeUndefined()
    expect(sent?.headers['x-amz-checksum-crc32']).toBe(crcOf(wanted))
    const end = Math.ceil((offset + length) / BLOCK) * BLOCK
    expect(sum(callsOf(read, file.direct))).toBe(end - Math.floor(offset / BLOCK) * BLOCK)
    expect([...callsOf(read, file.fd), ...callsOf(readSync, file.fd)]).toEqual([])
  })

  it('does it the usual way after a refusal', async () => {
    const { run, server } = await setUp(accept)
    const file = fileWith(OBJECT)
    refuseToRead(file.direct, 'EINVAL')
    doneOf(await run(putJob({ source: file.at(1001), length: 2_345_678 })))
    const wanted = OBJECT.subarray(1001, 1001 + 2_345_678)
    expect(differenceOf(server.requests[0]?.body ?? Buffer.alloc(0), wanted)).toBeUndefined()
    expect(callsOf(read, file.direct)).toHaveLength(1)
  })

  it('of a file that ends too soon sends nothing', async () => {
    const { run, server } = await setUp(accept)
    const job = putJob({ source: fileWith(OBJECT).at(1001), length: SIZE })
    expect(failedOf(await run(job)).error.code).toBe('ERR_SOURCE_CHANGED')
    expect(server.requests).toEqual([])
  })

  it('that fails to read says so', async () => {
    const { run } = await setUp(accept)
    const file = fileWith(OBJECT)
    refuseToRead(file.direct, 'EIO')
    const failed = failedOf(await run(putJob({ source: file.at(0), length: SIZE })))
    expect(failed.error).toMatchObject({
      code: 'ERR_DISK_IO',
      message: 'Cannot read the file: EIO',
    })
  })

  it('that is cancelled answers only when the disk is done with its pages', async () => {
    const { run, runner, server } = await setUp(accept)
    let reads = 0
    let isReading = false
    mockedRead.mockImplementation((fd, buffer, at, length, position, done) => {
      reads += 1
      if (reads === 2) runner.cancel(1)
      isReading = true
      setTimeout(() => {
        isReading = false
        ;(actual.read as Read)(fd, buffer, at, length, position, done)
      }, 30)
    })
    const job = putJob({ source: fileWith(OBJECT).at(0), length: SIZE })
    expect(failedOf(await run(job)).error.code).toBe('ERR_ABORTED')
    expect([reads, isReading]).toEqual([2, false])
    expect(server.requests).toEqual([])
  })

  it('keeps its pages for the next', async () => {
    const { run } = await setUp(accept)
    const job = putJob({ source: fileWith(OBJECT).at(0), length: 2 * MiB })
    for (let round = 0; round < 3; round += 1) doneOf(await run(job))
    expect(vi.mocked(pageBuffer).mock.calls).toEqual([[2 * MiB]])
  })
})

describe.runIf(hasDirectDisk())('a checksum past the page cache', () => {
  it('is that of the bytes, read directly', async () => {
    const { run } = await setUp()
    const file = fileWith(OBJECT)
    const job = digestJob({ source: file.at(1001), length: 2_345_678 })
    const { digest } = doneOf(await run(job))
    expect(encodeDigest(digest)).toBe(crcOf(OBJECT.subarray(1001, 1001 + 2_345_678)))
    expect(callsOf(readSync, file.fd)).toEqual([])
    expect(sum(callsOf(readSync, file.direct))).toBeGreaterThan(2_345_678)
  })
})
