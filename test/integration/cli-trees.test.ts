/** `cp --recursive` and `sync` as commands. */

import type { ChildProcess } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { wait } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { run, storeEnvironment, type Outcome } from './cli-command.ts'

/** Objects bear whole seconds: what was written in the second of its upload counts as newer. */
const BEFORE = new Date(Date.now() - 60_000)

const TREE = `s3://${BUCKET}/tree`

const bed = sharedBed()
afterEach(() => bed().store.reset())

function command(...argv: readonly string[]): Promise<Outcome> {
  const { store, dir, stateDir } = bed()
  const [name = '', ...rest] = argv
  const common = ['--workers', '1', '--state-dir', stateDir]
  return run([name, ...common, ...rest], { cwd: dir, env: storeEnvironment(store) })
}

async function makeTree(name: string, names: readonly string[]): Promise<void> {
  for (const each of names) {
    const path = join(bed().path(name), each)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, `content of ${each}`)
    await utimes(path, BEFORE, BEFORE)
  }
}

describe('cp --recursive', () => {
  test('copies a tree up and down, with a line for each and a sum', async () => {
    await makeTree('up', ['a', 'b/c', 'b/d.tmp', 'b/keep.tmp'])
    const filters = ['--exclude', '*.tmp', '--include', '*/keep.tmp']
    const up = await command('cp', '--recursive', 'up', TREE, ...filters)
    expect(up).toMatchObject({ code: 0 })
    expect(up.out.split('\n').toSorted()).toEqual([
      '',
      `upload: ${bed().path('up/a')} to ${TREE}/a`,
      `upload: ${bed().path('up/b/c')} to ${TREE}/b/c`,
      `upload: ${bed().path('up/b/keep.tmp')} to ${TREE}/b/keep.tmp`,
    ])
    expect(up.err).toMatch(/^3 uploaded: 47 B in /)
    expect(storedBytes(bed().store, 'tree/b/c').toString()).toBe('content of b/c')

    const down = await command('cp', '-r', TREE, 'down', '--quiet')
    expect(down).toMatchObject({ code: 0, out: '', err: '' })
    expect((await readdir(bed().path('down'), { recursive: true })).toSorted()).toEqual([
      'a',
      'b',
      'b/c',
      'b/keep.tmp',
    ])
  })

  test.each(['cp -r', 'sync'])('%s sums up workers and connections with --stats', async (name) => {
    await makeTree('counted', ['a', 'b'])
    const argv = [...name.split(' '), 'counted', TREE, '--stats']
    const { code, err } = await command(...argv)
    expect(code).toBe(0)
    expect(err).toMatch(/2 uploaded: .*\nworker +open +opened +reused +requests /)
    const events = (await command(...argv, '--json')).out.trimEnd().split('\n')
    const [result, stats] = events.slice(-2).map((line) => JSON.parse(line) as object)
    expect(result).toMatchObject({ event: 'result', failed: 0 })
    expect(stats).toMatchObject({
      event: 'stats',
      kinds: { upload: { submitted: name === 'sync' ? 0 : 2, failed: 0 } },
    })
    const missing = await command(...name.split(' '), 'no-such', TREE, '--stats', '--json')
    expect(missing.code).toBe(1)
    const last = missing.out.trimEnd().split('\n').at(-1) ?? ''
    expect(JSON.parse(last)).toMatchObject({ event: 'stats', kinds: { upload: { submitted: 0 } } })
  })

  test('says what failed, goes on, and exits with 1; the report has a line for each', async () => {
    await makeTree('partly', ['a', 'b', 'c'])
    bed().store.faults.add({
      match: { operation: 'PutObject', key: 'tree/b' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const result = await command('cp', '-r', 'partly', TREE, '--report', 'report.csv')
    expect(result.code).toBe(1)
    expect(result.err).toMatch(/failed: upload .*partly\/b to s3:.*: ERR_ACCESS_DENIED/)
    expect(result.err).toMatch(/2 uploaded, 1 failed/)
    const report = await readFile(bed().path('report.csv'), 'utf8')
    const lines = report.trimEnd().split('\n')
    expect(lines[0]).toBe(
      'status,operation,name,bucket,key,path,size,reason,attempts,elapsedMs,etag,verified,code,message,requestId,move',
    )
    expect(lines).toHaveLength(4)
    expect(lines.find((line) => line.startsWith('failed'))).toMatch(
      /^failed,upload,b,.*,ERR_ACCESS_DENIED,.+,.+/,
    )
    expect(await readdir(bed().dir)).not.toContain('report.csv.part')
  })

  test('exits with 1 too when a name could not be written', async () => {
    for (const name of ['a', 'a/b']) await bed().engine.upload(Buffer.from(name), `${TREE}/${name}`)
    const result = await command('cp', '-r', TREE, 'clash')
    expect(result.code).toBe(1)
    expect(result.err).toMatch(/^skipped: a\/b \(name-collision, a is a file already\)$/m)
    expect(result.err).toMatch(/^1 downloaded, 1 skipped/m)
  })

  test('keeps time and mode if it is told to', async () => {
    await makeTree('kept', ['a'])
    await chmod(bed().path('kept/a'), 0o640)
    expect(await command('cp', '-r', 'kept', TREE, '--preserve')).toMatchObject({ code: 0 })
    expect(await command('cp', '-r', TREE, 'back', '--preserve')).toMatchObject({ code: 0 })
    const { mtimeMs, mode } = await stat(bed().path('back/a'))
    expect(mtimeMs).toBeCloseTo(BEFORE.getTime(), 1)
    expect(mode & 0o7777).toBe(0o640)
  })

  test('tells programs of every outcome', async () => {
    await makeTree('events', ['a'])
    const { code, events } = await command(
      'cp',
      '-r',
      'events',
      TREE,
      '--json',
      '--report',
      'r.ndjson',
    )
    expect(code).toBe(0)
    expect(events).toMatchObject([
      {
        event: 'outcome',
        status: 'done',
        operation: 'upload',
        name: 'a',
        bucket: BUCKET,
        key: 'tree/a',
        size: 12,
        verified: 'checksum',
      },
      { event: 'result', uploaded: 1, failed: 0, bytes: 12 },
    ])
    const report = JSON.parse(await readFile(bed().path('r.ndjson'), 'utf8')) as object
    expect(report).toMatchObject({ status: 'done', name: 'a', verified: 'checksum' })
  })

  test('stops at the first failure if it is told to', async () => {
    await makeTree('fail-fast', ['a'])
    bed().store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const { code, err } = await command('cp', '-r', 'fail-fast', TREE, '--fail-fast')
    expect(code).toBe(1)
    expect(err).toMatch(/ERR_TOO_MANY_FAILURES/)
  })

  test.each([
    [['cp', 'x', TREE, '--exclude', 'y'], /--exclude has a meaning only with --recursive/],
    [['cp', '-r', TREE, TREE], /One of both sides is within the other/],
    [['sync', 'a', 'b'], /must be s3:/],
    [['sync', 'a', TREE, '--exclude', '[a'], /`\[a` is no pattern/],
    [['sync', 'a', TREE, '--max-delete', 'many'], /--max-delete/],
    [['sync', 'a', TREE, '--version-id', 'v'], /unknown option/i],
  ])('is refused with %j', async (argv, message) => {
    const { code, err } = await command(...argv)
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })
})

describe('sync', () => {
  test('shows, copies and removes', async () => {
    await makeTree('side', ['a', 'b'])
    const dry = await command('sync', 'side', TREE, '--dry-run')
    expect(dry).toMatchObject({ code: 0 })
    expect(dry.out).toMatch(/^\(dry run\) upload: .*side\/a to s3:.*\/a, 12 B \(missing\)\n/)
    expect(dry.err).toBe(
      'would be done: 2 uploads of 24 B\nrequests, at the least: 2 PUT, 1 LIST\n',
    )
    expect(storedKeys(bed().store)).toEqual([])
    expect(await command('sync', 'side', TREE)).toMatchObject({ code: 0 })
    const again = await command('sync', 'side', TREE)
    expect(again).toMatchObject({ code: 0, out: '' })
    expect(again.err).toBe('2 unchanged\n')
    await makeTree('other', ['b'])
    const refused = await command('sync', 'other', TREE, '--delete', '--max-delete', '0')
    expect(refused.code).toBe(1)
    expect(refused.err).toMatch(/ERR_DELETE_REFUSED/)
    const removed = await command('sync', 'other', TREE, '--delete', '--size-only')
    expect(removed).toMatchObject({ code: 0, out: `delete: ${TREE}/a\n` })
    expect(storedKeys(bed().store)).toEqual(['tree/b'])
  })

  test('takes rules from a file, and sizes', async () => {
    await makeTree('ruled', ['a.log', 'keep.log', 'long-name', 'x'])
    await writeFile(bed().path('rules'), '# logs\n- *.log\n+ keep.log\n')
    const argv = ['sync', 'ruled', TREE, '--filter-from', 'rules', '--max-size', '19B']
    expect((await command(...argv)).code).toBe(0)
    expect(storedKeys(bed().store)).toEqual(['tree/keep.log', 'tree/x'])
  })

  test('shows no control characters of names', async () => {
    await makeTree('odd', ['a\u001b[2Jb'])
    const { out, code } = await command('sync', 'odd', TREE)
    expect(code).toBe(0)
    expect(out).not.toContain('\u001b')
    expect(out).toContain(String.raw`a\u001b[2Jb`)
  })
})

describe('sync after a kill', () => {
  test('ends what was complete before the process knew, and sends nothing again', async () => {
    const { store, dir, stateDir, path } = bed()
    await mkdir(path('large'))
    await writeFile(path('large/object'), testBytes(11 * MiB, 1))
    await utimes(path('large/object'), BEFORE, BEFORE)
    const argv = ['sync', 'large', TREE, '--workers', '1', '--state-dir', stateDir, '--json']
    const parts = ['--part-size', '5MiB', '--multipart-threshold', '10MiB', '--resume', 'always']
    const options = { cwd: dir, env: storeEnvironment(store) }
    store.faults.add({
      match: { operation: 'CompleteMultipartUpload' },
      fault: { kind: 'delay', ms: 30_000, at: 'after-operation' },
    })
    const killOnceStored = async (child: ChildProcess): Promise<void> => {
      while (!storedKeys(store).includes('tree/object')) await wait(5)
      child.kill('SIGKILL')
    }
    const killed = await run([...argv, ...parts], {
      ...options,
      during: (child) => void killOnceStored(child),
    })
    expect(killed.code).toBeNull()
    expect(await readdir(join(stateDir, 'journals'))).not.toEqual([])
    store.faults.clear()
    store.requests.clear()
    const again = await run([...argv, ...parts], options)
    expect(again).toMatchObject({ code: 0, err: '' })
    expect(again.events).toMatchObject([
      { event: 'outcome', status: 'done', reason: 'unfinished', resumed: true },
      { event: 'result', uploaded: 1, failed: 0 },
    ])
    expect(store.requests.entries({ operation: 'UploadPart' })).toEqual([])
    expect(await readdir(join(stateDir, 'journals'))).toEqual([])
    expect(store.uploads()).toEqual([])
  })
})
