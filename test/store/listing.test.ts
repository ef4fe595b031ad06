import {
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { ListObjectsV2CommandInput, S3Client } from '@aws-sdk/client-s3'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { startLocalStore } from '../../src/testing.ts'
import type { LocalStore } from '../../src/testing.ts'
import { compareKeys } from '../../src/local-store/keys.ts'
import { refusal, sdkClient } from '../helpers/sdk-client.ts'

const Bucket = 'test'
let store: LocalStore
let client: S3Client

beforeAll(async () => {
  store = await startLocalStore({ buckets: [Bucket] })
  client = sdkClient(store)
})
beforeEach(() => store.reset())
afterAll(async () => {
  client.destroy()
  await store.close()
})

async function putAll(keys: readonly string[]): Promise<void> {
  for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
}

/** All pages: keys, common prefixes and the number of pages. */
async function listAll(
  input: Omit<ListObjectsV2CommandInput, 'Bucket'>,
): Promise<{ keys: string[]; prefixes: string[]; pages: number }> {
  const keys: string[] = []
  const prefixes: string[] = []
  let pages = 0
  let ContinuationToken: string | undefined
  do {
    const page: Awaited<ReturnType<typeof list>> = await list({ ...input, ContinuationToken })
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''))
    prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''))
    expect(page.KeyCount).toBe((page.Contents?.length ?? 0) + (page.CommonPrefixes?.length ?? 0))
    ContinuationToken = page.NextContinuationToken
    pages += 1
  } while (ContinuationToken !== undefined)
  return { keys, prefixes, pages }
}

function list(input: Omit<ListObjectsV2CommandInput, 'Bucket'>) {
  return client.send(new ListObjectsV2Command({ Bucket, ...input }))
}

it('lists in the order of the UTF-8 bytes, also above U+FFFF', async () => {
  const keys = ['\uff5e', '😀', 'a', 'B', 'é', 'z', 'a/b', 'a!b']
  await putAll(keys)
  const expected = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect((await listAll({})).keys).toEqual(expected)
})

it('compares any two keys as their UTF-8 bytes compare', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b))
      expect(Math.sign(compareKeys(a, b))).toBe(bytes)
    }),
  )
})

it('pages without losing or repeating a key, prefixes included', async () => {
  await putAll(['a/1', 'a/2', 'b', 'c/1', 'd', 'e/1/x', 'f'])
  const listed = await listAll({ Delimiter: '/', MaxKeys: 2 })
  expect(listed).toEqual({ keys: ['b', 'd', 'f'], prefixes: ['a/', 'c/', 'e/'], pages: 3 })
  const flat = await listAll({ MaxKeys: 3 })
  expect(flat.keys).toEqual(['a/1', 'a/2', 'b', 'c/1', 'd', 'e/1/x', 'f'])
  expect(flat.pages).toBe(3)
})

it('honours prefix, start-after and a delimiter of several characters', async () => {
  await putAll(['x--1', 'x--2--a', 'x--2--b', 'y'])
  const inside = await listAll({ Prefix: 'x--', Delimiter: '--' })
  expect(inside).toMatchObject({ keys: ['x--1'], prefixes: ['x--2--'] })
  expect((await listAll({ StartAfter: 'x--2--a' })).keys).toEqual(['x--2--b', 'y'])
  expect((await listAll({ Prefix: 'none' })).keys).toEqual([])
})

it('answers max-keys 0 with nothing and refuses what is no number', async () => {
  await putAll(['a'])
  expect(await list({ MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false })
  expect((await refusal(list({ MaxKeys: -1 }))).name).toBe('InvalidArgument')
  expect((await refusal(list({ ContinuationToken: '!' }))).name).toBe('InvalidArgument')
})

it('encodes keys on request so that control characters survive XML', async () => {
  const key = 'a b+c\u0001%/é'
  await putAll([key])
  const page = await list({ EncodingType: 'url', Prefix: 'a b' })
  const [found] = page.Contents ?? []
  expect(decodeURIComponent((found?.Key ?? '').replaceAll('+', ' '))).toBe(key)
  expect(page.Prefix).toBe('a+b')
  expect((await list({})).Contents?.[0]?.Key).not.toBe(found?.Key)
})

it('continues version 1 lists at the marker and names the next one under a delimiter', async () => {
  await putAll(['a/1', 'b', 'c/1', 'd'])
  const first = await client.send(new ListObjectsCommand({ Bucket, Delimiter: '/', MaxKeys: 3 }))
  expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'c/' })
  const second = await client.send(
    new ListObjectsCommand({ Bucket, Delimiter: '/', Marker: first.NextMarker }),
  )
  expect(second.Contents?.map(({ Key }) => Key)).toEqual(['d'])
  expect(second.CommonPrefixes).toBeUndefined()
})

it('deletes many keys at once, absent ones included', async () => {
  await putAll(['a', 'b', 'c'])
  const Objects = [{ Key: 'a' }, { Key: 'c' }, { Key: 'absent' }]
  const done = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
  expect(done.Deleted?.map(({ Key }) => Key)).toEqual(['a', 'c', 'absent'])
  expect((await listAll({})).keys).toEqual(['b'])
})

it('pages through the parts of an upload', async () => {
  const upload = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'm' }))
  const base = { Bucket, Key: 'm', UploadId: upload.UploadId }
  for (const PartNumber of [1, 3, 10_000]) {
    await client.send(new UploadPartCommand({ ...base, PartNumber, Body: `part ${PartNumber}` }))
  }
  const first = await client.send(new ListPartsCommand({ ...base, MaxParts: 2 }))
  expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
    [1, 6],
    [3, 6],
  ])
  expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '3' })
  const rest = await client.send(
    new ListPartsCommand({ ...base, PartNumberMarker: first.NextPartNumberMarker }),
  )
  expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([10_000])
  expect(rest.IsTruncated).toBe(false)
})

it('pages through open uploads, several of one key included', async () => {
  const ids = new Set<string>()
  for (const Key of ['b', 'a', 'a', 'dir/x', 'dir/y']) {
    const created = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    ids.add(created.UploadId ?? '')
  }
  const seen: string[] = []
  let markers: { KeyMarker?: string; UploadIdMarker?: string } = {}
  for (let pages = 0; pages < 10; pages += 1) {
    const page = await client.send(
      new ListMultipartUploadsCommand({ Bucket, MaxUploads: 2, ...markers }),
    )
    seen.push(...(page.Uploads ?? []).map(({ Key }) => Key ?? ''))
    for (const { UploadId } of page.Uploads ?? []) expect(ids.delete(UploadId ?? '')).toBe(true)
    if (page.IsTruncated !== true) break
    markers = {
      ...(page.NextKeyMarker !== undefined && { KeyMarker: page.NextKeyMarker }),
      ...(page.NextUploadIdMarker !== undefined && { UploadIdMarker: page.NextUploadIdMarker }),
    }
  }
  expect(seen).toEqual(['a', 'a', 'b', 'dir/x', 'dir/y'])
  expect(ids.size).toBe(0)
  const rolled = await client.send(new ListMultipartUploadsCommand({ Bucket, Delimiter: '/' }))
  expect(rolled.CommonPrefixes).toEqual([{ Prefix: 'dir/' }])
  const inside = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'dir/' }))
  expect(inside.Uploads).toHaveLength(2)
})
