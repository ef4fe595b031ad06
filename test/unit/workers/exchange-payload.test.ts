/**
 * Large payloads on their way around undici, through real sockets: where their bytes go, and what
 * becomes of a connection on which something is not as it should be.
 */

import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import type { ConnectionPoolOptions } from '../../../workers/connection-pool.ts'
import type { ExchangeHead, PayloadSink } from '../../../workers/exchange.ts'
import { answer, startRawServer, type RawRequest } from '../../helpers/raw-server.ts'
import { selfSigned } from '../../helpers/self-signed.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import { get, makePool, until } from './pool-fixture.ts'

const secure = selfSigned()
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

type Wire = 'plain' | 'TLS'

async function poolFor(
  wire: Wire,
  onRequest: (request: RawRequest) => unknown,
  options: Partial<ConnectionPoolOptions> = {},
) {
  const server = await startRawServer({
    onRequest: (request) => void onRequest(request),
    ...(wire === 'TLS' ? { secure } : {}),
  })
  const tls = { ca: secure.cert, rejectUnauthorized: true }
  const { pool } = makePool(server.origin, { tls, ...options })
  cleanUps.push(
    () => server.close(),
    () => pool.close(),
  )
  return { pool, server, connection: await pool.acquire() }
}

/** Takes payload into memory, straight into it where the connection can. */
class Memory implements PayloadSink {
  readonly heads: ExchangeHead[] = []
  readonly bytes: Buffer
  received = 0
  placed = 0
  writes = 0
  accepts = true

  constructor(length: number) {
    this.bytes = Buffer.from(new SharedArrayBuffer(length))
  }

  accept(head: ExchangeHead): boolean {
    this.heads.push(head)
    return this.accepts
  }

  place(length: number): Uint8Array {
    this.placed += 1
    return this.bytes.subarray(this.received, this.received + length)
  }

  write(chunk: Buffer): void {
    this.writes += 1
    if (chunk.buffer !== this.bytes.buffer) this.bytes.set(chunk, this.received)
    else if (chunk.byteOffset !== this.received) throw new Error('not where it was placed')
    this.received += chunk.length
  }
}

const LENGTH = 1_000_000
const BYTES = testBytes(LENGTH)

