/** Migrations: what is told first, what is remembered, and where it ends. */

import { existsSync } from 'node:fs'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  GetObjectAclCommand,
  ListObjectsV2Command,
  PutBucketOwnershipControlsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest'
import type { Fidelity, MigrationResult, Outcome } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { failureOf, until } from '../helpers/failure.ts'
import { BUCKET, sharedBed, storedBytes, storedKeys, type Bed } from '../helpers/test-bed.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { sdkClient } from '../helpers/sdk-client.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const OLD = 'old-bucket'
const FROM = `s3://${OLD}/a/`
const TO = `s3://${BUCKET}/b`
const NAMES = Array.from({ length: 20 }, (_, index) => `dir/${String(index).padStart(2, '0')}`)

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

/** A directory that is not there yet. */
const fresh = () => join(jobs(), `job-${(count += 1)}`)

function between({ another }: Bed) {
  const { endpoint, region, credentials } = other
  return another({ source: { endpoint, region, credentials } })
}

async function fill(names: readonly string[] = NAMES): Promise<void> {
  const sdk = sdkClient(other)
  for (const [index, name] of names.entries()) {
    const object = { Bucket: OLD, Key: `a/${name}`, Body: testBytes(100, index) }
    await sdk.send(new PutObjectCommand({ ...object, Metadata: { n: String(index) } }))
  }
  sdk.destroy()
}

