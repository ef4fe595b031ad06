import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LocalDirectories } from '../../../src/tree/local-directories.ts'
import { failureOf } from '../../helpers/failure.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

/** Directories that were made durable, in order. */
const synced: string[] = []
vi.mock('../../../src/transfer/sync-directory.ts', () => ({
  syncDirectory: (path: string) => {
    synced.push(path)
    return Promise.resolve()
  },
}))
beforeEach(() => synced.splice(0))

const directory = useTemporaryDirectory()

describe('the directories a tree comes down into', () => {
  it('are made once each, the root with what is above it', async () => {
    const root = join(directory(), 'x', 'root')
    const directories = new LocalDirectories(root)
    const paths = ['a/b/1', 'a/b/2', 'a/c/3', '4'].map((name) => join(root, name))
    await Promise.all(paths.map((path) => directories.makeFor(path)))
    expect((await readdir(root, { recursive: true })).toSorted()).toEqual(['a', 'a/b', 'a/c'])
  })

  it('may be there, and the root may be a link', async () => {
    const real = join(directory(), 'real')
    await mkdir(join(real, 'a'), { recursive: true })
    await symlink(real, join(directory(), 'root'))
    const directories = new LocalDirectories(join(directory(), 'root'))
    await directories.makeFor(join(directory(), 'root', 'a', 'b', 'file'))
    expect(await readdir(join(real, 'a'))).toEqual(['b'])
  })

  it('are no links below the root: a key could lead out of it', async () => {
    const root = join(directory(), 'root')
    const outside = join(directory(), 'outside')
    await mkdir(root)
    await mkdir(outside)
    await symlink(outside, join(root, 'a'))
    const directories = new LocalDirectories(root)
    const error = await failureOf(directories.makeFor(join(root, 'a', 'b', 'file')))
    expect(error).toMatchObject({ code: 'ERR_TARGET_UNWRITABLE' })
    expect(error.message).toMatch(/symbolic link/)
    expect(await readdir(outside)).toEqual([])
  })

  it('are made later, when what was in the way is gone', async () => {
    const root = join(directory(), 'root')
    await mkdir(root)
    await writeFile(join(root, 'a'), '')
    const directories = new LocalDirectories(root)
    const error = await failureOf(directories.makeFor(join(root, 'a', 'file')))
    expect(error.message).toMatch(/is a file/)
    await rm(join(root, 'a'))
    await directories.makeFor(join(root, 'a', 'file'))
    expect(await readdir(root)).toEqual(['a'])
  })

  it('are durable one after the other before anything is put into them, if that is asked for', async () => {
    const root = join(directory(), 'x', 'root')
    const directories = new LocalDirectories(root, true)
    await mkdir(join(root, 'a'), { recursive: true })
    await directories.makeFor(join(root, 'a', 'b', 'file'))
    // Also the name of one that was there: whoever made it may have been killed.
    expect(synced.slice(0, 2)).toEqual([join(directory(), 'x'), directory()])
    expect(synced).toContain(dirname(directory()))
    expect(synced.slice(-2)).toEqual([root, join(root, 'a')])
    synced.splice(0)
    await directories.makeFor(join(root, 'a', 'b', 'other'))
    expect(synced).toEqual([])
  })

  it('are durable at the end otherwise', async () => {
    const root = join(directory(), 'root')
    const directories = new LocalDirectories(root)
    await directories.makeFor(join(root, 'a', 'file'))
    expect(synced).toEqual([])
    await directories.sync()
    expect(synced.toSorted()).toEqual([root, join(root, 'a')])
  })
})
