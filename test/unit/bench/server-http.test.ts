import { once } from 'node:events'
import { connect } from 'node:net'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startBenchServer, type BenchServer } from '../../../bench/server/bench-server.ts'
import { contentSlices } from '../../../bench/server/content.ts'
import { isMove } from '../../../bench/server/operations.ts'

const MiB = 1024 * 1024
const BODY = 'The quick brown fox jumps over the lazy dog'

let server: BenchServer

beforeAll(async () => {
  server = await startBenchServer()
})
beforeEach(() => {
  server.catalog.forget('')
})
afterAll(() => server.close())

/** Sends pieces one after the other, and returns what came back until the server hung up. */
async function talk(pieces: readonly (string | Buffer)[], pauseMs = 0): Promise<Buffer> {
  const socket = connect({
    port: Number(new URL(server.address.endpoint).port),
    host: '127.0.0.1',
    noDelay: true,
  })
  const chunks: Buffer[] = []
  socket.on('data', (bytes: Buffer) => chunks.push(bytes))
  const closed = once(socket, 'close')
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, 'latin1', resolve))
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  await closed
  return Buffer.concat(chunks)
}

function request(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', ...headers, '', body].join('\r\n')
}

const LAST = request('HEAD /bench', ['Connection: close'])

function arrived(): unknown {
  return server.catalog.received('')
}

const whole = (key: string): unknown => [{ key, size: BODY.length, crc32: crc32(BODY) }]

