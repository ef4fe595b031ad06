import { existsSync, readdirSync } from 'node:fs'
import { chmod, link, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CopiedFile } from '../../../src/transfer/copied-file.ts'
import { failureOf } from '../../helpers/failure.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const at = (name: string): string => join(directory(), name)

async function noted(name = 'file'): Promise<CopiedFile> {
  await writeFile(at(name), 'bytes')
  return CopiedFile.note(at(name))
}

describe('a file that was copied', () => {
  it('is removed', async () => {
    await (await noted()).remove()
    expect(readdirSync(directory())).toEqual([])
  })

  it.each([
    ['written to', () => writeFile(at('file'), 'more bytes')],
    ['touched', () => utimes(at('file'), 1, 1)],
    [
      'replaced by one of the same size and time',
      async () => {
        await writeFile(at('new'), 'bytes')
        await utimes(at('new'), 1, 1)
        await rename(at('new'), at('file'))
      },
    ],
    [
      'replaced by a link to the same file',
      async () => {
        await rename(at('file'), at('elsewhere'))
        await symlink('elsewhere', at('file'))
      },
    ],
  ])('stays when it was %s since', async (_, change) => {
    await writeFile(at('file'), 'bytes')
    await utimes(at('file'), 1, 1.5)
    const file = await CopiedFile.note(at('file'))
    await change()
    const error = await failureOf(file.remove())
    expect(error).toMatchObject({ code: 'ERR_SOURCE_CHANGED', context: { path: at('file') } })
    expect(existsSync(at('file'))).toBe(true)
  })

  it('is removed although another name of it was before, or its permissions changed', async () => {
    await writeFile(at('file'), 'bytes')
    await link(at('file'), at('twin'))
    const [file, twin] = [await CopiedFile.note(at('file')), await CopiedFile.note(at('twin'))]
    await file.remove()
    await chmod(at('twin'), 0o600)
    await twin.remove()
    expect(readdirSync(directory())).toEqual([])
  })

  it('counts as removed when it is gone', async () => {
    const file = await noted()
    await rm(at('file'))
    await expect(file.remove()).resolves.toBeUndefined()
  })

  it('stays when it was not there to be noted', async () => {
    const file = await CopiedFile.note(at('file'))
    await writeFile(at('file'), 'bytes')
    expect(await failureOf(file.remove())).toMatchObject({ code: 'ERR_SOURCE_CHANGED' })
    expect(existsSync(at('file'))).toBe(true)
  })

  it('tells what keeps it from being removed', async () => {
    await mkdir(at('kept'))
    const file = await noted('kept/file')
    await rm(at('kept'), { recursive: true })
    await writeFile(at('kept'), '')
    const error = await failureOf(file.remove())
    expect(error).toMatchObject({ code: 'ERR_TARGET_UNWRITABLE' })
    expect(error.message).toBe(`Cannot remove ${at('kept/file')}: ENOTDIR`)
  })
})

describe('a link that was followed', () => {
  it('is removed, and what it leads to stays', async () => {
    await writeFile(at('file'), 'bytes')
    await symlink('file', at('link'))
    await (await CopiedFile.note(at('link'))).remove()
    expect(readdirSync(directory())).toEqual(['file'])
  })

  it('stays when it leads to something else by now', async () => {
    await writeFile(at('file'), 'bytes')
    await symlink('file', at('link'))
    const copied = await CopiedFile.note(at('link'))
    await writeFile(at('file'), 'more bytes')
    expect(await failureOf(copied.remove())).toMatchObject({ code: 'ERR_SOURCE_CHANGED' })
    expect(readdirSync(directory())).toEqual(['file', 'link'])
  })

  it('is removed when what it led to was removed first', async () => {
    await writeFile(at('file'), 'bytes')
    await symlink('file', at('link'))
    const copied = await CopiedFile.note(at('link'))
    await rm(at('file'))
    await copied.remove()
    expect(readdirSync(directory())).toEqual([])
  })
})
