import { describe, expect, test } from 'vitest'
import { ChunkedBody } from '../../src/local-store/aws-chunked.ts'
import { verifyRequest, type PayloadMode } from '../../src/local-store/sigv4.ts'
import { CRC, crc32Value, send, useBodyServer } from './body-fixture.ts'
import {
  EXAMPLE_CREDENTIALS,
  EXAMPLE_TIME,
  STREAM_EXAMPLE,
  STREAM_PAYLOAD,
  TRAILER_EXAMPLE,
} from './sigv4-examples.ts'

const TRAILER: PayloadMode = { kind: 'chunks-unsigned-trailer' }

useBodyServer()

/** Frames a payload in unsigned chunks of a size, with a trailer. */
function framed(payload: Buffer, size: number, trailer: string): Buffer {
  const pieces: Buffer[] = []
  for (let offset = 0; offset < payload.length; offset += size) {
    const chunk = payload.subarray(offset, offset + size)
    pieces.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
  }
  return Buffer.concat([...pieces, Buffer.from(`0\r\n${trailer}\r\n`)])
}

describe('a body in unsigned chunks', () => {
  const payload = Buffer.alloc(100_000, 'payload ')
  const headers = { 'x-amz-decoded-content-length': '100000', 'x-amz-trailer': CRC }
  const trailer = `${CRC}:${crc32Value(payload)}\r\n`
  const chunked = (changes: Record<string, string> = {}): Record<string, string> => ({
    ...headers,
    ...changes,
  })

  test('is de-framed and its trailer verified', async () => {
    const { body, written } = await send(chunked(), [framed(payload, 65_536, trailer)], {
      payload: TRAILER,
    })
    expect(written).toEqual(payload)
    expect(body).toMatchObject({ length: 100_000, sent: ['CRC32'] })
  })

  test.each<[string, Record<string, string>, Buffer, string]>([
    ['wrong trailer', {}, framed(payload, 65_536, `${CRC}:AAAAAA==\r\n`), 'BadDigest'],
    ['no trailer', {}, framed(payload, 65_536, ''), 'MalformedTrailerError'],
    [
      'a trailer that was not announced',
      {},
      framed(payload, 65_536, `x-amz-checksum-sha1:AAAA\r\n`),
      'MalformedTrailerError',
    ],
    [
      'an unknown trailer',
      { 'x-amz-trailer': 'x-other' },
      framed(payload, 65_536, ''),
      'InvalidRequest',
    ],
    ['a header besides', { [CRC]: 'AAAAAA==' }, framed(payload, 65_536, trailer), 'InvalidRequest'],
    [
      'a length too long',
      { 'x-amz-decoded-content-length': '100001' },
      framed(payload, 65_536, trailer),
      'IncompleteBody',
    ],
    [
      'a length too short',
      { 'x-amz-decoded-content-length': '99999' },
      framed(payload, 65_536, trailer),
      'IncompleteBody',
    ],
    ['small chunks', {}, framed(payload, 8191, trailer), 'InvalidChunkSizeError'],
    ['no last chunk', {}, framed(payload, 65_536, trailer).subarray(0, 90_000), 'IncompleteBody'],
    ['no framing', {}, payload, 'MaxMessageLengthExceeded'],
  ])('with %s is refused', async (_, changes, wire, expected) => {
    const { code } = await send(chunked(changes), [wire], { payload: TRAILER })
    expect(code).toBe(expected)
  })

  test('without its decoded length is refused', async () => {
    const { code } = await send({ 'x-amz-trailer': CRC }, [framed(payload, 65_536, trailer)], {
      payload: TRAILER,
    })
    expect(code).toBe('MissingContentLength')
  })

  test('is the same wherever the socket cuts it', () => {
    const small = Buffer.from('0123456789')
    const wire = framed(small, 100, 'x-a:1\r\n')
    for (let cut = 1; cut < wire.length; cut++) {
      const body = new ChunkedBody(undefined)
      const pieces = [...body.push(wire.subarray(0, cut)), ...body.push(wire.subarray(cut))]
      expect(Buffer.concat(pieces)).toEqual(small)
      expect(body.end().get('x-a')).toBe('1')
    }
  })
})

describe('a body in signed chunks', () => {
  const payloadOf = (request: (typeof STREAM_EXAMPLE)['request']): PayloadMode =>
    verifyRequest(request, {
      find: () => EXAMPLE_CREDENTIALS,
      now: EXAMPLE_TIME,
      region: 'us-east-1',
      skewMaxMs: 0,
    }).payload

  const signed = (signatures: readonly string[], payload: Buffer, end: string): Buffer => {
    const chunks = [payload.subarray(0, 65_536), payload.subarray(65_536), Buffer.alloc(0)]
    const pieces = chunks.flatMap((chunk, index) => [
      Buffer.from(`${chunk.length.toString(16)};chunk-signature=${signatures[index]}\r\n`),
      chunk,
      Buffer.from(chunk.length === 0 ? '' : '\r\n'),
    ])
    return Buffer.concat([...pieces, Buffer.from(end)])
  }
  const headers = { 'x-amz-decoded-content-length': '66560' }

  test('of the AWS example is received', async () => {
    const wire = signed(STREAM_EXAMPLE.signatures, STREAM_PAYLOAD, '\r\n')
    expect(wire.length).toBe(66_824)
    const payload = payloadOf(STREAM_EXAMPLE.request)
    expect((await send(headers, [wire], { payload })).written).toEqual(STREAM_PAYLOAD)
  })

  test('with a byte changed is refused', async () => {
    const damaged = Buffer.from(STREAM_PAYLOAD).fill('b', 66_000, 66_001)
    const wire = signed(STREAM_EXAMPLE.signatures, damaged, '\r\n')
    const payload = payloadOf(STREAM_EXAMPLE.request)
    expect((await send(headers, [wire], { payload })).code).toBe('SignatureDoesNotMatch')
  })

  test('with the trailer of the AWS example is received, and refused with another', async () => {
    const [, , , signature] = TRAILER_EXAMPLE.signatures
    const trailers = { ...headers, 'x-amz-trailer': 'x-amz-checksum-crc32c' }
    const end = (value: string): string =>
      `x-amz-checksum-crc32c:${value}\n\r\nx-amz-trailer-signature:${signature}\r\n\r\n`
    const good = signed(TRAILER_EXAMPLE.signatures, STREAM_PAYLOAD, end('sOO8/Q=='))
    const bad = signed(TRAILER_EXAMPLE.signatures, STREAM_PAYLOAD, end('sOO8/A=='))
    const payload = (): PayloadMode => payloadOf(TRAILER_EXAMPLE.request)
    expect((await send(trailers, [good], { payload: payload() })).body?.sent).toEqual(['CRC32C'])
    expect((await send(trailers, [bad], { payload: payload() })).code).toBe('SignatureDoesNotMatch')
  })
})
