/** A file or an object is moved: its source goes when the copy is proved, and not before. */

import { existsSync } from 'node:fs'
import { lstat, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import {
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { DownloadOptions, UploadOptions } from 'transfer-engine'
import { afterEach, describe, expect, test } from 'vitest'
import { failureOf, until, wait } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes, storedKeys, withBed } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const bed = sharedBed()
afterEach(async () => {
  bed().store.reset()
  for (const name of ['file', 'copy']) await rm(bed().path(name), { force: true })
})

const small = testBytes(1000, 1)
const large = testBytes(11 * MiB + 3, 2)
const URI = `s3://${BUCKET}/key`

const REFUSED = { kind: 'answer', status: 403, code: 'AccessDenied' } as const

function up(options: UploadOptions = {}) {
  return bed().engine.upload(bed().path('file'), URI, { ...options, removeSource: true })
}

function down(options: DownloadOptions = {}) {
  return bed().engine.download(URI, bed().path('copy'), { ...options, removeSource: true })
}

function isHere(name: string): boolean {
  return existsSync(bed().path(name))
}

function isStored(): boolean {
  return storedKeys(bed().store).includes('key')
}

/** What a move must end with that could do all but remove its source. */
async function notRemoved(move: PromiseLike<unknown>, cause: object | undefined): Promise<string> {
  const error = await failureOf(move)
  expect(error).toMatchObject({ code: 'ERR_SOURCE_NOT_REMOVED', context: { key: 'key' }, cause })
  expect(error.message).toMatch(/^Copied, but the source is still there: /)
  return error.message
}

describe.each([
  ['in one request', small],
  ['in parts', large],
])('%s', (_, bytes) => {
  test('a file goes up, and is gone', async () => {
    const { file, store } = bed()
    await file('file', bytes)
    expect(await up()).toMatchObject({ size: bytes.length, verified: 'checksum', moved: true })
    expect(isHere('file')).toBe(false)
    expect(differenceOf(storedBytes(store, 'key'), bytes)).toBeUndefined()
  })

  test('an object comes down, and is gone', async () => {
    const { engine, path } = bed()
    await engine.upload(bytes, URI)
    expect(await down()).toMatchObject({ size: bytes.length, verified: 'checksum', moved: true })
    expect(isStored()).toBe(false)
    expect(differenceOf(await readFile(path('copy')), bytes)).toBeUndefined()
  })

  test('both stay when the copy fails', async () => {
    const { engine, file, store } = bed()
    await file('file', bytes)
    const operation = ['PutObject', 'UploadPart', 'GetObject']
    store.faults.add({ match: { operation }, fault: REFUSED })
    expect(await failureOf(up())).toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    expect([isHere('file'), isStored()]).toEqual([true, false])
    store.faults.clear()
    await engine.upload(bytes, URI)
    store.faults.add({ match: { operation }, fault: REFUSED })
    expect(await failureOf(down())).toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    expect([isHere('copy'), isStored()]).toEqual([false, true])
  })

  test('both stay when the copy is found to be wrong', async () => {
    const { engine, file, store } = bed()
    await file('file', bytes)
    const operation = ['HeadObject', 'PutObject', 'UploadPart', 'CompleteMultipartUpload']
    store.faults.add({ match: { operation }, fault: { kind: 'wrong-checksum' } })
    expect(await failureOf(up())).toMatchObject({ code: 'ERR_CHECKSUM_MISMATCH' })
    expect(isHere('file')).toBe(true)
    store.faults.clear()
    await engine.upload(bytes, URI)
    const operations = ['HeadObject', 'GetObject']
    store.faults.add({ match: { operation: operations }, fault: { kind: 'wrong-checksum' } })
    expect(await failureOf(down())).toMatchObject({ code: 'ERR_CHECKSUM_MISMATCH' })
    expect([isHere('copy'), isStored()]).toEqual([false, true])
  })
})

describe('a file that went up stays', () => {
  test('when nothing proves that it arrived', async () => {
    const { file, store } = bed()
    await file('file', small)
    store.faults.add({ match: { operation: 'PutObject' }, fault: { kind: 'hide-checksums' } })
    store.faults.add({ match: { operation: 'HeadObject' }, fault: REFUSED })
    expect(await notRemoved(up(), undefined)).toContain('nothing proves it')
    expect([isHere('file'), isStored()]).toEqual([true, true])
  })

  test('when it was written to meanwhile', async () => {
    const { file, store } = bed()
    await file('file', small)
    // The bytes were compared before; the store is still asked what it holds.
    store.faults.add({ match: { operation: 'PutObject' }, fault: { kind: 'hide-checksums' } })
    const delay = { kind: 'delay', ms: 1000 } as const
    store.faults.add({ match: { operation: 'HeadObject' }, fault: delay, times: 1 })
    const moving = up()
    await until(() => isStored(), 'it is up')
    await wait(200)
    await file('file', Buffer.from('newer'))
    await notRemoved(moving, { code: 'ERR_SOURCE_CHANGED' })
    expect(await readFile(bed().path('file'), 'utf8')).toBe('newer')
    store.faults.clear()
    expect(await up()).toMatchObject({ moved: true })
    expect(storedBytes(store, 'key').toString()).toBe('newer')
  })
})

test('of a file that is named by a link the link is removed', async () => {
  const { file, path } = bed()
  await file('elsewhere', small)
  await symlink('elsewhere', path('file'))
  expect(await up()).toMatchObject({ moved: true })
  await expect(lstat(path('file'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await readFile(path('elsewhere'))).toEqual(small)
  expect(isStored()).toBe(true)
})

describe('an object that came down stays', () => {
  test('when the store does not let it be removed; the next call does', async () => {
    const { engine, store } = bed()
    await engine.upload(small, URI)
    store.faults.add({ match: { operation: 'DeleteObject' }, fault: REFUSED })
    await notRemoved(down(), { code: 'ERR_ACCESS_DENIED' })
    expect(isStored()).toBe(true)
    expect(await readFile(bed().path('copy'))).toEqual(small)
    store.faults.clear()
    expect(await down()).toMatchObject({ moved: true })
    expect(isStored()).toBe(false)
  })

  /** What gives another writer the time to come in between, and at which request. */
  const slow = (operation: string) =>
    ({ match: { operation }, fault: { kind: 'delay', ms: 600, at: 'before-operation' } }) as const

  test.each([
    ['compares as it deletes', [slow('DeleteObject')]],
    [
      'takes no notice of the condition',
      [
        slow('HeadObject'),
        {
          match: { operation: 'DeleteObject' },
          fault: { kind: 'ignore-header', header: 'If-Match' },
        } as const,
      ],
    ],
  ])('when it was replaced meanwhile, in a store that %s', async (_, rules) => {
    const { engine, sdk, store } = bed()
    await engine.upload(small, URI)
    for (const rule of rules) store.faults.add(rule)
    const moving = down()
    await until(() => isHere('copy'), 'it is down')
    await wait(150)
    await sdk.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'key', Body: 'newer' }))
    await notRemoved(moving, { code: 'ERR_OBJECT_CHANGED' })
    expect(storedBytes(store, 'key').toString()).toBe('newer')
  })

  test('when it is aborted in between; the next call removes it', async () => {
    const { engine, store } = bed()
    await engine.upload(small, URI)
    store.faults.add({
      match: { operation: 'DeleteObject' },
      fault: { kind: 'delay', ms: 30_000, at: 'before-operation' },
      times: 1,
    })
    const moving = down()
    await until(() => isHere('copy'), 'it is down')
    await moving.abort()
    expect(await failureOf(moving)).toMatchObject({ code: 'ERR_ABORTED' })
    expect(isStored()).toBe(true)
    store.faults.clear()
    expect(await down()).toMatchObject({ moved: true })
    expect(isStored()).toBe(false)
  })
})

