import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deadTreeNotes } from '../../../src/journal/tree-notes.ts'
import { TemporaryFiles } from '../../../src/tree/temporary-files.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const state = (): string => join(directory(), 'state')

function filesOf(stateDirectory: string | undefined, warnings: unknown[] = []): TemporaryFiles {
  const warn = (error: unknown): void => void warnings.push(error)
  return new TemporaryFiles('/the/tree', { stateDirectory, warn })
}

describe('the temporary files of a tree', () => {
  it('are noted once, before the first, and no more at the end', async () => {
    const files = filesOf(state())
    await Promise.all([files.noted(), files.noted()])
    const notes = readdirSync(join(state(), 'trees')).filter((name) => name.endsWith('.json'))
    expect(notes).toEqual([`${files.token}.json`])
    await files.end()
    expect(readdirSync(join(state(), 'trees'))).toEqual([])
  })

  it('stay noted when one could not be removed', async () => {
    const files = filesOf(state())
    await files.noted()
    files.left()
    await files.end()
    expect(await deadTreeNotes(state())).toEqual([{ token: files.token, root: '/the/tree' }])
  })

  it('are not noted where nothing came down, or nothing is to be written down', async () => {
    await filesOf(state()).end()
    const files = filesOf(undefined)
    await files.noted()
    await files.end()
    expect(readdirSync(directory())).toEqual([])
  })

  it('are made all the same where that cannot be, and it is told', async () => {
    writeFileSync(state(), '')
    const warnings: unknown[] = []
    const files = filesOf(state(), warnings)
    await files.noted()
    await files.noted()
    await files.end()
    expect(warnings).toMatchObject([{ code: 'ERR_JOURNAL_UNWRITABLE' }])
  })
})
