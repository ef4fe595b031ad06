/** A walk over a file system that fails, changes and waits. */

import type * as Files from 'node:fs'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type * as Promises from 'node:fs/promises'
import { basename, join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { walk } from '../../../src/tree/walk.ts'
import { collect } from '../../helpers/collect.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const root = useTemporaryDirectory()

/** Called with the operation and the name of the file before each call; may throw. */
let before: (operation: string, path: string) => void | Promise<void> = () => {}

/** Whether a look takes long enough for the walk to make many at once, instead of one at a time. */
let isSlow = false

vi.mock('node:fs', async (original) => {
  const real = await original<typeof Files>()
  const wrap = (operation: 'lstat' | 'stat') => {
    return (path: string, ...rest: unknown[]): unknown => {
      if (isSlow) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 17)
      void before(operation, path)
      return (real[`${operation}Sync`] as (...args: unknown[]) => unknown)(path, ...rest)
    }
  }
  return { ...real, lstatSync: wrap('lstat'), statSync: wrap('stat') }
})

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof Promises>()
  const wrap = (operation: 'readdir' | 'lstat' | 'stat') => {
    return async (path: string, ...rest: unknown[]): Promise<unknown> => {
      await before(operation, path)
      return (real[operation] as (...args: unknown[]) => Promise<unknown>)(path, ...rest)
    }
  }
  return { ...real, readdir: wrap('readdir'), lstat: wrap('lstat'), stat: wrap('stat') }
})

beforeEach(() => {
  before = () => {}
  isSlow = false
  for (const name of ['a', 'b', 'd/x', 'e/y', 'f']) {
    mkdirSync(join(root(), name, '..'), { recursive: true })
    writeFileSync(join(root(), name), name)
  }
})

function failAt(operation: string, name: string, code: string): void {
  before = (asked, path) => {
    if (asked !== operation || basename(path) !== name) return
    throw Object.assign(new Error(code), { code })
  }
}

async function told(followSymlinks = false): Promise<string[]> {
  const entries = await collect(walk(root(), { followSymlinks }))
  return entries.map((entry) =>
    'reason' in entry ? `${entry.name}: ${entry.reason} (${entry.detail ?? ''})` : entry.name,
  )
}

describe.each(['quick', 'slow'])('a walk over a %s file system that fails', (speed) => {
  beforeEach(() => {
    isSlow = speed === 'slow'
  })

  it.each([
    ['readdir', 'd', 'EACCES', 'd/: unreadable (EACCES)'],
    ['readdir', 'd', 'EIO', 'd/: unreadable (EIO)'],
    ['readdir', 'd', 'ENAMETOOLONG', 'd/: unreadable (ENAMETOOLONG)'],
    ['readdir', 'd', 'ENOENT', 'd/: vanished ()'],
    ['readdir', 'd', 'ENOTDIR', 'd/: vanished ()'],
    ['lstat', 'x', 'EACCES', 'd/x: unreadable (EACCES)'],
    ['lstat', 'x', 'ENOENT', 'd/x: vanished ()'],
  ])('tells of %s of %s that fails with %s, and goes on', async (operation, name, code, word) => {
    failAt(operation, name, code)
    expect(await told()).toEqual(['a', 'b', word, 'e/y', 'f'])
  })

  it.each([
    ['ENOENT', 'ERR_SOURCE_NOT_FOUND'],
    ['EACCES', 'ERR_SOURCE_UNREADABLE'],
    ['EMFILE', 'ERR_TOO_MANY_FILES'],
  ])('does not begin at a root that fails with %s', async (errno, code) => {
    failAt('readdir', basename(root()), errno)
    await expect(told()).rejects.toMatchObject({ code, context: { path: root() } })
  })

  it('tells of a link that cannot be looked at', async () => {
    symlinkSync('a', join(root(), 'link'))
    failAt('stat', 'link', 'EACCES')
    expect(await told(true)).toContain('link: unreadable (EACCES)')
  })

  it.each([
    ['a directory', 'b: vanished (It is a directory now.)', (path: string) => mkdirSync(path)],
    ['a link', 'b: symbolic-link ()', (path: string) => symlinkSync('a', path)],
  ])('tells of a file that has become %s', async (_, word, become) => {
    before = (operation, path) => {
      if (operation !== 'lstat' || basename(path) !== 'b') return
      rmSync(path)
      become(path)
    }
    expect(await told()).toEqual(['a', word, 'd/x', 'e/y', 'f'])
  })
})

describe('what a walk reads ahead', () => {
  /** Most calls under way at once, by operation. */
  async function mostAtOnce(): Promise<Record<string, number>> {
    const now: Record<string, number> = {}
    const most: Record<string, number> = {}
    before = async (operation) => {
      now[operation] = (now[operation] ?? 0) + 1
      most[operation] = Math.max(most[operation] ?? 0, now[operation])
      await new Promise((resolve) => setTimeout(resolve, 2))
      now[operation] -= 1
    }
    await told()
    return most
  }

  it('looks at one file at a time while that is quick', async () => {
    let inTurn = 0
    let most = 0
    before = (operation) => {
      if (operation !== 'lstat') return
      inTurn += 1
      most = Math.max(most, inTurn)
      setImmediate(() => (inTurn = 0))
    }
    for (let i = 0; i < 100; i += 1) writeFileSync(join(root(), `n${i}`), '')
    expect(await told()).toHaveLength(105)
    expect(most, 'and then lets others have their turn').toBe(32)
  })

  it('looks at 32 files at once while that is slow', async () => {
    isSlow = true
    for (let i = 0; i < 100; i += 1) writeFileSync(join(root(), `n${i}`), '')
    expect(await mostAtOnce()).toEqual({ readdir: 1, lstat: 32 })
  })

  it('reads the next directory while it walks one, and not the one after', async () => {
    const reads: string[] = []
    before = (operation, path) => {
      if (operation === 'readdir') reads.push(basename(path))
    }
    mkdirSync(join(root(), 'e2'))
    const entries = walk(root())
    while ((await entries.next()).value?.name !== 'd/x');
    expect(reads.slice(1)).toEqual(['d', 'e'])
    await entries.return()
  })

  it('looks at no file behind a directory before it has walked that', async () => {
    const looks: string[] = []
    before = (operation, path) => {
      if (operation === 'lstat') looks.push(basename(path))
    }
    const entries = walk(root())
    while ((await entries.next()).value?.name !== 'd/x');
    expect(looks).toEqual(['a', 'b', 'x'])
    expect((await entries.next()).value?.name).toBe('e/y')
    expect(looks).toEqual(['a', 'b', 'x', 'y'])
    expect((await collect(entries)).map(({ name }) => name)).toEqual(['f'])
  })

  it('leaves nothing to reject when it is left while calls are under way', async () => {
    isSlow = true
    before = async (operation, path) => {
      if (operation !== 'lstat' || basename(path) === 'a') return
      await new Promise((resolve) => setTimeout(resolve, 5))
      throw Object.assign(new Error('late'), { code: 'EIO' })
    }
    for await (const entry of walk(root())) {
      expect(entry.name).toBe('a')
      break
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  })
})
