/** Keys: any legal one must come back byte for byte, on its own and in a list. */

import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import {
  bodyOf,
  conformanceCase,
  expectRefused,
  type CaseContext,
  type ConformanceCase,
} from './case.ts'

const KEYS: Readonly<Record<string, string>> = {
  space: 'a b  c ',
  plus: 'a+b',
  percent: 'a%20b%2Fc%',
  unicode: 'grün/日本語',
  emoji: '\u{1F600}\u{1F468}‍\u{1F4BB}',
  'leading-slash': '/a/b',
  'trailing-slash': 'a/b/',
  'double-slash': 'a//b',
  dotdot: 'a/../b',
  dot: 'a/./b',
  question: 'a?b=c&d#e',
  quote: `a"b'c<d>&e`,
  backslash: 'a\\b',
  star: "a*b(c)!d~e'f",
  control: 'a\u0001b\tc\u007f',
  nfd: 'é/é',
}

async function roundTrip(context: CaseContext, Key: string, listed = true): Promise<void> {
  const { client, bucket: Bucket } = context
  await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
  const got = await client.send(new GetObjectCommand({ Bucket, Key }))
  expect((await bodyOf(got)).toString()).toBe(Key)
  if (listed) {
    const list = new ListObjectsV2Command({ Bucket, Prefix: Key, EncodingType: 'url' })
    const { Contents } = await client.send(list)
    const keys = Contents?.map(({ Key }) => decodeURIComponent((Key ?? '').replaceAll('+', ' ')))
    expect(keys).toEqual([Key])
  }
  await client.send(new DeleteObjectCommand({ Bucket, Key }))
  await expectRefused(client.send(new GetObjectCommand({ Bucket, Key })), 'NoSuchKey')
}

function keyCase(name: string, rest: string): ConformanceCase {
  return conformanceCase(`key.${name}`, async (context) => {
    // A slash in front must stay in front; the others get a key that no other case uses.
    await roundTrip(context, rest.startsWith('/') ? rest : context.key(rest))
  })
}

export const KEY_CASES: readonly ConformanceCase[] = [
  ...Object.entries(KEYS).map(([name, rest]) => keyCase(name, rest)),
  conformanceCase('key.file-and-dir', async (context) => {
    const key = context.key('name')
    const { client, bucket: Bucket } = context
    for (const Key of [key, `${key}/below`, `${key}/below/`]) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
    }
    for (const Key of [key, `${key}/below`, `${key}/below/`]) {
      const got = await client.send(new GetObjectCommand({ Bucket, Key }))
      expect((await bodyOf(got)).toString()).toBe(Key)
    }
  }),
  conformanceCase('key.len1024', async (context) => {
    const start = context.key('é/')
    const segments = 'segment/'.repeat(200)
    const Key = (start + segments).slice(0, 1024 - (Buffer.byteLength(start) - start.length))
    expect(Buffer.byteLength(Key)).toBe(1024)
    await roundTrip(context, Key, false)
  }),
  conformanceCase('key.len1024seg', async (context) => {
    await roundTrip(context, context.key('x').padEnd(1024, 'x'), false)
  }),
  conformanceCase('key.len1025-rejected', async ({ client, bucket, key }) => {
    const put = { Bucket: bucket, Key: key('x').padEnd(1025, 'x'), Body: 'x' }
    await expectRefused(client.send(new PutObjectCommand(put)), 'KeyTooLongError')
  }),
]
