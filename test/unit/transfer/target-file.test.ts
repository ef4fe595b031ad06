import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { setAttributes, TargetFile } from '../../../src/transfer/target-file.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const context = { transferId: 1, bucket: 'b', key: 'k' }
const at = (name: string): string => join(directory(), name)
const modeOf = (path: string): number => statSync(path).mode & 0o777

function fdOf(target: TargetFile): number {
  const location = target.location(0)
  return location.kind === 'file' ? location.fd : -1
}

/** Creates the target and writes its bytes as workers do. */
async function written(path: string, text: string): Promise<TargetFile> {
  const target = await TargetFile.create(path, text.length, context)
  writeSync(fdOf(target), text, 0)
  return target
}

describe('a target file', () => {
  it('appears whole, under its name, only when it is committed', async () => {
    const target = await written(at('new.bin'), 'hello')
    const [temporary, ...others] = readdirSync(directory())
    expect(temporary).toMatch(/^\.new\.bin\.[0-9a-f]{8}\.part$/)
    expect(others).toEqual([])
    expect(modeOf(at(temporary ?? '')), 'nobody else reads it before').toBe(0o600)
    await target.commit()
    expect(readdirSync(directory())).toEqual(['new.bin'])
    expect(readFileSync(at('new.bin'), 'utf8')).toBe('hello')
    expect(modeOf(at('new.bin'))).toBe(0o666 & ~process.umask())
    expect(target.path).toBe(at('new.bin'))
  })

  it('leaves the old file as it was until then, and when it is discarded', async () => {
    writeFileSync(at('old.bin'), 'old')
    const target = await written(at('old.bin'), 'new bytes')
    expect(readFileSync(at('old.bin'), 'utf8')).toBe('old')
    await target.discard()
    await target.discard()
    expect(readFileSync(at('old.bin'), 'utf8')).toBe('old')
    expect(readdirSync(directory())).toEqual(['old.bin'])
  })

  it('keeps the permissions of the file it replaces', async () => {
    writeFileSync(at('old.bin'), 'old')
    chmodSync(at('old.bin'), 0o640)
    await (await written(at('old.bin'), 'new')).commit()
    expect([readFileSync(at('old.bin'), 'utf8'), modeOf(at('old.bin'))]).toEqual(['new', 0o640])
  })

  it('replaces a symbolic link and does not write through it', async () => {
    writeFileSync(at('elsewhere'), 'untouched')
    symlinkSync(at('elsewhere'), at('link'))
    await (await written(at('link'), 'new')).commit()
    expect(lstatSync(at('link')).isFile()).toBe(true)
    expect(readFileSync(at('link'), 'utf8')).toBe('new')
    expect(readFileSync(at('elsewhere'), 'utf8')).toBe('untouched')
  })

  it.each([
    ['of 255 bytes', 'x'.repeat(255)],
    ['of 255 bytes in letters of two', `${'ä'.repeat(127)}x`],
    ['of 252 bytes in letters of four', '😀'.repeat(63)],
    ['that begins with a dot', '.hidden'],
    ['with spaces and quotes', `a "b" 'c'`],
  ])('may have a name %s', async (_, name) => {
    await (await written(at(name), 'text')).commit()
    expect(readdirSync(directory())).toEqual([name])
  })

  it('may be made twice at a time; the last commit wins', async () => {
    const [first, second] = await Promise.all([written(at('f'), 'one'), written(at('f'), 'two')])
    await first.commit()
    await second.commit()
    expect(readFileSync(at('f'), 'utf8')).toBe('two')
    expect(readdirSync(directory())).toEqual(['f'])
  })

  it('has its time and permissions before its name, and the time is told', async () => {
    const target = await written(at('f'), 'one')
    const before = async (mtimeNs: bigint): Promise<void> => {
      expect(mtimeNs).toBe(5_000_000_000n)
      const [temporary = ''] = readdirSync(directory())
      expect(temporary).toMatch(/part$/)
      expect(statSync(at(temporary)).mtimeMs).toBe(5000)
      expect(modeOf(at(temporary)), 'it can be taken up again').toBe(0o600)
      await Promise.resolve()
    }
    await target.commit(before, true, { mtimeMs: 5000, permissions: 0o440 })
    expect([statSync(at('f')).mtimeMs, modeOf(at('f'))]).toEqual([5000, 0o440])
    await setAttributes(at('f'), { mtimeMs: 7000, permissions: 0o400 })
    expect([statSync(at('f')).mtimeMs, modeOf(at('f'))]).toEqual([7000, 0o400])
  })

  it('has its size from the beginning', async () => {
    const target = await TargetFile.create(at('sparse'), 1_000_000, context)
    await target.commit()
    expect(statSync(at('sparse')).size).toBe(1_000_000)
  })
})

describe('a target that cannot be', () => {
  it('is a directory', async () => {
    mkdirSync(at('folder'))
    await expect(TargetFile.create(at('folder'), 1, context)).rejects.toMatchObject({
      code: 'ERR_TARGET_IS_DIRECTORY',
      context: { ...context, path: at('folder') },
    })
  })

  it.each([
    ['below a directory that is not there', 'missing/file'],
    ['below a file', 'file/below'],
    ['with too long a name', 'x'.repeat(256)],
  ])('is one %s', async (_, name) => {
    writeFileSync(at('file'), '')
    await expect(TargetFile.create(at(name), 1, context)).rejects.toMatchObject({
      code: 'ERR_TARGET_UNWRITABLE',
    })
    expect(readdirSync(directory())).toEqual(['file'])
  })

  it.runIf(process.platform === 'linux')('is a device', async () => {
    await expect(TargetFile.create('/dev/null', 1, context)).rejects.toMatchObject({
      code: 'ERR_TARGET_UNWRITABLE',
      message: expect.stringContaining('stream'),
    })
  })

  it('is larger than the disk, which is said before a byte is fetched', async () => {
    await expect(TargetFile.create(at('huge'), 2 ** 52, context)).rejects.toMatchObject({
      code: 'ERR_DISK_FULL',
      message: expect.stringMatching(/needs 4 PiB, its disk has .* free/),
    })
    expect(readdirSync(directory())).toEqual([])
  })

  it('turns into a directory meanwhile: the error is clear and discard cleans up', async () => {
    const target = await written(at('f'), 'x')
    mkdirSync(at('f'))
    await expect(target.commit()).rejects.toMatchObject({ code: 'ERR_TARGET_IS_DIRECTORY' })
    await target.discard()
    expect(readdirSync(directory())).toEqual(['f'])
  })
})
