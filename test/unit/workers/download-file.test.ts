import fs, {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodeDigest } from '../../../src/checksum/encoding.ts'
import type { GetFileJob, PartResult } from '../../../src/pool/protocol.ts'
import { DiskSync } from '../../../workers/disk-sync.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
import { checksumOfBytes } from '../transfer/run-fixture.ts'
import { doneOf, failedOf, makeRunner, routeTo } from './runner-fixture.ts'

const directory = useTemporaryDirectory()
const BYTES = testBytes(5000)
const CRC = await checksumOfBytes(BYTES)
const SHA256 = await checksumOfBytes(BYTES, 'SHA256')
const HEADERS = { etag: '"e"', 'x-amz-checksum-crc32': CRC, 'x-amz-checksum-type': 'FULL_OBJECT' }
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const target = (): string => join(directory(), 'target')

/** Downloads into `target()` from a server that gives this answer. */
async function download(
  given: {
    readonly status?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: Buffer
    readonly cut?: boolean
  } = {},
  changes: Partial<GetFileJob> = {},
): Promise<{ readonly result: PartResult; readonly server: RawServer }> {
  const { status = '200 OK', headers = HEADERS, body = BYTES, cut = false } = given
  const server = await startRawServer({
    onRequest: ({ socket }) => {
      socket.write(answer(status, { 'content-length': String(body.length), ...headers }))
      socket.write(cut ? body.subarray(0, 100) : body)
      if (cut) socket.end()
    },
  })
  cleanUps.push(() => server.close())
  const { runner } = makeRunner()
  cleanUps.push(() => runner.close())
  const job: GetFileJob = {
    kind: 'get-file',
    transferId: 1,
    slot: 0,
    key: 'key',
    query: '',
    headers: [],
    path: target(),
    temporary: join(directory(), '.target.part'),
    length: 10_000,
    compare: true,
    fsync: true,
    algorithm: 'CRC32',
    ...changes,
  }
  const [result] = await runner.run({ route: routeTo(server.origin), jobs: [job] })
  if (result === undefined) throw new Error('there is an answer')
  return { result, server }
}

/** The old file is what it was, and nothing lies beside it. */
function expectUntouched(): void {
  expect(readFileSync(target(), 'utf8')).toBe('old')
  expect(readdirSync(directory())).toEqual(['target'])
}

describe('a small object', () => {
  it.each([0, 1, 5000])('of %i bytes is written under its name, and nothing else', async (size) => {
    const body = BYTES.subarray(0, size)
    const crc = await checksumOfBytes(body)
    const headers = { ...HEADERS, 'x-amz-checksum-crc32': crc, 'x-amz-version-id': 'v' }
    const { result, server } = await download({ body, headers })
    const done = doneOf(result)
    expect(done).toMatchObject({ length: size, etag: '"e"' })
    expect(done.headers).toMatchObject({ 'x-amz-version-id': 'v', 'x-amz-checksum-crc32': crc })
    expect(encodeDigest(done.digest)).toBe(crc)
    expect(readFileSync(target()).equals(body)).toBe(true)
    expect(readdirSync(directory())).toEqual(['target'])
    expect(server.requests[0]?.headers).not.toHaveProperty('range')
    expect(server.requests[0]?.headers).not.toHaveProperty('if-match')
  })

  it.each([true, false])(
    'is synced, and its directory too, if that is wanted: %s',
    async (fsync) => {
      const file = vi.spyOn(DiskSync.prototype, 'file')
      const names = vi.spyOn(DiskSync.prototype, 'directory')
      const { result } = await download({}, { fsync })
      expect(result.ok).toBe(true)
      expect([file.mock.calls.length, names.mock.calls.length]).toEqual(fsync ? [1, 1] : [0, 0])
      vi.restoreAllMocks()
      expect(readFileSync(target()).equals(BYTES)).toBe(true)
    },
  )

  it('is compared with whatever hash is stored', async () => {
    const good = await download({ headers: { etag: '"e"', 'x-amz-checksum-sha256': SHA256 } })
    expect(encodeDigest(doneOf(good.result).digest)).toBe(SHA256)
    const other = await checksumOfBytes(BYTES.subarray(1), 'SHA256')
    const bad = await download({ headers: { etag: '"e"', 'x-amz-checksum-sha256': other } })
    expect(failedOf(bad.result).error.code).toBe('ERR_CHECKSUM_MISMATCH')
  })

  it('without a stored checksum, or not compared, reports a CRC32', async () => {
    const plain = await download({ headers: { etag: '"e"' } })
    expect(encodeDigest(doneOf(plain.result).digest)).toBe(CRC)
    const wrong = { ...HEADERS, 'x-amz-checksum-crc32': 'AAAAAA==' }
    const untold = await download({ headers: wrong }, { compare: false })
    expect(encodeDigest(doneOf(untold.result).digest)).toBe(CRC)
  })

  it('keeps the permissions of the file it replaces', async () => {
    writeFileSync(target(), 'old')
    chmodSync(target(), 0o640)
    doneOf((await download()).result)
    expect(statSync(target()).mode & 0o777).toBe(0o640)
  })

  it('has the time of its object, or what metadata says, the moment it has its name', async () => {
    const time = 'Fri, 14 Nov 2014 22:13:20 GMT'
    const metadata = { 'x-amz-meta-mtime': '1000000000.25', 'x-amz-meta-mode': '100604' }
    const headers = { ...HEADERS, ...metadata, 'last-modified': time }
    const named: unknown[] = []
    const { renameSync } = fs
    const rename = vi.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
      const { mtimeMs, mode } = statSync(from)
      named.push([mtimeMs, mode & 0o777])
      renameSync(from, to)
    })
    syncBuiltinESMExports()
    cleanUps.push(() => {
      rename.mockRestore()
      syncBuiltinESMExports()
    })
    const usual = 0o666 & ~process.umask()
    doneOf((await download({ headers }, { restore: 'time' })).result)
    doneOf((await download({ headers }, { restore: 'preserved' })).result)
    doneOf((await download({}, { restore: 'time', lastModified: 5000 })).result)
    expect(named).toEqual([
      [Date.parse(time), usual],
      [1_000_000_000_250, 0o604],
      [5000, 0o604],
    ])
  })

  it('replaces a symbolic link and leaves alone what that points to', async () => {
    const other = join(directory(), 'other')
    writeFileSync(other, 'old')
    symlinkSync('other', target())
    doneOf((await download()).result)
    expect(readFileSync(other, 'utf8')).toBe('old')
    expect(readFileSync(target()).equals(BYTES)).toBe(true)
  })
})

