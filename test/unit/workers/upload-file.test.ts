import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeDigest } from '../../../src/checksum/encoding.ts'
import type { PartResult, PutFileJob } from '../../../src/pool/protocol.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import { checksumOfBytes } from '../transfer/run-fixture.ts'
import { doneOf, failedOf, makeRunner, routeTo } from './runner-fixture.ts'

const directory = useTemporaryDirectory()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** Uploads a path to a server, which calls back before it answers. */
async function upload(
  path: string,
  changes: Partial<PutFileJob> = {},
  onRequest: () => void = () => undefined,
): Promise<{ readonly result: PartResult; readonly server: RawServer }> {
  const server = await startRawServer({
    onRequest: ({ socket }) => {
      onRequest()
      socket.write(answer('200 OK', { etag: '"e"' }))
    },
  })
  cleanUps.push(() => server.close())
  const { runner } = makeRunner()
  cleanUps.push(() => runner.close())
  const job: PutFileJob = {
    kind: 'put-file',
    transferId: 1,
    slot: 0,
    key: 'key',
    query: '',
    headers: [],
    path,
    length: 10_000,
    algorithm: 'CRC32',
    sendChecksum: true,
    ...changes,
  }
  const [result] = await runner.run({ route: routeTo(server.origin), jobs: [job] })
  if (result === undefined) throw new Error('there is an answer')
  return { result, server }
}

/** Descriptors of this process that are open on the path. */
function openOn(path: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      return false
    }
  }).length
}

function fileOf(bytes: Uint8Array): string {
  const path = join(directory(), 'source')
  writeFileSync(path, bytes)
  return path
}

describe('a small file', () => {
  it.each([0, 1, 9999, 10_000])('of %i bytes is sent whole', async (size) => {
    const bytes = testBytes(size)
    const path = fileOf(bytes)
    const { result, server } = await upload(path)
    const done = doneOf(result)
    expect(done).toMatchObject({ length: size, etag: '"e"' })
    expect(encodeDigest(done.digest)).toBe(await checksumOfBytes(bytes))
    expect(differenceOf(server.requests[0]?.body ?? Buffer.alloc(0), bytes)).toBeUndefined()
    expect(openOn(path)).toBe(0)
  })

  it('may be named by a symbolic link', async () => {
    const link = join(directory(), 'link')
    symlinkSync(fileOf(testBytes(10)), link)
    expect(doneOf((await upload(link)).result).length).toBe(10)
  })

  it('that is longer than the job says is not sent', async () => {
    const path = fileOf(testBytes(10_001))
    const { result, server } = await upload(path)
    expect(failedOf(result).error.code).toBe('ERR_OBJECT_TOO_LARGE')
    expect(server.requests).toEqual([])
    expect(openOn(path)).toBe(0)
  })

  it.each([
    ['grown', (path: string) => appendFileSync(path, 'x')],
    ['touched', (path: string) => utimesSync(path, 1, 1)],
  ])('that was %s on its way is reported', async (_, change) => {
    const path = fileOf(testBytes(100))
    const { result } = await upload(path, {}, () => change(path))
    expect(failedOf(result).error.code).toBe('ERR_SOURCE_CHANGED')
    expect(openOn(path)).toBe(0)
  })
})

describe('a source', () => {
  it.each([
    ['that is missing', 'none', 'ERR_SOURCE_NOT_FOUND'],
    ['below a file', 'source/none', 'ERR_SOURCE_NOT_FOUND'],
    ['that is a directory', 'folder', 'ERR_SOURCE_NOT_FILE'],
    ['that is a pipe nobody writes to', 'pipe', 'ERR_SOURCE_NOT_FILE'],
    ['that points to itself', 'loop', 'ERR_SOURCE_UNREADABLE'],
  ])('%s is refused by name before anything is sent', async (_, name, code) => {
    fileOf(testBytes(1))
    mkdirSync(join(directory(), 'folder'))
    execFileSync('mkfifo', [join(directory(), 'pipe')])
    symlinkSync('loop', join(directory(), 'loop'))
    const path = join(directory(), name)
    const { result, server } = await upload(path)
    const { error } = failedOf(result)
    expect(error).toMatchObject({ code, context: { path } })
    expect(error.message).toContain(path)
    expect(server.requests).toEqual([])
    expect(openOn(path)).toBe(0)
  })
})
