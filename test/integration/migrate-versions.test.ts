/** Migrations of all versions: order, markers, and nothing twice. */

import { join } from 'node:path'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Fidelity, MigrateOptions, Outcome, TransferEngine } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { failureOf } from '../helpers/failure.ts'
import { MiB, sharedBed } from '../helpers/test-bed.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { sdkClient } from '../helpers/sdk-client.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { contentsOf, versionsIn } from '../helpers/versions.ts'

const [OLD, NEW] = ['old-bucket', 'new-bucket']
const [FROM, TO] = [`s3://${OLD}/a/`, `s3://${NEW}/b/`]
const DENIED = { kind: 'answer', status: 403, code: 'AccessDenied' } as const

const bed = sharedBed()
const jobs = useTemporaryDirectory()
let count = 0
let source: LocalStore
let target: LocalStore
let from: S3Client
let to: S3Client
beforeEach(async () => {
  source = await startLocalStore({ buckets: [OLD], region: 'eu-test-1' })
  target = await startLocalStore({ buckets: [NEW, 'plain'] })
  from = sdkClient(source)
  to = sdkClient(target)
  await versioning(from, OLD)
  await versioning(to, NEW)
})
afterEach(async () => {
  for (const client of [from, to]) client.destroy()
  for (const store of [source, target]) await store.close()
})

const fresh = () => join(jobs(), `job-${(count += 1)}`)

async function versioning(
  client: S3Client,
  Bucket: string,
  Status: 'Enabled' | 'Suspended' = 'Enabled',
): Promise<void> {
  const VersioningConfiguration = { Status }
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
}

function between(options: object = {}): TransferEngine {
  const { endpoint, region, credentials } = source
  const { endpoint: its, region: itsRegion, credentials: itsOwn } = target
  const side = { endpoint: its, region: itsRegion, credentials: itsOwn }
  return bed().another({ ...side, ...options, source: { endpoint, region, credentials } })
}

/** Writes versions in order; `undefined` removes. */
async function write(key: string, ...bodies: readonly (string | Buffer | undefined)[]) {
  for (const Body of bodies) {
    const object = { Bucket: OLD, Key: `a/${key}` }
    if (Body === undefined) await from.send(new DeleteObjectCommand(object))
    else await from.send(new PutObjectCommand({ ...object, Body, Metadata: { of: key } }))
  }
}

async function migrated(options: Partial<MigrateOptions> = {}, engine = between()) {
  const outcomes: Outcome[] = []
  const given = {
    jobDirectory: fresh(),
    allVersions: true,
    onOutcome: (outcome: Outcome) => outcomes.push(outcome),
    ...options,
  }
  return { result: await engine.migrate(FROM, TO, given), outcomes }
}

/** `{ key: ['oldest', 'marker', …] }` at the destination. */
const copies = () => contentsOf(to, NEW, 'b/')

