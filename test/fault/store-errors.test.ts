import type { Fault } from 'transfer-engine/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import {
  BUCKET,
  fileBytes,
  MiB,
  sharedBed,
  storedBytes,
  storedKeys,
  withBed,
} from '../helpers/test-bed.ts'

type Answer = Extract<Fault, { readonly kind: 'answer' }>

const LARGE = testBytes(12 * MiB)
const OBJECT = `s3://${BUCKET}/object`
const HOUR = 3_600_000

const TRANSIENT: readonly (readonly [string, Omit<Answer, 'kind'>])[] = [
  ['500 InternalError', { status: 500, code: 'InternalError' }],
  ['500 without a body', { status: 500, body: 'empty' }],
  ['502 with a page', { status: 502, body: 'html' }],
  ['503 without a body', { status: 503, body: 'empty' }],
  ['503 before the body is read', { status: 503, at: 'before-body' }],
  ['504 with a page', { status: 504, body: 'html' }],
  ['503 ServiceUnavailable', { status: 503, code: 'ServiceUnavailable' }],
  ['400 RequestTimeout', { status: 400, code: 'RequestTimeout' }],
  ['a broken error document', { status: 500, body: 'broken-xml' }],
  ['an error document without code', { status: 500, body: 'error-without-code' }],
]

describe('answers that pass', () => {
  const bed = sharedBed()
  afterEach(() => bed().store.reset())

  test.each(TRANSIENT)('%s to any request of an upload is tried again', async (_, fault) => {
    const { engine, store } = bed()
    for (const operation of ['CreateMultipartUpload', 'CompleteMultipartUpload']) {
      store.faults.add({ match: { operation }, fault: { kind: 'answer', ...fault }, times: 1 })
    }
    store.faults.add({
      match: { operation: 'HeadObject' },
      // A HEAD answered with 400 has no body that would say what it means.
      fault: { kind: 'answer', ...fault, status: fault.status === 400 ? 500 : fault.status },
      times: 1,
    })
    for (const partNumber of [1, 2, 3]) {
      const match = { operation: 'UploadPart', partNumber }
      store.faults.add({ match, fault: { kind: 'answer', ...fault }, times: 1 })
    }
    const result = await engine.upload(LARGE, OBJECT)
    expect(result).toMatchObject({ verified: 'checksum', parts: 3, attempts: 6 })
    expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
    expect(store.uploads()).toEqual([])
  })

  test.each(TRANSIENT)('%s to any request of a download is tried again', async (_, fault) => {
    const { engine, store, path } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'HeadObject' },
      // A HEAD answered with 400 has no body that would say what it means.
      fault: { kind: 'answer', ...fault, status: fault.status === 400 ? 500 : fault.status },
      times: 1,
    })
    for (const rangeStart of [0, 5 * MiB, 10 * MiB]) {
      const match = { operation: 'GetObject', rangeStart }
      store.faults.add({ match, fault: { kind: 'answer', ...fault }, times: 1 })
    }
    const result = await engine.download(OBJECT, path('copy'))
    expect(result).toMatchObject({ verified: 'checksum', parts: 3, attempts: 6 })
    expect(differenceOf(await fileBytes(path('copy')), LARGE)).toBeUndefined()
  })

  test.each([
    ['429', { status: 429, body: 'empty' }],
    ['503 SlowDown', { status: 503, code: 'SlowDown' }],
  ] as const)('%s is waited for as long as Retry-After says', async (_, fault) => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'answer', ...fault, retryAfter: '1' },
      times: 1,
    })
    const delays: number[] = []
    const listener = ({ delayMs }: { readonly delayMs: number }): unknown => delays.push(delayMs)
    engine.on('retry', listener)
    await engine.upload(Buffer.from('x'), OBJECT)
    engine.off('retry', listener)
    expect(delays).toHaveLength(1)
    expect(delays[0]).toBeGreaterThanOrEqual(1000)
    expect(delays[0]).toBeLessThan(3000)
  })

  test('a Retry-After that is no time is ignored', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'answer', status: 503, code: 'ServiceUnavailable', retryAfter: 'soon' },
      times: 2,
    })
    const startedAt = Date.now()
    await engine.upload(Buffer.from('x'), OBJECT)
    expect(Date.now() - startedAt).toBeLessThan(10_000)
  })

  test('a storm of SlowDown is outlasted by many uploads', async () => {
    const { store, another } = bed()
    // Six attempts would leave one run in twenty with an upload that had bad luck six times.
    const engine = another({ maxAttempts: 12 })
    store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'answer', status: 503, code: 'SlowDown' },
      probability: 0.3,
      seed: 7,
    })
    const calls = Array.from({ length: 60 }, (_, n) =>
      engine.upload(Buffer.from('x'), `s3://${BUCKET}/storm-${n}`),
    )
    await Promise.all(calls)
    await engine.close()
    expect(storedKeys(store)).toHaveLength(60)
  })

  test('an answer without ETag to a part is a failed attempt', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'UploadPart', partNumber: 2 },
      fault: { kind: 'set-header', header: 'etag' },
      times: 1,
    })
    expect((await engine.upload(LARGE, OBJECT)).attempts).toBe(4)
    store.faults.add({
      match: { operation: 'UploadPart', partNumber: 2 },
      fault: { kind: 'set-header', header: 'etag' },
    })
    const error = await failureOf(engine.upload(LARGE, `s3://${BUCKET}/second`))
    expect(error).toMatchObject({ code: 'ERR_RESPONSE_INVALID', context: { partNumber: 2 } })
    expect(store.uploads()).toEqual([])
  })

  test('attempts are not multiplied by retries underneath', async () => {
    await withBed({ engine: { maxAttempts: 3 } }, async ({ engine, store, path }) => {
      for (const operation of ['HeadObject', 'PutObject', 'CreateMultipartUpload']) {
        store.faults.add({ match: { operation }, fault: { kind: 'answer', status: 500 } })
      }
      await failureOf(engine.upload(Buffer.from('x'), OBJECT))
      await failureOf(engine.upload(LARGE, OBJECT))
      await failureOf(engine.download(OBJECT, path('copy')))
      const count = (operation: string): number => store.requests.entries({ operation }).length
      expect(count('PutObject')).toBe(3)
      expect(count('CreateMultipartUpload')).toBe(3)
      expect(count('HeadObject')).toBe(3)
    })
  })
})

