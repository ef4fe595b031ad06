/** `mv` as a command. */

import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { wait } from '../helpers/failure.ts'
import { BUCKET, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import { run, storeEnvironment, type Outcome, type RunOptions } from './cli-command.ts'

const TREE = `s3://${BUCKET}/tree`
const REFUSED = { kind: 'answer', status: 403, code: 'AccessDenied' } as const

const bed = sharedBed()
afterEach(() => bed().store.reset())

function mv(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { store, dir, stateDir } = bed()
  const common = ['--workers', '1', '--state-dir', stateDir]
  return run(['mv', ...common, ...argv], { cwd: dir, env: storeEnvironment(store), ...options })
}

async function makeTree(name: string, names: readonly string[]): Promise<void> {
  for (const each of names) {
    const path = join(bed().path(name), each)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, `content of ${each}`)
  }
}

function isHere(name: string): boolean {
  return existsSync(bed().path(name))
}

describe('mv', () => {
  test('moves a file up and an object down, and says so', async () => {
    const { store, path } = bed()
    await writeFile(path('one.txt'), 'one')
    const up = await mv(['one.txt', `${TREE}/`])
    expect(up).toMatchObject({ code: 0, out: '' })
    expect(up.err).toMatch(
      /^moved one\.txt to s3:\/\/test-bucket\/tree\/one\.txt: 3 B in .* verified\n$/,
    )
    expect(isHere('one.txt')).toBe(false)
    expect(storedBytes(store, 'tree/one.txt').toString()).toBe('one')

    const down = await mv([`${TREE}/one.txt`, 'two.txt', '--json'])
    expect(down).toMatchObject({ code: 0, err: '' })
    expect(down.events.at(-1)).toMatchObject({ event: 'result', kind: 'download', moved: true })
    expect(storedKeys(store)).toEqual([])
    expect(await readFile(path('two.txt'), 'utf8')).toBe('one')
  })

  test('moves an object, and all of a prefix, from one place of a store to another', async () => {
    const { store, path } = bed()
    await writeFile(path('object.txt'), 'object')
    await mv(['object.txt', `${TREE}/a`, '--quiet'])
    const one = await mv([`${TREE}/a`, `${TREE}/b`])
    expect(one).toMatchObject({ code: 0, out: '' })
    expect(one.err).toMatch(/^moved s3:.*\/a to s3:.*\/b: 6 B in .* verified\n$/)
    const all = await mv(['-r', TREE, `${TREE}-other`])
    expect(all).toMatchObject({ code: 0, out: expect.stringMatching(/^move: tree\/b to s3:/) })
    expect(storedKeys(store)).toEqual(['tree-other/b'])
  })

  test('does nothing in a dry run but say what it would do', async () => {
    await writeFile(bed().path('dry.txt'), 'dry')
    expect(await mv(['dry.txt', `${TREE}/`, '--dry-run'])).toMatchObject({
      code: 0,
      out: `(dry run) move dry.txt (3 B) to ${TREE}/dry.txt\n`,
    })
    const json = await mv(['dry.txt', `${TREE}/`, '--dry-run', '--json'])
    expect(json.events).toMatchObject([{ event: 'dry-run', kind: 'upload', move: true }])
    expect(isHere('dry.txt')).toBe(true)
    expect(storedKeys(bed().store)).toEqual([])
  })

  test('exits with 1 when the source is still there, and does it when it is called again', async () => {
    const { engine, store } = bed()
    await engine.upload(Buffer.from('stays'), `${TREE}/stays`)
    store.faults.add({ match: { operation: 'DeleteObject' }, fault: REFUSED })
    const { code, err } = await mv([`${TREE}/stays`, 'stays'])
    expect(code).toBe(1)
    expect(err).toMatch(/ERR_SOURCE_NOT_REMOVED Copied, but the source is still there: /)
    expect(await readFile(bed().path('stays'), 'utf8')).toBe('stays')
    expect(storedKeys(store)).toEqual(['tree/stays'])
    store.faults.clear()
    expect(await mv([`${TREE}/stays`, 'stays'])).toMatchObject({ code: 0 })
    expect(storedKeys(store)).toEqual([])
  })

  test('is done by the same command after a kill between copy and removal', async () => {
    const { engine, store } = bed()
    await engine.upload(Buffer.from('killed'), `${TREE}/killed`)
    store.faults.add({
      match: { operation: 'DeleteObject' },
      fault: { kind: 'delay', ms: 30_000, at: 'before-operation' },
    })
    const killOnceCopied = async (child: ChildProcess): Promise<void> => {
      while (!isHere('killed')) await wait(5)
      child.kill('SIGKILL')
    }
    const argv = [`${TREE}/killed`, 'killed']
    const killed = await mv(argv, { during: (child) => void killOnceCopied(child) })
    expect(killed.code).toBeNull()
    expect(storedKeys(store)).toEqual(['tree/killed'])
    store.faults.clear()
    expect(await mv(argv)).toMatchObject({ code: 0 })
    expect(storedKeys(store)).toEqual([])
    expect(await readFile(bed().path('killed'), 'utf8')).toBe('killed')
  })
})

