import { afterEach, describe, expect, it } from 'vitest'
import { exchange, type ExchangeHead, type PayloadSink } from '../../../workers/exchange.ts'
import {
  answer,
  startRawServer,
  type RawRequest,
  type RawServer,
} from '../../helpers/raw-server.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import { get, makePool, until } from './pool-fixture.ts'

const servers: RawServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function poolFor(onRequest: (request: RawRequest) => void) {
  const server = await startRawServer({ onRequest })
  servers.push(server)
  const { pool, counters } = makePool(server.origin)
  return { pool, counters, server, connection: await pool.acquire() }
}

class Collector implements PayloadSink {
  readonly heads: ExchangeHead[] = []
  readonly chunks: Buffer[] = []

  accept(head: ExchangeHead): boolean {
    this.heads.push(head)
    return head.status === 200
  }

  write(chunk: Buffer): void {
    this.chunks.push(Buffer.from(chunk))
  }
}

describe('an answer', () => {
  it('goes to the sink as payload when the sink takes it', async () => {
    const bytes = testBytes(300_000)
    const { pool, connection } = await poolFor(({ socket }) =>
      socket.write(answer('200 OK', { ETag: '"a"' }, bytes)),
    )
    const sink = new Collector()
    const done = await get(pool, connection, '/', sink)
    expect(sink.heads).toMatchObject([{ status: 200, headers: { etag: '"a"' } }])
    expect(differenceOf(Buffer.concat(sink.chunks), bytes)).toBeUndefined()
    expect(done.text).toBe('')
    pool.close()
  })

  it('is read as text when the sink does not take it', async () => {
    const { pool, connection } = await poolFor(({ socket }) =>
      socket.write(answer('503 Slow Down', {}, '<Error><Code>SlowDown</Code></Error>')),
    )
    const sink = new Collector()
    const done = await get(pool, connection, '/', sink)
    expect(done).toMatchObject({ status: 503, text: '<Error><Code>SlowDown</Code></Error>' })
    expect(sink.chunks).toEqual([])
    pool.close()
  })

  it('keeps no more than 64 KiB of text, and reads the rest all the same', async () => {
    const { pool, connection } = await poolFor(({ socket }) =>
      socket.write(answer('500 Oh', {}, Buffer.alloc(3_000_000, 'e'))),
    )
    expect((await get(pool, connection)).text).toBe('e'.repeat(64 * 1024))
    expect((await get(pool, connection)).text, 'the connection is clean').toHaveLength(64 * 1024)
    pool.close()
  })

  it('has lower-case names, and of a repeated header the last value', async () => {
    const { pool, connection } = await poolFor(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nX-Id: 1\r\nx-id: 2\r\nContent-Length: 0\r\n\r\n'),
    )
    expect((await get(pool, connection)).headers).toEqual({ 'x-id': '2', 'content-length': '0' })
    pool.close()
  })

  it('may follow interim answers', async () => {
    const { pool, connection } = await poolFor(({ socket }) =>
      socket.write(`HTTP/1.1 102 Processing\r\n\r\n${answer('200 OK', {}, 'there').toString()}`),
    )
    expect(await get(pool, connection)).toMatchObject({ status: 200, text: 'there' })
    pool.close()
  })
})

describe('a sink that throws', () => {
  it.each(['accept', 'write'] as const)('in %s fails the exchange and cuts', async (method) => {
    const { pool, connection, server } = await poolFor(({ socket }) =>
      socket.write(answer('200 OK', {}, Buffer.alloc(1_000_000))),
    )
    const sink = new Collector()
    let calls = 0
    sink[method] = () => {
      calls += 1
      throw new Error(`no ${method}`)
    }
    await expect(get(pool, connection, '/', sink)).rejects.toThrow(`no ${method}`)
    expect(calls, 'the sink is not called again').toBe(1)
    expect(connection.closed).toBe(true)
    await until(() => server.sockets.size === 0, 'the server sees the cut')
    pool.release(connection, false)
    pool.close()
  })
})

describe('a broken answer', () => {
  it.each([
    ['a body shorter than announced', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345'],
    ['a chunk that is cut', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n12345'],
    ['a head that is cut', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['no answer at all', ''],
    ['something that is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ])('%s rejects, and the connection is gone', async (_, bytes) => {
    const { pool, connection, counters } = await poolFor(({ socket }) => socket.end(bytes))
    await expect(get(pool, connection)).rejects.toBeInstanceOf(Error)
    pool.release(connection, false)
    await until(() => counters().open === 0, 'the connection is closed')
    expect(counters()).toMatchObject({ busy: 0, closed: { total: 1 } })
    pool.close()
  })
})

describe('a request body', () => {
  it('arrives byte for byte from memory and from slices through one buffer', async () => {
    const { pool, connection, server } = await poolFor(({ socket }) =>
      socket.write(answer('200 OK')),
    )
    const bytes = testBytes(3_000_000)
    const buffer = Buffer.alloc(100_000)
    async function* slices(): AsyncGenerator<Uint8Array> {
      for (let offset = 0; offset < bytes.length; offset += buffer.length) {
        // Were a slice still needed when the next is asked for, this would overwrite it.
        await Promise.resolve()
        const length = bytes.copy(buffer, 0, offset, offset + buffer.length)
        yield buffer.subarray(0, length)
      }
    }
    for (const body of [bytes, slices()]) {
      const headers = ['content-length', String(bytes.length), 'host', 'x']
      await exchange(pool, connection, 'PUT', { path: '/', headers }, body, undefined)
    }
    expect(server.requests.map(({ body }) => differenceOf(body, bytes))).toEqual([
      undefined,
      undefined,
    ])
    expect(server.accepted).toBe(1)
    pool.close()
  })

  it('that fails while it is read fails the exchange with its error', async () => {
    const { pool, connection, counters } = await poolFor(() => undefined)
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1000)
      await Promise.resolve()
      throw new Error('the disk broke')
    }
    const headers = ['content-length', '2000']
    const done = exchange(pool, connection, 'PUT', { path: '/', headers }, failing(), undefined)
    await expect(done).rejects.toThrow('the disk broke')
    pool.release(connection, false)
    await until(() => counters().open === 0, 'the connection is closed')
    pool.close()
  })

  it('is never sent with Expect or trailers', async () => {
    const { pool, connection, server } = await poolFor(({ socket }) =>
      socket.write(answer('200 OK')),
    )
    const headers = ['content-length', '5', 'host', 'bucket.example']
    const request = { path: '/k?a=b', headers }
    await exchange(pool, connection, 'PUT', request, Buffer.from('hello'), undefined)
    const [sent] = server.requests
    expect(sent?.target).toBe('/k?a=b')
    expect(sent?.headers).toEqual({
      'content-length': '5',
      host: 'bucket.example',
      connection: 'keep-alive',
    })
    pool.close()
  })
})
