import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { TransferEngine } from 'transfer-engine'
import { failureOf, until } from '../helpers/failure.ts'
import { answer, startRawServer } from '../helpers/raw-server.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const TRANSFERS = 5000
const ATTEMPTS = 2
const TINY = testBytes(100)
const CLOSE = { connection: 'close' }

/** Whatever can become of a request. */
const MISFORTUNES: readonly ((socket: Socket) => void)[] = [
  (socket) => socket.write(answer('503 Service Unavailable')),
  (socket) => socket.end(answer('500 Internal Server Error', CLOSE)),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end(),
  (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le'),
  (socket) => socket.write('what do you want?\r\n\r\n'),
  (socket) => socket.write(answer('200 OK')),
  (socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 100\r\n\r\n<html>'),
]

test('ten thousand failing requests leave no socket, no memory and no place in a queue', async () => {
  await using server = await startRawServer({
    onRequest: ({ socket, target }) => {
      const number = Number(target.split('/').at(-1)?.split('?')[0])
      MISFORTUNES[number % MISFORTUNES.length]?.(socket)
    },
  })
  await using engine = new TransferEngine({
    endpoint: server.origin,
    region: 'us-east-1',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    workers: 2,
    maxAttempts: ATTEMPTS,
    retryDelayMs: 1,
    retryDelayMaxMs: 1,
  })
  const codes = new Set<string>()
  const upload = async (_: unknown, n: number): Promise<void> => {
    const error = await failureOf(engine.upload(TINY, `s3://bucket/${n}`))
    expect(error.retryable, `retryable: ${error.message}`).toBe(true)
    codes.add(error.code)
  }
  await Promise.all(Array.from({ length: TRANSFERS }, upload))
  expect(codes).toContain('ERR_STORE_UNAVAILABLE')
  expect(codes).toContain('ERR_CONNECTION_LOST')
  expect(codes).toContain('ERR_RESPONSE_INVALID')
  expect(server.requests.length).toBeGreaterThanOrEqual(TRANSFERS * ATTEMPTS)
  const { pool, memory, requests, transfers } = engine.stats()
  expect(pool).toMatchObject({ failed: pool.requests, busy: 0, waiting: 0, connecting: 0 })
  expect(requests).toMatchObject({ inFlight: 0, waiting: 0 })
  expect({ taken: memory.taken, transfers }).toEqual({ taken: 0, transfers: 0 })
  await until(() => engine.stats().pool.open === 0, 'no connection is open')
  await until(() => server.sockets.size === 0, 'the server sees none')
})