describe('mv --recursive', () => {
  test('moves a tree up and down, with a line for each and a sum', async () => {
    const { store, path } = bed()
    await makeTree('up', ['a', 'b/c', 'b/d.tmp'])
    const up = await mv(['-r', 'up', TREE, '--exclude', '*.tmp'])
    expect(up).toMatchObject({ code: 0 })
    expect(up.out.split('\n').toSorted()).toEqual([
      '',
      `move: ${path('up/a')} to ${TREE}/a`,
      `move: ${path('up/b/c')} to ${TREE}/b/c`,
    ])
    expect(up.err).toMatch(/^2 moved: 26 B in /)
    expect((await readdir(path('up'), { recursive: true })).toSorted()).toEqual(['b', 'b/d.tmp'])

    const dry = await mv(['-r', TREE, 'down', '--dry-run'])
    expect(dry.out).toMatch(/^\(dry run\) move: s3:.*\/tree\/a to .*\/down\/a, 12 B\n/)
    expect(dry.err).toMatch(/^would be done: 2 downloads of 26 B, removal of 2 sources\n/)
    expect(storedKeys(store)).toHaveLength(2)

    const down = await mv(['-r', TREE, 'down', '--json', '--html', 'moved.html'])
    expect(down).toMatchObject({ code: 0 })
    expect(down.events).toMatchObject([
      { event: 'outcome', status: 'done', operation: 'download', move: true },
      { event: 'outcome', status: 'done', operation: 'download', move: true },
      { event: 'result', downloaded: 2, moved: 2, failed: 0 },
    ])
    expect(await readFile(path('moved.html'), 'utf8')).toMatch(/<td>mv\b/)
    expect(storedKeys(store)).toEqual([])
    expect(await readFile(path('down/b/c'), 'utf8')).toBe('content of b/c')
  })

  test('tells what could not be removed, and moves just that by its report', async () => {
    const { engine, store, path } = bed()
    for (const name of ['a', 'b', 'c']) await engine.upload(Buffer.from(name), `${TREE}/${name}`)
    store.faults.add({ match: { operation: 'DeleteObject', key: 'tree/b' }, fault: REFUSED })
    const first = await mv(['-r', TREE, 'rest', '--report', 'moved.csv'])
    expect(first.code).toBe(1)
    expect(first.err).toMatch(
      /^failed: move s3:.*\/tree\/b to .*: ERR_SOURCE_NOT_REMOVED Copied, /m,
    )
    expect(first.err).toMatch(/^2 moved, 1 failed/m)
    expect(storedKeys(store)).toEqual(['tree/b'])
    const report = (await readFile(path('moved.csv'), 'utf8')).trimEnd().split('\n')
    expect(report[0]).toMatch(/,move$/)
    expect(report.slice(1).every((line) => line.endsWith(',true'))).toBe(true)

    store.faults.clear()
    const again = await mv(['-r', TREE, 'rest', '--retry-failed', 'moved.csv'])
    expect(again).toMatchObject({ code: 0 })
    expect(again.err).toMatch(/^1 moved: /m)
    expect(storedKeys(store)).toEqual([])
  })
})

describe('mv is refused', () => {
  test.each([
    [['-', `${TREE}/key`], /mv moves files and objects/],
    [[`${TREE}/key`, '-'], /mv moves files and objects/],
    [['none', 'other'], /must be s3:.*\n.*use the mv of your system/],
    [[`${TREE}/key`, `${TREE}/key`], /are the same object/],
    [[`${TREE}/key`, `${TREE}/`], /are the same object/],
    [['-r', TREE, `${TREE}/`], /is s3:.*, or within it/],
    [['-r', TREE, `${TREE}/below`], /is s3:.*, or within it/],
    [['-r', `s3://${BUCKET}`, `${TREE}/below`], /is s3:.*, or within it/],
    [[`${TREE}/key`, 'file', '--version-id', 'v'], /unknown option/i],
    [['-r', TREE, 'down', '--fsync'], /unknown option/i],
    [['x', `${TREE}/x`, '--exclude', 'y'], /--exclude has a meaning only with --recursive/],
  ])('for %j', async (argv, message) => {
    const { code, err } = await mv(argv)
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })
})
