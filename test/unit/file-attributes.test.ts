import { describe, expect, it } from 'vitest'
import { attributesFor, preservedMetadata, preservedOf } from '../../src/file-attributes.ts'

describe('time and mode in metadata', () => {
  it.each([
    [1_700_000_000_123.5, 0o644, '1700000000.1235', '100644'],
    [1_700_000_000_000, 0o4755, '1700000000', '104755'],
    [0, 0, '0', '100000'],
    [-1500, 0o600, '-1.5', '100600'],
    [100_000, 0o777, '100', '100777'],
  ])('are written: %d %o', (mtimeMs, mode, time, text) => {
    expect(preservedMetadata({ mtimeMs, mode })).toEqual({ mtime: time, mode: text })
    const read = preservedOf({ mtime: time, mode: text })
    expect(read.mtimeMs).toBeCloseTo(mtimeMs, 2)
    expect(read.permissions).toBe(mode & 0o777)
  })

  it.each([
    ['100640', 0o640],
    ['0100640', 0o640],
    // In decimal, as s3fs writes it.
    ['33184', 0o640],
    ['33152', 0o600],
    ['640', 0o640],
    ['0640', 0o640],
    ['4755', 0o755],
    // A directory, a link, and no number.
    ['40755', undefined],
    ['16877', undefined],
    ['120777', undefined],
    ['rw-r--r--', undefined],
    ['', undefined],
    ['99999999999', undefined],
  ])('are read as other tools write a mode: %s', (mode, permissions) => {
    expect(preservedOf({ mode }).permissions).toBe(permissions)
  })

  it.each([
    ['1700000000.123456789', 1_700_000_000_123.456_79],
    ['2023-11-14T22:13:20Z', undefined],
    ['1e9', undefined],
    ['', undefined],
  ])('are read as other tools write a time: %s', (mtime, mtimeMs) => {
    expect(preservedOf({ mtime }).mtimeMs).toBe(mtimeMs)
  })
})

describe('a file that comes down', () => {
  const lastModified = 1e12
  const described = { lastModified, metadata: { mtime: '5', mode: '100400' } }
  const plain = { lastModified, metadata: {} }

  it('is given the time of its object, or what the metadata says, or nothing', () => {
    expect(attributesFor('time', described)).toEqual({ mtimeMs: lastModified })
    expect(attributesFor('preserved', described)).toEqual({ mtimeMs: 5000, permissions: 0o400 })
    expect(attributesFor('preserved', plain)).toEqual({ mtimeMs: lastModified })
    expect(attributesFor(undefined, described)).toEqual({})
  })
})
