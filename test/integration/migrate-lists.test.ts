/** Migrations of what a list names. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Fidelity, FilesFrom, MigrateOptions, Outcome, TransferEngine } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { sdkClient } from '../helpers/sdk-client.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const OLD = 'old-bucket'
const FROM = `s3://${OLD}/a/`
const TO = `s3://${BUCKET}/b`
const DENIED = { kind: 'answer', status: 403, code: 'AccessDenied' } as const

const bed = sharedBed()
const jobs = useTemporaryDirectory()
let other: LocalStore
let count = 0
beforeAll(async () => {
  other = await startLocalStore({ buckets: [OLD], region: 'eu-test-1' })
})
afterAll(() => other.close())
afterEach(() => {
  bed().store.reset()
  other.reset()
})

const fresh = () => join(jobs(), `job-${(count += 1)}`)

function between(): TransferEngine {
  const { endpoint, region, credentials } = other
  return bed().another({ source: { endpoint, region, credentials } })
}

async function fill(names: readonly string[], seed = 0): Promise<void> {
  const sdk = sdkClient(other)
  for (const [index, name] of names.entries()) {
    const Body = testBytes(100, seed + index)
    await sdk.send(new PutObjectCommand({ Bucket: OLD, Key: `a/${name}`, Body }))
  }
  sdk.destroy()
}

/** What became of each, `done a` or `ERR_… b`, and the sums. */
async function migrated(filesFrom: FilesFrom, options: Partial<MigrateOptions> = {}) {
  const told: string[] = []
  const onOutcome = (outcome: Outcome): void => {
    const { status, name } = outcome
    const word = status === 'failed' ? outcome.error.code : status
    told.push(`${status === 'skipped' ? outcome.reason : word} ${name}`)
  }
  const given = { jobDirectory: fresh(), filesFrom, onOutcome, ...options }
  const result = await between().migrate(FROM, TO, given)
  return { result, told: told.toSorted() }
}

async function file(name: string, content: string | Buffer): Promise<string> {
  await mkdir(jobs(), { recursive: true })
  const path = join(jobs(), name)
  await writeFile(path, content)
  return path
}

const listings = () => other.requests.entries({ operation: 'ListObjectsV2' })
const keys = () => storedKeys(bed().store)

