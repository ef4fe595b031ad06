import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { receiveBody } from '../../src/local-store/body.ts'
import type { S3Error } from '../../src/local-store/s3-error.ts'
import {
  CRC,
  UNSIGNED,
  crc32Value,
  receiveWith,
  send,
  useBodyServer,
  type Settings,
} from './body-fixture.ts'

useBodyServer()

const DATA = Buffer.from('some bytes to send')

function plain(extra: Record<string, string> = {}, data: Buffer = DATA): Record<string, string> {
  return { 'content-length': String(data.length), ...extra }
}

/** Sends less than it announces and goes away. */
function breakOff(port: number): void {
  const client = request({ port, host: '127.0.0.1', method: 'PUT', headers: plain() })
  client.on('error', () => undefined)
  client.write(DATA.subarray(0, 5))
  setTimeout(() => client.destroy(), 20)
}

describe('a plain body', () => {
  test('is handed on and measured', async () => {
    const { body, written } = await send(plain(), [DATA], { md5: true, compute: ['SHA1'] })
    expect(written).toEqual(DATA)
    expect(body?.length).toBe(DATA.length)
    expect(body?.md5).toEqual(createHash('md5').update(DATA).digest())
    expect(body?.checksums.SHA1).toEqual(createHash('sha1').update(DATA).digest())
    expect(body?.sent).toEqual([])
  })

  test('of zero bytes is received', async () => {
    const empty = Buffer.alloc(0)
    const { body } = await send(plain({ [CRC]: 'AAAAAA==' }, empty), [])
    expect(body).toMatchObject({ length: 0, sent: ['CRC32'] })
  })

  test('without a length is refused', async () => {
    const { code } = await send({ 'transfer-encoding': 'chunked' }, [DATA])
    expect(code).toBe('MissingContentLength')
  })

  test('above the limit is refused before a byte is written', async () => {
    const { code, written } = await send(plain(), [DATA], { maxLength: DATA.length - 1 })
    expect([code, written.length]).toEqual(['EntityTooLarge', 0])
  })

  test('that ends early is refused', async () => {
    const received = new Promise<string>((resolve) => {
      const port = receiveWith(async (req) => {
        const options = { payload: UNSIGNED, headers: plain(), maxLength: 99, md5: false }
        await receiveBody(req, { ...options, compute: [], write: () => undefined }).catch(
          (error: S3Error) => resolve(error.code),
        )
      })
      breakOff(port)
    })
    expect(await received).toBe('IncompleteBody')
  })

  test.each<[string, Record<string, string>, Settings, string]>([
    ['right CRC32', { [CRC]: crc32Value(DATA) }, {}, 'received'],
    ['wrong CRC32', { [CRC]: 'AAAAAA==' }, {}, 'BadDigest'],
    ['CRC32 of a wrong length', { [CRC]: 'AAAA' }, {}, 'InvalidRequest'],
    [
      'two checksums',
      { [CRC]: crc32Value(DATA), 'x-amz-checksum-crc32c': 'AAAAAA==' },
      {},
      'InvalidRequest',
    ],
    ['announced, not sent', { 'x-amz-sdk-checksum-algorithm': 'CRC32' }, {}, 'InvalidRequest'],
    [
      'announced as another',
      { 'x-amz-sdk-checksum-algorithm': 'SHA1', [CRC]: crc32Value(DATA) },
      {},
      'InvalidRequest',
    ],
    [
      'right MD5',
      { 'content-md5': createHash('md5').update(DATA).digest('base64') },
      {},
      'received',
    ],
    ['wrong MD5', { 'content-md5': Buffer.alloc(16).toString('base64') }, {}, 'BadDigest'],
    ['broken MD5', { 'content-md5': 'abc' }, {}, 'InvalidDigest'],
    [
      'right payload hash',
      {},
      { payload: { kind: 'hash', sha256: createHash('sha256').update(DATA).digest('hex') } },
      'received',
    ],
    [
      'wrong payload hash',
      {},
      { payload: { kind: 'hash', sha256: '0'.repeat(64) } },
      'XAmzContentSHA256Mismatch',
    ],
  ])('with %s', async (_, headers, settings, expected) => {
    expect((await send(plain(headers), [DATA], settings)).code).toBe(expected)
  })

  test('a byte changed on the way in is found by the checksum', async () => {
    const alter = (piece: Buffer): Buffer => Buffer.from(piece).fill(0, 3, 4)
    const { code } = await send(plain({ [CRC]: crc32Value(DATA) }), [DATA], { alter })
    expect(code).toBe('BadDigest')
  })

  test('waits for writes and keeps their order', async () => {
    const data = Buffer.alloc(600_000, 'xyz')
    const written: Buffer[] = []
    let under = 0
    const write = async (chunk: Buffer): Promise<void> => {
      under += 1
      expect(under).toBe(1)
      await sleep(2)
      written.push(Buffer.from(chunk))
      under -= 1
    }
    let bytes = 0
    const onBytes = (length: number): void => void (bytes += length)
    const { code } = await send(plain({}, data), [data], { write, onBytes })
    expect(code).toBe('received')
    expect(Buffer.concat(written)).toEqual(data)
    expect(bytes).toBe(data.length)
  })

  test('a write that fails ends the body with its error', async () => {
    const write = (): Promise<void> => Promise.reject(new Error('disk full'))
    expect((await send(plain(), [DATA], { write })).code).toBe('Error: disk full')
  })
})
