import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startLocalStore, type LocalStore } from '../../src/local-store/index.ts'
import { RawClient } from './conformance/raw-client.ts'

const BODY = Buffer.from('some content')

let store: LocalStore
let raw: RawClient
let agent: Agent

beforeEach(async () => {
  store = await startLocalStore({ buckets: ['bucket'] })
  raw = new RawClient(store)
  agent = new Agent({ keepAlive: true, maxSockets: 1 })
})

afterEach(async () => {
  agent.destroy()
  await store.close()
})

describe('dialects that keep connections otherwise', () => {
  test('aws keeps a connection for 20 s and says so', async () => {
    const put = { method: 'PUT', bucket: 'bucket', key: 'key', body: BODY, agent }
    expect((await raw.send(put)).headers['keep-alive']).toBe('timeout=20')
    expect((await raw.send(put)).reused).toBe(true)
  })

  test('nodefault5s keeps a connection for 5 s', async () => {
    store.setDialect('nodefault5s')
    const put = { method: 'PUT', bucket: 'bucket', key: 'key', body: BODY, agent }
    expect((await raw.send(put)).headers['keep-alive']).toBe('timeout=5')
  })

  test('http10 closes after every answer and sends no 100 Continue', async () => {
    store.setDialect('http10')
    const put = { method: 'PUT', bucket: 'bucket', key: 'key', body: BODY, agent }
    expect((await raw.send(put)).headers.connection).toBe('close')
    expect((await raw.send(put)).reused).toBe(false)
    const expecting = { ...put, headers: { expect: '100-continue' } }
    const outcome = await Promise.race([raw.send(expecting).then(() => 'answered'), sleep(150)])
    expect(outcome).toBeUndefined()
  })
})

test('a store that is closed while its port is refused ends every connection', async () => {
  await raw.send({ method: 'GET', bucket: 'bucket', agent })
  expect(store.connections.open).toBe(1)
  store.faults.refuse(60_000)
  await store.close()
  await expect.poll(() => store.connections.open).toBe(0)
})