describe('a migration of what a list names', () => {
  test('copies that and nothing else, without a listing; what is gone fails by itself', async () => {
    await fill(['1', '2', '3'])
    other.faults.add({ match: { operation: 'ListObjectsV2' }, fault: DENIED })
    const first = await migrated(['3', 'gone', '1'])
    expect(first.told).toEqual(['ERR_OBJECT_NOT_FOUND gone', 'done 1', 'done 3'])
    expect(first.result).toMatchObject({ copied: 2, failed: 1, job: { copied: 2, bytes: 200 } })
    expect(keys()).toEqual(['b/1', 'b/3'])
    expect(listings()).toEqual([])
  })

  test('leaves alone what is there; one that is there and gone at the source fails', async () => {
    await fill(['1', '2', '3', '4'])
    await migrated(['1', '2', '3'])
    await fill(['1'], 50)
    const sdk = sdkClient(other)
    await sdk.send(new PutObjectCommand({ Bucket: OLD, Key: 'a/2', Body: 'shorter' }))
    sdk.destroy()
    await bed().engine.upload(testBytes(5, 1), `${TO}/gone`)
    const { result, told } = await migrated(['2', '3', '4', 'gone'])
    expect(told).toEqual(['ERR_OBJECT_NOT_FOUND gone', 'done 2', 'done 4'])
    expect(result).toMatchObject({ copied: 2, unchanged: 1, failed: 1 })
    expect(storedBytes(bed().store, 'b/2').toString()).toBe('shorter')
    expect(storedBytes(bed().store, 'b/1').equals(testBytes(100, 0))).toBe(true)
  })

  test('compares contents if it is told to, and replaces nothing with `never`', async () => {
    await fill(['1', '2'])
    await migrated(['1', '2'])
    const mine = testBytes(100, 77)
    await bed().engine.upload(mine, `${TO}/2`)
    expect((await migrated(['1', '2'])).result).toMatchObject({ copied: 0, unchanged: 2 })
    other.requests.clear()
    const never = await migrated(['1', '2'], { overwrite: 'never' })
    expect(never.result).toMatchObject({ copied: 0, unchanged: 2 })
    const checked = await migrated(['1', '2'], { checksum: true })
    expect(checked.result).toMatchObject({ copied: 1, unchanged: 1 })
    expect(storedBytes(bed().store, 'b/2').equals(testBytes(100, 1))).toBe(true)
  })

  test.each([
    ['lines', '1\n2\n'],
    ['nul', '1\x002\0'],
    ['csv', 'key,size\n1,100\n2,100\n'],
    ['inventory', gzipSync(`"${OLD}","a/1","100"\n"${OLD}","a/2","100"\n"${OLD}","c","1"\n`)],
  ] as const)('reads %s', async (format, content) => {
    await fill(['1', '2', '3'])
    const { told } = await migrated({ path: await file(`list.${format}`, content), format })
    expect(told).toEqual(['done 1', 'done 2'])
  })

  test.each(['ndjson', 'csv', 'ndjson.gz', 'csv.gz'])(
    'reads a manifest in %s of what was put there',
    async (kind) => {
      const { endpoint, region, credentials } = other
      const source = bed().another({ endpoint, region, credentials })
      const manifest = join(jobs(), `m-${(count += 1)}.${kind}`)
      const root = bed().path(`up-${kind}`)
      await mkdir(join(root, 'deep'), { recursive: true })
      await writeFile(join(root, 'deep/a b'), 'ab')
      await writeFile(join(root, '2'), '2')
      await source.uploadDirectory(root, FROM, { manifest })
      await fill(['later'])
      const { told, result } = await migrated({ path: manifest, format: 'manifest' })
      expect(told).toEqual(['done 2', 'done deep/a b'])
      expect(result.fidelity).toMatchObject({ listed: 2, isAll: true, bytesListed: 3 })
    },
  )

  test('does again in the same job what failed in it, as often as it is needed', async () => {
    await fill(['1', '2', '3'])
    other.faults.add({ match: { operation: 'GetObject', key: 'a/2' }, fault: DENIED })
    const jobDirectory = fresh()
    const whole = { jobDirectory }
    expect(await between().migrate(FROM, TO, whole)).toMatchObject({ copied: 2, failed: 1 })
    const failed = { path: join(jobDirectory, 'outcomes.ndjson'), format: 'report' } as const
    const again = await migrated(failed, whole)
    expect(again.told).toEqual(['ERR_ACCESS_DENIED 2'])
    other.faults.clear()
    expect((await migrated(failed, whole)).told).toEqual(['done 2'])
    const last = await migrated(failed, whole)
    expect(last.told).toEqual([])
    expect(last.result.job).toMatchObject({ runs: 4, copied: 3 })
  })

  test('reads what can be read but once: the look before does not eat it', async () => {
    await fill(['1', '2', '3'])
    async function* names(): AsyncGenerator<string> {
      for (const name of ['1', '2', '3']) yield await Promise.resolve(name)
    }
    const heard: Fidelity[] = []
    const { told } = await migrated(names(), { onFidelity: (fidelity) => heard.push(fidelity) })
    expect(told).toEqual(['done 1', 'done 2', 'done 3'])
    expect(heard).toMatchObject([{ sample: 3, listed: 3, isAll: true, bytesListed: undefined }])
    expect(heard[0]?.storageClasses).toEqual({ STANDARD: 3 })
  })

  test('lets go of a list when it is refused', async () => {
    let ends = 0
    async function* names(): AsyncGenerator<string> {
      try {
        for (let at = 0; ; at += 1) yield await Promise.resolve(String(at))
      } finally {
        ends += 1
      }
    }
    const refusing = { onFidelity: () => Promise.reject(new Error('no')) }
    await failureOf(migrated(names(), refusing))
    expect(ends).toBe(1)
  })

  test('takes a refusal to look for one that is gone, unless all are refused', async () => {
    await fill(['1', '2'])
    other.faults.add({ match: { operation: 'HeadObject', key: 'a/2' }, fault: DENIED })
    const { told, result } = await migrated(['1', '2'])
    expect(told).toEqual(['ERR_ACCESS_DENIED 2', 'done 1'])
    expect(result.fidelity.sample).toBe(1)
    other.faults.add({ match: { operation: 'HeadObject' }, fault: DENIED })
    const error = await failureOf(migrated(['1', '2']))
    expect(error.message).toContain('The identity of the source may not do s3:GetObject on s3://')
  })

  test('moves with it too, and copies under other names', async () => {
    await fill(['1', '2'])
    const rename = (name: string): string => `${name}.old`
    expect((await migrated(['1'], { rename })).told).toEqual(['done 1'])
    expect(keys()).toEqual(['b/1.old'])
    expect((await migrated(['2', '1'], { removeSource: true })).result).toMatchObject({ moved: 2 })
    expect(other.objects(OLD)).toEqual([])
  })

  test('says in a dry run how much it is, and counts its requests', async () => {
    await fill(['1', '2', '3'])
    await migrated(['1'])
    other.requests.clear()
    bed().store.requests.clear()
    const { result } = await migrated(['1', '2', 'gone'], { dryRun: true })
    expect(result).toMatchObject({ planned: 1, unchanged: 1, failed: 1, bytes: 100 })
    // A look at each at the destination, and one at the source; the copy of a small one takes none.
    expect(result.plan?.requests).toMatchObject({ HEAD: 4, LIST: 0, PUT: 1, GET: 1 })
  })

  test.each([
    [{ filesFrom: ['1'], filter: () => true }, 'filter'],
    [{ filesFrom: 5 }, 'filesFrom'],
    [{ filesFrom: { path: 'x', format: 'xml' } }, 'filesFrom'],
  ])('refuses %j', async (options, option) => {
    const given = { jobDirectory: fresh(), ...options } as MigrateOptions
    const error = await failureOf(between().migrate(FROM, TO, given))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option } })
  })

  test('ends with what is wrong with a list', async () => {
    await fill(['1'])
    const elsewhere = await file('elsewhere', '"another","a/1","100"\n')
    const list = { path: elsewhere, format: 'inventory' } as const
    expect((await failureOf(migrated(list))).code).toBe('ERR_OPTION_INVALID')
    expect((await failureOf(migrated('no-such-list'))).code).toBe('ERR_SOURCE_NOT_FOUND')
    expect(keys()).toEqual([])
  })
})

describe('a list beside a sync between stores', () => {
  test('says what takes part, and never what is to be removed', async () => {
    await fill(['1', '2'])
    const engine = between()
    await engine.sync(FROM, TO)
    await fill(['3'])
    const result = await engine.sync(FROM, TO, { filesFrom: ['1', '3'] })
    expect(result).toMatchObject({ copied: 1, unchanged: 1 })
    const removing = engine.sync(FROM, TO, { filesFrom: ['1'], delete: true })
    expect(await failureOf(removing)).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      context: { option: 'delete' },
    })
    expect(keys()).toEqual(['b/1', 'b/2', 'b/3'])
  })

  test('is none of a replication', async () => {
    const error = await failureOf(between().replicate(FROM, TO, { filesFrom: ['1'] } as object))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'filesFrom' } })
  })
})
