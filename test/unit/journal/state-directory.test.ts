import { chmod, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  checkOwner,
  defaultStateDirectory,
  haveJournals,
  journalsDirectory,
  makeJournalsDirectory,
} from '../../../src/journal/state-directory.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const state = (): string => join(directory(), 'state', 'transfer-engine')

describe('the state directory', () => {
  afterEach(() => void vi.unstubAllEnvs())

  it('is where XDG says', () => {
    vi.stubEnv('XDG_STATE_HOME', '/var/state')
    expect(defaultStateDirectory()).toBe('/var/state/transfer-engine')
    for (const ignored of ['', 'relative']) {
      vi.stubEnv('XDG_STATE_HOME', ignored)
      expect(defaultStateDirectory()).toBe(join(homedir(), '.local/state/transfer-engine'))
    }
  })

  it('is made for its owner alone', async () => {
    expect(await haveJournals(state())).toBe(false)
    const path = await makeJournalsDirectory(state())
    expect(path).toBe(journalsDirectory(state()))
    for (const each of [path, state()]) expect((await stat(each)).mode & 0o777).toBe(0o700)
    expect(await makeJournalsDirectory(state())).toBe(path)
    expect(await haveJournals(state())).toBe(true)
  })

  it.each([0o770, 0o707, 0o777])('is refused when others may write it: mode %o', async (mode) => {
    const path = await makeJournalsDirectory(state())
    for (const each of [path, state()]) {
      await chmod(each, mode)
      await expect(makeJournalsDirectory(state())).rejects.toMatchObject({
        code: 'ERR_JOURNAL_UNSAFE',
        context: { path: each },
      })
      await expect(haveJournals(state())).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNSAFE' })
      await chmod(each, 0o700)
    }
  })

  it('may be a link, but its journals may not', async () => {
    await mkdir(join(directory(), 'elsewhere'), { mode: 0o700 })
    await mkdir(join(directory(), 'state'))
    await symlink(join(directory(), 'elsewhere'), state())
    expect(await makeJournalsDirectory(state())).toBe(journalsDirectory(state()))
    const other = join(directory(), 'other')
    await mkdir(other, { mode: 0o700 })
    await symlink(join(directory(), 'elsewhere'), journalsDirectory(other))
    await expect(makeJournalsDirectory(other)).rejects.toMatchObject({
      code: 'ERR_JOURNAL_UNSAFE',
    })
  })

  it('cannot be made below a file', async () => {
    await writeFile(join(directory(), 'file'), '')
    await expect(makeJournalsDirectory(join(directory(), 'file'))).rejects.toMatchObject({
      code: 'ERR_JOURNAL_UNWRITABLE',
    })
  })
})

describe('what is believed', () => {
  it('belongs to us or to root', () => {
    const user = process.geteuid?.() ?? 0
    expect(() => checkOwner('f', { uid: user, mode: 0o100600 })).not.toThrow()
    expect(() => checkOwner('f', { uid: 0, mode: 0o100644 })).not.toThrow()
    expect(() => checkOwner('f', { uid: user + 1, mode: 0o100600 })).toThrow(/another user/)
  })
})
