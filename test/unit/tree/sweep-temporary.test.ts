import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { HeldTreeNote } from '../../../src/journal/tree-notes.ts'
import { temporaryPath } from '../../../src/local-target.ts'
import { sweepTemporary } from '../../../src/tree/sweep-temporary.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const TOKEN = '0123456789abcdef'
const OTHER = 'fedcba9876543210'

const at = (...names: string[]): string => join(directory(), ...names)
const notes = (): string[] => readdirSync(at('state', 'trees'))
const warnings: unknown[] = []

/** What a tree with this token left of a file. Returns its name. */
function leave(path: string, token?: string): string {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = temporaryPath(path, token)
  writeFileSync(temporary, 'half')
  return basename(temporary)
}

async function note(root: string, token = TOKEN): Promise<HeldTreeNote> {
  return HeldTreeNote.write(at('state'), { token, root })
}

function sweep(root: string, stateDirectory: string | undefined = at('state')): Promise<void> {
  const warn = (error: unknown): void => void warnings.push(error)
  const { signal } = new AbortController()
  return sweepTemporary({ stateDirectory, warn }, { root, signal })
}

beforeEach(() => {
  warnings.length = 0
  mkdirSync(at('tree', 'below', 'deep'), { recursive: true })
})

describe('what a killed tree left', () => {
  it('is removed, and nothing else', async () => {
    leave(at('tree', 'below', 'deep', 'a'), TOKEN)
    leave(at('tree', '.hidden'), TOKEN)
    leave(at('tree', 'x'.repeat(255)), TOKEN)
    leave(at('tree', 'new\nline'), TOKEN)
    const stay = [
      leave(at('tree', 'b'), OTHER),
      leave(at('tree', 'c')),
      `.${TOKEN}.part`,
      `d.${TOKEN}.01234567.part`,
      `.e.${TOKEN}.01234567.part.gz`,
      `.f.0${TOKEN}.01234567.part`,
      `.g.${TOKEN}.012345678.part`,
    ]
    for (const name of stay) writeFileSync(at('tree', name), '')
    const folder = `.folder.${TOKEN}.01234567.part`
    mkdirSync(at('tree', folder))
    leave(at('elsewhere', 'h'), TOKEN)
    symlinkSync(at('elsewhere'), at('tree', 'link'))
    symlinkSync(at('elsewhere', 'h'), at('tree', `.link.${TOKEN}.01234567.part`))
    await (await note(at('tree'))).end(false)
    await sweep(at('tree'))
    const left = [...stay, 'below', folder, 'link', `.link.${TOKEN}.01234567.part`]
    expect(readdirSync(at('tree')).toSorted()).toEqual(left.toSorted())
    expect(readdirSync(at('tree', 'below', 'deep'))).toEqual([])
    expect(readdirSync(at('elsewhere')), 'no link is followed').toHaveLength(1)
    expect(notes()).toEqual([])
  })

  it.each([
    ['the same', 'tree', true],
    ['one in it', 'tree/below', true],
    ['one in it that is not there yet', 'tree/none', true],
    ['one around it', '.', true],
    ['the same, by a link', 'link', true],
    ['one beside it', 'tree2', false],
    ['one whose name begins alike', 'tre', false],
  ])('is removed by a tree at %s: %s', async (_, root, isSwept) => {
    for (const name of ['tree2', 'tre']) mkdirSync(at(name))
    symlinkSync(at('tree'), at('link'))
    leave(at('tree', 'below', 'a'), TOKEN)
    await (await note(at('tree'))).end(false)
    await sweep(at(root))
    expect(readdirSync(at('tree', 'below'))).toHaveLength(isSwept ? 1 : 2)
    expect(notes()).toHaveLength(isSwept ? 0 : 1)
  })

  it('is left alone while its process lives', async () => {
    leave(at('tree', 'a'), TOKEN)
    const held = await note(at('tree'))
    await sweep(at('tree'))
    expect(readdirSync(at('tree'))).toHaveLength(2)
    await held.end(false)
    await sweep(at('tree'))
    expect(readdirSync(at('tree'))).toEqual(['below'])
  })

  it('is forgotten when its directory is gone', async () => {
    await (await note(at('tree'))).end(false)
    rmSync(at('tree'), { recursive: true })
    await sweep(at('tree'))
    expect(notes()).toEqual([])
  })

  it('stays noted while its directory cannot be read', async () => {
    // Too long a name is refused whoever asks.
    const root = at('x'.repeat(300))
    await (await note(root)).end(false)
    await sweep(root)
    expect(notes()).toEqual([`${TOKEN}.json`])
    expect(warnings).toEqual([])
  })

  it('is not looked for without a state directory, and told where that is none', async () => {
    leave(at('tree', 'a'), TOKEN)
    await (await note(at('tree'))).end(false)
    const warn = (): never => expect.fail('nothing is told')
    const { signal } = new AbortController()
    await sweepTemporary({ stateDirectory: undefined, warn }, { root: at('tree'), signal })
    expect(readdirSync(at('tree'))).toHaveLength(2)
    writeFileSync(at('file'), '')
    await sweep(at('tree'), at('file'))
    expect(warnings).toMatchObject([{ code: 'ERR_JOURNAL_UNWRITABLE' }])
  })

  it('stays, with its note, when the tree is aborted first', async () => {
    leave(at('tree', 'a'), TOKEN)
    await (await note(at('tree'))).end(false)
    const resume = { stateDirectory: at('state'), warn: () => undefined }
    const sweeping = sweepTemporary(resume, { root: at('tree'), signal: AbortSignal.abort() })
    await expect(sweeping).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(notes()).toHaveLength(1)
  })
})
