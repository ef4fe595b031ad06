import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, MiB, withBed } from '../helpers/test-bed.ts'

const LARGE = testBytes(12 * MiB)
const OBJECT = `s3://${BUCKET}/object`

describe('an endpoint', () => {
  test('where nobody listens is reported with its address', async () => {
    await withBed({}, async ({ another, file, path }) => {
      const port = await freePort()
      for (const workers of [1, 0]) {
        const engine = another({ endpoint: `http://127.0.0.1:${port}`, workers, maxAttempts: 2 })
        const up = await failureOf(engine.upload(await file('small', Buffer.from('x'))))
        expect(up).toMatchObject({ code: 'ERR_CONNECT', context: { attempt: 2 } })
        expect(up.message).toContain(String(port))
        expect((await failureOf(engine.upload(LARGE, OBJECT))).code).toBe('ERR_CONNECT')
        const down = await failureOf(engine.download(OBJECT, path('copy')))
        expect(down.code).toBe('ERR_CONNECT')
      }
    })
  })

  test('whose name nobody knows is reported', async () => {
    await withBed({}, async ({ another }) => {
      const engine = another({ endpoint: 'http://no-such-host.invalid', maxAttempts: 1 })
      const error = await failureOf(engine.upload(Buffer.from('x'), OBJECT))
      expect(error.code).toBe('ERR_CONNECT')
    })
  })

  test('that takes the connection and no more runs into the read time-out', async () => {
    await withBed({}, async ({ another, store }) => {
      const engine = another({ readTimeoutMs: 300, maxAttempts: 2 })
      store.faults.add({ fault: { kind: 'never-read' } })
      const startedAt = Date.now()
      const error = await failureOf(engine.upload(Buffer.from('x'), OBJECT))
      expect(error.code).toBe('ERR_READ_TIMEOUT')
      const elapsedMs = Date.now() - startedAt
      expect(elapsedMs).toBeGreaterThanOrEqual(600)
      expect(elapsedMs).toBeLessThan(10_000)
    })
  })

  test('whose TLS handshake does not go on runs into the connect time-out', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    try {
      await withBed({}, async ({ another }) => {
        const endpoint = `https://127.0.0.1:${port}`
        const engine = another({ endpoint, connectTimeoutMs: 200, maxAttempts: 2 })
        const startedAt = Date.now()
        const error = await failureOf(engine.upload(Buffer.from('x'), OBJECT))
        expect(error.code).toBe('ERR_CONNECT_TIMEOUT')
        expect(Date.now() - startedAt).toBeLessThan(10_000)
      })
    } finally {
      await new Promise((resolve) => silent.close(resolve))
    }
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
