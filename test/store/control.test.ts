import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectControl, type ControlClient } from '../../src/local-store/control-client.ts'
import { startLocalStore, type LocalStore } from '../../src/local-store/index.ts'
import { RawClient } from './conformance/raw-client.ts'

let store: LocalStore
let control: ControlClient
let raw: RawClient

beforeAll(async () => {
  store = await startLocalStore({ buckets: ['bucket'], control: true })
  control = connectControl(store.controlUrl ?? '')
  raw = new RawClient(store)
})

afterAll(() => store.close())

beforeEach(() => store.reset())

function status(path: string, headers: Record<string, string>): Promise<number> {
  const { port } = new URL(store.controlUrl ?? '')
  return new Promise((resolve, reject) => {
    const client = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    client.on('error', reject).end()
  })
}

async function list(): Promise<number> {
  return (await raw.send({ method: 'GET', bucket: 'bucket', query: { 'list-type': '2' } })).status
}

describe('the control port', () => {
  test('adds, lists, removes and clears rules that act on the store', async () => {
    const fault = { kind: 'answer', status: 503, code: 'SlowDown' } as const
    const id = await control.addRule({ match: { operation: 'ListObjectsV2' }, fault, times: 1 })
    expect([await list(), await list()]).toEqual([503, 200])
    expect(await control.rules()).toMatchObject([{ id, seen: 2, given: 1 }])
    await control.removeRule(id)
    expect(await control.rules()).toEqual([])
    await control.addRule({ fault })
    await control.clearRules()
    expect(await list()).toBe(200)
  })

  test('refuses rules it does not understand, with the reason', async () => {
    const rule = { fault: { kind: 'answer', status: 'many' } } as never
    await expect(control.addRule(rule)).rejects.toThrow(/400 Bad value of `status`/)
    await expect(control.removeRule(99)).rejects.toThrow(/404/)
    const pattern = { match: { keyPattern: '(' }, fault: { kind: 'gzip' } } as const
    await expect(control.addRule(pattern)).rejects.toThrow(/400/)
  })

  test('gives the log, filtered, and clears it', async () => {
    await list()
    await raw.send({ method: 'GET', bucket: 'bucket', key: 'missing' })
    expect((await control.requests()).length).toBe(2)
    expect(await control.requests({ operation: 'GetObject', status: 404 })).toMatchObject([
      { key: 'missing', code: 'NoSuchKey' },
    ])
    await control.clearRequests()
    expect(await control.requests()).toEqual([])
  })

  test('gives open uploads and counters', async () => {
    await raw.send({ method: 'POST', bucket: 'bucket', key: 'big', query: { uploads: '' } })
    expect(await control.openUploads()).toMatchObject([{ bucket: 'bucket', key: 'big', parts: 0 }])
    const stats = await control.stats()
    expect(stats).toMatchObject({ openUploads: 1 })
    expect(
      Math.min(stats.requests, stats.connections, stats.cpuUserMs, stats.rssBytes),
    ).toBeGreaterThan(0)
  })

  test('shifts the clock and sets it right again', async () => {
    await control.shiftClock(-3_600_000)
    expect(await list()).toBe(403)
    await control.shiftClock(0)
    expect(await list()).toBe(200)
    await expect(control.shiftClock('soon' as never)).rejects.toThrow(/integer/)
  })

  test('changes the dialect', async () => {
    const uploads = { method: 'GET', bucket: 'bucket', query: { uploads: '' } }
    await control.setDialect('minimal')
    expect((await raw.send(uploads)).status).toBe(501)
    await control.setDialect('aws')
    expect((await raw.send(uploads)).status).toBe(200)
    await expect(control.setDialect('other' as never)).rejects.toThrow(/Unknown dialect/)
  })

  test('closes the port of the store for a while', async () => {
    await control.refuse(100)
    await expect(list()).rejects.toThrow(/ECONNREFUSED/)
    await expect.poll(() => list().catch(() => 0), { interval: 30 }).toBe(200)
  })

  test('answers only requests that name a loopback host', async () => {
    expect(await status('/stats', { host: 'evil.example:80' })).toBe(403)
    expect(await status('/stats', { host: 'localhost:1' })).toBe(200)
    expect(await status('/nothing', {})).toBe(404)
  })
})
