/** Trees of which a list says what takes part. */

import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Outcome, TreeTransfer } from 'transfer-engine'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import { run, storeEnvironment, type Outcome as Ended } from './cli-command.ts'

const TREE = `s3://${BUCKET}/tree/`

const bed = sharedBed()
afterEach(() => bed().store.reset())

async function makeTree(name: string, names: readonly string[]): Promise<string> {
  const root = bed().path(name)
  for (const each of names) {
    await mkdir(dirname(join(root, each)), { recursive: true })
    await writeFile(join(root, each), `content of ${each}`)
  }
  return root
}

function keysBelow(): string[] {
  const keys = storedKeys(bed().store).filter((key) => key.startsWith('tree/'))
  return keys.map((key) => key.slice('tree/'.length)).toSorted()
}

/** What became of each, `done a` or `ERR_… b`, and the sums. */
async function all(
  start: (options: { onOutcome: (outcome: Outcome) => void }) => TreeTransfer,
): Promise<{ result: Awaited<TreeTransfer>; told: string[] }> {
  const told: string[] = []
  const onOutcome = (outcome: Outcome): void => {
    const { status, name } = outcome
    const word = status === 'failed' ? outcome.error.code : status
    told.push(`${status === 'skipped' ? outcome.reason : word} ${name}`)
  }
  const result = await start({ onOutcome })
  return { result, told: told.toSorted() }
}

function command(argv: readonly string[], input?: Uint8Array): Promise<Ended> {
  const { store, dir, stateDir } = bed()
  const [name = '', ...rest] = argv
  const common = ['--workers', '1', '--state-dir', stateDir]
  return run([name, ...common, ...rest], { cwd: dir, env: storeEnvironment(store), input })
}

describe('files by their names', () => {
  test('go up; those that are none, are no file or lead out are told', async () => {
    const { engine, path } = bed()
    const root = await makeTree('up', ['a', 'b/c', 'other'])
    await writeFile(path('outside'), 'secret')
    await symlink('..', join(root, 'up'))
    await symlink('a', join(root, 'link'))
    const names = ['a', 'b/c', 'missing', 'b', '../outside', '/etc/hosts', 'up/outside', 'link']
    const { result, told } = await all((options) =>
      engine.uploadDirectory(root, TREE, { ...options, filesFrom: names }),
    )
    expect(told).toEqual([
      'ERR_SOURCE_NOT_FILE b',
      'ERR_SOURCE_NOT_FOUND missing',
      'done a',
      'done b/c',
      'name-unsafe ../outside',
      'name-unsafe /etc/hosts',
      'symbolic-link link',
      'symbolic-link up/outside',
    ])
    expect(result).toMatchObject({ uploaded: 2, failed: 2, skipped: 4 })
    expect(result.failures[0]?.context.path).toMatch(/up\/(missing|b)$/)
    expect(keysBelow()).toEqual(['a', 'b/c'])
  })

  test('follow links if they may, and have filters too', async () => {
    const { engine } = bed()
    const root = await makeTree('follow', ['a', 'large'])
    await symlink('a', join(root, 'link'))
    const filter = ({ name }: { readonly name: string }): boolean => name !== 'large'
    const options = { filesFrom: ['link', 'large'], followSymlinks: true, filter }
    expect(await engine.uploadDirectory(root, TREE, options)).toMatchObject({ uploaded: 1 })
    expect(storedBytes(bed().store, 'tree/link').toString()).toBe('content of a')
  })
})

describe('objects by their names', () => {
  test('come down without a listing, with size and time of the object', async () => {
    const { engine, store, path } = bed()
    for (const name of ['a', 'b/c', 'other']) {
      await engine.upload(Buffer.from(`content of ${name}`), `${TREE}${name}`)
    }
    store.requests.clear()
    const root = path('down')
    const names = ['b/c', 'a', 'missing', '../out']
    const { result, told } = await all((options) =>
      engine.downloadDirectory(TREE, root, { ...options, filesFrom: names }),
    )
    expect(told).toEqual([
      'ERR_OBJECT_NOT_FOUND missing',
      'done a',
      'done b/c',
      'name-unsafe ../out',
    ])
    expect(result).toMatchObject({ downloaded: 2, failed: 1, skipped: 1, bytes: 12 + 14 })
    expect(store.requests.entries({ operation: 'ListObjectsV2' })).toEqual([])
    expect((await readdir(root, { recursive: true })).toSorted()).toEqual(['a', 'b', 'b/c'])
    const { mtimeMs } = await stat(join(root, 'a'))
    expect(mtimeMs % 1000).toBe(0)
    expect(await engine.sync(TREE, root, { dryRun: true })).toMatchObject({ unchanged: 2 })
  })

  test('are no business of a sync with files, and have no filter', async () => {
    const { engine } = bed()
    const sync = await failureOf(engine.sync('.', TREE, { filesFrom: ['a'] }))
    expect(sync).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'filesFrom' } })
    const options = { filesFrom: ['a'], filter: () => true }
    const filtered = await failureOf(engine.downloadDirectory(TREE, 'x', options))
    expect(filtered).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'filter' } })
    const missing = await failureOf(engine.uploadDirectory('.', TREE, { filesFrom: 'no-list' }))
    expect(missing.code).toBe('ERR_SOURCE_NOT_FOUND')
  })
})

