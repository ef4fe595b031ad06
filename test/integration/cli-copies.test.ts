/** `cp` and `sync` from store to store, from the command line. */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectAclCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sdkClient } from '../helpers/sdk-client.ts'
import { contentsOf } from '../helpers/versions.ts'
import { run, storeEnvironment } from './cli-command.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { small, useCopyBed } from './cli-fixture.ts'

const bed = useCopyBed()
let other: LocalStore
beforeAll(async () => {
  other = await startLocalStore({ buckets: ['old'], region: 'eu-test-1' })
})
afterAll(() => other.close())

/** Credentials of the other store, as the source. */
const sourceKeys = () => ({
  TRANSFER_ENGINE_SOURCE_ACCESS_KEY_ID: other.credentials.accessKeyId,
  TRANSFER_ENGINE_SOURCE_SECRET_ACCESS_KEY: other.credentials.secretAccessKey,
})
const sourceFlags = () => ['--source-endpoint-url', other.endpoint, '--source-region', other.region]

async function put(key: string): Promise<void> {
  const argv = ['cp', 'small.txt', `s3://old/${key}`, '--quiet']
  const outcome = await run(argv, { cwd: bed.dir, env: storeEnvironment(other) })
  expect(outcome.code).toBe(0)
}

describe('copies from the command line', () => {
  it('copies within a store, and says how', async () => {
    await bed.cp(['small.txt', 's3://test/one', '--quiet'])
    const copied = await bed.cp(['s3://test/one', 's3://test/two'])
    expect(copied).toMatchObject({ code: 0, out: '' })
    expect(copied.err).toMatch(/^copied s3:\/\/test\/one to s3:\/\/test\/two: .* verified\n$/)
    const json = await bed.cp(['s3://test/one', 's3://test/three', '--json', '--via', 'relay'])
    const result = json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .at(-1)
    expect(result).toMatchObject({
      event: 'result',
      kind: 'copy',
      how: 'relay',
      verified: 'checksum',
    })
  })

  it('copies from another store with keys of its own', async () => {
    await put('x/object')
    const argv = ['s3://old/x/object', 's3://test/copied/', ...sourceFlags()]
    expect(await bed.cp(argv, { env: sourceKeys() })).toMatchObject({ code: 0 })
    expect(bed.stored('copied/object')?.bytes().equals(small)).toBe(true)
  })

  it('copies trees, and syncs them', async () => {
    for (const name of ['1', '2', '3']) await put(`tree/${name}`)
    const both = ['s3://old/tree', 's3://test/tree', ...sourceFlags()]
    const options = { env: sourceKeys() }
    const first = await bed.cp([...both, '--recursive', '--exclude', '3'], options)
    expect(first.code).toBe(0)
    expect(first.err).toMatch(/^2 copied/)
    const env = { ...storeEnvironment(bed.store), ...sourceKeys() }
    const second = await run(['sync', ...both], { cwd: bed.dir, env })
    expect(second.err).toMatch(/^1 copied, 2 unchanged/)
    expect(second.out).toBe('copy: tree/3 to s3://test/tree/3 (missing)\n')
  })

  it('refuses flags of a side where there is one', async () => {
    const outcome = await bed.cp(['small.txt', 's3://test/x', '--source-profile', 'p'])
    expect(outcome.code).toBe(2)
    expect(outcome.err).toMatch(/--source-profile has a meaning only from s3:\/\/ to s3:\/\//)
  })
})

describe('migrate and replicate from the command line', () => {
  it('migrates with a job, under new names, and says what is lost', async () => {
    for (const name of ['x.jpeg', 'y.png']) await put(`m/${name}`)
    const state = join(bed.dir, 'state')
    const sides = ['s3://old/m', 's3://test/m', ...sourceFlags(), '--state-dir', state]
    const env = { ...storeEnvironment(bed.store), ...sourceKeys() }
    const argv = ['migrate', '--rename', '(.*)\\.jpeg', '$1.jpg', ...sides]
    const first = await run(argv, { cwd: bed.dir, env })
    expect(first).toMatchObject({ code: 0 })
    expect(first.err).toMatch(/^2 objects of 2\.0 KB|^2 objects of /mu)
    expect(first.err).toMatch(/^2 copied/mu)
    expect(bed.stored('m/x.jpg')?.bytes().equals(small)).toBe(true)
    expect((await readdir(join(state, 'migrations'))).length).toBe(1)
    const again = await run(argv, { cwd: bed.dir, env })
    expect(again.err).toMatch(/^2 unchanged/mu)
  })

  it('takes over class and ACL, and says what was not', async () => {
    const sdk = sdkClient(other)
    const object = {
      Bucket: 'old',
      Key: 'carry/1',
      Body: small,
      StorageClass: 'GLACIER_IR',
    } as const
    const GrantRead = `id="${'ab'.repeat(32)}", uri="http://acs.amazonaws.com/groups/global/AllUsers"`
    await sdk.send(new PutObjectCommand({ ...object, GrantRead }))
    sdk.destroy()
    const env = { ...storeEnvironment(bed.store), ...sourceKeys() }
    const argv = ['migrate', 's3://old/carry', 's3://test/carry', ...sourceFlags()]
    const job = ['--job', join(bed.dir, 'carried')]
    const outcome = await run([...argv, ...job, '--carry', 'storage-class,acl'], { env })
    expect(outcome).toMatchObject({ code: 0 })
    expect(outcome.err).toMatch(/^ {2}storage class +1 {2}carried/mu)
    expect(outcome.err).toMatch(/^ {2}ACL +1 {2}lost +Copies of 1 lose grants/mu)
    expect(outcome.err).toContain('1 grants to users were not taken over')
    const there = sdkClient(bed.store)
    const copy = { Bucket: 'test', Key: 'carry/1' }
    const { StorageClass } = await there.send(new HeadObjectCommand(copy))
    const { Grants } = await there.send(new GetObjectAclCommand(copy))
    there.destroy()
    expect(StorageClass).toBe('GLACIER_IR')
    expect(Grants?.map(({ Permission }) => Permission)).toEqual(['FULL_CONTROL', 'READ'])
  })

  it('says how long it may take, unless it is told not to', async () => {
    const sdk = sdkClient(other)
    const Body = testBytes(1024 * 1024, 1)
    await sdk.send(new PutObjectCommand({ Bucket: 'old', Key: 'time/1', Body }))
    sdk.destroy()
    const env = { ...storeEnvironment(bed.store), ...sourceKeys() }
    const sides = ['migrate', 's3://old/time', 's3://test/time', ...sourceFlags()]
    const migrate = async (...flags: string[]) => {
      const outcome = await run([...sides, ...flags], { cwd: bed.dir, env })
      expect(outcome.code).toBe(0)
      return outcome
    }
    // How much of it is read in time, a busy machine decides.
    const read = /; by (reading .* of 1 objects in .*|asking .*), writing nothing$/mu
    const dry = await migrate('--dry-run')
    expect(dry.err).toMatch(/^estimated time: (about|at least) .+ for (1 MiB|1 objects) at /mu)
    expect(dry.err.match(/estimated time/gu)).toHaveLength(1)
    expect(dry.err).toMatch(read)
    expect((await migrate('--dry-run', '--no-probe')).err).not.toContain('estimated time')
    const json = await migrate('--json', '--job', join(bed.dir, 'timed'))
    const events = json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const [told, result] = ['fidelity', 'result'].map((name) =>
      events.find(({ event }) => event === name),
    )
    expect(told.estimate).toMatchObject({ of: 'listing', objects: 1, probe: { reads: 1 } })
    expect(result.estimate).toEqual(told.estimate)
    const page = join(bed.dir, 'timed.html')
    const again = await migrate('--job', join(bed.dir, 'again'), '--html', page)
    expect(again.err).toMatch(/^estimated time: .* listed, as if none were there yet, at /mu)
    expect(await readFile(page, 'utf8')).not.toContain('--probe')
  })

  it('replaces what is older or of another size, all, or nothing', async () => {
    for (const name of ['differs', 'same']) await put(`over/${name}`)
    const env = { ...storeEnvironment(bed.store), ...sourceKeys() }
    await writeFile(join(bed.dir, 'shorter.txt'), small.subarray(1))
    await bed.cp(['shorter.txt', 's3://test/over/differs'])
    await bed.cp(['small.txt', 's3://test/over/same'])
    const sides = ['s3://old/over', 's3://test/over', ...sourceFlags()]
    const migrate = async (name: string, ...flags: string[]) => {
      const job = join(bed.dir, name)
      const argv = ['migrate', ...sides, '--job', job, ...flags]
      const { err } = await run(argv, { cwd: bed.dir, env })
      const { overwrite } = JSON.parse(await readFile(join(job, 'job.json'), 'utf8'))
      return { err, overwrite }
    }
    const never = await migrate('never', '--no-overwrite')
    expect(never).toEqual({ err: expect.stringMatching(/^2 unchanged/mu), overwrite: 'never' })
    const page = join(bed.dir, 'migrated.html')
    const newer = await migrate('newer', '--html', page)
    expect(newer.err).toMatch(/^1 copied, 1 unchanged/mu)
    expect(newer.overwrite).toBe('newer')
    expect(bed.stored('over/differs')?.bytes().equals(small)).toBe(true)
    expect(await readFile(page, 'utf8')).toContain('<td>migrate</td>')
    expect(await migrate('always', '--overwrite')).toMatchObject({ overwrite: 'always' })
  })

  it('migrates what a list names, of standard input, a manifest, and of what failed', async () => {
    for (const name of ['1', '2', '3']) await put(`list/${name}`)
    const job = join(bed.dir, 'listed')
    const sides = ['s3://old/list', 's3://test/list', ...sourceFlags(), '--job', job]
    const env = { ...storeEnvironment(bed.store), ...sourceKeys() }
    const migrate = (flags: readonly string[], input?: Buffer) =>
      run(['migrate', ...sides, ...flags], { cwd: bed.dir, env, input })
    const manifest = join(bed.dir, 'listed.csv')
    const nul = ['--files-from', '-', '--files-from-format', 'nul', '--manifest', manifest]
    const first = await migrate(nul, Buffer.from('1\0gone\0'))
    expect(first.code).toBe(1)
    expect(first.err).toMatch(/^2 objects; of 1 that were looked at:/mu)
    expect(first.err).toMatch(/^failed: .*list\/gone.*: ERR_OBJECT_NOT_FOUND/mu)
    expect(first.err).toMatch(/^1 copied, 1 failed/mu)
    const again = await migrate(['--files-from', manifest, '--files-from-format', 'manifest'])
    expect(again).toMatchObject({ code: 0 })
    expect(again.err).toMatch(/^1 unchanged/mu)
    await put('list/gone')
    const retried = await migrate(['--retry-failed', join(job, 'outcomes.ndjson')])
    expect(retried).toMatchObject({ code: 0 })
    expect(retried.out).toMatch(/^copy: list\/gone to s3:\/\/test\/list\/gone \(missing\)$/mu)
    expect(retried.err).toMatch(/^1 copied/mu)
    expect(bed.stored('list/2')).toBeUndefined()
  })

  it('refuses a list beside --delete, beside files, and of another bucket', async () => {
    const env = { ...storeEnvironment(bed.store), ...sourceKeys() }
    const refused = async (...argv: readonly string[]): Promise<string> => {
      const { code, err } = await run(argv, { cwd: bed.dir, env })
      expect(code).toBe(2)
      return err
    }
    await writeFile(join(bed.dir, 'names'), '1\n')
    await writeFile(join(bed.dir, 'inventory'), 'another,x,1\n')
    const list = ['--files-from', 'names']
    const sync = await refused('sync', 's3://test/a', 's3://test/b', ...list, '--delete')
    expect(sync).toMatch(/Expected `delete` to be left out beside `filesFrom`/u)
    expect(await refused('sync', '.', 's3://test/b', ...list)).toMatch(/a sync with files reads/u)
    const sides = ['s3://test/a', 's3://test/b']
    expect(await refused('replicate', ...sides, ...list)).toMatch(/--files-from/u)
    const inventory = ['--files-from', 'inventory', '--files-from-format', 'inventory']
    const other = await refused('migrate', ...sides, ...inventory)
    expect(other).toMatch(/inventory, line 1: It is about the bucket another/u)
  })

  it('migrates all versions, or says what to turn on', async () => {
    const sdk = sdkClient(other)
    const Bucket = 'versions'
    await sdk.send(new CreateBucketCommand({ Bucket }))
    const on = { Status: 'Enabled' } as const
    await sdk.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: on }))
    const object = { Bucket, Key: 'v/x' }
    await sdk.send(new PutObjectCommand({ ...object, Body: 'one' }))
    await sdk.send(new DeleteObjectCommand(object))
    await sdk.send(new PutObjectCommand({ ...object, Body: 'two' }))
    const env = { ...storeEnvironment(bed.store), ...sourceKeys() }
    const migrate = (...argv: readonly string[]) =>
      run(['migrate', ...argv, ...sourceFlags(), '--all-versions'], { cwd: bed.dir, env })
    const refused = await migrate('s3://versions/v', 's3://test/v')
    expect(refused.code).toBe(2)
    expect(refused.err).toMatch(/The bucket test has no versioning.*turn its versioning on/u)
    const listed = await migrate('s3://versions/v', 's3://test/v', '--files-from', 'names')
    expect(listed.code).toBe(2)
    expect(listed.err).toMatch(/`filesFrom` to be left out beside `allVersions`/u)
    const to = sdkClient(bed.store)
    await to.send(new CreateBucketCommand({ Bucket: 'kept' }))
    const VersioningConfiguration = on
    await to.send(new PutBucketVersioningCommand({ Bucket: 'kept', VersioningConfiguration }))
    const copied = await migrate('s3://versions/v', 's3://kept/v')
    expect(copied).toMatchObject({ code: 0 })
    expect(copied.err).toMatch(/older versions +yes +carried/u)
    expect(copied.err).toMatch(/^2 copied, 1 deleted/mu)
    expect(copied.out.split('\n')).toContain('delete: s3://kept/v/x (marker)')
    expect(await contentsOf(to, 'kept', 'v/')).toEqual({ x: ['one', 'marker', 'two'] })
    for (const client of [sdk, to]) client.destroy()
  })

  it('ends with 3 at a limit', async () => {
    for (const name of ['1', '2', '3']) await put(`limit/${name}`)
    const sides = ['s3://old/limit', 's3://test/limit', ...sourceFlags()]
    const env = { ...storeEnvironment(bed.store), ...sourceKeys() }
    const argv = ['migrate', ...sides, '--job', join(bed.dir, 'limited'), '--max-duration', '1ms']
    expect(await run(argv, { cwd: bed.dir, env })).toMatchObject({ code: 3 })
  })

  it('replicates once', async () => {
    await put('r/1')
    const argv = ['replicate', 's3://old/r', 's3://test/r', ...sourceFlags(), '--once']
    const env = { ...storeEnvironment(bed.store), ...sourceKeys() }
    const outcome = await run(argv, { cwd: bed.dir, env })
    expect(outcome.code).toBe(0)
    expect(outcome.out).toMatch(/^pass 1: 1 copied, .* in /u)
  })
})