function headOf(length: number, more = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n${more}\r\n`
}

/** Writes, then waits until the reader has had the time to take it. */
async function write(socket: Socket, bytes: Uint8Array | string): Promise<void> {
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()))
  await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Node resets plain sockets only; a TLS stream without its end is as broken. */
function cut(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}

describe.each<Wire>(['plain', 'TLS'])('a payload over %s', (wire) => {
  it('lies in the memory of its sink, with the length the server told', async () => {
    const { pool, connection, server } = await poolFor(wire, async ({ socket }) => {
      // The first read brings the head and a little more, into memory of the thread.
      await write(socket, answer('200 OK', {}, BYTES).subarray(0, 1000))
      socket.write(answer('200 OK', {}, BYTES).subarray(1000))
    })
    for (let round = 0; round < 3; round += 1) {
      const sink = new Memory(LENGTH)
      const done = await get(pool, connection, '/', sink)
      expect(done.headers['content-length']).toBe(String(LENGTH))
      expect(sink.heads).toHaveLength(1)
      expect(differenceOf(sink.bytes, BYTES)).toBeUndefined()
      // TLS has to decrypt somewhere first.
      expect(sink.placed > 0).toBe(wire === 'plain')
    }
    expect(server.accepted).toBe(1)
  })

  it('that the sink does not take is never read into its memory', async () => {
    const { pool, connection } = await poolFor(wire, ({ socket }) =>
      socket.write(answer('200 OK', {}, BYTES)),
    )
    const sink = new Memory(LENGTH)
    sink.accepts = false
    const { text } = await get(pool, connection, '/', sink)
    expect(text).toBe(BYTES.subarray(0, 64 * 1024).toString())
    expect([sink.placed, sink.writes]).toEqual([0, 0])
    expect(sink.bytes.every((byte) => byte === 0)).toBe(true)
    sink.accepts = true
    await get(pool, connection, '/', sink)
    expect(differenceOf(sink.bytes, BYTES), 'the connection is clean').toBeUndefined()
  })

  it('may follow interim heads, which the sink is not asked about', async () => {
    const { pool, connection } = await poolFor(wire, async ({ socket }) => {
      await write(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n')
      await write(socket, '\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 ')
      socket.write(answer('200 OK', {}, BYTES).subarray('HTTP/1.1 '.length))
    })
    const sink = new Memory(LENGTH)
    await get(pool, connection, '/', sink)
    expect(sink.heads.map(({ status }) => status)).toEqual([200])
    expect(differenceOf(sink.bytes, BYTES)).toBeUndefined()
  })

  it.each([
    ['an end', (socket: Socket) => socket.end(), {}],
    ['a cut', (socket: Socket) => cut(socket), {}],
    ['silence', () => undefined, { readTimeoutMs: 150 }],
    ['an abort', 'abort', {}],
  ] as const)('that is broken by %s has brought all that came', async (_, breaks, options) => {
    let isSent = false
    const { pool, connection } = await poolFor(
      wire,
      async ({ socket }) => {
        await write(socket, headOf(LENGTH))
        await write(socket, BYTES.subarray(0, 100_001))
        isSent = true
        if (breaks !== 'abort') breaks(socket)
      },
      options,
    )
    const sink = new Memory(LENGTH)
    const failed = get(pool, connection, '/', sink).then(
      () => 'nothing failed',
      () => 'failed',
    )
    if (breaks === 'abort') {
      await until(() => isSent, 'everything was sent')
      connection.destroy(new Error('aborted'))
    }
    expect(await failed).toBe('failed')
    expect(sink.received).toBe(100_001)
    expect(
      differenceOf(sink.bytes.subarray(0, 100_001), BYTES.subarray(0, 100_001)),
    ).toBeUndefined()
    pool.release(connection, false)
    expect(connection.closed).toBe(true)
  })

  it('ends with its sink: nothing is written or read into memory after it threw', async () => {
    const { pool, connection, server } = await poolFor(wire, ({ socket }) =>
      socket.write(Buffer.concat([Buffer.from(headOf(8 * LENGTH)), BYTES, BYTES, BYTES, BYTES])),
    )
    const sink = new Memory(8 * LENGTH)
    const write = sink.write.bind(sink)
    let placed = NaN
    sink.write = (chunk) => {
      write(chunk)
      if (sink.writes < 2) return
      ;({ placed } = sink)
      throw new Error('the disk is full')
    }
    await expect(get(pool, connection, '/', sink)).rejects.toThrow('the disk is full')
    const before = Buffer.from(sink.bytes)
    await until(() => server.sockets.size === 0, 'the server sees the cut')
    expect(sink.writes).toBe(2)
    expect(sink.placed, 'nor is it asked for memory').toBe(placed)
    expect(differenceOf(sink.bytes, before)).toBeUndefined()
  })

  it('may be the last of its connection', async () => {
    const { pool, connection } = await poolFor(wire, ({ socket }) =>
      socket.end(Buffer.concat([Buffer.from(headOf(LENGTH, 'Connection: close\r\n')), BYTES])),
    )
    const sink = new Memory(LENGTH)
    const { headers } = await get(pool, connection, '/', sink)
    expect(headers['connection']).toBe('close')
    expect(differenceOf(sink.bytes, BYTES)).toBeUndefined()
    expect(connection.usable).toBe(false)
  })
})

describe.each<Wire>(['plain', 'TLS'])('bytes nobody asked for, over %s,', (wire) => {
  const forged = answer('200 OK', { etag: '"forged"' }, 'forged')
  const record = 16 * 1024

  it.each([
    ['a whole answer', forged],
    ['the beginning of one', forged.subarray(0, 30)],
  ])('behind an answer (%s) are no answer to the next request', async (_, extra) => {
    for (const length of [3 * record, 1_000_000]) {
      const { pool, connection, server } = await poolFor(wire, async ({ socket }) => {
        if (server.requests.length > 1) {
          socket.write(forged.subarray(30))
          return
        }
        // The last record of the answer is full, so that the extra bytes come in one of their own.
        await write(socket, headOf(length))
        await write(socket, BYTES.subarray(0, length - record))
        socket.write(Buffer.concat([BYTES.subarray(length - record, length), extra]))
      })
      const sink = new Memory(length)
      await get(pool, connection, '/', sink)
      expect(differenceOf(sink.bytes, BYTES.subarray(0, length))).toBeUndefined()
      const next = new Memory(length)
      await expect(get(pool, connection, '/', next)).rejects.toBeInstanceOf(Error)
      expect(next.heads).toEqual([])
      expect(connection.usable).toBe(false)
    }
  })
})

/** What a GET brings: of the answer, or that it failed. */
async function outcome(head: string, isLed: boolean): Promise<unknown> {
  const { pool, connection } = await poolFor('plain', ({ socket }) => {
    socket.write(Buffer.concat([Buffer.from(head, 'latin1'), BYTES.subarray(0, 70_000)]))
    setTimeout(() => socket.end(), 20)
  })
  const sink = new Memory(LENGTH)
  if (!isLed) connection.bypass.arm = () => undefined
  try {
    const { status } = await get(pool, connection, '/', sink)
    return [
      status,
      sink.received,
      differenceOf(sink.bytes.subarray(0, 70_000), BYTES.subarray(0, 70_000)),
    ]
  } catch {
    return ['failed', sink.received]
  }
}

describe('an odd head', () => {
  const plain = 'Content-Length: 70000\r\n'

  it.each([
    ['no reason', `HTTP/1.1 200\r\n${plain}`],
    ['leading zeros', 'HTTP/1.1 200 OK\r\nContent-Length: 0070000\r\n'],
    ['blanks around the length', 'HTTP/1.1 200 OK\r\nContent-Length: \t 70000  \r\n'],
    ['no blank before it', 'HTTP/1.1 200 OK\r\nContent-Length:70000\r\n'],
    ['a tab behind it', 'HTTP/1.1 200 OK\r\nContent-Length: 70000\t\r\n'],
    ['a fold in the length', 'HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n 5\r\n'],
    ['a fold before the length', `HTTP/1.1 200 OK\r\nX: y\r\n ${plain}${plain}`],
    ['a line feed by itself', `HTTP/1.1 200 OK\r\nX: y\nContent-Length: 5\r\n${plain}`],
    ['hidden chunks', `HTTP/1.1 200 OK\r\nX: y\nTransfer-Encoding: chunked\r\n${plain}`],
    ['a return by itself', `HTTP/1.1 200 OK\r\nX: y\rTransfer-Encoding: chunked\r\n${plain}`],
    ['chunks of no kind', `HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n${plain}`],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 70000\r\n'],
    ['two lengths', `HTTP/1.1 200 OK\r\n${plain}${plain}`],
    ['a sign', 'HTTP/1.1 200 OK\r\nContent-Length: +70000\r\n'],
    ['a zero byte', `HTTP/1.1 200 OK\r\nX\0: y\r\n${plain}`],
    ['a header without a name', `HTTP/1.1 200 OK\r\n: y\r\n${plain}`],
    ['an upgrade', `HTTP/1.1 200 OK\r\nUpgrade: x\r\nConnection: upgrade\r\n${plain}`],
    ['a switch of protocols', `HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n${plain}`],
    ['an early continue', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${plain}`],
    ['an older version', `HTTP/1.0 200 OK\r\n${plain}`],
    ['an empty line first', `\r\n\r\nHTTP/1.1 200 OK\r\n${plain}`],
    ['too many headers', `HTTP/1.1 200 OK\r\n${'X: 0123456789\r\n'.repeat(1600)}${plain}`],
    ['no headers', 'HTTP/1.1 200 OK\r\n'],
  ])('with %s is read as undici reads it, or refused as undici refuses it', async (_, head) => {
    const led = await outcome(`${head}\r\n`, true)
    expect(led).toEqual(await outcome(`${head}\r\n`, false))
  })
})
