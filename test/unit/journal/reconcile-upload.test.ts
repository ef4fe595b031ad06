import { describe, expect, it } from 'vitest'
import {
  isAdopted,
  reconcileUpload,
  type UploadNow,
} from '../../../src/journal/reconcile-upload.ts'
import type { ListedPart } from '../../../src/store/object-store.ts'
import { digestOf, partOf, SOURCE, UPLOAD, uploadState, WHOLE_UPLOAD } from './journal-fixture.ts'

const NOW: UploadNow = {
  source: SOURCE,
  attributes: UPLOAD.attributes,
  algorithm: 'CRC32',
  checksumType: 'FULL_OBJECT',
  sendChecksum: true,
  partSize: undefined,
}
const TWO_NOTED = uploadState(WHOLE_UPLOAD.slice(0, 4))
const SENT = uploadState(WHOLE_UPLOAD.slice(0, 6))
const ANSWERED = uploadState(WHOLE_UPLOAD.slice(0, 7))

function listed(part: number, change: Partial<ListedPart> = {}): ListedPart {
  const { size, etag } = partOf(part)
  const checksums = { CRC32: digestOf(part - 1) }
  return { partNumber: part, size, etag, lastModified: undefined, checksums, ...change }
}

describe('an upload that is still open', () => {
  it('keeps parts on which store and journal agree, and sends the others', () => {
    expect(reconcileUpload(TWO_NOTED, NOW, [listed(1), listed(2)])).toEqual({
      action: 'continue',
      uploadId: 'u-1',
      partSize: 10,
      kept: [partOf(1), partOf(2)],
      check: [],
      send: [3],
    })
  })

  it.each<[string, readonly ListedPart[]]>([
    ['not there', [listed(2)]],
    ['of another size', [listed(1, { size: 9 }), listed(2)]],
    ['of another ETag', [listed(1, { etag: '"other"' }), listed(2)]],
    ['of another checksum', [listed(1, { checksums: { CRC32: 'AAAAAA==' } }), listed(2)]],
  ])('sends a part again that is %s', (_, listing) => {
    expect(reconcileUpload(TWO_NOTED, NOW, listing)).toMatchObject({
      action: 'continue',
      kept: [partOf(2)],
      send: [1, 3],
    })
  })

  it('knows an ETag with and without its quotes, and does without the checksum', () => {
    const listing = [listed(1, { etag: 'e1', checksums: {} }), listed(2)]
    expect(reconcileUpload(TWO_NOTED, NOW, listing)).toMatchObject({ send: [3] })
  })

  it('has parts hashed again that only the store knows', () => {
    const unknown = listed(3, { etag: '"3"' })
    expect(reconcileUpload(TWO_NOTED, NOW, [listed(1), listed(2), unknown])).toMatchObject({
      check: [{ part: 3, size: 5, etag: '"3"', witness: { kind: 'checksum', value: digestOf(2) } }],
      send: [],
    })
  })

  it('takes an ETag that looks like an MD5 for a witness, where there is no checksum', () => {
    const etag = '"0CC175B9C0F1B6A831C399E269772661"'
    const found = reconcileUpload(TWO_NOTED, NOW, [listed(3, { etag, checksums: {} })])
    expect(found).toMatchObject({
      check: [{ part: 3, witness: { kind: 'md5', value: '0cc175b9c0f1b6a831c399e269772661' } }],
      send: [1, 2],
    })
  })

  it.each<[string, ListedPart]>([
    ['no witness', listed(3, { etag: '"x-1"', checksums: {} })],
    ['another size', listed(3, { size: 6 })],
    ['a number that was not planned', listed(3, { partNumber: 4 })],
  ])('sends a part that has %s', (_, part) => {
    expect(reconcileUpload(TWO_NOTED, NOW, [part])).toMatchObject({ check: [], send: [1, 2, 3] })
  })

  it('adopts a part only if its hash agrees', () => {
    const part = { part: 3, size: 5, etag: 'e' }
    const checksum = { ...part, witness: { kind: 'checksum', value: 'AAECAw==' } } as const
    expect(isAdopted(checksum, 'AAECAw==')).toBe(true)
    expect(isAdopted(checksum, 'AAECBA==')).toBe(false)
    expect(isAdopted(checksum, 'aaecaw==')).toBe(false)
    const md5 = { ...part, witness: { kind: 'md5', value: 'ab12' } } as const
    expect(isAdopted(md5, 'ab12')).toBe(true)
    expect(isAdopted(md5, 'ab13')).toBe(false)
  })

  it('keeps its part size when only the default changed', () => {
    expect(reconcileUpload(TWO_NOTED, { ...NOW, partSize: 10 }, [])).toMatchObject({
      action: 'continue',
      partSize: 10,
    })
  })

  it('is completed again when Complete was sent and did nothing', () => {
    const listing = [listed(1), listed(2), listed(3)]
    expect(reconcileUpload(SENT, NOW, listing)).toEqual({ action: 'look' })
    const found = reconcileUpload(SENT, NOW, listing, 'not ours')
    expect(found).toMatchObject({ action: 'continue', send: [], check: [] })
  })
})