test('an answer that is lost does not make a failure of a removal', async () => {
  const { engine, store } = bed()
  await engine.upload(small, URI)
  store.faults.add({
    match: { operation: 'DeleteObject' },
    fault: { kind: 'drop', at: 'after-operation' },
    times: 1,
  })
  expect(await down()).toMatchObject({ moved: true })
  expect(isStored()).toBe(false)
})

test('an object under a customer key is moved with that key', async () => {
  const { file, path } = bed()
  const sseCustomerKey = Buffer.alloc(32, 7)
  await file('file', small)
  expect(await up({ sseCustomerKey })).toMatchObject({ moved: true })
  expect(await down({ sseCustomerKey })).toMatchObject({ moved: true })
  expect(await readFile(path('copy'))).toEqual(small)
})

test('in a bucket with versions a marker is put over an object that was moved', async () => {
  await withBed({}, async ({ engine, path, sdk, store }) => {
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await sdk.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }))
    await engine.upload(small, URI)
    store.faults.add({
      match: { operation: 'DeleteObject' },
      fault: { kind: 'drop', at: 'after-operation' },
      times: 1,
    })
    const { object } = await engine.download(URI, path('copy'), { removeSource: true })
    const { Versions, DeleteMarkers } = await sdk.send(
      new ListObjectVersionsCommand({ Bucket: BUCKET }),
    )
    expect(Versions).toMatchObject([{ Key: 'key', VersionId: object.versionId }])
    expect(DeleteMarkers).toMatchObject([{ Key: 'key', IsLatest: true }])
  })
})

describe('is refused before anything is done:', () => {
  test('a move of bytes, of a stream, of a version, and into a stream', async () => {
    const { engine, path } = bed()
    await engine.upload(small, URI)
    const removeSource = true
    const version = { bucket: BUCKET, key: 'key', versionId: 'null' }
    const refused = [
      engine.upload(small, `${URI}-2`, { removeSource }),
      engine.upload(new Blob([small]).stream(), `${URI}-2`, { removeSource }),
      engine.download(version, path('copy'), { removeSource }),
      engine.download(URI, path('copy'), { removeSource, fsync: false }),
      engine.read(URI, { removeSource }).next(),
    ]
    const options = ['removeSource', 'removeSource', 'versionId', 'fsync', 'removeSource']
    for (const [index, promise] of refused.entries()) {
      const option = options[index]
      expect(await failureOf(promise)).toMatchObject({
        code: 'ERR_OPTION_INVALID',
        context: { option },
      })
    }
    expect(storedKeys(bed().store)).toEqual(['key'])
    expect(await readdir(bed().dir)).not.toContain('copy')
  })

  test('a move of what is not there', async () => {
    expect(await failureOf(up())).toMatchObject({ code: 'ERR_SOURCE_NOT_FOUND' })
    expect(await failureOf(down())).toMatchObject({ code: 'ERR_OBJECT_NOT_FOUND' })
    await writeFile(bed().path('file'), small)
    expect(await up()).toMatchObject({ moved: true })
  })
})
