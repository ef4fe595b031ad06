import { access, chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { ObjectEntry } from '../../../src/tree/entries.ts'
import { LocalDirectories } from '../../../src/tree/local-directories.ts'
import {
  collisionText,
  foldingOf,
  watchObjects,
  watchTwins,
} from '../../../src/tree/watch-names.ts'

const FOLDS = { foldsCase: true, foldsNormalForm: true }
const NONE = { foldsCase: false, foldsNormalForm: false }

const object = (name: string): ObjectEntry => {
  return { name, key: name, size: 1, mtimeMs: 0, etag: undefined }
}

async function* objects(names: readonly string[]): AsyncGenerator<ObjectEntry> {
  for (const name of names) yield await Promise.resolve(object(name))
}

/** Names, with a word for those that collide. */
async function watched(names: readonly string[], folds: typeof FOLDS): Promise<string[]> {
  const found: string[] = []
  const isWritten = ({ name }: ObjectEntry): boolean => !name.startsWith('-')
  for await (const { name, collision } of watchObjects(
    objects(names),
    () => Promise.resolve(folds),
    isWritten,
  )) {
    found.push(collision === undefined ? name : `${name}: ${collisionText(collision)}`)
  }
  return found
}

describe('names of what comes down', () => {
  it('collide by case and form only where the file system folds them', async () => {
    const names = ['A', 'a', 'e\u0301', '\u00e9']
    expect(await watched(names, NONE)).toEqual(names)
    expect(await watched(names, FOLDS)).toEqual([
      'A',
      'a: It differs from A only in case, and this file system takes both for one',
      'e\u0301',
      '\u00e9: It differs from e\u0301 only in Unicode form, and this file system takes both for one',
    ])
  })

  it('collide as file and directory everywhere, the directory first only where case is folded', async () => {
    expect(await watched(['a', 'a/b'], NONE)).toEqual(['a', 'a/b: a is a file already'])
    expect(await watched(['A/b', 'a'], FOLDS)).toEqual([
      'A/b',
      'a: A/ is a directory already, or the same to this file system',
    ])
  })

  it('do not collide with what is not written', async () => {
    expect(await watched(['-a', '-a/b', 'c'], NONE)).toEqual(['-a', '-a/b', 'c'])
  })
})

describe('files that may be one with something of another spelling', () => {
  const pair = (name: string, side: 'source' | 'destination') => ({ name, [side]: { name } })

  async function twins(names: readonly string[], folds: typeof FOLDS): Promise<string[]> {
    const told: string[] = []
    async function* pairs() {
      const sides = ['destination', 'source'] as const
      for (const [at, name] of names.entries())
        yield await Promise.resolve(pair(name, sides[at % 2] ?? 'source'))
    }
    const passed: string[] = []
    for await (const { name } of watchTwins(
      pairs(),
      () => Promise.resolve(folds),
      (sentence) => told.push(sentence),
    )) {
      passed.push(name)
    }
    expect(passed).toEqual(names)
    return told
  }

  it('are told whichever side has which', async () => {
    expect(await twins(['README', 'readme'], FOLDS)).toEqual(['readme and README are one here'])
    expect(await twins(['0', 'README', 'readme'], FOLDS)).toEqual([
      'readme and README are one here',
    ])
  })

  it('are none on a file system that tells them apart, or where a file is in the way of a directory', async () => {
    expect(await twins(['README', 'readme'], NONE)).toEqual([])
    expect(await twins(['a', 'a/b'], FOLDS)).toEqual([])
  })
})

describe('what a file system takes for one name', () => {
  let directory = ''
  afterEach(async () => {
    if (directory === '') return
    await chmod(directory, 0o700)
    await rm(directory, { recursive: true })
  })

  it('is asked once, below the root, which is made and left empty', async () => {
    directory = await mkdtemp(join(tmpdir(), 'folding-'))
    const root = join(directory, 'new', 'root')
    const fold = foldingOf(root, new LocalDirectories(root))
    const folds = await fold()
    expect(await fold()).toBe(folds)
    expect(await readdir(root)).toEqual([])
    const isFolded = await access(directory.toUpperCase()).then(
      () => true,
      () => false,
    )
    expect(folds.foldsCase).toBe(isFolded)
  })

  it('is guessed where nothing may be written, or nothing can', async () => {
    directory = await mkdtemp(join(tmpdir(), 'folding-'))
    const root = join(directory, 'root')
    const isFoldedMostly = process.platform === 'win32' || process.platform === 'darwin'
    expect(await foldingOf(root, undefined)()).toMatchObject({ foldsCase: isFoldedMostly })
    expect(await readdir(directory)).toEqual([])
    const below = join('/dev/null', 'root')
    const guess = await foldingOf(below, new LocalDirectories(below))()
    expect(guess.foldsCase).toBe(isFoldedMostly)
  })
})
