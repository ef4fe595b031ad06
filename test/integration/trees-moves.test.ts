/** Trees that are moved: each source goes behind its own copy. */

import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Outcome, TreeTransfer } from 'transfer-engine'
import { afterEach, describe, expect, test } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const TREE = `s3://${BUCKET}/tree/`

const bed = sharedBed({ engine: { multipartThreshold: 10 * MiB } })
afterEach(() => bed().store.reset())

/** Hostile names, nothing, a little, and something in parts. */
const FILES: Readonly<Record<string, Buffer>> = {
  'a.txt': Buffer.from('a'),
  'a/b.txt': Buffer.from('b'),
  'a/deep/er/c': testBytes(1000, 3),
  empty: Buffer.alloc(0),
  'sp ace/plus+per%20cent': testBytes(10, 4),
  'ünï/😀': testBytes(20, 5),
  'quo\'te"s': Buffer.from('q'),
  'new\nline': Buffer.from('n'),
  'bell\u0007': Buffer.from('bell'),
  large: testBytes(11 * MiB + 3, 6),
}
const NAMES = Object.keys(FILES).toSorted()

async function makeTree(name: string, files = FILES): Promise<string> {
  const root = bed().path(name)
  for (const [each, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, each)), { recursive: true })
    await writeFile(join(root, each), bytes)
  }
  return root
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((each) => !each.isDirectory())
  return files.map((each) => join(each.parentPath, each.name).slice(root.length + 1)).toSorted()
}

function keysBelow(): string[] {
  return storedKeys(bed().store)
    .map((key) => key.slice('tree/'.length))
    .toSorted()
}

function expectSame(bytes: Buffer, name: string): void {
  const difference = differenceOf(bytes, FILES[name] ?? Buffer.alloc(0))
  expect({ name, difference }).toEqual({ name, difference: undefined })
}

async function all(
  start: (options: {
    readonly removeSource: true
    readonly onOutcome: (outcome: Outcome) => void
  }) => TreeTransfer,
): Promise<{ result: Awaited<TreeTransfer>; outcomes: Outcome[] }> {
  const outcomes: Outcome[] = []
  const onOutcome = (outcome: Outcome): void => void outcomes.push(outcome)
  const result = await start({ removeSource: true, onOutcome })
  return { result, outcomes }
}

