import { connect, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { until, wait } from '../../helpers/failure.ts'
import {
  type ChaosProxy,
  type ChaosRule,
  startChaosProxy,
} from '../../helpers/chaos-proxy/proxy.ts'
import { answer, type RawServer, startRawServer } from '../../helpers/raw-server.ts'

const BODY = '0123456789'.repeat(20)
const PUT = `PUT /b/key?partNumber=2 HTTP/1.1\r\ncontent-length: ${BODY.length}\r\n\r\n`
const GET = 'GET /b/key HTTP/1.1\r\nrange: bytes=5-9\r\n\r\n'

/** A client that notes what it sees. */
class RawClient {
  readonly socket: Socket
  received = ''
  pieces = 0
  end: 'fin' | 'rst' | undefined

  constructor(endpoint: string) {
    this.socket = connect(Number(new URL(endpoint).port), '127.0.0.1')
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString()
      this.pieces += 1
    })
    this.socket.on('error', () => (this.end = 'rst'))
    this.socket.on('end', () => (this.end = 'fin'))
  }

  ask(text: string): this {
    this.socket.write(text)
    return this
  }

  answers(count: number): Promise<void> {
    const all = (): boolean => this.received.split('HTTP/1.1 200').length > count
    return until(() => all() && this.received.endsWith(BODY), `${count} answers came`)
  }
}

async function between(
  rules: readonly ChaosRule[],
  use: (client: RawClient, server: RawServer, proxy: ChaosProxy) => Promise<void>,
): Promise<void> {
  await using server = await startRawServer({
    onRequest: ({ socket }) => socket.write(answer('200 OK', {}, BODY)),
  })
  await using proxy = await startChaosProxy(server.port)
  for (const rule of rules) proxy.add(rule)
  const client = new RawClient(proxy.endpoint)
  try {
    await use(client, server, proxy)
  } finally {
    client.socket.destroy()
  }
  await until(() => proxy.connections.open === 0, 'the proxy has let go')
  await until(() => server.sockets.size === 0, 'the server has been left')
}

