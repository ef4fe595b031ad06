import { describe, expect, it } from 'vitest'
import type { JournalRecord } from '../../../src/journal/records.ts'
import { bytesDone, replay } from '../../../src/journal/replay.ts'
import {
  DOWNLOAD,
  NODE,
  partOf,
  rangeOf,
  UPLOAD,
  uploadState,
  downloadState,
  WHOLE_DOWNLOAD,
  WHOLE_UPLOAD,
} from './journal-fixture.ts'

const CREATED = { type: 'created', uploadId: 'u-1' } as const
const COMPLETING = { type: 'completing', checksum: 'AAECAw==' } as const
const OPENED = { type: 'opened', file: NODE } as const
const ENDED = { type: 'ended' } as const

describe('the records of an upload', () => {
  it('tell all of it', () => {
    const state = uploadState(WHOLE_UPLOAD)
    expect([...state.parts.keys()]).toEqual([2, 1, 3])
    expect(state).toMatchObject({
      begin: UPLOAD,
      created: CREATED,
      completing: COMPLETING,
      completed: { etag: '"abc-3"' },
      ended: true,
    })
    expect(bytesDone(state)).toBe(25)
  })

  it.each<[string, readonly JournalRecord[]]>([
    ['a part before the upload is open', [UPLOAD, partOf(1)]],
    ['a second upload id', [UPLOAD, CREATED, { ...CREATED, uploadId: 'u-2' }]],
    ['a second beginning', [UPLOAD, UPLOAD]],
    ['a part twice', [UPLOAD, CREATED, partOf(1), partOf(1)]],
    ['a part that was not planned', [UPLOAD, CREATED, { ...partOf(3), part: 4 }]],
    ['a part of another size', [UPLOAD, CREATED, { ...partOf(1), size: 9 }]],
    ['a digest of another length', [UPLOAD, CREATED, { ...partOf(1), digest: 'AAA=' }]],
    ['Complete without all parts', [UPLOAD, CREATED, partOf(1), partOf(2), COMPLETING]],
    ['an answer without a question', [UPLOAD, CREATED, { type: 'completed', etag: 'e' }]],
    ['a part after Complete', [...WHOLE_UPLOAD.slice(0, 6), partOf(1)]],
    ['anything after the end', [UPLOAD, ENDED, CREATED]],
    ['a record of a download', [UPLOAD, CREATED, OPENED]],
  ])('are not believed from %s on', (_, records) => {
    const { state, count } = replay([...records, ENDED])
    expect(count).toBe(records.length - 1)
    expect(state).toEqual(replay(records.slice(0, -1)).state)
  })
})

describe('the records of a download', () => {
  it('tell all of it', () => {
    const state = downloadState(WHOLE_DOWNLOAD)
    expect([...state.ranges.keys()]).toEqual([1, 0, 2])
    expect(state).toMatchObject({ begin: DOWNLOAD, opened: OPENED, ended: true })
    expect(bytesDone(state)).toBe(25)
  })

  it.each<[string, readonly JournalRecord[]]>([
    ['a range before the file is there', [DOWNLOAD, rangeOf(0)]],
    ['a second file', [DOWNLOAD, OPENED, OPENED]],
    ['a range twice', [DOWNLOAD, OPENED, rangeOf(0), rangeOf(0)]],
    ['a range off the grid', [DOWNLOAD, OPENED, { ...rangeOf(0), start: 5 }]],
    ['a range behind the end', [DOWNLOAD, OPENED, { ...rangeOf(2), start: 30 }]],
    ['a range of another length', [DOWNLOAD, OPENED, { ...rangeOf(1), length: 9 }]],
    ['a digest of another length', [DOWNLOAD, OPENED, { ...rangeOf(1), digest: 'AAA=' }]],
    [
      'the finish without all ranges',
      [DOWNLOAD, OPENED, rangeOf(0), { type: 'finishing', mtimeNs: 1n }],
    ],
    ['a range after the finish', [...WHOLE_DOWNLOAD.slice(0, 6), rangeOf(0)]],
    ['anything after the end', [DOWNLOAD, ENDED, OPENED]],
    ['a record of an upload', [DOWNLOAD, OPENED, partOf(1)]],
  ])('are not believed from %s on', (_, records) => {
    const { state, count } = replay([...records, ENDED])
    expect(count).toBe(records.length - 1)
    expect(state).toEqual(replay(records.slice(0, -1)).state)
  })
})

describe('records that begin nothing', () => {
  it.each<[string, readonly JournalRecord[]]>([
    ['none', []],
    ['one from the middle', [CREATED]],
    ['parts that are not the file', [{ ...UPLOAD, parts: 4 }]],
    ['a file without bytes', [{ ...UPLOAD, source: { ...UPLOAD.source, size: 0 } }]],
  ])('tell nothing: %s', (_, records) => {
    expect(replay(records)).toEqual({ state: undefined, count: 0 })
  })
})
