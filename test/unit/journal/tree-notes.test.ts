import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  deadTreeNotes,
  forgetTreeNote,
  HeldTreeNote,
  treeToken,
} from '../../../src/journal/tree-notes.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const TOKEN = '0123456789abcdef'
const NOTE = { token: TOKEN, root: '/data/the tree' }

const state = (): string => join(directory(), 'state')
const trees = (name = ''): string => join(state(), 'trees', name)

describe('the note of a tree', () => {
  it('is found once its process has let go of it, until it is forgotten', async () => {
    const note = await HeldTreeNote.write(state(), NOTE)
    expect(statSync(trees(`${TOKEN}.json`)).mode & 0o777).toBe(0o600)
    expect(await deadTreeNotes(state()), 'it is at work').toEqual([])
    await note.end(false)
    expect(await deadTreeNotes(state())).toEqual([NOTE])
    await forgetTreeNote(state(), NOTE)
    expect(await deadTreeNotes(state())).toEqual([])
    expect(readdirSync(trees())).toEqual([])
  })

  it('goes with a tree that left nothing', async () => {
    const note = await HeldTreeNote.write(state(), NOTE)
    await note.end(true)
    expect(readdirSync(trees())).toEqual([])
    await note.end(true)
  })

  it('is looked for in vain, and without a trace, where there is none', async () => {
    expect(await deadTreeNotes(state())).toEqual([])
    expect(existsSync(state())).toBe(false)
  })

  it('has a token of its own', () => {
    expect(treeToken()).toMatch(/^[0-9a-f]{16}$/)
    expect(treeToken()).not.toBe(treeToken())
  })

  it('that is torn is removed; one of another kind stays and leads nowhere', async () => {
    await (await HeldTreeNote.write(state(), NOTE)).end(true)
    const other = 'fedcba9876543210'
    writeFileSync(trees(`${TOKEN}.json`), '{"version":1,"root":"/da')
    const texts = ['{"version":2,"root":"/data"}', '{"version":1,"root":"data"}', 'null', '7']
    for (const text of texts) {
      writeFileSync(trees(`${other}.json`), text)
      expect([text, await deadTreeNotes(state())]).toEqual([text, []])
      expect(readFileSync(trees(`${other}.json`), 'utf8')).toBe(text)
    }
    writeFileSync(trees('notes.json'), '{"version":1,"root":"/data"}')
    expect(await deadTreeNotes(state()), 'no token').toEqual([])
    expect(readdirSync(trees()).toSorted()).toEqual([`${other}.json`, 'notes.json'])
  })

  it('is not believed where others may write', async () => {
    await (await HeldTreeNote.write(state(), NOTE)).end(false)
    await chmod(trees(), 0o777)
    await expect(deadTreeNotes(state())).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNSAFE' })
    const again = HeldTreeNote.write(state(), { ...NOTE, token: treeToken() })
    await expect(again).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNSAFE' })
  })

  it('cannot be written below a file, and leaves nothing', async () => {
    writeFileSync(state(), '')
    const writing = HeldTreeNote.write(state(), NOTE)
    await expect(writing).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNWRITABLE' })
  })

  it('that cannot be written leaves no lock', async () => {
    await mkdir(trees(`${TOKEN}.json`), { recursive: true, mode: 0o700 })
    const writing = HeldTreeNote.write(state(), NOTE)
    await expect(writing).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNWRITABLE' })
    expect(readdirSync(trees())).toEqual([`${TOKEN}.json`])
  })
})
