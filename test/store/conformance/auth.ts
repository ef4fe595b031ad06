/** Signatures in the header and in presigned URLs. */

import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import {
  bodyOf,
  conformanceCase,
  expectBytes,
  type CaseContext,
  type ConformanceCase,
} from './case.ts'
import type { RawAnswer, RawRequest } from './raw-client.ts'

const HOUR = 3_600_000
const BODY = Buffer.from('signed content')

function put(context: CaseContext, changes: Partial<RawRequest>): Promise<RawAnswer> {
  const { raw, bucket, key } = context
  return raw.send({ method: 'PUT', bucket, key: key(), body: BODY, ...changes })
}

function refused(answer: RawAnswer): readonly [number, string] {
  return [answer.status, answer.code]
}

async function stored({ client, bucket, key }: CaseContext, name?: string): Promise<string> {
  const Key = key(name)
  await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: BODY }))
  return Key
}

export const AUTH_CASES: readonly ConformanceCase[] = [
  conformanceCase('auth.bad-secret', async (context) => {
    const credentials = { ...context.target.credentials, secretAccessKey: 'wrong' }
    const answer = await put(context, { credentials })
    expect(refused(answer)).toEqual([403, 'SignatureDoesNotMatch'])
  }),
  conformanceCase('auth.unknown-key', async (context) => {
    const credentials = { ...context.target.credentials, accessKeyId: 'UNKNOWNKEY' }
    const answer = await put(context, { credentials })
    expect(refused(answer)).toEqual([403, 'InvalidAccessKeyId'])
  }),
  conformanceCase('auth.anonymous-denied', async (context) => {
    expect(refused(await put(context, { sign: false }))).toEqual([403, 'AccessDenied'])
  }),
  conformanceCase('auth.clock-skew 1h', async (context) => {
    for (const shiftMs of [-HOUR, HOUR]) {
      const answer = await put(context, { shiftMs })
      expect(refused(answer)).toEqual([403, 'RequestTimeTooSkewed'])
    }
  }),
  conformanceCase('auth.payload-sha256-mismatch', async (context) => {
    const answer = await put(context, { payload: '0'.repeat(64) })
    expect(refused(answer)).toEqual([400, 'XAmzContentSHA256Mismatch'])
  }),
  conformanceCase('auth.raw-unsigned-payload ok', async (context) => {
    expect((await put(context, { payload: 'UNSIGNED-PAYLOAD' })).status).toBe(200)
  }),
  conformanceCase('auth.unsigned-amz-header-denied', async (context) => {
    const answer = await put(context, { tamper: { 'x-amz-meta-added': 'later' } })
    expect(refused(answer)).toEqual([403, 'AccessDenied'])
  }),
  conformanceCase('auth.signed-header-changed', async (context) => {
    const changes = { headers: { 'x-amz-meta-a': '1' }, tamper: { 'x-amz-meta-a': '2' } }
    expect(refused(await put(context, changes))).toEqual([403, 'SignatureDoesNotMatch'])
  }),
  conformanceCase('auth.wrong-region-names-the-right-one', async (context) => {
    const client = context.makeClient({ region: 'xx-nowhere-9' })
    const get = new GetObjectCommand({ Bucket: context.bucket, Key: context.key() })
    const error = await client.send(get).catch((reason: unknown) => reason)
    const { region } = context.target
    expect(error).toMatchObject({ name: 'AuthorizationHeaderMalformed', Region: region })
  }),
  conformanceCase('auth.unknown-session-token', async (context) => {
    const credentials = { ...context.target.credentials, sessionToken: 'not a token' }
    const answer = await put(context, { credentials })
    expect(refused(answer)).toEqual([400, 'InvalidToken'])
  }),
  conformanceCase('presign.get', async (context) => {
    const key = await stored(context, 'sp ace+plus/é')
    const answer = await context.raw.fetch(context.raw.presign('GET', context.bucket, key, 60))
    expect([answer.status, answer.body.toString()]).toEqual([200, BODY.toString()])
  }),
  conformanceCase('presign.put', async (context) => {
    const { raw, client, bucket } = context
    const Key = context.key()
    const answer = await raw.fetch(raw.presign('PUT', bucket, Key, 60), BODY)
    expect(answer.status).toBe(200)
    const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
    expectBytes(await bodyOf(got), BODY)
  }),
  conformanceCase('presign.expired-rejected', async (context) => {
    const key = await stored(context)
    const url = context.raw.presign('GET', context.bucket, key, 60, -HOUR)
    expect(refused(await context.raw.fetch(url))).toEqual([403, 'AccessDenied'])
  }),
  conformanceCase('presign.tampered-rejected', async (context) => {
    const { raw, bucket } = context
    const key = await stored(context)
    const other = await stored(context)
    const target = raw.presign('GET', bucket, key, 60)
    const longer = raw.presign('GET', bucket, key, 60)
    longer.url.search = longer.url.search.replace('Expires=60', 'Expires=600')
    expect(refused(await raw.fetch(longer))).toEqual([403, 'SignatureDoesNotMatch'])
    Object.assign(target.url, { rawPath: `/${bucket}/${other}` })
    expect(refused(await raw.fetch(target))).toEqual([403, 'SignatureDoesNotMatch'])
  }),
  conformanceCase('presign.other-method-rejected', async (context) => {
    const { raw, bucket } = context
    const target = raw.presign('GET', bucket, await stored(context), 60)
    const answer = await raw.fetch({ ...target, method: 'DELETE' })
    expect(refused(answer)).toEqual([403, 'SignatureDoesNotMatch'])
  }),
]