describe('a chaos proxy', () => {
  test('without rules changes nothing, and keeps a connection for many requests', async () => {
    await between([], async (client, server, proxy) => {
      await client.ask(PUT + BODY).answers(1)
      await client.ask(GET).answers(2)
      expect(server.requests[0]?.body.toString()).toBe(BODY)
      expect(server.accepted).toBe(1)
      expect(proxy.requests).toMatchObject([
        { method: 'PUT', target: '/b/key?partNumber=2', connection: 1, faults: [] },
        { method: 'GET', target: '/b/key', headers: { range: 'bytes=5-9' } },
      ])
    })
  })

  test('strikes only what a rule matches, after `skip` and at most `times`', async () => {
    const fault = { kind: 'corrupt', way: 'down', offset: 0 } as const
    const rule = { fault, method: 'GET', target: /key$/, range: /=5-/, skip: 1, times: 1 }
    await between([rule], async (client, _, proxy) => {
      for (const [index, text] of [GET, PUT + BODY, GET, GET].entries()) {
        client.ask(text)
        await until(() => proxy.requests.length > index, 'it was asked')
        await until(() => client.received.split('HTTP/1.1 200').length > index + 1, 'it came')
        await until(() => client.received.endsWith('9'), 'it came whole')
      }
      expect(proxy.requests.map(({ faults }) => faults.length)).toEqual([0, 0, 1, 0])
      expect(client.received.split(BODY)).toHaveLength(4)
    })
  })

  test('gives the same choice for the same seed', async () => {
    const choices = async (seed: number): Promise<number[]> => {
      await using server = await startRawServer({
        onRequest: ({ socket }) => socket.write(answer('200 OK', {}, BODY)),
      })
      await using proxy = await startChaosProxy(server.port, seed)
      proxy.add({ fault: { kind: 'delay', ms: 0 }, probability: 0.5 })
      const client = new RawClient(proxy.endpoint)
      for (let count = 1; count <= 20; count += 1) await client.ask(GET).answers(count)
      client.socket.destroy()
      return proxy.requests.map(({ faults }) => faults.length)
    }
    const first = await choices(7)
    expect(await choices(7)).toEqual(first)
    expect(await choices(8)).not.toEqual(first)
    expect(new Set(first)).toEqual(new Set([0, 1]))
  })

  test('delays a request', async () => {
    await between([{ fault: { kind: 'delay', ms: 150 } }], async (client, server) => {
      client.ask(GET)
      await wait(50)
      expect(server.requests).toHaveLength(0)
      await client.answers(1)
    })
  })

  test.each(['up', 'down'] as const)('limits the rate on the way %s', async (way) => {
    const fault = { kind: 'rate', way, bytesPerSecond: 1000 } as const
    await between([{ fault }], async (client) => {
      const startedAt = performance.now()
      await client.ask(PUT + BODY).answers(1)
      expect(performance.now() - startedAt).toBeGreaterThan(150)
    })
  })

  test.each(['fin', 'rst'] as const)('cuts a request after some bytes by %s', async (how) => {
    const fault = { kind: 'cut', way: 'up', afterBytes: PUT.length + 5, how } as const
    await between([{ fault }], async (client, server) => {
      client.ask(PUT + BODY)
      await until(() => client.end === how, `it ends by ${how}`)
      expect(client.received).toBe('')
      expect(server.requests).toHaveLength(0)
    })
  })

  test.each(['fin', 'rst'] as const)('cuts an answer after some bytes by %s', async (how) => {
    const fault = { kind: 'cut', way: 'down', afterBytes: 20, how } as const
    await between([{ fault }], async (client, server) => {
      client.ask(GET)
      await until(() => client.end === how, `it ends by ${how}`)
      expect(server.requests).toHaveLength(1)
      if (how === 'fin') expect(client.received).toHaveLength(20)
    })
  })

  test('stalls for a while, or for ever', async () => {
    const fault = { kind: 'stall', way: 'down', afterBytes: 30 } as const
    const rules = [
      { fault: { ...fault, ms: 150 }, times: 1 },
      { fault, skip: 1 },
    ]
    await between(rules, async (client) => {
      const startedAt = performance.now()
      await client.ask(GET).answers(1)
      expect(performance.now() - startedAt).toBeGreaterThan(140)
      const before = client.received.length
      client.ask(GET)
      await wait(200)
      expect(client.received.length).toBe(before + 30)
      expect(client.end).toBeUndefined()
    })
  })

  test('corrupts one bit of a body, on the way up', async () => {
    const fault = { kind: 'corrupt', way: 'up', offset: 150 } as const
    await between([{ fault }], async (client, server) => {
      await client.ask(PUT + BODY).answers(1)
      const body = server.requests[0]?.body.toString() ?? ''
      expect(body.slice(0, 150) + body.slice(151)).toBe(BODY.slice(0, 150) + BODY.slice(151))
      expect(body[150]).not.toBe(BODY[150])
    })
  })

  test('splits writes without changing a byte', async () => {
    const split = (way: 'up' | 'down') => ({ fault: { kind: 'split', way, most: 3, count: 100 } })
    await between([split('up'), split('down')] as ChaosRule[], async (client, server) => {
      await client.ask(PUT + BODY).answers(1)
      expect(server.requests[0]?.body.toString()).toBe(BODY)
      expect(client.pieces).toBeGreaterThan(10)
    })
  })

  test.each(['fin', 'rst'] as const)('swallows the answer to what was done, by %s', async (how) => {
    await between([{ fault: { kind: 'swallow', how } }], async (client, server) => {
      client.ask(PUT + BODY)
      await until(() => client.end === how, `it ends by ${how}`)
      expect(server.requests).toHaveLength(1)
      expect(client.received).toBe('')
    })
  })

  test('sends an answer twice', async () => {
    await between([{ fault: { kind: 'duplicate' } }], async (client, server) => {
      await client.ask(GET).answers(2)
      expect(server.requests).toHaveLength(1)
    })
  })

  test('ends a connection behind an answer', async () => {
    await between([{ fault: { kind: 'close-after', how: 'fin' } }], async (client) => {
      await client.ask(GET).answers(1)
      await until(() => client.end === 'fin', 'it ends')
    })
  })

  test('rejects a connection, or never reads it', async () => {
    const rules: readonly ChaosRule[] = [
      { fault: { kind: 'reject' }, connection: 1 },
      { fault: { kind: 'hold' }, connection: 2 },
    ]
    await between(rules, async (client, server, proxy) => {
      await until(() => client.end === 'rst', 'it is reset')
      const held = new RawClient(proxy.endpoint).ask(GET)
      await wait(100)
      expect(held).toMatchObject({ received: '', end: undefined })
      expect(server.accepted).toBe(0)
      held.socket.destroy()
      await proxy.close()
    })
  })
})
