import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
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
  startUpload,
  complete,
} from './fault-fixture.ts'

useFaultStore()

describe('made-up answers', () => {
  test('an error comes once, and is logged', async () => {
    once({ kind: 'answer', status: 503, code: 'SlowDown', retryAfter: '2' })
    const answer = await get()
    expect([answer.status, answer.code, answer.headers['retry-after']]).toEqual([
      503,
      'SlowDown',
      '2',
    ])
    expect(lastRequest().faults).toEqual(['answer'])
    expect((await get()).status).toBe(200)
  })

  test('an error on a PUT leaves the object as it was', async () => {
    once({ kind: 'answer', status: 500 })
    expect((await put(Buffer.from('other'))).code).toBe('InternalError')
    expect((await get()).body.equals(BODY)).toBe(true)
  })

  test('an error after the operation leaves it done', async () => {
    once({ kind: 'answer', status: 500, at: 'after-operation' })
    expect((await put(Buffer.from('other'))).status).toBe(500)
    expect((await get()).body.toString()).toBe('other')
  })

  test('an answer before the body ends the connection without reading it', async () => {
    once({ kind: 'answer', status: 503, code: 'SlowDown', at: 'before-body' })
    const answer = await put(Buffer.from('x'))
    expect([answer.status, answer.headers.connection]).toEqual([503, 'close'])
  })

  test.each([
    ['html', 'text/html', /<h1>502/],
    ['empty', 'application/xml', /^$/],
    ['broken-xml', 'application/xml', /<Error>/],
  ] as const)('a body of the kind %s', async (body, type, content) => {
    once({ kind: 'answer', status: 502, body })
    const answer = await get()
    expect([answer.status, answer.headers['content-type']]).toEqual([502, type])
    expect(answer.body.toString()).toMatch(content)
  })

  test('an error inside a 200, for one operation only', async () => {
    once({ kind: 'answer', status: 200 }, { operation: 'CompleteMultipartUpload' })
    const answer = await complete(await startUpload())
    expect([answer.status, answer.code]).toEqual([200, 'InternalError'])
  })

  test('blanks first, then the document, good or bad', async () => {
    once({ kind: 'trickle-answer', ms: 250 }, { operation: 'CompleteMultipartUpload' })
    const upload = await startUpload()
    let answer: RawAnswer | undefined
    const ms = await timed(async () => (answer = await complete(upload)))
    expect(ms).toBeGreaterThan(240)
    expect(answer?.body.toString()).toMatch(/^<\?xml[^>]*\?> {2,}\s*<CompleteMultipartUploadResult/)
    expect(answer?.headers['content-length']).toBeUndefined()
    const match = { operation: 'CompleteMultipartUpload' }
    once({ kind: 'trickle-answer', ms: 1, code: 'InternalError' }, match)
    const bad = await complete(await startUpload())
    expect([bad.status, bad.code]).toEqual([200, 'InternalError'])
  })

  test('what an operation refuses comes late in a 200 too, or is lost', async () => {
    const match = { operation: 'CompleteMultipartUpload' }
    once({ kind: 'trickle-answer', ms: 50 }, match)
    const bad = await complete({ uploadId: 'unknown', etag: 'x' })
    expect([bad.status, bad.code]).toEqual([200, 'NoSuchUpload'])
    once({ kind: 'drop', at: 'after-operation' }, match)
    await expect(complete({ uploadId: 'unknown', etag: 'x' })).rejects.toThrow(/ECONNRESET|hang up/)
  })

  test('a rate above which requests of one prefix are slowed down', async () => {
    store.faults.add({ fault: { kind: 'rate-limit', perSecond: 2, per: 'prefix' } })
    // Starts just after a full second, so that the count is of one second.
    await sleep(1005 - (Date.now() % 1000))
    const statuses: number[] = []
    for (let index = 0; index < 4; index += 1) statuses.push((await get()).status)
    statuses.push((await get({}, 'other/key')).status)
    expect(statuses).toEqual([200, 200, 503, 503, 404])
  })
})

describe('clock, keys and log', () => {
  test('a shifted clock refuses requests and tells the time in Date', async () => {
    store.shiftClock(3_600_000)
    const answer = await get()
    store.shiftClock(0)
    expect([answer.status, answer.code]).toEqual([403, 'RequestTimeTooSkewed'])
    expect(Date.parse(answer.headers.date ?? '') - Date.now()).toBeGreaterThan(3_500_000)
  })

  test('a token expires for one access key until another is used', async () => {
    const { accessKeyId } = store.credentials
    const fault = { kind: 'answer', status: 400, code: 'ExpiredToken' } as const
    store.faults.add({ match: { accessKeyId }, fault })
    expect((await get()).code).toBe('ExpiredToken')
    const other = { accessKeyId: 'SECONDKEY', secretAccessKey: 'second secret' }
    store.setCredentials([store.credentials, other])
    const object = { method: 'GET', bucket: 'bucket', key: KEY, agent }
    expect((await raw.send({ ...object, credentials: other })).status).toBe(200)
  })

  test('the log tells operation, bytes and outcome of every request', async () => {
    store.requests.clear()
    await put()
    await get({ range: 'bytes=10-19' })
    expect(store.requests.entries()).toMatchObject([
      { operation: 'PutObject', key: KEY, bytesIn: BODY.length, status: 200, outcome: 'answered' },
      { operation: 'GetObject', range: 'bytes=10-19', bytesOut: 10, status: 206 },
    ])
    expect(store.requests.entries({ operation: 'GetObject' }).length).toBe(1)
  })
})