describe('--files-from', () => {
  test('reads lines or NUL-separated names from a file or standard input', async () => {
    await makeTree('cli', ['a', 'new\nline', 'other'])
    await writeFile(bed().path('list'), 'a\nmissing\n')
    const lines = await command(['cp', '-r', 'cli', TREE, '--files-from', 'list'])
    expect(lines.code).toBe(1)
    expect(lines.err).toMatch(/^failed: upload .*missing.*: ERR_SOURCE_NOT_FOUND/m)
    expect(keysBelow()).toEqual(['a'])
    const format = ['--files-from', '-', '--files-from-format', 'nul']
    const nul = await command(['cp', '-r', 'cli', TREE, ...format], Buffer.from('new\nline\0'))
    expect(nul).toMatchObject({ code: 0 })
    expect(keysBelow()).toEqual(['a', 'new\nline'])
    const down = await command(['cp', '-r', TREE, 'back', '--files-from', '-'], Buffer.from('a'))
    expect(down).toMatchObject({ code: 0 })
    expect(await readdir(bed().path('back'))).toEqual(['a'])
  })

  test('reads an inventory with the columns it is told', async () => {
    await bed().engine.upload(Buffer.from('x'), `${TREE}a b`)
    await writeFile(bed().path('inventory'), `"1","${BUCKET}","tree/a+b"\n`)
    const inventory = ['--files-from', 'inventory', '--files-from-format', 'inventory']
    const columns = ['--files-from-columns', 'Size,Bucket,Key']
    const result = await command(['cp', '-r', TREE, 'inv', ...inventory, ...columns])
    expect(result).toMatchObject({ code: 0 })
    expect(await readdir(bed().path('inv'))).toEqual(['a b'])
  })

  test.each([
    [['--files-from-format', 'nul'], /no --files-from/],
    [
      ['--files-from', 'x', '--files-from-format', 'xml'],
      /one of lines, nul, csv, inventory, manifest/,
    ],
    [['--files-from', 'x', '--retry-failed', 'y'], /Give one of them/],
  ])('refuses %j', async (flags, message) => {
    const { code, err } = await command(['cp', '-r', '.', TREE, ...flags])
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })
})

describe('--retry-failed', () => {
  test.each(['ndjson', 'csv'])('runs exactly what failed, by a report in %s', async (kind) => {
    await makeTree(`retry-${kind}`, ['a', 'b', 'c,"d'])
    const report = `report.${kind}`
    const { store } = bed()
    for (const key of ['tree/b', 'tree/c,"d']) {
      store.faults.add({
        match: { operation: 'PutObject', key },
        fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
      })
    }
    const copy = ['cp', '-r', `retry-${kind}`, TREE, '--report', report]
    expect((await command(copy)).code).toBe(1)
    expect(keysBelow()).toEqual(['a'])
    store.faults.clear()
    const again = await command([...copy, '--retry-failed', report])
    expect(again).toMatchObject({ code: 0 })
    expect(again.err).toMatch(/^2 uploaded/)
    expect(keysBelow()).toEqual(['a', 'b', 'c,"d'])
    // The report is that of the last run: nothing has failed.
    expect((await readFile(bed().path(report), 'utf8')).match(/done/g)).toHaveLength(2)
    const last = await command([...copy, '--retry-failed', report])
    expect(last).toMatchObject({ code: 0, err: 'nothing to do\n' })
  })

  test('refuses a report of another tree', async () => {
    const row = { status: 'failed', operation: 'upload', bucket: 'b', name: 'a', key: 'a' }
    await writeFile(bed().path('other'), `${JSON.stringify(row)}\n`)
    const { code, err } = await command(['cp', '-r', '.', TREE, '--retry-failed', 'other'])
    expect(code).toBe(2)
    expect(err).toMatch(/other, line 1: It is about s3:\/\/b\/a/)
  })
})