describe('a migration of all versions', () => {
  test('copies every one in order, and markers as markers', async () => {
    await write('kept', 'one', 'two, longer', 'three')
    await write('back', 'first', undefined, 'again', undefined, undefined)
    await write('deep/once', 'only')
    await write('gone', undefined)
    const heard: Fidelity[] = []
    const { result, outcomes } = await migrated({ onFidelity: (told) => heard.push(told) })
    expect(await copies()).toEqual({
      kept: ['one', 'two, longer', 'three'],
      back: ['first', 'marker', 'again', 'marker', 'marker'],
      'deep/once': ['only'],
      gone: ['marker'],
    })
    expect(result).toMatchObject({ copied: 6, deleted: 4, failed: 0, unchanged: 0, bytes: 33 })
    expect(heard[0]).toMatchObject({ sample: 6, listed: 6, isAll: true, bytesListed: 33 })
    expect(heard[0]?.aspects.at(-1)).toMatchObject({ aspect: 'versions', fate: 'carried' })
    const told = outcomes.map((each) => 'reason' in each && `${each.status} ${each.reason}`)
    expect(new Set(told)).toEqual(new Set(['done missing', 'done marker']))
    const ids = await versionsIn(from, OLD, 'a/')
    const noted = outcomes.map((each) => 'sourceVersionId' in each && each.sourceVersionId)
    expect(noted).toHaveLength(ids.length)
    expect(new Set(noted)).toEqual(new Set(ids.map(({ versionId }) => versionId)))
    const { Metadata } = await to.send(new GetObjectCommand({ Bucket: NEW, Key: 'b/kept' }))
    expect(Metadata).toEqual({ of: 'kept' })
  })

  test('finds what is there, and goes on behind it', async () => {
    await write('x', 'one', undefined, 'one')
    await write('y', 'same')
    const jobDirectory = fresh()
    await migrated({ jobDirectory })
    const before = await copies()
    const again = await migrated({ jobDirectory })
    expect(again.result).toMatchObject({ copied: 0, deleted: 0, unchanged: 4 })
    expect(await copies()).toEqual(before)
    await write('x', undefined, 'one')
    const more = await migrated({ jobDirectory })
    expect(more.result).toMatchObject({ copied: 1, deleted: 1, unchanged: 4, job: { runs: 3 } })
    expect((await copies())['x']).toEqual(['one', 'marker', 'one', 'marker', 'one'])
  })

  test('ends at any version, and the next call makes none twice', async () => {
    for (let key = 0; key < 6; key += 1) {
      await write(`k${key}`, `${key}-1`, `${key}-2`, `${key}-3`, undefined, `${key}-5`)
    }
    const jobDirectory = fresh()
    let [runs, isCutShort] = [0, true]
    while (isCutShort) {
      expect((runs += 1)).toBeLessThan(40)
      isCutShort = (await migrated({ jobDirectory, maxBytes: 1 })).result.isCutShort
    }
    expect(runs).toBeGreaterThan(1)
    const all = await copies()
    for (let key = 0; key < 6; key += 1) {
      const expected = [`${key}-1`, `${key}-2`, `${key}-3`, 'marker', `${key}-5`]
      expect(all[`k${key}`]).toEqual(expected)
    }
  })

  test('keeps large versions in order, too, and does not let one pass that failed', async () => {
    const large = testBytes(11 * MiB, 3)
    await write('large', large, 'small', undefined)
    await write('other', 'x')
    source.faults.add({ match: { operation: 'GetObject', key: 'a/large' }, fault: DENIED })
    const engine = between({ partSize: 5 * MiB, multipartThreshold: 10 * MiB })
    const first = await migrated({}, engine)
    expect(first.result).toMatchObject({ copied: 1, failed: 3 })
    const errors = first.result.failures.map(({ message }) => message)
    expect(errors[1]).toMatch(/^An older version of it could not be copied: /u)
    expect(await copies()).toEqual({ other: ['x'] })
    source.faults.clear()
    await migrated({}, engine)
    const found = await versionsIn(to, NEW, 'b/large')
    expect(found.map(({ size, isMarker }) => (isMarker ? 'marker' : size))).toEqual([
      11 * MiB,
      5,
      'marker',
    ])
    const again = await migrated({}, engine)
    expect(again.result).toMatchObject({ copied: 0, deleted: 0, unchanged: 4 })
  })

  test('passes over what others wrote, and refuses what could only come behind', async () => {
    await write('x', 'one', 'two')
    await write('y', 'first', 'second')
    const put = (key: string, Body: string) =>
      to.send(new PutObjectCommand({ Bucket: NEW, Key: `b/${key}`, Body }))
    await put('x', 'foreign')
    await put('y', 'second')
    const { result, outcomes } = await migrated()
    expect(result).toMatchObject({ copied: 2, failed: 2 })
    const failed = outcomes.flatMap((each) => (each.status === 'failed' ? [each] : []))
    expect(failed).toMatchObject([
      { name: 'y', error: { code: 'ERR_CONFLICT' } },
      { name: 'y', error: { code: 'ERR_CONFLICT' } },
    ])
    expect(await copies()).toEqual({ x: ['foreign', 'one', 'two'], y: ['second'] })
    await put('x', 'foreign, later')
    expect((await migrated()).result).toMatchObject({ copied: 0, unchanged: 2, failed: 2 })
  })

  test('goes on from a time without versions, and pages of listings', async () => {
    await versioning(from, OLD, 'Suspended')
    await write('null', 'before')
    await versioning(from, OLD)
    await write('null', 'behind')
    // A page has 1,000 of them, so that it ends within a key.
    const keys = Array.from({ length: 17 }, (_, index) => `many/${index}`)
    const versions = Array.from({ length: 60 }, (_, index) => `v${index}`)
    await Promise.all(keys.map((key) => write(key, ...versions)))
    expect((await migrated()).result).toMatchObject({ copied: 1022, failed: 0 })
    const found = await copies()
    expect(found['null']).toEqual(['before', 'behind'])
    for (const key of keys) expect(found[key]).toEqual(versions)
    expect((await migrated()).result).toMatchObject({ copied: 0, unchanged: 1022 })
  }, 60_000)

  test('copies within a store by itself, too', async () => {
    const { endpoint, region, credentials } = source
    const engine = bed().another({ endpoint, region, credentials })
    await write('x', 'one', undefined, 'two')
    const options = { jobDirectory: fresh(), allVersions: true }
    const result = await engine.migrate(FROM, `s3://${OLD}/c/`, options)
    expect(result).toMatchObject({ copied: 2, deleted: 1, failed: 0 })
    expect(await contentsOf(from, OLD, 'c/')).toEqual({ x: ['one', 'marker', 'two'] })
    expect(source.requests.entries({ operation: 'GetObject' }).length).toBeLessThanOrEqual(2)
  })

  test('compares by checksums where ETags say nothing', async () => {
    const large = testBytes(11 * MiB, 4)
    await write('large', large, testBytes(11 * MiB, 5))
    const engine = between({ partSize: 5 * MiB, multipartThreshold: 10 * MiB })
    expect((await migrated({ partSize: 6 * MiB }, engine)).result).toMatchObject({ copied: 2 })
    expect((await migrated({}, engine)).result).toMatchObject({ copied: 0, unchanged: 2 })
  })

  test('takes one of that size and no older for a copy where nothing can be compared', async () => {
    const plain = await startLocalStore({ buckets: [NEW], dialect: 'rgw16' })
    onTestFinished(() => plain.close())
    const { endpoint, credentials } = plain
    const sizes = { partSize: 5 * MiB, multipartThreshold: 10 * MiB }
    const engine = between({ endpoint, credentials, ...sizes })
    const client = sdkClient(plain)
    await versioning(client, NEW)
    await write('large', testBytes(11 * MiB, 6), 'end')
    const options = { jobDirectory: fresh(), allVersions: true }
    const own = { ...options, partSize: 6 * MiB }
    expect(await engine.migrate(FROM, TO, own)).toMatchObject({ copied: 2, failed: 0 })
    const [large] = await versionsIn(client, NEW, 'b/large')
    client.destroy()
    expect(large?.size).toBe(11 * MiB)
    expect(await engine.migrate(FROM, TO, options)).toMatchObject({ copied: 0, unchanged: 2 })
  })

  test('says in a dry run what it would do, and leaves out what a filter does', async () => {
    await write('x', 'one', undefined, 'two')
    await write('y', 'left out')
    const filter = ({ name }: { readonly name: string }): boolean => name !== 'y'
    const { result } = await migrated({ dryRun: true, filter })
    expect(result).toMatchObject({ planned: 3, plan: { copies: 2, deletions: 1, bytesCopied: 6 } })
    expect(result.plan?.requests).toMatchObject({ LIST: 2, PUT: 2, DELETE: 1 })
    expect(await copies()).toEqual({})
    await migrated({ filter })
    expect(await copies()).toEqual({ x: ['one', 'marker', 'two'] })
  })
})