const lines = async (directory: string): Promise<readonly Record<string, unknown>[]> =>
  (await readFile(join(directory, 'outcomes.ndjson'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('a migration', () => {
  test('copies all, proves each, and leaves a job that says so', async () => {
    await fill()
    const jobDirectory = fresh()
    const result = await between(bed()).migrate(FROM, TO, { jobDirectory })
    expect(result).toMatchObject({
      copied: 20,
      failed: 0,
      isCutShort: false,
      job: { runs: 1, copied: 20, bytes: 2000 },
    })
    expect(storedKeys(bed().store)).toEqual(NAMES.map((name) => `b/${name}`))
    const told = await lines(jobDirectory)
    expect(told).toHaveLength(20)
    expect(told.every(({ verified, how }) => verified === 'checksum' && how === 'relay')).toBe(true)
    const report = JSON.parse(await readFile(join(jobDirectory, 'report.json'), 'utf8'))
    expect(report.seen).toBe(report.copied + report.unchanged + report.failed + report.skipped)
    expect(await readdir(jobDirectory)).toEqual(['job.json', 'outcomes.ndjson', 'report.json'])
  })

  test('goes on: what is there is not copied again, and sums are of all runs', async () => {
    await fill()
    const jobDirectory = fresh()
    const denied = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    other.faults.add({ match: { operation: 'GetObject', key: 'a/dir/07' }, fault: denied })
    const engine = between(bed())
    const first = await engine.migrate(FROM, TO, { jobDirectory })
    expect(first).toMatchObject({ copied: 19, failed: 1 })
    other.faults.clear()
    other.requests.clear()
    const second = await engine.migrate(FROM, TO, { jobDirectory })
    expect(second).toMatchObject({ copied: 1, unchanged: 19, job: { runs: 2, copied: 20 } })
    expect(other.requests.entries({ operation: 'GetObject' })).toHaveLength(1)
  })

  test('takes away a line that a kill has cut', async () => {
    await fill()
    const jobDirectory = fresh()
    const engine = between(bed())
    await engine.migrate(FROM, TO, { jobDirectory })
    const path = join(jobDirectory, 'outcomes.ndjson')
    await writeFile(path, `${await readFile(path, 'utf8')}{"status":"do`)
    const again = await engine.migrate(FROM, TO, { jobDirectory })
    expect(again.job).toMatchObject({ runs: 2, copied: 20 })
    expect(await lines(jobDirectory)).toHaveLength(20)
  })

  test('says first what copies carry and lose', async () => {
    const sdk = sdkClient(other)
    const named = { Bucket: OLD, Body: testBytes(10, 1) }
    await sdk.send(new PutObjectCommand({ ...named, Key: 'a/1', StorageClass: 'GLACIER_IR' }))
    await sdk.send(
      new PutObjectCommand({ ...named, Key: 'a/2', Metadata: { x: 'y' }, Tagging: 't=1' }),
    )
    await sdk.send(new PutObjectCommand({ ...named, Key: 'a/3', CacheControl: 'no-store' }))
    sdk.destroy()
    const heard: Fidelity[] = []
    const keys: string[][] = []
    await between(bed()).migrate(FROM, TO, {
      jobDirectory: fresh(),
      onFidelity: (fidelity) => {
        heard.push(fidelity)
        keys.push(storedKeys(bed().store))
      },
    })
    expect(keys).toEqual([[]])
    const [fidelity] = heard
    expect(fidelity).toMatchObject({ sample: 3, listed: 3, isAll: true, bytesListed: 30 })
    expect(fidelity?.storageClasses).toEqual({ STANDARD: 2, GLACIER_IR: 1 })
    const facts = fidelity?.aspects.map(({ aspect, found, fate }) => [aspect, found, fate])
    expect(facts).toEqual([
      ['metadata', 1, 'carried'],
      ['headers', 1, 'carried'],
      ['tags', 1, 'carried'],
      ['websiteRedirect', 0, 'carried'],
      ['storageClass', 1, 'lost'],
      ['acl', undefined, 'lost'],
      ['encryption', 0, 'lost'],
      ['objectLock', 0, 'lost'],
      ['metadataBeyondHeaders', 0, 'refused'],
      ['versions', 0, 'lost'],
    ])
  })

  test('says that storage classes are carried, or that the destination has none such', async () => {
    const sdk = sdkClient(other)
    const named = { Bucket: OLD, Body: testBytes(10, 1) }
    await sdk.send(new PutObjectCommand({ ...named, Key: 'a/1', StorageClass: 'GLACIER_IR' }))
    await sdk.send(new PutObjectCommand({ ...named, Key: 'a/2' }))
    sdk.destroy()
    const carry = ['storageClass'] as const
    const fateIn = ({ aspects }: Fidelity) => aspects.find(({ aspect }) => aspect === carry[0])
    const first = await between(bed()).migrate(FROM, TO, { jobDirectory: fresh(), carry })
    expect(first.copied).toBe(2)
    expect(fateIn(first.fidelity)).toMatchObject({ found: 1, fate: 'carried' })
    const copies = await bed().sdk.send(new ListObjectsV2Command({ Bucket: BUCKET }))
    const classes = copies.Contents?.map(({ StorageClass }) => StorageClass)
    expect(classes).toEqual(['GLACIER_IR', 'STANDARD'])
    const { endpoint, region, credentials } = other
    const source = { endpoint, region, credentials }
    const minio = bed().another({ provider: 'minio', source })
    const wish = { jobDirectory: fresh(), carry }
    const second = await minio.migrate(FROM, `${TO}/2`, wish)
    expect(fateIn(second.fidelity)).toEqual({
      aspect: 'storageClass',
      found: 1,
      fate: 'refused',
      note: 'MinIO has no GLACIER_IR: such objects fail.',
    })
    expect(second).toMatchObject({ copied: 1, failed: 1 })
    const said = { ...wish, jobDirectory: fresh(), storageClass: 'STANDARD_IA', dryRun: true }
    expect(fateIn((await minio.migrate(FROM, TO, said)).fidelity)?.fate).toBe('set')
  })

  describe('that takes over ACLs', () => {
    const SOMEBODY = 'ab'.repeat(32)
    const carry = ['acl'] as const
    const aclIn = ({ aspects }: Fidelity) => aspects.find(({ aspect }) => aspect === 'acl')
    const readable = async (Key: string): Promise<boolean> => {
      const acl = await bed().sdk.send(new GetObjectAclCommand({ Bucket: BUCKET, Key }))
      return acl.Grants?.some(({ Grantee }) => Grantee?.URI?.endsWith('/AllUsers')) === true
    }
    beforeEach(async () => {
      const sdk = sdkClient(other)
      const named = { Bucket: OLD, Body: testBytes(10, 1) }
      await sdk.send(new PutObjectCommand({ ...named, Key: 'a/mine' }))
      await sdk.send(new PutObjectCommand({ ...named, Key: 'a/public', ACL: 'public-read' }))
      sdk.destroy()
    })

    test('says so, and does', async () => {
      const result = await between(bed()).migrate(FROM, TO, { jobDirectory: fresh(), carry })
      expect(aclIn(result.fidelity)).toMatchObject({ found: 1, fate: 'carried' })
      expect(result).toMatchObject({ copied: 2, grantsLost: 0 })
      expect([await readable('b/mine'), await readable('b/public')]).toEqual([false, true])
    })

    test('counts the grants that another identity knows nothing of', async () => {
      const sdk = sdkClient(other)
      const named = { Bucket: OLD, Key: 'a/shared', Body: testBytes(10, 1) }
      await sdk.send(new PutObjectCommand({ ...named, GrantRead: `id="${SOMEBODY}"` }))
      sdk.destroy()
      const jobDirectory = fresh()
      const result = await between(bed()).migrate(FROM, TO, { jobDirectory, carry })
      expect(aclIn(result.fidelity)).toEqual({
        aspect: 'acl',
        found: 2,
        fate: 'lost',
        note: 'Copies of 1 lose grants: users mean nothing to another identity.',
      })
      expect(result).toMatchObject({ copied: 3, grantsLost: 1 })
      const told = (await lines(jobDirectory)).map(({ name, grantsLost }) => [name, grantsLost])
      expect(Object.fromEntries(told)).toEqual({ mine: 0, public: 0, shared: 1 })
    })

    test('says before the first byte that the destination has them disabled', async () => {
      const { sdk } = bed()
      const OwnershipControls = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] }
      const enforce = { Bucket: BUCKET, OwnershipControls }
      await sdk.send(new PutBucketOwnershipControlsCommand(enforce))
      const heard: unknown[] = []
      const result = await between(bed()).migrate(FROM, TO, {
        jobDirectory: fresh(),
        carry,
        onFidelity: (fidelity) => heard.push(aclIn(fidelity), storedKeys(bed().store)),
      })
      const note =
        'The bucket of the destination has ACLs disabled (BucketOwnerEnforced): such objects fail.'
      expect(heard).toEqual([{ aspect: 'acl', found: 1, fate: 'refused', note }, []])
      expect(result).toMatchObject({ copied: 1, failed: 1 })
      expect(result.failures[0]?.message).toContain('ACLs disabled (BucketOwnerEnforced)')
      const plain = await between(bed()).migrate(FROM, TO, { jobDirectory: fresh() })
      expect(plain).toMatchObject({ copied: 1, unchanged: 1 })
    })

    test('says which right is missing, and needs none where they are lost anyway', async () => {
      const denied = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
      other.faults.add({ match: { operation: 'GetObjectAcl' }, fault: denied })
      const wish = { jobDirectory: fresh(), carry }
      const error = await failureOf(between(bed()).migrate(FROM, TO, wish))
      expect(error.message).toContain('The identity of the source may not do s3:GetObjectAcl on')
      expect(storedKeys(bed().store)).toEqual([])
      other.requests.clear()
      const plain = await between(bed()).migrate(FROM, TO, { jobDirectory: fresh() })
      expect(other.requests.entries({ operation: 'GetObjectAcl' })).toEqual([])
      expect(aclIn(plain.fidelity)).toMatchObject({ found: undefined, fate: 'lost' })
      expect(plain.copied).toBe(2)
    })

    test('has a plan with the requests that takes', async () => {
      const wish = { jobDirectory: fresh(), dryRun: true }
      const engine = between(bed())
      const [without, asked] = [
        await engine.migrate(FROM, TO, wish),
        await engine.migrate(FROM, TO, { ...wish, carry }),
      ]
      const gets = ({ plan }: MigrationResult): number => plan?.requests.GET ?? 0
      expect(gets(asked) - gets(without)).toBe(2)
    })
  })

  test.each([
    ['source', 'ListObjectsV2', 's3:ListBucket or s3:GetObject'],
    ['source', 'HeadObject', 's3:ListBucket or s3:GetObject'],
    ['destination', 'ListObjectsV2', 's3:ListBucket'],
    ['destination', 'CreateMultipartUpload', 's3:PutObject'],
  ] as const)(
    'says that the %s may not %s, before a byte moves',
    async (side, operation, right) => {
      await fill(['x'])
      const denied = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
      const store = side === 'source' ? other : bed().store
      store.faults.add({ match: { operation }, fault: denied })
      other.requests.clear()
      const error = await failureOf(between(bed()).migrate(FROM, TO, { jobDirectory: fresh() }))
      expect(error.code).toBe('ERR_ACCESS_DENIED')
      expect(error.message).toContain(`The identity of the ${side} may not do ${right} on s3://`)
      expect(other.requests.entries({ operation: 'GetObject' })).toEqual([])
    },
  )

  test('replaces nothing with `never`, and nothing that somebody writes meanwhile', async () => {
    await fill(['a', 'b', 'c'])
    const { engine, store, sdk } = bed()
    const mine = testBytes(5, 50)
    await engine.upload(mine, `${TO}/a`)
    const outcomes: Outcome[] = []
    let isQuick = true
    const result = await between(bed()).migrate(FROM, TO, {
      jobDirectory: fresh(),
      overwrite: 'never',
      onOutcome: (outcome) => outcomes.push(outcome),
      onBeforeTransfer: async ({ key }) => {
        if (!isQuick || key !== 'b/b') return
        isQuick = false
        await sdk.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: mine }))
      },
    })
    expect(result).toMatchObject({ copied: 1, unchanged: 1, skipped: 1, failed: 0 })
    expect(outcomes).toContainEqual({ status: 'skipped', name: 'b', reason: 'exists' })
    expect(storedBytes(store, 'b/a').equals(mine)).toBe(true)
    expect(storedBytes(store, 'b/b').equals(mine)).toBe(true)
  })

  test('replaces all with `always`, once', async () => {
    // Two minutes ago: what was written within the minute before a job may be its own.
    let time = Date.now() - 120_000
    const target = await startLocalStore({ buckets: [BUCKET], now: () => time })
    onTestFinished(() => target.close())
    await fill(['a', 'b'])
    const { endpoint, credentials } = target
    const { endpoint: from, region, credentials: sourceCredentials } = other
    const source = { endpoint: from, region, credentials: sourceCredentials }
    const engine = bed().another({ endpoint, credentials, source })
    await engine.copyPrefix(FROM, TO)
    time = Date.now()
    const always = { jobDirectory: fresh(), overwrite: 'always' } as const
    expect(await engine.migrate(FROM, TO, always)).toMatchObject({ copied: 2, unchanged: 0 })
    expect(await engine.migrate(FROM, TO, always)).toMatchObject({ copied: 0, unchanged: 2 })
    const never = { jobDirectory: fresh(), overwrite: 'never' } as const
    expect(await engine.migrate(FROM, TO, never)).toMatchObject({ copied: 0, unchanged: 2 })
  })

  test('ends at a limit, and the same call goes on', async () => {
    await fill()
    const engine = between(bed())
    const jobDirectory = fresh()
    let runs = 0
    for (let isCutShort = true; isCutShort; runs += 1) {
      expect(runs).toBeLessThan(20)
      const result = await engine.migrate(FROM, TO, { jobDirectory, maxBytes: 100, maxErrors: 1 })
      isCutShort = result.isCutShort
    }
    expect(runs).toBeGreaterThan(0)
    expect(storedKeys(bed().store)).toHaveLength(20)
  })

  test('is refused a directory of another job, and one that is in use', async () => {
    await fill()
    const jobDirectory = fresh()
    const engine = between(bed())
    await engine.migrate(FROM, TO, { jobDirectory })
    const elsewhere = await failureOf(engine.migrate(FROM, `${TO}/c`, { jobDirectory }))
    expect(elsewhere).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      context: { option: 'jobDirectory' },
    })
    const slow = { kind: 'delay', ms: 500, at: 'before-operation' } as const
    other.faults.add({ match: { operation: 'GetObject' }, fault: slow })
    const busy = fresh()
    const first = engine.migrate(FROM, `${TO}/d`, { jobDirectory: busy })
    await until(() => existsSync(join(busy, 'outcomes.ndjson')), 'it runs')
    const second = await failureOf(engine.migrate(FROM, `${TO}/d`, { jobDirectory: busy }))
    expect(second.code).toBe('ERR_JOURNAL_LOCKED')
    await first
  })

  test('says in a dry run what it would do, and makes no job', async () => {
    await fill(['a'])
    const jobDirectory = fresh()
    const result = await between(bed()).migrate(FROM, TO, { jobDirectory, dryRun: true })
    expect(result).toMatchObject({ planned: 1, job: undefined, plan: { copies: 1 } })
    expect(await readdir(jobDirectory).catch(() => 'none')).toBe('none')
    expect(storedKeys(bed().store)).toEqual([])
  })
})
