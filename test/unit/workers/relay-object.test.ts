/** A small object from one server to another in one job, and what keeps it from being sent. */

import { afterEach, describe, expect, it } from 'vitest'
import { encodeDigest } from '../../../src/checksum/encoding.ts'
import type { PartResult, RelayJob } from '../../../src/pool/protocol.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
import { checksumOfBytes } from '../transfer/run-fixture.ts'
import { doneOf, failedOf, makeRunner, routeTo, type RunnerFixture } from './runner-fixture.ts'

const BYTES = testBytes(5000)
const CRC = await checksumOfBytes(BYTES)
const HEADERS = { etag: '"e"', 'x-amz-checksum-crc32': CRC, 'x-amz-checksum-type': 'FULL_OBJECT' }
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

interface Answers {
  readonly status?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Whether the connection ends within the body. */
  readonly cut?: boolean
  /** What the destination answers; `echo` has the checksum it was sent. */
  readonly put?: { readonly status: string; readonly headers: Readonly<Record<string, string>> }
  /** Runs when the destination is asked, which then never answers. */
  readonly onPut?: (fixture: RunnerFixture) => void
}

interface Relayed {
  readonly result: PartResult
  readonly source: RawServer
  readonly destination: RawServer
  readonly fixture: RunnerFixture
}

async function relay(given: Answers = {}, changes: Partial<RelayJob> = {}): Promise<Relayed> {
  const { status = '200 OK', headers = HEADERS, body = BYTES, cut = false, put, onPut } = given
  const fixture = makeRunner()
  const source = await startRawServer({
    onRequest: ({ socket }) => {
      socket.write(answer(status, { 'content-length': String(body.length), ...headers }))
      socket.write(cut ? body.subarray(0, 100) : body)
      if (cut) socket.end()
    },
  })
  const destination = await startRawServer({
    onRequest: ({ socket, headers: asked }) => {
      if (onPut !== undefined) return onPut(fixture)
      const checksums = Object.entries(asked).filter(([name]) => name.startsWith('x-amz-checksum-'))
      const echo = { etag: '"copy"', ...Object.fromEntries(checksums) }
      const { status: how, headers: said } = put ?? { status: '200 OK', headers: echo }
      socket.write(answer(how, { 'content-length': '0', ...said }))
    },
  })
  cleanUps.push(() => source.close())
  cleanUps.push(() => destination.close())
  cleanUps.push(() => fixture.runner.close())
  const job: RelayJob = {
    kind: 'relay',
    transferId: 1,
    slot: 0,
    key: 'to',
    said: {},
    sourceKey: 'from',
    sourceHeaders: ['x-amz-checksum-mode', 'ENABLED'],
    etag: '"e"',
    length: body.length,
    compare: true,
    algorithm: 'CRC32C',
    isChosen: false,
    sendChecksum: true,
    ...changes,
  }
  const routes = { route: routeTo(destination.origin), source: routeTo(source.origin) }
  const [result] = await fixture.runner.run({ ...routes, jobs: [job] })
  if (result === undefined) throw new Error('there is an answer')
  return { result, source, destination, fixture }
}

describe('a relayed object', () => {
  it.each([0, 1, 5000])('of %i bytes is read once and sent once', async (size) => {
    const body = BYTES.subarray(0, size)
    const crc = await checksumOfBytes(body)
    const headers = { ...HEADERS, 'x-amz-checksum-crc32': crc, 'x-amz-version-id': 'v' }
    const { result, source, destination, fixture } = await relay({ body, headers })
    expect(doneOf(result)).toMatchObject({
      length: size,
      etag: '"copy"',
      headers: { 'x-amz-checksum-crc32': crc },
      relayed: ['"e"', 'v', true, 'CRC32'],
    })
    expect(encodeDigest(doneOf(result).digest)).toBe(crc)
    const [get, put] = [source.requests, destination.requests]
    expect([get, put].map((all) => all.map(({ method }) => method))).toEqual([['GET'], ['PUT']])
    expect(get[0]?.headers).toMatchObject({
      'if-match': '"e"',
      'x-amz-checksum-mode': 'ENABLED',
      'accept-encoding': 'identity',
    })
    expect(get[0]?.target).toBe('/bucket/from')
    expect(put[0]?.target).toBe('/bucket/to')
    expect(put[0]?.body.equals(body)).toBe(true)
    expect(put[0]?.headers['x-amz-checksum-crc32']).toBe(crc)
    expect(fixture.counters()).toMatchObject({ bytesReceived: size, bytesSent: size, failed: 0 })
    expect(fixture.shared.progress(0)).toBe(size)
  })

  it('takes over what describes it, but for what is said', async () => {
    const described = {
      'content-type': 'text/a',
      'cache-control': 'max-age=1',
      'content-disposition': 'inline',
      'content-language': 'de',
      expires: 'Wed, 02 Jan 2030 03:04:05 GMT',
      'x-amz-website-redirect-location': '/there',
      'x-amz-meta-a': '1',
      'x-amz-storage-class': 'STANDARD_IA',
    }
    const { destination } = await relay(
      { headers: { ...HEADERS, ...described } },
      { said: { contentType: 'text/b', storageClass: 'ONEZONE_IA', ifNoneMatch: '*' } },
    )
    expect(destination.requests[0]?.headers).toMatchObject({
      ...described,
      'content-type': 'text/b',
      'x-amz-storage-class': 'ONEZONE_IA',
      'if-none-match': '*',
    })
  })

  it.each([
    ['a hash that is stored', { 'x-amz-checksum-sha256': 'SHA256' }, {}, true, 'CRC32C'],
    ['nothing, where nothing is stored', {}, {}, false, 'CRC32C'],
    ['nothing, where it is not asked for', { crc: 'CRC32' }, { compare: false }, false, 'CRC32C'],
    [
      'its checksum, and sent with the one chosen',
      { crc: 'CRC32' },
      { isChosen: true },
      true,
      'CRC32C',
    ],
  ] as const)('is compared with %s', async (_, stored, changes, isProved, algorithm) => {
    const sha = await checksumOfBytes(BYTES, 'SHA256')
    const wrong = 'compare' in changes
    const headers: Record<string, string> = { etag: '"e"' }
    if ('x-amz-checksum-sha256' in stored) headers['x-amz-checksum-sha256'] = sha
    if ('crc' in stored) headers['x-amz-checksum-crc32'] = wrong ? 'AAAAAA==' : CRC
    const { result, destination } = await relay({ headers }, changes)
    expect(doneOf(result).relayed).toEqual(['"e"', undefined, isProved, algorithm])
    const sent = await checksumOfBytes(BYTES, algorithm)
    expect(destination.requests[0]?.headers['x-amz-checksum-crc32c']).toBe(sent)
  })

  it('is known by an ETag that was listed without its quotes', async () => {
    const { result, source } = await relay({}, { etag: 'e' })
    expect(doneOf(result).relayed?.[0]).toBe('"e"')
    expect(source.requests[0]?.headers['if-match']).toBe('"e"')
  })
})

