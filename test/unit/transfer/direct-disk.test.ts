import { constants, existsSync } from 'node:fs'
import { open, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openDirect, wantsDirect } from '../../../src/transfer/direct-disk.ts'
import { hasDirectDisk, isDirect } from '../../helpers/direct-disk.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()

describe('direct mode', () => {
  it.each([
    ['buffered', 1000, false],
    ['direct', 1, true],
    ['auto', 51, true],
    ['auto', 50, false],
  ] as const)('%s, with a file of %i bytes and 100 free: %s', (mode, size, wanted) => {
    expect(wantsDirect(mode, size, () => 100)).toBe(wanted)
  })

  it('asks for the free memory only where that decides', () => {
    const unasked = (): number => {
      throw new Error('nobody needs to know')
    }
    expect(wantsDirect('buffered', 1, unasked)).toBe(false)
    expect(wantsDirect('direct', 1, unasked)).toBe(true)
  })

  it('goes by the limit of a container where that leaves less', () => {
    const left = vi.spyOn(process, 'availableMemory').mockReturnValue(100)
    onTestFinished(() => left.mockRestore())
    expect(wantsDirect('auto', 51)).toBe(true)
    expect(wantsDirect('auto', 50)).toBe(false)
  })

  it.runIf(hasDirectDisk())('opens the same file, whatever bears its name by now', async () => {
    const path = join(directory(), 'file')
    await writeFile(path, 'ours')
    const file = await open(path, 'r+')
    await rename(path, `${path}.moved`)
    await writeFile(path, 'somebody else’s')
    const direct = await openDirect(file, constants.O_RDWR)
    try {
      const [one, other] = [await file.stat(), await direct?.stat()]
      expect(other?.ino).toBe(one.ino)
      expect(isDirect(direct?.fd ?? -1)).toBe(true)
      expect(isDirect(file.fd)).toBe(false)
    } finally {
      await direct?.close()
      await file.close()
    }
  })

  it.runIf(existsSync('/proc/self/stat'))('does without where a file system refuses', async () => {
    // /proc has no direct mode.
    const file = await open('/proc/self/stat', 'r')
    expect(await openDirect(file, constants.O_RDONLY)).toBeUndefined()
    await file.close()
  })
})
