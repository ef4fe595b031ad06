/** Whole trees, up, down and in step, against a real store. */

import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import type { Outcome, SyncOptions, TreeTransfer } from 'transfer-engine'
import { failureOf, until } from '../helpers/failure.ts'
import {
  BUCKET,
  MiB,
  sharedBed,
  storedBytes,
  storedKeys,
  temporaryFiles,
} from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

/** Objects bear whole seconds: what was written in the second of its upload counts as newer. */
const BEFORE = new Date(Date.now() - 60_000)

const TREE = `s3://${BUCKET}/tree/`

const bed = sharedBed({ engine: { multipartThreshold: 16 * MiB } })
afterEach(() => bed().store.reset())

/** What is in the tree of these tests: hostile names, nothing, a little, and something in parts. */
const FILES: Readonly<Record<string, Buffer>> = {
  'a.txt': Buffer.from('a'),
  'a/b.txt': Buffer.from('b'),
  'a/deep/er/c': testBytes(1000, 3),
  empty: Buffer.alloc(0),
  'sp ace/plus+per%20cent': testBytes(10, 4),
  'ünï/😀': testBytes(20, 5),
  'quo\'te"s': Buffer.from('q'),
  'new\nline': Buffer.from('n'),
  large: testBytes(17 * MiB + 3, 6),
}
const NAMES = Object.keys(FILES)

async function makeTree(root: string, files = FILES): Promise<string> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), bytes)
    await utimes(join(root, name), BEFORE, BEFORE)
  }
  return root
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((each) => each.isFile())
  return files.map((each) => join(each.parentPath, each.name).slice(root.length + 1)).toSorted()
}

function keysBelow(prefix = 'tree/'): string[] {
  const keys = storedKeys(bed().store).filter((key) => key.startsWith(prefix))
  return keys.map((key) => key.slice(prefix.length)).toSorted()
}

/** Runs to the end, with all outcomes. */
async function all(
  start: (options: { onOutcome: (outcome: Outcome) => void }) => TreeTransfer,
): Promise<{ result: Awaited<TreeTransfer>; outcomes: Outcome[] }> {
  const outcomes: Outcome[] = []
  const result = await start({ onOutcome: (outcome) => outcomes.push(outcome) })
  return { result, outcomes }
}

