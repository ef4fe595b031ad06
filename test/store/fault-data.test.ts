import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  BODY,
  KEY,
  raw,
  agent,
  useFaultStore,
  get,
  put,
  once,
  startUpload,
  complete,
} from './fault-fixture.ts'

useFaultStore()

describe('data', () => {
  test('one flipped bit on the way out', async () => {
    once({ kind: 'flip-response', offset: 100_000 })
    const { body } = await get()
    const wrong = [...body.keys()].filter((at) => body[at] !== BODY[at])
    expect(wrong).toEqual([100_000])
  })

  test('one flipped bit on the way in is refused', async () => {
    once({ kind: 'flip-request', offset: 150_000 })
    expect((await put()).code).toBe('XAmzContentSHA256Mismatch')
  })

  test('a short body under a length that agrees', async () => {
    once({ kind: 'short-body', missing: 10 })
    const answer = await get({ range: 'bytes=0-99' })
    expect(answer.headers).toMatchObject({
      'content-length': '90',
      'content-range': 'bytes 0-99/200000',
    })
    expect(answer.body.equals(BODY.subarray(0, 90))).toBe(true)
  })

  test('a wrong Content-Range over the right bytes', async () => {
    once({ kind: 'content-range', shift: 5, total: -1 })
    const answer = await get({ range: 'bytes=0-99' })
    expect(answer.headers['content-range']).toBe('bytes 5-104/199999')
    expect(answer.body.equals(BODY.subarray(0, 100))).toBe(true)
  })

  test('the right Content-Range over other bytes', async () => {
    once({ kind: 'other-bytes', shift: 40 })
    const answer = await get({ range: 'bytes=0-99' })
    expect(answer.headers['content-range']).toBe('bytes 0-99/200000')
    expect(answer.body).toEqual(Buffer.concat([BODY.subarray(40, 100), BODY.subarray(0, 40)]))
  })

  test('the whole object for a range, and a condition that is ignored', async () => {
    once({ kind: 'ignore-header', header: 'Range' })
    const whole = await get({ range: 'bytes=0-99' })
    expect([whole.status, whole.body.length]).toEqual([200, BODY.length])
    once({ kind: 'ignore-header', header: 'If-Match' })
    expect((await get({ 'if-match': '"other"' })).status).toBe(200)
    expect((await get({ 'if-match': '"other"' })).status).toBe(412)
  })

  test('another ETag, other checksums, no checksums', async () => {
    const head = { 'x-amz-checksum-mode': 'ENABLED' }
    const { headers } = await get(head)
    once({ kind: 'wrong-etag' })
    expect((await get()).headers.etag).not.toBe(headers.etag)
    once({ kind: 'wrong-checksum' })
    const wrong = (await get(head)).headers['x-amz-checksum-crc64nvme']
    expect(wrong).toMatch(/^[\w+/]{11}=$/)
    expect(wrong).not.toBe(headers['x-amz-checksum-crc64nvme'])
    once({ kind: 'hide-checksums' })
    expect((await get(head)).headers['x-amz-checksum-crc64nvme']).toBeUndefined()
  })

  test('a body in chunks without a length, and a compressed one', async () => {
    once({ kind: 'no-content-length' })
    const chunked = await get()
    expect(chunked.headers).toMatchObject({ 'transfer-encoding': 'chunked' })
    expect(chunked.body.equals(BODY)).toBe(true)
    once({ kind: 'gzip' })
    const packed = await get()
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(packed.body).equals(BODY)).toBe(true)
  })

  test('lists of parts that lie, and a part that vanishes', async () => {
    const upload = await startUpload()
    const { uploadId } = upload
    const list = async (): Promise<string> => {
      const object = { bucket: 'bucket', key: KEY, query: { uploadId }, agent }
      return (await raw.send({ method: 'GET', ...object })).body.toString()
    }
    once({ kind: 'list-parts', sizeDelta: 1 })
    expect(await list()).toContain('<Size>200001</Size>')
    once({ kind: 'list-parts', omit: [1] })
    expect(await list()).not.toContain('<Part>')
    once({ kind: 'lose-part' }, { operation: 'UploadPart', partNumber: 1 })
    const query = { uploadId, partNumber: '1' }
    const part = { bucket: 'bucket', key: KEY, query, body: BODY, agent }
    expect((await raw.send({ method: 'PUT', ...part })).status).toBe(200)
    expect(await list()).not.toContain('<Part>')
    expect((await complete(upload)).code).toBe('InvalidPart')
  })

  test('a query parameter that is seen with another value', async () => {
    const { uploadId } = await startUpload()
    const object = { bucket: 'bucket', key: KEY, agent }
    const query = { uploadId, partNumber: '2' }
    await raw.send({ method: 'PUT', ...object, query, body: BODY })
    once({ kind: 'set-query', name: 'max-parts', value: '1' }, { operation: 'ListParts' })
    const page = await raw.send({ method: 'GET', ...object, query: { uploadId } })
    expect(page.body.toString()).toContain('<IsTruncated>true</IsTruncated>')
  })

  test('headers that are set or taken away', async () => {
    once({ kind: 'set-header', header: 'X-Extra', value: '1' })
    expect((await get()).headers['x-extra']).toBe('1')
    once({ kind: 'set-header', header: 'ETag' })
    expect((await get()).headers.etag).toBeUndefined()
  })
})
