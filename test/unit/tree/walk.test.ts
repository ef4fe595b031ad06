import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FileEntry, SkippedEntry } from '../../../src/tree/entries.ts'
import { compareKeys } from '../../../src/store/key-order.ts'
import { walk, type WalkOptions } from '../../../src/tree/walk.ts'
import { collect } from '../../helpers/collect.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const root = useTemporaryDirectory()

function make(...names: string[]): void {
  for (const name of names) {
    const path = join(root(), name)
    mkdirSync(join(path, '..'), { recursive: true })
    if (name.endsWith('/')) mkdirSync(path, { recursive: true })
    else writeFileSync(path, name)
  }
}

async function found(options?: WalkOptions): Promise<(FileEntry | SkippedEntry)[]> {
  return collect(walk(root(), options))
}

/** `name`, or `name: reason`. */
async function told(options?: WalkOptions): Promise<string[]> {
  return (await found(options)).map((entry) =>
    'reason' in entry ? `${entry.name}: ${entry.reason}` : entry.name,
  )
}

describe('a walk', () => {
  it('finds nothing in an empty directory, nor in empty directories', async () => {
    expect(await told()).toEqual([])
    make('a/', 'b/c/')
    expect(await told()).toEqual([])
  })

  it('tells of each file its size, its time, its mode and where to open it', async () => {
    make('a/b.txt')
    const path = join(root(), 'a/b.txt')
    utimesSync(path, 1_700_000_000, 1_700_000_000.25)
    chmodSync(path, 0o640)
    expect(await found()).toEqual([
      { name: 'a/b.txt', size: 7, mtimeMs: 1_700_000_000_250, path, mode: 0o640 },
    ])
  })

  it('goes in the order in which S3 lists keys', async () => {
    make('a.txt', 'a/b.c', 'a/d/c', 'a/d.e', 'a-b', 'a0', 'B', '\ue000', '😀/x', '\uffee', 'a/e')
    const seen = await told()
    expect(seen).toEqual(seen.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
    expect(seen.slice(0, 7)).toEqual(['B', 'a-b', 'a.txt', 'a/b.c', 'a/d.e', 'a/d/c', 'a/e'])
    expect(seen).toHaveLength(11)
  })

  it('goes through more files and directories than it looks at ahead', async () => {
    const names = Array.from({ length: 150 }, (_, i) => (i % 7 === 0 ? `${i}/x` : `${i}`))
    make(...names, ...Array.from({ length: 90 }, (_, i) => `5d/${i}/y`))
    const seen = await told()
    expect(seen).toEqual(seen.toSorted(compareKeys))
    expect(seen).toHaveLength(240)
  })

  it('takes a root that ends in a slash, or is a link', async () => {
    make('real/a')
    symlinkSync('real', join(root(), 'link'))
    for (const path of [`${join(root(), 'real')}/`, join(root(), 'link')]) {
      const [entry] = await collect(walk(path))
      expect(entry?.name).toBe('a')
      expect(realpathSync((entry as FileEntry).path)).toBe(realpathSync(join(root(), 'real/a')))
    }
  })

  it('refuses a root that is missing or a file', async () => {
    make('f')
    await expect(collect(walk(join(root(), 'none')))).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FOUND',
    })
    const path = join(root(), 'f')
    for (const followSymlinks of [false, true]) {
      await expect(collect(walk(path, { followSymlinks }))).rejects.toMatchObject({
        code: 'ERR_SOURCE_NOT_FOUND',
        message: `${path} is not a directory`,
        context: { path },
      })
    }
  })

  it('leaves links out unless it is told to follow them', async () => {
    make('d/x', 'f')
    symlinkSync('d', join(root(), 'l'))
    symlinkSync('f', join(root(), 'm'))
    symlinkSync('none', join(root(), 'n'))
    symlinkSync('f/none', join(root(), 'o'))
    expect(await told()).toEqual([
      'd/x',
      'f',
      'l: symbolic-link',
      'm: symbolic-link',
      'n: symbolic-link',
      'o: symbolic-link',
    ])
    expect(await told({ followSymlinks: true })).toEqual([
      'd/x',
      'f',
      'l/x',
      'm',
      'n: broken-link',
      'o: broken-link',
    ])
  })

  it('sorts a link to a directory as a directory', async () => {
    make('d/x', 'l.txt', 'l0')
    symlinkSync('d', join(root(), 'l'))
    expect(await told({ followSymlinks: true })).toEqual(['d/x', 'l.txt', 'l/x', 'l0'])
  })

  it('ends at a link that leads back up, or to itself', async () => {
    make('a/b/f')
    symlinkSync('../..', join(root(), 'a/b/up'))
    symlinkSync('.', join(root(), 'a/same'))
    symlinkSync('self', join(root(), 'self'))
    expect(await told({ followSymlinks: true })).toEqual([
      'a/b/f',
      'a/b/up/: link-loop',
      'a/same/: link-loop',
      'self: link-loop',
    ])
  })

  it('meets a directory twice when two links lead to it', async () => {
    make('d/x')
    symlinkSync('d', join(root(), 'e'))
    symlinkSync('d', join(root(), 'f'))
    expect(await told({ followSymlinks: true })).toEqual(['d/x', 'e/x', 'f/x'])
  })

  it.skipIf(process.platform === 'win32')('leaves out what is no file', async () => {
    make('a')
    expect(spawnSync('mkfifo', [join(root(), 'p')]).status).toBe(0)
    symlinkSync('p', join(root(), 'q'))
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(join(root(), 's'), resolve)
    })
    const special = (name: string, detail: string) => ({ name, reason: 'special-file', detail })
    expect((await found({ followSymlinks: true })).slice(1)).toEqual([
      special('p', 'pipe'),
      special('q', 'pipe'),
      special('s', 'socket'),
    ])
    await new Promise((resolve) => server.close(resolve))
  })

  it.skipIf(process.platform !== 'linux')('leaves out names that are no UTF-8', async () => {
    make('a\ufffdb', 'good')
    const bad = (text: string): Buffer =>
      Buffer.concat([Buffer.from(`${root()}/`), Buffer.from(text, 'latin1')])
    writeFileSync(bad('a\xffb'), '')
    mkdirSync(bad('d\xe9'))
    writeFileSync(Buffer.concat([bad('d\xe9'), Buffer.from('/x')]), '')
    const seen = await told()
    expect(seen.toSorted()).toEqual(
      ['a\ufffdb', 'a\ufffdb: name-not-utf8', 'd\ufffd: name-not-utf8', 'good'].toSorted(),
    )
  })

  it('tells names that were encoded as what they were, in the order of those', async () => {
    make('a%3Ab/x', 'a0', 'b%2E', '%2E%2E/y', '%-/z', 'c%', 'd%41', 'dA', 'e%41/', 'eA/w')
    expect(await told({ decodeNames: true })).toEqual([
      '../y',
      '/z',
      'a0',
      'a:b/x',
      'b.',
      'c%',
      'dA',
      'dA: name-collision',
      'eA: name-collision',
    ])
    const entries = await found({ decodeNames: true })
    expect(entries[0]).toMatchObject({ path: join(root(), '%2E%2E', 'y'), size: 8 })
    expect(await told()).toContain('%2E%2E/y')
  })

  it('stops when its signal aborts, before and in between', async () => {
    make('a', 'b', 'c')
    const reason = new Error('enough')
    await expect(found({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: reason,
    })
    const controller = new AbortController()
    const seen: string[] = []
    const all = (async () => {
      for await (const entry of walk(root(), { signal: controller.signal })) {
        seen.push(entry.name)
        controller.abort()
      }
    })()
    await expect(all).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(seen).toEqual(['a'])
  })

  it('can be left early', async () => {
    make('a/x', 'b/y', 'c')
    for await (const entry of walk(root())) {
      expect(entry.name).toBe('a/x')
      break
    }
    expect(readdirSync(root())).toHaveLength(3)
  })
})