describe('answers that stay', () => {
  const bed = sharedBed()
  afterEach(() => bed().store.reset())

  test.each([
    ['AccessDenied', 403, 'ERR_ACCESS_DENIED'],
    ['NoSuchUpload', 404, 'ERR_UPLOAD_NOT_FOUND'],
    ['EntityTooLarge', 400, 'ERR_OBJECT_TOO_LARGE'],
    ['NotImplemented', 501, 'ERR_NOT_SUPPORTED'],
    ['InvalidRequest', 400, 'ERR_REQUEST_REFUSED'],
  ] as const)('%s for one part ends the upload after one attempt', async (code, status, ours) => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'UploadPart', partNumber: 2 },
      fault: { kind: 'answer', status, code, message: 'No, because.' },
    })
    const error = await failureOf(engine.upload(LARGE, OBJECT))
    expect(error).toMatchObject({
      code: ours,
      context: { bucket: BUCKET, key: 'object', partNumber: 2, status, storeCode: code },
    })
    expect(error.message).toContain('No, because.')
    const entries = store.requests.entries({ operation: 'UploadPart', partNumber: 2 })
    expect(entries).toHaveLength(1)
    expect(store.uploads()).toEqual([])
    expect(storedKeys(store)).toEqual([])
  })

  test('a bucket or an object that is not there is named', async () => {
    const { engine, path } = bed()
    const up = await failureOf(engine.upload(LARGE, 's3://no-such-bucket/key'))
    expect(up).toMatchObject({
      code: 'ERR_BUCKET_NOT_FOUND',
      context: { bucket: 'no-such-bucket' },
    })
    const small = await failureOf(engine.upload(Buffer.from('x'), 's3://no-such-bucket/key'))
    expect(small.code).toBe('ERR_BUCKET_NOT_FOUND')
    const down = await failureOf(engine.download(`s3://${BUCKET}/none`, path('none')))
    expect(down).toMatchObject({ code: 'ERR_OBJECT_NOT_FOUND', context: { key: 'none' } })
  })
})

