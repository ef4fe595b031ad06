import { closeSync, constants, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isRefusal, openDirect, wantsDirect } from '../../src/direct-disk.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()

describe('direct mode', () => {
  it.each([
    ['buffered', 1000, false],
    ['direct', 1, true],
    ['auto', 51, true],
    ['auto', 50, false],
  ] as const)('%s, with a file of %i bytes and 100 free: %s', (mode, size, wanted) => {
    expect(wantsDirect(mode, size, 100)).toBe(wanted)
  })

  it('does without where a file system refuses it', () => {
    // /proc has no direct mode.
    if (existsSync('/proc/self/stat')) {
      expect(openDirect('/proc/self/stat', constants.O_RDONLY)).toBeUndefined()
    }
    for (const code of ['EINVAL', 'EOPNOTSUPP', 'ENOTSUP']) {
      expect(isRefusal(Object.assign(new Error('no'), { code }))).toBe(true)
    }
    expect(isRefusal(Object.assign(new Error('no'), { code: 'EIO' }))).toBe(false)
  })

  it('opens a file that is there, and fails for one that is not', () => {
    const path = join(directory(), 'file')
    expect(() => openDirect(path, constants.O_RDONLY)).toThrow(/ENOENT/)
    writeFileSync(path, 'bytes')
    const fd = openDirect(path, constants.O_RDWR)
    if (fd !== undefined) closeSync(fd)
  })
})