describe('is refused', () => {
  test.each(['never', 'Suspended'] as const)('a bucket whose versioning is %s', async (state) => {
    await write('x', 'one')
    if (state === 'Suspended') await versioning(to, 'plain', state)
    for (const dryRun of [false, true]) {
      const options = { jobDirectory: fresh(), allVersions: true, dryRun }
      const error = await failureOf(between().migrate(FROM, 's3://plain/', options))
      expect(error).toMatchObject({
        code: 'ERR_OPTION_INVALID',
        context: { option: 'allVersions', bucket: 'plain' },
      })
      expect(error.message).toMatch(/turn its versioning on, or leave out `allVersions`/u)
    }
    expect(source.requests.entries({ operation: 'GetObject' })).toEqual([])
  })

  test.each([
    ['source', 'ListObjectVersions', 's3:ListBucketVersions or s3:GetObjectVersion'],
    ['destination', 'ListObjectVersions', 's3:ListBucketVersions'],
    ['destination', 'GetBucketVersioning', 's3:GetBucketVersioning'],
  ] as const)('a %s that may not %s', async (side, operation, right) => {
    await write('x', 'one')
    const store = side === 'source' ? source : target
    store.faults.add({ match: { operation }, fault: DENIED })
    const error = await failureOf(migrated())
    expect(error.message).toContain(`The identity of the ${side} may not do ${right} on s3://`)
    expect(source.requests.entries({ operation: 'GetObject' })).toEqual([])
  })

  test.each([
    [{ overwrite: 'always' }, 'overwrite'],
    [{ overwrite: 'never' }, 'overwrite'],
    [{ checksum: true }, 'checksum'],
    [{ filesFrom: ['x'] }, 'filesFrom'],
    [{ removeSource: true }, 'removeSource'],
    [{ rename: (name: string) => name }, 'rename'],
    [{ manifest: 'm' }, 'manifest'],
    [{ onBeforeTransfer: () => undefined }, 'onBeforeTransfer'],
    [{ ifNoneMatch: '*' }, 'ifNoneMatch'],
    [{ delete: true }, 'delete'],
    [{ allVersions: 'yes' }, 'allVersions'],
  ] as const)('beside %j', async (options, option) => {
    const error = await failureOf(migrated(options as object))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option } })
  })

  test('a directory of a job of current versions', async () => {
    await write('x', 'one')
    const jobDirectory = fresh()
    await between().migrate(FROM, TO, { jobDirectory })
    const error = await failureOf(migrated({ jobDirectory }))
    expect(error.message).toMatch(/`allVersions` was false there, and is true now/u)
  })
})
