import { describe, expect, it } from 'vitest'
import { errnoOf, journalError, sourceError, targetError } from '../../src/local-errors.ts'

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code, errno: -1, syscall: 'open' })
}

describe('errors of the file system', () => {
  it.each([
    ['ENOENT', 'ERR_SOURCE_NOT_FOUND', 'ERR_TARGET_UNWRITABLE'],
    ['ENOTDIR', 'ERR_SOURCE_NOT_FOUND', 'ERR_TARGET_UNWRITABLE'],
    ['EISDIR', 'ERR_SOURCE_NOT_FILE', 'ERR_TARGET_IS_DIRECTORY'],
    ['EACCES', 'ERR_SOURCE_UNREADABLE', 'ERR_TARGET_UNWRITABLE'],
    ['EPERM', 'ERR_SOURCE_UNREADABLE', 'ERR_TARGET_UNWRITABLE'],
    ['EMFILE', 'ERR_TOO_MANY_FILES', 'ERR_TOO_MANY_FILES'],
    ['ENFILE', 'ERR_TOO_MANY_FILES', 'ERR_TOO_MANY_FILES'],
    ['EIO', 'ERR_DISK_IO', 'ERR_DISK_IO'],
  ])('%s is %s when reading and %s when writing', (errno, source, target) => {
    const cause = systemError(errno)
    expect(sourceError(cause, 'a/b', { key: 'k' })).toMatchObject({
      code: source,
      message: `Cannot read a/b: ${errno}`,
      context: { key: 'k', path: 'a/b' },
      cause,
    })
    expect(targetError(cause, 'a/b')).toMatchObject({
      code: target,
      message: `Cannot write a/b: ${errno}`,
    })
  })

  it.each([
    ['ENOSPC', 'ERR_DISK_FULL'],
    ['EDQUOT', 'ERR_DISK_FULL'],
    ['EFBIG', 'ERR_DISK_FULL'],
    ['EROFS', 'ERR_TARGET_UNWRITABLE'],
    ['ENAMETOOLONG', 'ERR_TARGET_UNWRITABLE'],
    ['EEXIST', 'ERR_TARGET_EXISTS'],
  ])('%s is %s when writing', (errno, code) => {
    expect(targetError(systemError(errno), 'f')).toMatchObject({ code })
  })

  it.each([
    ['EACCES', 'ERR_JOURNAL_UNWRITABLE'],
    ['EROFS', 'ERR_JOURNAL_UNWRITABLE'],
    ['ELOOP', 'ERR_JOURNAL_UNSAFE'],
    ['ENOSPC', 'ERR_DISK_FULL'],
    ['EMFILE', 'ERR_TOO_MANY_FILES'],
    ['EIO', 'ERR_DISK_IO'],
  ])('%s is %s when a journal is kept', (errno, code) => {
    expect(journalError(systemError(errno), 'f')).toMatchObject({
      code,
      message: `Cannot keep the journal f: ${errno}`,
    })
  })

  it('leaves everything else as it is', () => {
    for (const other of [new Error('odd'), systemError('EODD'), 'text', undefined]) {
      expect(sourceError(other, 'f')).toBe(other)
      expect(targetError(other, 'f')).toBe(other)
    }
  })

  it('knows an errno from any other code', () => {
    expect(errnoOf(systemError('ENOENT'))).toBe('ENOENT')
    expect(errnoOf(Object.assign(new Error('m'), { code: 7 }))).toBeUndefined()
    expect(errnoOf({ code: 'ENOENT' })).toBeUndefined()
  })
})
