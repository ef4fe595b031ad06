import { Agent } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { sampleBytes } from './conformance/case.ts'
import type { RawAnswer } from './conformance/raw-client.ts'
import {
  BODY,
  KEY,
  store,
  raw,
  agent,
  useFaultStore,
  get,
  put,
  once,
  lastRequest,
  timed,
  readUntilError,
} from './fault-fixture.ts'

useFaultStore()

describe('connections', () => {
  test.each(['before-body', 'before-operation'] as const)(
    'lost %s: nothing is done',
    async (at) => {
      once({ kind: 'drop', at })
      await expect(put(Buffer.from('other'))).rejects.toThrow(/ECONNRESET|hang up/)
      expect(lastRequest()).toEqual({ faults: ['drop'], outcome: 'cut' })
      expect((await get()).body.equals(BODY)).toBe(true)
    },
  )

  test('lost after the operation: it is done', async () => {
    once({ kind: 'drop', at: 'after-operation' })
    await expect(put(Buffer.from('other'))).rejects.toThrow(/ECONNRESET|hang up/)
    expect((await get()).body.toString()).toBe('other')
  })

  test('lost in the middle of a request body: nothing is stored', async () => {
    once({ kind: 'drop-request', afterBytes: 100_000 })
    await expect(put(sampleBytes(500_000))).rejects.toThrow(/ECONNRESET|EPIPE|hang up/)
    expect((await get()).body.equals(BODY)).toBe(true)
  })

  test.each(['rst', 'fin'] as const)('lost in the middle of an answer by %s', async (how) => {
    once({ kind: 'drop-response', afterBytes: 70_000, how })
    const received = await readUntilError()
    expect(received).toEqual({ bytes: 70_000, length: '200000', failed: true })
  })

  test('an answer that stalls goes on later', async () => {
    once({ kind: 'stall-response', afterBytes: 1000, ms: 200 })
    let answer: RawAnswer | undefined
    expect(await timed(async () => (answer = await get()))).toBeGreaterThan(190)
    expect(answer?.body.equals(BODY)).toBe(true)
  })

  test('a request body that is not read for a while is stored in the end', async () => {
    once({ kind: 'stall-request', afterBytes: 1000, ms: 200 })
    const other = sampleBytes(150_000, 9)
    expect(await timed(() => put(other))).toBeGreaterThan(190)
    expect((await get()).body.equals(other)).toBe(true)
  })

  test('an answer leaves at a given pace', async () => {
    once({ kind: 'throttle', bytesPerSecond: 400_000 })
    let answer: RawAnswer | undefined
    const ms = await timed(async () => (answer = await get()))
    expect(ms).toBeGreaterThan(400)
    expect(ms).toBeLessThan(2000)
    expect(answer?.body.equals(BODY)).toBe(true)
  })

  test('a slow first byte', async () => {
    once({ kind: 'delay', ms: 150 })
    expect(await timed(() => get())).toBeGreaterThan(140)
  })

  test.each([true, false])('closed after the answer (announced: %s)', async (announced) => {
    once({ kind: 'close-after', announced })
    const answer = await get()
    expect(answer.headers.connection === 'close').toBe(announced)
    await sleep(20)
    expect((await get()).reused).toBe(false)
  })

  test('a port that is closed for a while keeps its state', async () => {
    const { endpoint } = store
    once({ kind: 'refuse', ms: 150 })
    await expect(get()).rejects.toThrow(/ECONNRESET|hang up/)
    expect(store.endpoint).toBe(endpoint)
    await expect(get()).rejects.toThrow(/ECONNREFUSED/)
    await sleep(250)
    expect((await get()).body.equals(BODY)).toBe(true)
  })

  test('a connection that is accepted and never read', async () => {
    store.faults.add({ fault: { kind: 'never-read' }, times: 1 })
    const socket = connect(store.port, '127.0.0.1')
    let answered = false
    socket.on('data', () => (answered = true)).on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await sleep(100)
    expect([answered, socket.readyState]).toEqual([false, 'open'])
    socket.destroy()
  })

  test('connections beyond a limit are reset', async () => {
    agent.destroy()
    await sleep(20)
    const max = store.connections.open + 2
    store.faults.add({ fault: { kind: 'max-connections', max } })
    const wide = new Agent({ keepAlive: true })
    const gets = [1, 2, 3, 4].map(() =>
      raw.send({ method: 'GET', bucket: 'bucket', key: KEY, agent: wide }),
    )
    const results = await Promise.allSettled(gets)
    wide.destroy()
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(2)
  })

  test('100 Continue that is late, refused or never sent', async () => {
    const headers = { expect: '100-continue' }
    once({ kind: 'continue', answer: 'late', ms: 150 })
    expect(await timed(() => put(BODY, headers))).toBeGreaterThan(140)
    once({ kind: 'continue', answer: 'refused' })
    expect((await put(Buffer.from('x'), headers)).status).toBe(417)
    once({ kind: 'continue', answer: 'never' })
    const outcome = await Promise.race([put(BODY, headers).then(() => 'answered'), sleep(150)])
    expect(outcome).toBeUndefined()
  })
})
