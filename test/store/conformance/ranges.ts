/** Ranged reads. */

import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import {
  bodyOf,
  conformanceCase,
  expectBytes,
  expectRefused,
  sampleBytes,
  type CaseContext,
  type ConformanceCase,
} from './case.ts'

const SIZE = 100_000
const DATA = sampleBytes(SIZE)

function rangeCase(id: string, Range: string, start: number, end: number): ConformanceCase {
  return conformanceCase(id, async (context) => {
    const object = await put(context)
    const got = await context.client.send(new GetObjectCommand({ ...object, Range }))
    expect(got.$metadata.httpStatusCode).toBe(206)
    expect(got.ContentRange).toBe(`bytes ${start}-${end - 1}/${SIZE}`)
    expect(got.ContentLength).toBe(end - start)
    expectBytes(await bodyOf(got), DATA.subarray(start, end))
  })
}

async function put({ client, bucket, key }: CaseContext): Promise<{ Bucket: string; Key: string }> {
  const object = { Bucket: bucket, Key: key() }
  await client.send(new PutObjectCommand({ ...object, Body: DATA }))
  return object
}

export const RANGE_CASES: readonly ConformanceCase[] = [
  rangeCase('range.a-b', 'bytes=10-70000', 10, 70_001),
  rangeCase('range.a-', 'bytes=99990-', 99_990, SIZE),
  rangeCase('range.suffix', 'bytes=-10', SIZE - 10, SIZE),
  rangeCase('range.suffix-longer-than-object', 'bytes=-200000', 0, SIZE),
  rangeCase('range.past-end-clipped', 'bytes=99000-200000', 99_000, SIZE),
  rangeCase('range.one-byte', 'bytes=0-0', 0, 1),
  conformanceCase('range.416', async (context) => {
    const object = await put(context)
    const get = new GetObjectCommand({ ...object, Range: `bytes=${SIZE}-` })
    await expectRefused(context.client.send(get), 'InvalidRange')
    const none = new GetObjectCommand({ ...object, Range: 'bytes=-0' })
    await expectRefused(context.client.send(none), 'InvalidRange')
  }),
  conformanceCase('range.malformed-ignored', async (context) => {
    const object = await put(context)
    const { status, body } = await context.raw.send({
      method: 'GET',
      bucket: object.Bucket,
      key: object.Key,
      headers: { range: 'bytes=9-3' },
    })
    expect([status, body.length]).toEqual([200, SIZE])
  }),
  conformanceCase('range.head', async (context) => {
    const object = await put(context)
    const head = await context.client.send(new HeadObjectCommand({ ...object, Range: 'bytes=5-9' }))
    expect([head.ContentLength, head.ContentRange]).toEqual([5, `bytes 5-9/${SIZE}`])
  }),
]