describe('an upload that begins anew', () => {
  it.each<[string, Partial<UploadNow>]>([
    ['The file changed since: size.', { source: { ...SOURCE, size: 26 } }],
    ['The file changed since: inode.', { source: { ...SOURCE, ino: 78n } }],
    [
      'The file changed since: modification time, change time.',
      { source: { ...SOURCE, mtimeNs: 1n, ctimeNs: 2n } },
    ],
    ['Other attributes are asked for now.', { attributes: { contentType: 'text/plain' } }],
    ['Another checksum is asked for now.', { algorithm: 'CRC32C' }],
    ['Another checksum is asked for now.', { checksumType: 'COMPOSITE' }],
    ['Another checksum is asked for now.', { sendChecksum: false }],
    ['Parts of 11 bytes are asked for now, they had 10.', { partSize: 11 }],
  ])('says why, and what to abort: %s', (reason, change) => {
    expect(reconcileUpload(TWO_NOTED, { ...NOW, ...change }, [listed(1)])).toEqual({
      action: 'restart',
      reason,
      abort: 'u-1',
    })
  })

  it('has nothing to abort before it was open', () => {
    const state = uploadState(WHOLE_UPLOAD.slice(0, 1))
    expect(reconcileUpload(state, NOW, 'gone')).toMatchObject({
      action: 'restart',
      abort: undefined,
    })
  })

  it('does so when the store does not tell its parts', () => {
    expect(reconcileUpload(TWO_NOTED, NOW, 'unknown')).toMatchObject({
      action: 'restart',
      abort: 'u-1',
    })
  })

  it('does so after its end', () => {
    expect(reconcileUpload(uploadState(WHOLE_UPLOAD), NOW, 'gone')).toMatchObject({
      action: 'restart',
    })
  })
})

describe('an upload that is gone', () => {
  it.each([
    ['after Complete was sent', SENT],
    ['as far as the journal knows before it', TWO_NOTED],
  ])('is looked for at its key first, %s', (_, state) => {
    expect(reconcileUpload(state, NOW, 'gone')).toEqual({ action: 'look' })
    expect(reconcileUpload(state, NOW, 'gone', 'ours')).toEqual({
      action: 'verify',
      completed: undefined,
    })
    expect(reconcileUpload(state, NOW, 'gone', 'not ours')).toMatchObject({
      action: 'restart',
      abort: undefined,
      reason: expect.stringContaining('gone') as string,
    })
  })

  it('only needs the comparison when Complete was answered', () => {
    expect(reconcileUpload(ANSWERED, NOW, 'gone')).toEqual({
      action: 'verify',
      completed: { type: 'completed', etag: '"abc-3"', versionId: 'v1' },
    })
  })
})