describe('nothing is sent', () => {
  const unchanged = { length: BYTES.length }
  it.each([
    ['is of another ETag', { headers: { ...HEADERS, etag: '"f"' } }, 'ERR_OBJECT_CHANGED'],
    ['is shorter than listed', { body: BYTES.subarray(1) }, 'ERR_OBJECT_CHANGED'],
    ['is longer than listed', { body: testBytes(5001) }, 'ERR_OBJECT_TOO_LARGE'],
    ['has tags', { headers: { ...HEADERS, 'x-amz-tagging-count': '1' } }, 'ERR_OBJECT_TOO_LARGE'],
    [
      'hides metadata',
      { headers: { ...HEADERS, 'x-amz-missing-meta': '1' } },
      'ERR_OBJECT_TOO_LARGE',
    ],
    ['expires at no date', { headers: { ...HEADERS, expires: 'never' } }, 'ERR_OBJECT_TOO_LARGE'],
    ['is encoded', { headers: { ...HEADERS, 'content-encoding': 'gzip' } }, 'ERR_OBJECT_TOO_LARGE'],
    [
      'has a composite checksum',
      { headers: { ...HEADERS, 'x-amz-checksum-crc32': `${CRC}-2` } },
      'ERR_OBJECT_TOO_LARGE',
    ],
    ['has other bytes', { body: testBytes(5000, 9) }, 'ERR_CHECKSUM_MISMATCH'],
    ['ends too early', { cut: true }, 'ERR_CONNECTION_LOST'],
    ['was replaced', { status: '412 Precondition Failed' }, 'ERR_PRECONDITION_FAILED'],
    ['is archived', { status: '403 Forbidden', headers: {} }, 'ERR_ACCESS_DENIED'],
    ['is not to be had now', { status: '503 Slow Down', headers: {} }, 'ERR_STORE_UNAVAILABLE'],
  ] as const)(
    'of an object that %s, and the answer says so of the source',
    async (_, given, code) => {
      const { result, destination, source } = await relay(given, unchanged)
      const { error } = failedOf(result)
      expect(error).toMatchObject({
        code,
        context: { operation: 'GetObject', key: 'from', origin: source.origin },
      })
      expect(destination.accepted).toBe(0)
    },
  )
})

describe('a PUT that fails', () => {
  it.each([
    ['refuses', { status: '503 Slow Down', headers: {} }, 'ERR_STORE_UNAVAILABLE'],
    [
      'has other bytes',
      { status: '200 OK', headers: { ...HEADERS, 'x-amz-checksum-crc32': 'AAAAAA==' } },
      'ERR_CHECKSUM_MISMATCH',
    ],
    ['tells no ETag', { status: '200 OK', headers: {} }, 'ERR_RESPONSE_INVALID'],
  ] as const)('since the store %s is told of the destination', async (_, put, code) => {
    const { result, destination, fixture } = await relay({ put })
    expect(failedOf(result).error).toMatchObject({
      code,
      context: { operation: 'PutObject', key: 'to', origin: destination.origin },
    })
    expect(fixture.counters()).toMatchObject({ bytesSent: 0, failed: 1 })
  })

  it('since it was cut answers at once', async () => {
    const { result } = await relay({ onPut: ({ runner }) => runner.cancel(1) })
    expect(failedOf(result).error.code).toBe('ERR_ABORTED')
  })
})