describe('a tree', () => {
  test('is moved up and down again, whatever the names; emptied directories stay', async () => {
    const { engine, path, store } = bed()
    const root = await makeTree('up')
    const up = await all((options) => engine.uploadDirectory(root, TREE, options))
    const moved = { moved: NAMES.length, failed: 0 }
    expect(up.result).toMatchObject({ ...moved, uploaded: NAMES.length })
    expect(up.outcomes.every((each) => each.status === 'done' && each.move === true)).toBe(true)
    expect(await filesBelow(root)).toEqual([])
    expect((await readdir(root)).toSorted()).toEqual(['a', 'sp ace', 'ünï'])
    expect(keysBelow()).toEqual(NAMES)
    for (const name of NAMES) expectSame(storedBytes(store, `tree/${name}`), name)

    const copy = path('down/new')
    const down = await all((options) => engine.downloadDirectory(TREE, copy, options))
    expect(down.result).toMatchObject({ ...moved, downloaded: NAMES.length })
    expect(keysBelow()).toEqual([])
    expect(await filesBelow(copy)).toEqual(NAMES)
    for (const name of NAMES) expectSame(await readFile(join(copy, name)), name)
  })

  test('keeps what could not be copied, and tells what could not be removed', async () => {
    const { engine, path, store } = bed()
    const files = { a: Buffer.from('a'), b: Buffer.from('b'), c: Buffer.from('c') }
    const root = await makeTree('partly', files)
    const fault = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    store.faults.add({ match: { operation: 'PutObject', key: 'tree/b' }, fault })
    const up = await all((options) => engine.uploadDirectory(root, TREE, options))
    expect(up.result).toMatchObject({ moved: 2, uploaded: 2, failed: 1 })
    expect(await filesBelow(root)).toEqual(['b'])
    expect(keysBelow()).toEqual(['a', 'c'])

    store.faults.add({ match: { operation: 'DeleteObject', key: 'tree/c' }, fault })
    const copy = path('partly-copy')
    const down = await all((options) => engine.downloadDirectory(TREE, copy, options))
    expect(down.result).toMatchObject({ moved: 1, downloaded: 1, failed: 1 })
    expect(down.outcomes.find(({ status }) => status === 'failed')).toMatchObject({
      name: 'c',
      operation: 'download',
      move: true,
      error: { code: 'ERR_SOURCE_NOT_REMOVED', cause: { code: 'ERR_ACCESS_DENIED' } },
    })
    expect(await filesBelow(copy)).toEqual(['a', 'c'])
    expect(keysBelow()).toEqual(['c'])
    store.faults.clear()
    const again = await all((options) => engine.downloadDirectory(TREE, copy, options))
    expect(again.result).toMatchObject({ moved: 1, failed: 0 })
    expect(keysBelow()).toEqual([])
  })

  test('is moved to the end by the same call after an interruption', async () => {
    const { engine, path } = bed()
    const files = Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [`d${n % 3}/f${n}`, testBytes(100, n)]),
    )
    const names = Object.keys(files).toSorted()
    const root = await makeTree('cut', files)
    const cutAfter = (count: number) => {
      const cut = new AbortController()
      const onOutcome = (): void => {
        count -= 1
        if (count === 0) cut.abort()
      }
      return { removeSource: true, signal: cut.signal, onOutcome }
    }
    const error = await failureOf(engine.uploadDirectory(root, TREE, cutAfter(5)))
    expect(error.code).toBe('ERR_ABORTED')
    const left = await filesBelow(root)
    expect(left.length).toBeLessThanOrEqual(55)
    expect(new Set([...left, ...keysBelow()])).toEqual(new Set(names))
    expect(await engine.uploadDirectory(root, TREE, { removeSource: true })).toMatchObject({
      moved: left.length,
      failed: 0,
    })
    expect(keysBelow()).toEqual(names)

    const copy = path('cut-copy')
    await failureOf(engine.downloadDirectory(TREE, copy, cutAfter(5)))
    const there = keysBelow()
    expect(there.length).toBeLessThanOrEqual(55)
    expect(new Set([...there, ...(await filesBelow(copy))])).toEqual(new Set(names))
    await engine.downloadDirectory(TREE, copy, { removeSource: true })
    expect(keysBelow()).toEqual([])
    for (const name of names) expect(await readFile(join(copy, name))).toEqual(files[name])
  })

  test('is only told of in a dry run', async () => {
    const { engine, path } = bed()
    const root = await makeTree('dry', { a: Buffer.from('a'), 'b/c': Buffer.from('bc') })
    const up = await all((options) =>
      engine.uploadDirectory(root, TREE, { ...options, dryRun: true }),
    )
    expect(up.result).toMatchObject({ planned: 2, moved: 0, plan: { uploads: 2, moves: 2 } })
    expect(up.outcomes).toMatchObject([
      { status: 'planned', operation: 'upload', name: 'a', move: true },
      { status: 'planned', operation: 'upload', name: 'b/c', move: true },
    ])
    expect(await filesBelow(root)).toEqual(['a', 'b/c'])
    await engine.uploadDirectory(root, TREE)
    const options = { removeSource: true, dryRun: true }
    expect(await engine.downloadDirectory(TREE, path('dry-copy'), options)).toMatchObject({
      planned: 2,
      plan: { downloads: 2, moves: 2, requests: { DELETE: 2 } },
    })
    expect(keysBelow()).toEqual(['a', 'b/c'])
  })

  test('keeps times and modes with `preserve`', async () => {
    const { engine, path } = bed()
    const root = await makeTree('kept', { a: Buffer.from('a') })
    const before = new Date(Date.now() - 60_000)
    await utimes(join(root, 'a'), before, before)
    const options = { preserve: true, removeSource: true }
    await engine.uploadDirectory(root, TREE, options)
    await engine.downloadDirectory(TREE, path('kept-copy'), options)
    expect((await stat(path('kept-copy/a'))).mtimeMs).toBeCloseTo(before.getTime(), 1)
  })
})

