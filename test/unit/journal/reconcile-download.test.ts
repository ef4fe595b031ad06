import { describe, expect, it } from 'vitest'
import {
  reconcileDownload,
  type DownloadNow,
  type FoundFile,
  type FoundFiles,
} from '../../../src/journal/reconcile-download.ts'
import type { ObjectIdentity } from '../../../src/journal/records.ts'
import { DOWNLOAD, downloadState, NODE, rangeOf, WHOLE_DOWNLOAD } from './journal-fixture.ts'

const NOW: DownloadNow = {
  object: DOWNLOAD.object,
  algorithm: 'CRC32',
  partSize: undefined,
  boot: DOWNLOAD.boot,
  recheck: false,
}
const FILE: FoundFile = { ...NODE, size: 25, mtimeNs: 5n }
const FOUND: FoundFiles = { temporary: FILE, target: undefined }
const TWO_NOTED = downloadState(WHOLE_DOWNLOAD.slice(0, 4))
const FINISHING = downloadState(WHOLE_DOWNLOAD.slice(0, 6))

describe('a download that is not over', () => {
  it('keeps the ranges that were noted and fetches the others', () => {
    expect(reconcileDownload(TWO_NOTED, NOW, FOUND)).toEqual({
      action: 'continue',
      partSize: 10,
      kept: [rangeOf(0), rangeOf(1)],
      recheck: false,
      fetch: [2],
    })
  })

  it('has ranges hashed again after a loss of power, or when asked to', () => {
    for (const now of [
      { ...NOW, boot: 'ffff' },
      { ...NOW, recheck: true },
    ]) {
      expect(reconcileDownload(TWO_NOTED, now, FOUND)).toMatchObject({ recheck: true, fetch: [2] })
    }
    const nothing = downloadState(WHOLE_DOWNLOAD.slice(0, 2))
    expect(reconcileDownload(nothing, { ...NOW, recheck: true }, FOUND)).toMatchObject({
      recheck: false,
      fetch: [0, 1, 2],
    })
  })

  it('only has to be proved and renamed when all ranges are there', () => {
    expect(reconcileDownload(FINISHING, NOW, FOUND)).toMatchObject({
      action: 'continue',
      fetch: [],
    })
  })
})

describe('a download that begins anew', () => {
  it.each<[Partial<ObjectIdentity>, string]>([
    [{ etag: '"other"' }, 'ETag'],
    [{ size: 26 }, 'size'],
    [{ versionId: 'v2' }, 'version'],
    [{ versionId: undefined }, 'version'],
    [{ lastModified: 1 }, 'modification time'],
    [{ checksum: { algorithm: 'CRC32', value: 'AAAAAA==', type: 'FULL_OBJECT' } }, 'checksum'],
  ])('does so when the object changed: %j', (change, name) => {
    const now = { ...NOW, object: { ...NOW.object, ...change } }
    expect(reconcileDownload(TWO_NOTED, now, FOUND)).toEqual({
      action: 'restart',
      reason: `The object changed since: ${name}.`,
      remove: DOWNLOAD.temporary,
    })
  })

  it.each<[string, FoundFile]>([
    ['is gone', undefined],
    ['is another file', { dev: 2049n, ino: 100n, size: 25, mtimeNs: 5n }],
    ['is on another file system', { dev: 2050n, ino: 99n, size: 25, mtimeNs: 5n }],
  ])('does so when its temporary file %s, and removes nothing', (_, temporary) => {
    expect(reconcileDownload(TWO_NOTED, NOW, { ...FOUND, temporary })).toMatchObject({
      action: 'restart',
      remove: undefined,
    })
  })

  it('does so when its temporary file has another size', () => {
    const temporary = { ...NODE, size: 24, mtimeNs: 5n }
    expect(reconcileDownload(TWO_NOTED, NOW, { ...FOUND, temporary })).toMatchObject({
      action: 'restart',
      remove: DOWNLOAD.temporary,
    })
  })

  it.each<Partial<DownloadNow>>([{ algorithm: 'CRC32C' }, { partSize: 11 }])(
    'does so for other options: %j',
    (change) => {
      expect(reconcileDownload(TWO_NOTED, { ...NOW, ...change }, FOUND)).toMatchObject({
        action: 'restart',
      })
    },
  )

  it('removes a file that was made before it was noted', () => {
    const state = downloadState(WHOLE_DOWNLOAD.slice(0, 1))
    expect(reconcileDownload(state, NOW, FOUND)).toMatchObject({
      action: 'restart',
      remove: DOWNLOAD.temporary,
    })
  })
})

describe('a download that was renamed', () => {
  const mtimeNs = 1_790_000_000_000_000_001n

  it('is finished', () => {
    const target = { ...NODE, size: 25, mtimeNs }
    const found = reconcileDownload(FINISHING, NOW, { temporary: undefined, target })
    expect(found).toEqual({ action: 'finished' })
  })

  it.each<[string, FoundFile]>([
    ['there is none', undefined],
    ['it is another file', { dev: 2049n, ino: 1n, size: 25, mtimeNs }],
    ['it was written to', { ...NODE, size: 25, mtimeNs: mtimeNs + 1n }],
    ['it was cut', { ...NODE, size: 24, mtimeNs }],
  ])('begins anew when %s at the target', (_, target) => {
    const found = reconcileDownload(FINISHING, NOW, { temporary: undefined, target })
    expect(found).toMatchObject({ action: 'restart', remove: undefined })
  })
})
