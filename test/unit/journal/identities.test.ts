import {
  linkSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  lstatSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  fileIdentityOf,
  foundFileOf,
  objectIdentityOf,
  placeOf,
} from '../../../src/journal/identities.ts'
import { changeOf } from '../../../src/journal/changes.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()

function identityOf(path: string) {
  return fileIdentityOf(statSync(path, { bigint: true }))
}

describe('the identity of a file', () => {
  it('is the same as long as nothing happens to it', () => {
    const path = join(directory(), 'file')
    writeFileSync(path, 'bytes')
    expect(identityOf(path)).toMatchObject({ size: 5 })
    expect(changeOf('The file', identityOf(path), identityOf(path))).toBeUndefined()
  })

  it.each<[string, (path: string) => void]>([
    ['written to', (path) => writeFileSync(path, 'other')],
    ['given another name', (path) => linkSync(path, `${path}2`)],
    [
      'replaced',
      (path) => {
        writeFileSync(`${path}2`, 'bytes')
        renameSync(`${path}2`, path)
      },
    ],
  ])('is another when it was %s', async (_, change) => {
    const path = join(directory(), 'file')
    writeFileSync(path, 'bytes')
    const before = identityOf(path)
    // Longer than a tick of the clock of file systems.
    await new Promise((resolve) => setTimeout(resolve, 20))
    change(path)
    expect(changeOf('The file', before, identityOf(path))).toMatch(/^The file changed since: /)
  })

  it('is of a regular file only', () => {
    const path = join(directory(), 'file')
    writeFileSync(path, 'bytes')
    symlinkSync(path, `${path}-link`)
    mkdirSync(`${path}-directory`)
    const found = foundFileOf(lstatSync(path, { bigint: true }))
    expect(found).toMatchObject({ size: 5, ino: statSync(path, { bigint: true }).ino })
    expect(foundFileOf(lstatSync(`${path}-link`, { bigint: true }))).toBeUndefined()
    expect(foundFileOf(lstatSync(`${path}-directory`, { bigint: true }))).toBeUndefined()
    expect(foundFileOf(undefined)).toBeUndefined()
  })
})

describe('the identity of an object', () => {
  it('takes nothing from HEAD but what tells objects apart', () => {
    const info = { etag: '"e"', versionId: 'v', size: 1, lastModified: 2, metadata: { a: 'b' } }
    expect(objectIdentityOf(info, undefined)).toEqual({
      etag: '"e"',
      versionId: 'v',
      size: 1,
      lastModified: 2,
      checksum: undefined,
    })
  })

  it('has a place without secrets', () => {
    const route = { origin: 'https://user:word@store.example:9000', signing: undefined }
    expect(placeOf(route, { bucket: 'b', key: 'k' })).toEqual({
      endpoint: 'https://store.example:9000',
      region: undefined,
      bucket: 'b',
      key: 'k',
      versionId: undefined,
    })
  })
})