describe('a directory', () => {
  test('goes up and comes down again, byte for byte', async () => {
    const { engine, store, path } = bed()
    const root = await makeTree(path('up'))
    const up = await all((options) => engine.uploadDirectory(root, TREE, options))
    expect(up.result).toMatchObject({ uploaded: NAMES.length, failed: 0, skipped: 0 })
    expect(keysBelow()).toEqual(NAMES.toSorted())
    for (const name of NAMES) {
      expect(
        differenceOf(storedBytes(store, `tree/${name}`), FILES[name] ?? Buffer.alloc(0)),
      ).toBeUndefined()
    }
    expect(
      up.outcomes.every((each) => each.status === 'done' && each.verified === 'checksum'),
    ).toBe(true)

    const copy = path('down/new')
    const down = await all((options) => engine.downloadDirectory(TREE, copy, options))
    expect(down.result).toMatchObject({
      downloaded: NAMES.length,
      failed: 0,
      bytes: up.result.bytes,
    })
    expect(await filesBelow(copy)).toEqual(NAMES.toSorted())
    for (const name of NAMES) {
      expect(
        differenceOf(await readFile(join(copy, name)), FILES[name] ?? Buffer.alloc(0)),
      ).toBeUndefined()
    }
  })

  test('tells what is left out, and what fails, and does the rest', async () => {
    const { engine, path, store } = bed()
    const root = await makeTree(path('partly'), { a: Buffer.from('a'), b: Buffer.from('b') })
    await symlink('a', join(root, 'link'))
    store.faults.add({
      match: { operation: 'PutObject', key: 'tree/b' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const { result, outcomes } = await all((options) => engine.uploadDirectory(root, TREE, options))
    expect(result).toMatchObject({ uploaded: 1, failed: 1, skipped: 1 })
    expect(result.failures).toMatchObject([{ code: 'ERR_ACCESS_DENIED' }])
    expect(outcomes.find((each) => each.status === 'failed')).toMatchObject({
      name: 'b',
      key: 'tree/b',
    })
    expect(outcomes.find((each) => each.status === 'skipped')).toMatchObject({ name: 'link' })
  })

  test('is filtered, tried out, and stopped by failures', async () => {
    const { engine, path, store } = bed()
    const root = await makeTree(path('filtered'))
    const filter = ({ name }: { readonly name: string }): boolean => name.startsWith('a')
    const dry = await all((options) =>
      engine.uploadDirectory(root, TREE, { ...options, filter, dryRun: true }),
    )
    expect(dry.result).toMatchObject({ planned: 3, uploaded: 0, bytes: 1002 })
    expect(dry.outcomes.map((each) => [each.status, each.name])).toEqual([
      ['planned', 'a.txt'],
      ['planned', 'a/b.txt'],
      ['planned', 'a/deep/er/c'],
    ])
    expect(keysBelow()).toEqual([])
    store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const error = await failureOf(engine.uploadDirectory(root, TREE, { filter, maxErrors: 1 }))
    expect(error.code).toBe('ERR_TOO_MANY_FAILURES')
  })

  test('goes no faster than whoever hears of it, and ends when that one fails', async () => {
    const { engine, path } = bed()
    const names = Array.from({ length: 300 }, (_, n) => [`n${n}`, Buffer.from('x')] as const)
    const root = await makeTree(path('slow'), Object.fromEntries(names))
    await symlink('n0', join(root, 'link'))
    let heard = 0
    const slow = async (): Promise<void> => {
      heard += 1
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const dry = engine.uploadDirectory(root, TREE, { dryRun: true, onOutcome: slow })
    await until(() => heard > 0, 'one was heard of')
    expect(dry.progress.planned + dry.progress.skipped).toBeLessThan(300)
    expect(await dry).toMatchObject({ planned: 300, skipped: 1 })
    expect(heard).toBe(301)
    for (const dryRun of [true, false]) {
      const onOutcome = (): never => {
        throw new Error('deaf')
      }
      const error = await failureOf(engine.uploadDirectory(root, TREE, { dryRun, onOutcome }))
      expect(error.message).toMatch(/deaf/)
    }
  })

  test('says what is wrong with the whole', async () => {
    const { engine, path } = bed()
    const missing = await failureOf(engine.uploadDirectory(path('nowhere'), TREE))
    expect(missing.code).toBe('ERR_SOURCE_NOT_FOUND')
    const uri = await failureOf(engine.downloadDirectory('nonsense', path('x')))
    expect(uri.code).toBe('ERR_URI_INVALID')
    const option = await failureOf(engine.uploadDirectory('.', TREE, { partSise: 1 } as object))
    expect(option.code).toBe('ERR_OPTION_UNKNOWN')
    const each = await failureOf(engine.uploadDirectory('.', TREE, { storageClass: 3 } as object))
    expect(each).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'storageClass' } })
    const root = await makeTree(path('no-credentials'), { a: Buffer.from('a') })
    const lost = bed().another({ credentials: () => Promise.reject(new Error('none')) })
    const credentials = await failureOf(lost.uploadDirectory(root, TREE))
    await lost.close()
    expect(credentials.code).toBe('ERR_CREDENTIALS')
    const sides = await failureOf(engine.sync(TREE, TREE))
    expect(sides.code).toBe('ERR_OPTION_INVALID')
    const local = await failureOf(engine.sync('here', 'there'))
    expect(local.code).toBe('ERR_URI_INVALID')
    const bucket = await failureOf(engine.downloadDirectory('s3://no-such-bucket-here', path('x')))
    expect(bucket.code).toBe('ERR_BUCKET_NOT_FOUND')
  })

  test('is aborted at once, and leaves no part of a file', async () => {
    const { engine, path, store } = bed()
    const root = await makeTree(path('aborted'))
    store.faults.add({
      match: { operation: 'UploadPart' },
      fault: { kind: 'delay', ms: 5000, at: 'before-operation' },
    })
    const transfer = engine.uploadDirectory(root, TREE)
    const failure = failureOf(transfer)
    await until(() => store.uploads().length > 0, 'an upload is open')
    await transfer.abort()
    expect((await failure).code).toBe('ERR_ABORTED')
    expect(store.uploads()).toEqual([])
    // One whose answer was cut off may be there too.
    expect(transfer.progress.uploaded).toBeLessThanOrEqual(keysBelow().length)
    expect(keysBelow()).not.toContain('large')
  })

  test('comes down below its root only, and through no link', async () => {
    const { engine, path } = bed()
    const bad = ['../out', 'a/../../out', '/abs', 'a//b', './x', 'dir/', 'link/inside']
    for (const name of [...bad, 'good']) {
      await engine.upload(Buffer.from(name), { bucket: BUCKET, key: `tree/${name}` })
    }
    const root = path('root')
    await mkdir(root)
    await mkdir(path('outside'))
    await symlink(path('outside'), join(root, 'link'))
    const { result, outcomes } = await all((options) =>
      engine.downloadDirectory(TREE, root, options),
    )
    expect(result).toMatchObject({ downloaded: 1, failed: 1 })
    expect(outcomes.find((each) => each.status === 'failed')).toMatchObject({
      name: 'link/inside',
      error: { code: 'ERR_TARGET_UNWRITABLE' },
    })
    expect(await filesBelow(root)).toEqual(['good'])
    expect(await readdir(path('outside'))).toEqual([])
    expect(await readdir(bed().dir)).not.toContain('out')
  })
})

describe('names that would be one file', () => {
  const CLASH = ['a', 'a/b', 'a.txt', 'c']

  test.each([false, true])('are told before the second is written: dryRun %s', async (dryRun) => {
    const { engine, path } = bed()
    for (const name of CLASH) await engine.upload(Buffer.from(name), `${TREE}${name}`)
    const root = path(`clash-${String(dryRun)}`)
    const { result, outcomes } = await all((options) =>
      engine.downloadDirectory(TREE, root, { ...options, dryRun }),
    )
    expect(result).toMatchObject({ skipped: 1, failed: 0, [dryRun ? 'planned' : 'downloaded']: 3 })
    expect(outcomes.find((each) => each.status === 'skipped')).toEqual({
      status: 'skipped',
      name: 'a/b',
      reason: 'name-collision',
      detail: 'a is a file already',
    })
    if (dryRun) expect(await readdir(bed().dir)).not.toContain(`clash-${String(dryRun)}`)
    else expect(await filesBelow(root)).toEqual(['a', 'a.txt', 'c'])
  })

  test('are told again by a sync, also of what is the same, and count for no name that is left out', async () => {
    const { engine, path } = bed()
    for (const name of CLASH) await engine.upload(Buffer.from(name), `${TREE}${name}`)
    const root = path('clash-sync')
    for (const unchanged of [0, 3]) {
      const { result, outcomes } = await all((options) =>
        engine.sync(TREE, root, { ...options, delete: true }),
      )
      expect(result).toMatchObject({ unchanged, downloaded: 3 - unchanged, skipped: 1, deleted: 0 })
      expect(outcomes.find((each) => each.status === 'skipped')).toMatchObject({ name: 'a/b' })
    }
    const filter = ({ name }: { readonly name: string }): boolean => name !== 'a'
    const result = await engine.downloadDirectory(TREE, path('no-clash'), { filter })
    expect(result).toMatchObject({ downloaded: 3, skipped: 0 })
    expect(await filesBelow(path('no-clash'))).toEqual(['a.txt', 'a/b', 'c'])
  })
})

describe('keys that are no file names', () => {
  test('come down encoded, and go up as they were', async () => {
    const { engine, path, store } = bed()
    const keys = ['a//b', '../x', 'plain', 'long'.repeat(80)]
    for (const key of keys)
      await engine.upload(Buffer.from(key), { bucket: BUCKET, key: `tree/${key}` })
    const root = path('encoded')
    const down = await engine.downloadDirectory(TREE, root, { encodeNames: true })
    expect(down).toMatchObject({ downloaded: 3, skipped: 1 })
    await engine.uploadDirectory(root, `s3://${BUCKET}/back/`, { encodeNames: true })
    expect(keysBelow('back/')).toEqual(keys.slice(0, 3).toSorted())
    expect(storedBytes(store, 'back/../x').toString()).toBe('../x')
  })
})

describe('a small file that comes down', () => {
  test.each([undefined, true])(
    'with a tree is synced only if that is wanted: %s',
    async (fsync) => {
      const { engine, path } = bed()
      await engine.upload(Buffer.from('x'), `${TREE}x`)
      const root = path(`fsync-${String(fsync)}`)
      const result = await engine.downloadDirectory(TREE, root, { fsync })
      expect(result).toMatchObject({ downloaded: 1, failed: 0 })
      expect(await filesBelow(root)).toEqual(['x'])
    },
  )
})

describe('files whose time and mode are kept', () => {
  test('come down as they went up, without set-id bits', async () => {
    const { engine, path, sdk } = bed()
    const files = { small: Buffer.from('s'), large: testBytes(17 * MiB, 8), set: Buffer.from('x') }
    const root = await makeTree(path('kept'), files)
    const time = 1_234_567_890.125
    await utimes(join(root, 'small'), time, time)
    await chmod(join(root, 'small'), 0o640)
    await chmod(join(root, 'large'), 0o755)
    await chmod(join(root, 'set'), 0o4755)
    const metadata = { own: 'x' }
    await engine.uploadDirectory(root, TREE, { preserve: true, metadata })
    const head = await sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'tree/small' }))
    expect(head.Metadata).toEqual({ own: 'x', mtime: '1234567890.125', mode: '100640' })
    await engine.upload(Buffer.from('o'), `${TREE}other`, {
      metadata: { mtime: '1000000000', mode: '33152' },
    })
    const copy = path('kept-copy')
    const down = await engine.downloadDirectory(TREE, copy, { preserve: true })
    expect(down).toMatchObject({ downloaded: 4, failed: 0 })
    const [small, large, set, other] = await Promise.all(
      ['small', 'large', 'set', 'other'].map((name) => stat(join(copy, name))),
    )
    expect(small?.mtimeMs).toBeCloseTo(time * 1000, 1)
    expect(large?.mtimeMs).toBeCloseTo((await stat(join(root, 'large'))).mtimeMs, 1)
    expect(other?.mtimeMs).toBe(1e12)
    const modes = [small, large, set, other].map((stats) => (stats?.mode ?? 0) & 0o7777)
    expect(modes).toEqual([0o640, 0o755, 0o755, 0o600])
    const same = { uploaded: 0, downloaded: 0, unchanged: 4 }
    expect(await engine.sync(TREE, copy, { preserve: true })).toMatchObject(same)
    expect(await engine.sync(copy, TREE, { preserve: true })).toMatchObject(same)
    const options = { preserve: true, exactTimestamps: true }
    const error = await failureOf(engine.sync(TREE, copy, options))
    expect(error.context.option).toBe('exactTimestamps')
  })
})