describe('links in a tree that is moved', () => {
  const makeLinks = async (name: string): Promise<string> => {
    const { path } = bed()
    const outside = await makeTree(`${name}-outside`, { file: Buffer.from('f') })
    await mkdir(path(name))
    await symlink(join(outside, 'file'), path(`${name}/link`))
    await symlink(outside, path(`${name}/folder`))
    return path(name)
  }

  test('are left where they are', async () => {
    const root = await makeLinks('links')
    const { result } = await all((options) => bed().engine.uploadDirectory(root, TREE, options))
    expect(result).toMatchObject({ moved: 0, skipped: 2 })
    expect(await filesBelow(root)).toEqual(['folder', 'link'])
  })

  test('are removed when they are followed, and files behind a folder where they lie', async () => {
    const root = await makeLinks('followed')
    await symlink(bed().path('followed-other'), join(root, 'other'))
    await writeFile(bed().path('followed-other'), 'other')
    const { result } = await all((options) =>
      bed().engine.uploadDirectory(root, TREE, {
        ...options,
        followSymlinks: true,
        filter: ({ name }) => name !== 'link',
      }),
    )
    expect(result).toMatchObject({ moved: 2, failed: 0 })
    expect(keysBelow()).toEqual(['folder/file', 'other'])
    expect(await filesBelow(root)).toEqual(['folder', 'link'])
    expect(await readFile(bed().path('followed-other'), 'utf8')).toBe('other')
    expect(await readdir(bed().path('followed-outside'))).toEqual([])
  })
})

describe('a tree that is moved', () => {
  test('keeps what is filtered out, or left out by a hook', async () => {
    const files = { a: Buffer.from('a'), b: Buffer.from('b'), c: Buffer.from('c') }
    const root = await makeTree('hooked', files)
    const { result } = await all((options) =>
      bed().engine.uploadDirectory(root, TREE, {
        ...options,
        filter: ({ name }) => name !== 'a',
        onBeforeTransfer: ({ name }) => ({ skip: name === 'b' }),
      }),
    )
    expect(result).toMatchObject({ moved: 1, skipped: 1 })
    expect(await filesBelow(root)).toEqual(['a', 'b'])
    expect(keysBelow()).toEqual(['c'])
  })

  test('asks about each object as its hook says', async () => {
    const { engine, path } = bed()
    const root = await makeTree('keyed', { a: Buffer.from('a'), b: Buffer.from('b') })
    const sseCustomerKey = Buffer.alloc(32, 7)
    const options = {
      removeSource: true,
      onBeforeTransfer: ({ name }: { readonly name: string }) =>
        name === 'b' ? { sseCustomerKey } : undefined,
    }
    expect(await engine.uploadDirectory(root, TREE, options)).toMatchObject({ moved: 2 })
    expect(await engine.downloadDirectory(TREE, path('keyed-copy'), options)).toMatchObject({
      moved: 2,
      failed: 0,
    })
    expect(keysBelow()).toEqual([])
  })

  test('cannot be one whose files are not on the disk, or that is synced', async () => {
    const { engine, path } = bed()
    const lax = engine.downloadDirectory(TREE, path('lax'), { removeSource: true, fsync: false })
    expect(await failureOf(lax)).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      context: { option: 'fsync' },
    })
    const synced = engine.sync(path('lax'), TREE, { removeSource: true } as object)
    expect(await failureOf(synced)).toMatchObject({ code: 'ERR_OPTION_UNKNOWN' })
  })
})