describe('nothing is written', () => {
  it.each([
    ['longer than the job says', { body: testBytes(10_001) }],
    ['encoded', { headers: { ...HEADERS, 'content-encoding': 'gzip' } }],
    ['a composite', { headers: { ...HEADERS, 'x-amz-checksum-crc32': `${CRC}-2` } }],
    ['a range', { status: '206 Partial Content' }],
    ['without an ETag', { headers: { 'x-amz-checksum-crc32': CRC } }],
    ['of unknown length', { headers: { ...HEADERS, 'content-length': '' } }],
  ])('of an answer that is %s', async (_, given) => {
    writeFileSync(target(), 'old')
    const { result } = await download(given)
    expect(result.ok).toBe(false)
    expectUntouched()
  })

  it.each([
    ['a wrong checksum', { body: testBytes(5000, 9) }, 'ERR_CHECKSUM_MISMATCH'],
    ['an end before its end', { cut: true }, 'ERR_CONNECTION_LOST'],
    ['a refusal', { status: '404 Not Found', body: Buffer.from('') }, 'ERR_OBJECT_NOT_FOUND'],
  ])('of an answer with %s', async (_, given, code) => {
    writeFileSync(target(), 'old')
    const { result } = await download(given)
    expect(failedOf(result)).toMatchObject({ received: 0, error: { code } })
    expectUntouched()
  })

  it.each([
    ['is a directory', 'folder', 'ERR_TARGET_IS_DIRECTORY'],
    ['is below a file', 'plain/file', 'ERR_TARGET_UNWRITABLE'],
    ['is in a directory that is missing', 'none/file', 'ERR_TARGET_UNWRITABLE'],
  ])('when the target %s', async (_, name, code) => {
    mkdirSync(join(directory(), 'folder'))
    writeFileSync(join(directory(), 'plain'), '')
    const path = join(directory(), name)
    const temporary = join(path, '..', '.temporary.part')
    const { result } = await download({}, { path, temporary })
    expect(failedOf(result).error).toMatchObject({ code, context: { path } })
    expect(readdirSync(directory()).toSorted()).toEqual(['folder', 'plain'])
  })
})

describe('making it durable', () => {
  it('shares the calls for a directory, and covers each name that was there before', async () => {
    const disk = new DiskSync()
    const path = directory()
    const first = disk.directory(path)
    const second = disk.directory(path)
    const third = disk.directory(path)
    expect(second).not.toBe(first)
    expect(third).toBe(second)
    await third
    const later = disk.directory(path)
    expect(later).not.toBe(third)
    await later
    await expect(disk.directory(join(path, 'none')), 'is no failure').resolves.toBeUndefined()
  })

  it('does not block for a while after a call that was slow', async () => {
    const clock = { now: 0, step: 0, looks: 0 }
    const disk = new DiskSync(() => {
      clock.looks += 1
      return (clock.now += clock.step)
    })
    const { fd } = await openScratch()
    await disk.file(fd)
    await disk.file(fd)
    expect(clock.looks, 'each call was timed').toBe(4)
    clock.step = 5
    await disk.file(fd)
    for (let call = 0; call < 64; call += 1) await disk.file(fd)
    expect(clock.looks, 'none of those blocked').toBe(6)
    await disk.file(fd)
    expect(clock.looks).toBe(8)
  })
})

async function openScratch(): Promise<{ readonly fd: number }> {
  const { open } = await import('node:fs/promises')
  const file = await open(join(directory(), 'scratch'), 'w')
  cleanUps.push(() => file.close())
  return file
}
