import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { BucketVersioningStatus, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { startLocalStore } from '../../src/testing.ts'
import type { LocalStore } from '../../src/testing.ts'
import { refusal, sdkClient } from '../helpers/sdk-client.ts'
import { versionsIn } from '../helpers/versions.ts'

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

async function versioning(Status: BucketVersioningStatus): Promise<void> {
  const VersioningConfiguration = { Status }
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
}

async function put(Key: string, Body: string): Promise<string | undefined> {
  return (await client.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId
}

async function get(Key: string, VersionId?: string): Promise<string | undefined> {
  const got = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }))
  return got.Body?.transformToString()
}

it('tells no version ids while versioning was never on', async () => {
  expect(await put('k', 'one')).toBeUndefined()
  const state = await client.send(new GetBucketVersioningCommand({ Bucket }))
  expect(state.Status).toBeUndefined()
})

it('keeps every version and serves each by its id', async () => {
  await versioning('Enabled')
  const one = await put('k', 'one')
  const two = await put('k', 'two')
  expect(one).not.toBe(two)
  expect(await get('k')).toBe('two')
  expect(await get('k', one)).toBe('one')
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'k', VersionId: one }))
  expect(head).toMatchObject({ VersionId: one, ContentLength: 3 })
  const unknown = await refusal(get('k', 'nonesuch'))
  expect(unknown).toMatchObject({ name: 'NoSuchVersion', status: 404 })
})

it('hides a deleted key behind a marker and brings it back when the marker goes', async () => {
  await versioning('Enabled')
  const one = await put('k', 'one')
  const deleted = await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
  expect(deleted.DeleteMarker).toBe(true)
  expect(await refusal(get('k'))).toMatchObject({ name: 'NoSuchKey', status: 404 })
  expect(await get('k', one)).toBe('one')
  const marker = await refusal(get('k', deleted.VersionId))
  expect(marker.status).toBe(405)
  expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0)
  const { VersionId } = deleted
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId }))
  expect(await get('k')).toBe('one')
})

it('lets If-None-Match write over a delete marker', async () => {
  await versioning('Enabled')
  await put('k', 'one')
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
  const create = new PutObjectCommand({ Bucket, Key: 'k', Body: 'two', IfNoneMatch: '*' })
  await client.send(create)
  expect(await get('k')).toBe('two')
})

it('replaces only the null version while versioning is suspended', async () => {
  await put('k', 'before')
  await versioning('Enabled')
  const kept = await put('k', 'versioned')
  await versioning('Suspended')
  expect(await put('k', 'suspended')).toBe('null')
  expect(await get('k')).toBe('suspended')
  expect(await get('k', kept)).toBe('versioned')
  const listed = await client.send(new ListObjectVersionsCommand({ Bucket }))
  expect(listed.Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
    ['null', true],
    [kept, false],
  ])
})

it('pages through versions and markers, also in the middle of a key', async () => {
  await versioning('Enabled')
  for (const key of ['a', 'b']) {
    for (const body of ['1', '2', '3']) await put(key, body)
  }
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'b' }))
  const seen: string[] = []
  let markers: { KeyMarker?: string; VersionIdMarker?: string } = {}
  for (let pages = 0; pages < 10; pages += 1) {
    const page = await client.send(
      new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...markers }),
    )
    for (const { Key, VersionId } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]) {
      seen.push(`${Key} ${VersionId}`)
    }
    if (page.IsTruncated !== true) break
    markers = {
      ...(page.NextKeyMarker !== undefined && { KeyMarker: page.NextKeyMarker }),
      ...(page.NextVersionIdMarker !== undefined && { VersionIdMarker: page.NextVersionIdMarker }),
    }
  }
  expect(seen).toHaveLength(7)
  expect(new Set(seen).size).toBe(7)
  expect(seen.filter((line) => line.startsWith('a '))).toHaveLength(3)
})

it('lists markers between versions, in the order in which they came', async () => {
  await versioning('Enabled')
  await put('k', '1')
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
  await put('k', '2')
  const found = await versionsIn(client, Bucket, '')
  expect(found.map(({ isMarker }) => isMarker)).toEqual([false, true, false])
})

it('deletes named versions in bulk, after which the bucket can go', async () => {
  await versioning('Enabled')
  const ids = [await put('k', '1'), await put('k', '2')]
  const refused = await refusal(client.send(new DeleteBucketCommand({ Bucket })))
  expect(refused.name).toBe('BucketNotEmpty')
  const Objects = ids.map((VersionId) => ({ Key: 'k', VersionId }))
  const done = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
  expect(done.Deleted).toEqual(Objects)
  await client.send(new DeleteBucketCommand({ Bucket }))
})