describe('credentials that expire on the way', () => {
  const old = { accessKeyId: 'OLD', secretAccessKey: 'old-secret', sessionToken: 'old-token' }
  const fresh = { accessKeyId: 'NEW', secretAccessKey: 'new-secret', sessionToken: 'new-token' }

  test('are fetched once more, and no part is lost', async () => {
    await withBed({ store: { credentials: [old, fresh] } }, async ({ another, store }) => {
      let calls = 0
      const engine = another({
        credentials: () => {
          calls += 1
          return Promise.resolve(calls === 1 ? old : fresh)
        },
      })
      store.faults.add({
        match: { operation: ['UploadPart', 'CompleteMultipartUpload'], accessKeyId: 'OLD' },
        fault: { kind: 'answer', status: 400, code: 'ExpiredToken' },
        skip: 1,
      })
      const result = await engine.upload(LARGE, OBJECT)
      expect(result.verified).toBe('checksum')
      expect(calls).toBe(2)
      expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
      const parts = store.requests.entries({ operation: 'UploadPart', status: 200 })
      expect(parts).toHaveLength(3)
    })
  })

  test('without a provider end the upload with their own code', async () => {
    await withBed({ store: { credentials: old } }, async ({ engine, store }) => {
      store.faults.add({
        match: { operation: 'UploadPart' },
        fault: { kind: 'answer', status: 400, code: 'ExpiredToken' },
        skip: 1,
      })
      const error = await failureOf(engine.upload(LARGE, OBJECT))
      expect(error.code).toBe('ERR_CREDENTIALS_EXPIRED')
      expect(store.uploads()).toEqual([])
    })
  })
})

describe('a clock that is wrong', () => {
  test.each([
    ['behind', HOUR],
    ['ahead', -HOUR],
  ])('by an hour, %s, is corrected after one refusal', async (_, shiftMs) => {
    await withBed({}, async ({ engine, store, path }) => {
      store.shiftClock(shiftMs)
      expect((await engine.upload(Buffer.from('x'), OBJECT)).attempts).toBe(2)
      await engine.upload(LARGE, OBJECT)
      await engine.download(OBJECT, path('copy'))
      const refused = store.requests.entries().filter((entry) => entry.status !== 200)
      const codes = refused.map((entry) => entry.code).filter((code) => code !== undefined)
      expect(codes).toEqual(['RequestTimeTooSkewed'])
    })
  })

  test('is corrected for the control plane as well, and for all parts at once', async () => {
    await withBed({}, async ({ engine, store, path }) => {
      store.shiftClock(HOUR)
      expect((await engine.upload(LARGE, OBJECT)).attempts).toBe(3)
      store.shiftClock(-HOUR)
      const down = await engine.download(OBJECT, path('copy'))
      expect(down.verified).toBe('checksum')
    })
  })
})

describe('a wrong region', () => {
  test('is corrected once, where the store names the right one', async () => {
    await withBed({ store: { region: 'eu-central-1' } }, async ({ another, store, path }) => {
      const engine = another({ region: 'us-west-2' })
      expect((await engine.upload(Buffer.from('x'), OBJECT)).attempts).toBe(2)
      expect((await engine.upload(LARGE, OBJECT)).attempts).toBe(3)
      await engine.download(OBJECT, path('copy'))
      const refused = store.requests.entries().filter((entry) => (entry.status ?? 0) >= 300)
      expect(refused).toHaveLength(1)
    })
  })

  test('a redirect to another host is not followed', async () => {
    await withBed({}, async ({ engine, store }) => {
      store.faults.add({
        match: { operation: 'PutObject' },
        fault: {
          kind: 'answer',
          status: 307,
          code: 'TemporaryRedirect',
          headers: { location: 'http://elsewhere.invalid/' },
        },
      })
      const error = await failureOf(engine.upload(Buffer.from('x'), OBJECT))
      expect(error.code).toBe('ERR_WRONG_REGION')
      expect(store.requests.entries().length).toBeLessThanOrEqual(2)
    })
  })
})