describe('requests to the server of the benchmark', () => {
  it('are read wherever the network cuts them', async () => {
    const put = request('PUT /bench/cut', [`Content-Length: ${BODY.length}`], BODY)
    const text = put + LAST
    const pieces = Array.from({ length: Math.ceil(text.length / 7) }, (_, index) =>
      text.slice(index * 7, index * 7 + 7),
    )
    const answer = (await talk(pieces, 1)).toString('latin1')
    expect(answer.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2)
    expect(arrived()).toEqual(whole('cut'))
  })

  it('may come together, and are answered in their order', async () => {
    server.catalog.publish('large', 1, 5 * MiB)
    server.catalog.publish('small', 1, 10)
    const text =
      request('GET /bench/large') +
      request('PUT /bench/between', [`Content-Length: ${BODY.length}`], BODY) +
      request('GET /bench/small') +
      LAST
    const answer = await talk([text])
    const large = Buffer.concat(contentSlices('large', 0, 5 * MiB))
    const start = answer.indexOf('\r\n\r\n') + 4
    expect(answer.subarray(start, start + large.length).equals(large)).toBe(true)
    const rest = answer.subarray(start + large.length).toString('latin1')
    expect(rest.match(/^HTTP\/1.1 200 OK\r\n/)).not.toBeNull()
    expect(rest).toContain(contentSlices('small', 0, 10)[0]?.toString('latin1'))
    expect(rest.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3)
    expect(arrived()).toEqual(whole('between'))
  })

  it('may have a body of unknown length', async () => {
    const chunks = `5\r\n${BODY.slice(0, 5)}\r\n${(BODY.length - 5).toString(16)};x=y\r\n${BODY.slice(5)}\r\n0\r\nA: b\r\n\r\n`
    const put = request('PUT /bench/chunked', ['Transfer-Encoding: chunked'], chunks)
    await talk([put + LAST])
    expect(arrived()).toEqual(whole('chunked'))
  })

  it.each([
    ['signed', ';chunk-signature=0123456789abcdef', ''],
    ['unsigned', '', ''],
    ['trailed', '', `x-amz-checksum-crc32:${base64Crc(BODY)}\r\n`],
    [
      'signed and trailed',
      ';chunk-signature=0123',
      `x-amz-checksum-crc32:${base64Crc(BODY)}\r\nx-amz-trailer-signature:0123\r\n`,
    ],
  ])('may be framed by S3 itself: %s', async (_, signature, trailer) => {
    const size = BODY.length.toString(16)
    const framed = `${size}${signature}\r\n${BODY}\r\n0${signature}\r\n${trailer}\r\n`
    const headers = [
      'Content-Encoding: aws-chunked',
      `X-Amz-Decoded-Content-Length: ${BODY.length}`,
    ]
    const sized = request(
      'PUT /bench/framed',
      [...headers, `Content-Length: ${framed.length}`],
      framed,
    )
    await talk([sized + LAST])
    expect(arrived()).toEqual(whole('framed'))
    server.catalog.forget('')
    const twice = `${framed.length.toString(16)}\r\n${framed}\r\n0\r\n\r\n`
    const chunked = request('PUT /bench/framed', [...headers, 'Transfer-Encoding: chunked'], twice)
    await talk([chunked + LAST])
    expect(arrived()).toEqual(whole('framed'))
  })

  it('are refused when their checksum is not that of their bytes', async () => {
    const sum = `x-amz-checksum-crc32: ${base64Crc('other')}`
    const put = request('PUT /bench/bad', [`Content-Length: ${BODY.length}`, sum], BODY)
    const answer = (await talk([put + LAST])).toString('latin1')
    expect(answer).toContain('<Code>BadDigest</Code>')
    expect(arrived()).toEqual([])
  })

  it('are told to go on before they send a body, if they ask', async () => {
    const headers = [`Content-Length: ${BODY.length}`, 'Expect: 100-continue']
    const answer = await talk([request('PUT /bench/x', headers), BODY, LAST], 20)
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/)
  })

  it.each([
    ['GARBAGE\r\n\r\n'],
    [request('PUT /bench/x', ['Content-Length: many'], BODY)],
    [request('PUT /bench/x', ['Transfer-Encoding: chunked'], 'zz\r\n')],
    [request('PUT /bench/x', ['no colon'], '')],
  ])('that are none close the connection', async (text) => {
    expect((await talk([text])).toString('latin1')).toMatch(/^HTTP\/1.1 400 Bad Request/)
  })

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=100-', 100, 4 * MiB - 100],
    ['bytes=1048000-3145728', 1_048_000, 2_097_729],
    ['bytes=-5', 4 * MiB - 5, 5],
    ['bytes=4194300-9999999', 4_194_300, 4],
  ])('for the range %s are given those bytes', async (range, offset, length) => {
    server.catalog.publish('ranged', 1, 4 * MiB)
    const answer = await talk([request('GET /bench/ranged', [`Range: ${range}`]) + LAST])
    const end = answer.indexOf('\r\n\r\n') + 4
    const head = answer.subarray(0, end).toString('latin1')
    expect(head).toMatch(/^HTTP\/1.1 206 /)
    expect(head).toContain(`Content-Range: bytes ${offset}-${offset + length - 1}/${4 * MiB}\r\n`)
    const expected = Buffer.concat(contentSlices('ranged', offset, length))
    expect(answer.subarray(end, end + length).equals(expected)).toBe(true)
  })

  it('are counted, and so are their connections', async () => {
    const before = server.stats()
    await talk([request('HEAD /bench') + LAST])
    const after = server.stats()
    expect(after.requests - before.requests).toBe(2)
    expect(after.moves).toBe(before.moves)
    expect(after.connections - before.connections).toBe(1)
    expect(after.cpuSeconds).toBeGreaterThanOrEqual(before.cpuSeconds)
  })
})

it.each([
  ['GET', '/bench/key', true],
  ['GET', '/bench/', false],
  ['GET', '/bench', false],
  ['HEAD', '/bench/key', false],
  ['PUT', '/bench/key', true],
  ['POST', '/bench', true],
  ['DELETE', '/bench/key', true],
])('%s %s moves something: %s', (method, path, moves) => {
  expect(isMove({ method, path })).toBe(moves)
})

function base64Crc(text: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(text))
  return bytes.toString('base64')
}
