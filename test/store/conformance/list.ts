/** ListObjectsV2. */

import {
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { conformanceCase, type CaseContext, type ConformanceCase } from './case.ts'

async function putAll(context: CaseContext, names: readonly string[]): Promise<string> {
  const prefix = context.key('list/')
  for (const name of names) {
    const object = { Bucket: context.bucket, Key: prefix + name }
    await context.client.send(new PutObjectCommand({ ...object, Body: name }))
  }
  return prefix
}

function list(
  { client, bucket }: CaseContext,
  input: Partial<ListObjectsV2CommandInput>,
): Promise<ListObjectsV2CommandOutput> {
  return client.send(new ListObjectsV2Command({ Bucket: bucket, ...input }))
}

function names(page: ListObjectsV2CommandOutput, prefix: string): string[] {
  return (page.Contents ?? []).map(({ Key }) => (Key ?? '').slice(prefix.length))
}

export const LIST_CASES: readonly ConformanceCase[] = [
  conformanceCase('list.paging', async (context) => {
    const wanted = ['a', 'b', 'c', 'd', 'e']
    const prefix = await putAll(context, wanted)
    const seen: string[] = []
    const counts: Array<number | undefined> = []
    let ContinuationToken: string | undefined
    do {
      const page = await list(context, { Prefix: prefix, MaxKeys: 2, ContinuationToken })
      seen.push(...names(page, prefix))
      counts.push(page.KeyCount)
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken !== undefined)
    expect([seen, counts]).toEqual([wanted, [2, 2, 1]])
  }),
  conformanceCase('list.delimiter', async (context) => {
    const prefix = await putAll(context, ['a/1', 'a/2', 'b', 'c/1', 'c/d/2'])
    const page = await list(context, { Prefix: prefix, Delimiter: '/' })
    expect(names(page, prefix)).toEqual(['b'])
    expect(page.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual([`${prefix}a/`, `${prefix}c/`])
    expect(page.KeyCount).toBe(3)
  }),
  conformanceCase('list.delimiter+paging', async (context) => {
    const prefix = await putAll(context, ['a/1', 'a/2', 'b', 'c/1', 'c/2', 'd'])
    const seen: Array<string | undefined> = []
    let ContinuationToken: string | undefined
    do {
      const input = { Prefix: prefix, Delimiter: '/', MaxKeys: 1, ContinuationToken }
      const page = await list(context, input)
      seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix?.slice(prefix.length)))
      seen.push(...names(page, prefix))
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken !== undefined)
    expect(seen).toEqual(['a/', 'b', 'c/', 'd'])
  }),
  conformanceCase('list.start-after', async (context) => {
    const prefix = await putAll(context, ['a', 'b', 'c'])
    const page = await list(context, { Prefix: prefix, StartAfter: `${prefix}a` })
    expect(names(page, prefix)).toEqual(['b', 'c'])
  }),
  conformanceCase('list.encoding-type=url', async (context) => {
    const prefix = await putAll(context, ['a b+c&é'])
    const page = await list(context, { Prefix: prefix, EncodingType: 'url' })
    const key = page.Contents?.[0]?.Key ?? ''
    expect(key).toContain('%C3%A9')
    expect(decodeURIComponent(key.replaceAll('+', ' '))).toBe(`${prefix}a b+c&é`)
  }),
  conformanceCase('list.utf8-order', async (context) => {
    // In UTF-16 the emoji sorts before the private-use letter; in UTF-8 after it.
    const wanted = ['A', 'a', 'é', '\uE000', '\u{1F600}']
    const prefix = await putAll(context, wanted.toReversed())
    expect(names(await list(context, { Prefix: prefix }), prefix)).toEqual(wanted)
  }),
  conformanceCase('list.fields', async (context) => {
    const prefix = await putAll(context, ['x'])
    const [entry] = (await list(context, { Prefix: prefix })).Contents ?? []
    expect(entry).toMatchObject({ ETag: '"9dd4e461268c8034f5c8564e155c67a6"', Size: 1 })
    expect(entry?.StorageClass).toBe('STANDARD')
    expect(Math.abs(Date.now() - Number(entry?.LastModified))).toBeLessThan(600_000)
  }),
  conformanceCase('list.empty', async (context) => {
    const page = await list(context, { Prefix: context.key('nothing') })
    expect([page.KeyCount, page.IsTruncated, page.Contents ?? []]).toEqual([0, false, []])
  }),
  conformanceCase('list.version-1', async (context) => {
    const prefix = await putAll(context, ['a', 'b', 'c'])
    const { client, bucket: Bucket } = context
    const command = new ListObjectsCommand({
      Bucket,
      Prefix: prefix,
      MaxKeys: 2,
      Marker: `${prefix}a`,
    })
    const page = await client.send(command)
    expect(page.Contents?.map(({ Key }) => Key)).toEqual([`${prefix}b`, `${prefix}c`])
  }),
]