describe('sync', () => {
  async function sync(
    from: string,
    to: string,
    options: SyncOptions = {},
  ): Promise<Record<string, unknown>> {
    const { result } = await all((hear) => bed().engine.sync(from, to, { ...hear, ...options }))
    const { uploaded, downloaded, deleted, unchanged, failed } = result
    return { uploaded, downloaded, deleted, unchanged, failed }
  }

  const SMALL = { a: Buffer.from('a'), 'b/c': Buffer.from('bc'), d: Buffer.from('ddd') }

  test('copies up what is missing, differs or is newer, and nothing else', async () => {
    const root = await makeTree(bed().path('sync-up'), SMALL)
    const none = { downloaded: 0, deleted: 0, failed: 0 }
    expect(await sync(root, TREE)).toEqual({ ...none, uploaded: 3, unchanged: 0 })
    expect(await sync(root, TREE)).toEqual({ ...none, uploaded: 0, unchanged: 3 })
    await writeFile(join(root, 'a'), 'longer')
    const later = new Date(Date.now() + 60_000)
    await utimes(join(root, 'd'), later, later)
    expect(await sync(root, TREE, { sizeOnly: true, dryRun: true })).toMatchObject({ unchanged: 2 })
    expect(await sync(root, TREE)).toEqual({ ...none, uploaded: 2, unchanged: 1 })
    expect(storedBytes(bed().store, 'tree/a').toString()).toBe('longer')
  })

  test('copies down into a directory that is not there yet, and then nothing', async () => {
    const { engine, path } = bed()
    const root = await makeTree(path('sync-source'), SMALL)
    await engine.uploadDirectory(root, TREE)
    const copy = path('sync-down')
    const none = { uploaded: 0, deleted: 0, failed: 0 }
    expect(await sync(TREE, copy)).toEqual({ ...none, downloaded: 3, unchanged: 0 })
    expect(await sync(TREE, copy)).toEqual({ ...none, downloaded: 0, unchanged: 3 })
    // Files bear the time of their objects; one that was touched since is fetched again.
    const later = new Date(Date.now() + 60_000)
    await utimes(join(copy, 'a'), later, later)
    expect(await sync(TREE, copy)).toEqual({ ...none, downloaded: 1, unchanged: 2 })
    await rm(join(copy, 'b'), { recursive: true })
    expect(await sync(TREE, copy)).toEqual({ ...none, downloaded: 1, unchanged: 2 })
    expect(await filesBelow(copy)).toEqual(['a', 'b/c', 'd'])
  })

  test('lists and removes in the bucket of one owner only, and lets the requester pay', async () => {
    const { engine, path, store } = bed()
    const root = await makeTree(path('owned'), SMALL)
    await engine.uploadDirectory(root, TREE)
    await rm(join(root, 'a'))
    const wrong = { delete: true, expectedBucketOwner: '999999999999' }
    const refused = await failureOf(engine.sync(root, TREE, wrong))
    expect(refused).toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      context: { operation: 'ListObjectsV2' },
    })
    expect(keysBelow()).toEqual(['a', 'b/c', 'd'])
    store.requests.clear()
    const right = { expectedBucketOwner: '123456789012', requestPayer: 'requester' } as const
    expect(await sync(root, TREE, { delete: true, ...right })).toMatchObject({ deleted: 1 })
    const operations = store.requests.entries().map(({ operation }) => operation)
    expect(operations).toEqual(expect.arrayContaining(['ListObjectsV2', 'DeleteObjects']))
    const bad = { requestPayer: 'me' } as unknown as typeof right
    const error = await failureOf(engine.sync(root, TREE, bad))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'requestPayer' } })
  })

  test('removes what is extra on either side, if it is told to', async () => {
    const { engine, path } = bed()
    const root = await makeTree(path('delete-up'), SMALL)
    await engine.uploadDirectory(root, TREE)
    await engine.upload(Buffer.from('other'), `s3://${BUCKET}/treetop`)
    await rm(join(root, 'a'))
    expect(await sync(root, TREE)).toMatchObject({ deleted: 0 })
    expect(await sync(root, TREE, { delete: true, dryRun: true })).toMatchObject({ deleted: 0 })
    expect(keysBelow()).toEqual(['a', 'b/c', 'd'])
    expect(await sync(root, TREE, { delete: true })).toMatchObject({ deleted: 1, unchanged: 2 })
    expect(keysBelow()).toEqual(['b/c', 'd'])
    expect(storedKeys(bed().store)).toContain('treetop')

    await writeFile(join(root, 'local'), 'x')
    expect(await sync(TREE, root, { delete: true })).toMatchObject({ deleted: 1, unchanged: 2 })
    expect(await filesBelow(root)).toEqual(['b/c', 'd'])
  })

  test('removes odd keys too, and more than a page of them', async () => {
    const { engine, path } = bed()
    const root = await makeTree(path('odd'), { keep: Buffer.from('k') })
    const keys = [
      '\u0001',
      '<&>"\'',
      'new\nline',
      '😀',
      ...Array.from({ length: 1005 }, (_, n) => `n${n}`),
    ]
    await Promise.all(
      keys.map((key) => engine.upload(Buffer.alloc(0), { bucket: BUCKET, key: `tree/${key}` })),
    )
    expect(await sync(root, TREE, { delete: true })).toMatchObject({
      deleted: keys.length,
      failed: 0,
    })
    expect(keysBelow()).toEqual(['keep'])
  })

  test('removes nothing when something could not be copied', async () => {
    const { engine, path, store } = bed()
    const root = await makeTree(path('failing'), SMALL)
    await engine.upload(Buffer.from('extra'), `${TREE}extra`)
    store.faults.add({
      match: { operation: 'PutObject', key: 'tree/a' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const refused = await failureOf(engine.sync(root, TREE, { delete: true }))
    expect(refused.code).toBe('ERR_DELETE_REFUSED')
    expect(refused.message).toMatch(/^1 could not be copied/)
    expect(keysBelow()).toEqual(['b/c', 'd', 'extra'])
  })

  test('removes nothing on a bad day', async () => {
    const { engine, path, store } = bed()
    const root = await makeTree(path('bad-day'), SMALL)
    await engine.uploadDirectory(root, TREE)
    const before = keysBelow()
    const empty = path('empty-source')
    await mkdir(empty)
    const refused = await failureOf(engine.sync(empty, TREE, { delete: true }))
    expect(refused.code).toBe('ERR_DELETE_REFUSED')
    await rm(join(root, 'a'))
    await rm(join(root, 'd'))
    const many = await failureOf(engine.sync(root, TREE, { delete: true, maxDelete: 1 }))
    expect(many).toMatchObject({ code: 'ERR_DELETE_REFUSED' })
    expect(many.message).toMatch(/^2 would be removed, more than the 1/)
    expect(keysBelow()).toEqual(before)

    // A page of a proxy in place of the listing: nothing local is removed.
    store.faults.add({
      match: { operation: 'ListObjectsV2' },
      fault: { kind: 'answer', status: 200, body: 'html' },
    })
    const page = await failureOf(engine.sync(TREE, root, { delete: true }))
    expect(page.code).toBe('ERR_RESPONSE_INVALID')
    expect(await filesBelow(root)).toEqual(['b/c'])
    expect(await temporaryFiles(root)).toEqual([])
  })

  test('leaves alone on both sides what is filtered out', async () => {
    const { engine, path } = bed()
    const root = await makeTree(path('filtered-sync'), { a: SMALL.a })
    await engine.upload(Buffer.from('x'), `s3://${BUCKET}/tree/skip.log`)
    const filter = ({ name }: { readonly name: string }): boolean => !name.endsWith('.log')
    expect(await sync(root, TREE, { delete: true, filter })).toMatchObject({
      deleted: 0,
      uploaded: 1,
    })
    expect(keysBelow()).toEqual(['a', 'skip.log'])
    // A file that is left out for its size now keeps the object that was made of it before.
    await writeFile(join(root, 'a'), 'much longer than before')
    const isSmall = ({ size }: { readonly size: number }): boolean => size < 10
    await makeTree(root, { b: SMALL.a })
    const after = await sync(root, TREE, {
      delete: true,
      filter: (entry) => filter(entry) && isSmall(entry),
    })
    expect(after).toMatchObject({ deleted: 0, uploaded: 1 })
    expect(keysBelow()).toEqual(['a', 'b', 'skip.log'])
  })
})
