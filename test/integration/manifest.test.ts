/** What a tree writes down of itself. */

import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import type { Outcome } from 'transfer-engine'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { run, storeEnvironment } from './cli-command.ts'

const TREE = `s3://${BUCKET}/tree/`

/** Objects bear whole seconds: what was written in the second of its upload counts as newer. */
const BEFORE = new Date('2026-01-02T03:04:05.678Z')

const bed = sharedBed()
afterEach(() => bed().store.reset())

const HOSTILE = ['plain', 'a/😀 & <Key>', 'a/new\nline', 'a/"quoted", +%2F']

async function makeTree(name: string, names: readonly string[] = HOSTILE): Promise<string> {
  const root = bed().path(name)
  for (const each of names) {
    const path = join(root, each)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, `content of ${each}`)
    await utimes(path, BEFORE, BEFORE)
  }
  return root
}

type Line = Readonly<Record<string, unknown>>

/** The lines of a manifest: what is before, the records by name, and the end. */
async function linesOf(path: string): Promise<{ head: Line; records: Line[]; end: Line }> {
  const lines = (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  const [head = {}] = lines
  const end = (lines.at(-1)?.['end'] ?? {}) as Line
  const records = lines
    .slice(1, -1)
    .toSorted((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1))
  return { head, records, end }
}

describe('a manifest', () => {
  test('of an upload has each object with its version, checksum and time', async () => {
    const { engine, sdk, path } = bed()
    await sdk.send(
      new PutBucketVersioningCommand({
        Bucket: BUCKET,
        VersioningConfiguration: { Status: 'Enabled' },
      }),
    )
    const root = await makeTree('up')
    const manifest = path('up.ndjson')
    const told = new Map<string, Outcome>()
    await engine.uploadDirectory(root, TREE, {
      manifest,
      onOutcome: (outcome) => void told.set(outcome.name, outcome),
    })
    const { head, records, end } = await linesOf(manifest)
    expect(head).toMatchObject({ operation: 'upload', from: root, to: TREE, bucket: BUCKET })
    expect(records.map(({ name }) => name)).toEqual(HOSTILE.toSorted())
    for (const record of records) {
      const outcome = told.get(String(record['name']))
      if (outcome?.status !== 'done') throw new Error('it was told as done')
      const { checksum, etag, versionId, size } = outcome
      expect(versionId).toMatch(/./)
      expect(record).toMatchObject({
        bucket: BUCKET,
        key: `tree/${outcome.name}`,
        size,
        versionId,
        etag: etag?.replaceAll('"', ''),
        checksumAlgorithm: checksum?.algorithm,
        checksum: checksum?.value,
        checksumType: 'FULL_OBJECT',
        verified: 'checksum',
        mtime: BEFORE.toISOString(),
      })
    }
    expect(end).toMatchObject({ records: HOSTILE.length, failed: 0, complete: true })
    expect((await readdir(bed().dir)).filter((name) => name.endsWith('.part'))).toEqual([])
    for (const side of [TREE, root]) {
      expect(await engine.verify(manifest, side)).toMatchObject({ agrees: true, records: 4 })
    }
  })

  test('of a download has what came down, under the name it has here', async () => {
    const { engine, path } = bed()
    for (const name of ['a', 'b/../c']) await engine.upload(Buffer.from(name), `${TREE}${name}`)
    const manifest = path('down.ndjson')
    const root = path('down')
    const result = await engine.downloadDirectory(TREE, root, { manifest, encodeNames: true })
    expect(result).toMatchObject({ downloaded: 2, failed: 0 })
    const { records } = await linesOf(manifest)
    expect(records).toMatchObject([{ name: 'a' }, { name: 'b/../c', key: 'tree/b/../c' }])
    expect(records[0]).not.toHaveProperty('file')
    expect(records[1]?.['file']).toMatch(/^b\/[^/]+\/c$/)
    for (const deep of [false, true]) {
      for (const side of [TREE, root]) {
        expect(await engine.verify(manifest, side, { deep })).toMatchObject({ agrees: true })
      }
    }
  })

  test('of a preserving download has the time of the file', async () => {
    const { engine, path } = bed()
    const root = await makeTree('kept', ['a'])
    await engine.uploadDirectory(root, TREE, { preserve: true })
    const manifest = path('kept.ndjson')
    await engine.downloadDirectory(TREE, path('back'), { preserve: true, manifest })
    const { records } = await linesOf(manifest)
    expect(records).toMatchObject([{ mtime: BEFORE.toISOString() }])
    expect(records[0]?.['lastModified']).not.toBe(BEFORE.toISOString())
    expect(await engine.verify(manifest, path('back'))).toMatchObject({ by: { time: 1 } })
  })

  test('of a sync has the whole tree, and of what was the same what is known', async () => {
    const { engine, path } = bed()
    const root = await makeTree('synced', ['a', 'b'])
    await engine.sync(root, TREE)
    await writeFile(join(root, 'c'), 'new')
    const manifest = path('synced.ndjson')
    expect(await engine.sync(root, TREE, { manifest })).toMatchObject({ uploaded: 1, unchanged: 2 })
    const known = { verified: 'none', mtime: BEFORE.toISOString() }
    const { records, end } = await linesOf(manifest)
    expect(records).toMatchObject([
      { name: 'a', ...known },
      { name: 'b', ...known },
      { name: 'c', verified: 'checksum' },
    ])
    expect(records[0]?.['etag']).toMatch(/^[0-9a-f]{32}$/)
    expect(records[0]).not.toHaveProperty('checksum')
    expect(end).toMatchObject({ records: 3, complete: true })
    expect(await engine.verify(manifest, TREE)).toMatchObject({ by: { etag: 2, checksum: 1 } })
    // What the ETag of then is the MD5 of is read against that.
    const deep = await engine.verify(manifest, TREE, { deep: true })
    expect(deep).toMatchObject({ agrees: true, by: { checksum: 3 } })

    await engine.sync(root, TREE, { manifest, checksum: true })
    const compared = await linesOf(manifest)
    expect(compared.records.map(({ verified }) => verified)).toEqual(Array(3).fill('checksum'))
    expect(compared.records.every(({ checksum }) => typeof checksum === 'string')).toBe(true)
  })

  test('of a sync down is of what is here', async () => {
    const { engine, path } = bed()
    const root = await makeTree('first', ['a', 'b'])
    await engine.uploadDirectory(root, TREE)
    await engine.downloadDirectory(TREE, path('second'))
    const manifest = path('second.csv.gz')
    const result = await engine.sync(TREE, path('second'), { manifest })
    expect(result).toMatchObject({ downloaded: 0, unchanged: 2 })
    expect(await engine.verify(manifest, path('second'))).toMatchObject({ by: { time: 2 } })
  })

  test('says that it is not complete when something failed, or all was ended', async () => {
    const { engine, store, path } = bed()
    const root = await makeTree('partly', ['a', 'b'])
    const manifest = path('partly.ndjson')
    const fault = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    store.faults.add({ match: { operation: 'PutObject', key: 'tree/b' }, fault })
    expect(await engine.uploadDirectory(root, TREE, { manifest })).toMatchObject({ failed: 1 })
    const { records, end } = await linesOf(manifest)
    expect(records.map(({ name }) => name)).toEqual(['a'])
    expect(end).toMatchObject({ records: 1, failed: 1, complete: false })
    const failure = await failureOf(engine.verify(manifest, TREE))
    expect(failure).toMatchObject({ code: 'ERR_MANIFEST_INCOMPLETE' })
    expect(failure.message).toMatch(/1 of its run failed or were cut short/)
    const allowed = await engine.verify(manifest, TREE, { allowIncomplete: true })
    expect(allowed).toMatchObject({ agrees: true, records: 1 })

    store.faults.clear()
    const cut = new AbortController()
    const onOutcome = (): void => cut.abort()
    const { signal } = cut
    const aborted = engine.uploadDirectory(root, TREE, { manifest, onOutcome, signal })
    expect(await failureOf(aborted)).toMatchObject({ code: 'ERR_ABORTED' })
    const ended = await linesOf(manifest)
    expect(ended.records.length).toBeGreaterThan(0)
    expect(ended.end).toMatchObject({ complete: false })
    const text = await readFile(manifest, 'utf8')
    await writeFile(manifest, text.replace(/"failed":\d+/u, '"failed":0'))
    const reason = await failureOf(engine.verify(manifest, TREE))
    expect(reason.message).toMatch(/its run was ended before all was done/)
  })

  test('is refused where it makes no sense, or cannot be written', async () => {
    const { engine, path } = bed()
    const root = await makeTree('refused', ['a'])
    const inside = engine.uploadDirectory(root, TREE, { manifest: join(root, 'm.ndjson') })
    expect((await failureOf(inside)).message).toMatch(/`manifest` is inside the tree/)
    const dry = engine.sync(root, TREE, { manifest: path('dry.ndjson'), dryRun: true })
    expect(await failureOf(dry)).toMatchObject({ code: 'ERR_OPTION_INVALID' })
    const nowhere = engine.sync(root, TREE, { manifest: path('no/such/m.ndjson') })
    expect(await failureOf(nowhere)).toMatchObject({ code: 'ERR_TARGET_UNWRITABLE' })
    expect(bed().store.objects(BUCKET)).toEqual([])
  })

  test.skipIf(!existsSync('/dev/full'))('that cannot be written ends the tree', async () => {
    const { engine, path } = bed()
    const root = await makeTree('full', ['a'])
    await symlink('/dev/full', path('full.ndjson.part'))
    const ended = await failureOf(engine.sync(root, TREE, { manifest: path('full.ndjson') }))
    expect(ended).toMatchObject({ code: 'ERR_DISK_FULL' })
    expect(await readdir(bed().dir)).not.toContain('full.ndjson')
  })

  test('has large objects with the checksum of the whole', async () => {
    const { engine, path, dir } = bed()
    await mkdir(join(dir, 'large'))
    await writeFile(join(dir, 'large', 'parts'), testBytes(11 * MiB))
    const manifest = path('large.ndjson')
    await engine.uploadDirectory(path('large'), TREE, { manifest, multipartThreshold: 6 * MiB })
    const { records } = await linesOf(manifest)
    expect(records).toMatchObject([{ size: 11 * MiB, checksumType: 'FULL_OBJECT' }])
    expect(records[0]?.['etag']).toMatch(/-\d+$/)
  })
})

test.each(['cp -r', 'sync'])('%s writes it with --manifest', async (name) => {
  const { store, dir, stateDir } = bed()
  await makeTree(`cli-${name.slice(0, 2)}`, ['a'])
  const argv = [...name.split(' '), `cli-${name.slice(0, 2)}`, TREE, '--manifest', 'cli.jsonl']
  const options = { cwd: dir, env: storeEnvironment(store) }
  const common = ['--state-dir', stateDir, '--workers', '1']
  expect(await run([...argv, ...common], options)).toMatchObject({ code: 0 })
  expect((await linesOf(join(dir, 'cli.jsonl'))).records).toMatchObject([{ key: 'tree/a' }])
  const dry = await run([...argv, ...common, '--dry-run'], options)
  expect(dry.code).toBe(2)
})
