import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { TransferError, type ErrorCode } from '../../../src/errors.ts'
import { EventHub } from '../../../src/events.ts'
import type { ListedPart, ListedUpload, ObjectStore } from '../../../src/store/object-store.ts'
import { cleanUp } from '../../../src/transfer/clean-up.ts'
import {
  checkCleanupOptions,
  type CleanupOptions,
  type CleanupResult,
} from '../../../src/transfer/clean-up-options.ts'
import { OpenUploads } from '../../../src/transfer/open-uploads.ts'
import { recordPath } from '../../../src/transfer/upload-records.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { fakeStore, ROUTE } from './run-fixture.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const directory = useTemporaryDirectory()
const ago = (ms: number): number => Date.now() - ms
const refused = (code: ErrorCode): TransferError => new TransferError(code, `it is ${code}`)

function part(lastModified: number | undefined, size = 7): ListedPart {
  return { partNumber: 1, size, etag: '"e"', lastModified, checksums: {} }
}

/** Leaves a record, as an engine does that died. */
function leaveRecord(
  token: string,
  fields: {
    readonly key?: string
    readonly bucket?: string
    readonly startedAt?: number
    readonly origin?: string
    readonly isHeld?: boolean
  } = {},
): string {
  const path = recordPath(directory(), token)
  const { key = `a/${token}`, bucket = 'bucket', startedAt = ago(2 * DAY) } = fields
  const { origin = ROUTE.origin, isHeld = false } = fields
  mkdirSync(dirname(path), { recursive: true })
  const record = { version: 1, bucket, key, uploadId: `id-${token}`, origin, startedAt }
  writeFileSync(path, JSON.stringify(record))
  if (!isHeld) utimesSync(path, 0, 0)
  return path
}

/** A store in which uploads are gone once they were aborted. */
function makeStore(methods: Partial<ObjectStore> = {}): ReturnType<typeof fakeStore> {
  const aborted = new Set<string>()
  return fakeStore({
    abortMultipartUpload: (_object, uploadId) => {
      aborted.add(uploadId)
      return Promise.resolve()
    },
    listParts: (_object, uploadId) =>
      aborted.has(uploadId)
        ? Promise.reject(refused('ERR_UPLOAD_NOT_FOUND'))
        : Promise.resolve([part(ago(2 * DAY))]),
    ...methods,
  })
}

function listing(...uploads: readonly ListedUpload[]): Pick<ObjectStore, 'listMultipartUploads'> {
  return { listMultipartUploads: () => Promise.resolve({ uploads, next: undefined }) }
}

async function sweep(
  store: ObjectStore,
  options: CleanupOptions = {},
  prefix = 'a/',
  openUploads = new OpenUploads({ stateDir: directory() }),
): Promise<CleanupResult> {
  const env = { store, openUploads, events: new EventHub() }
  return cleanUp(env, { bucket: 'bucket', key: prefix }, checkCleanupOptions(options))
}

describe('what is ours', () => {
  it('is what was recorded here below the prefix; the bucket is not even listed', async () => {
    const path = leaveRecord('one')
    leaveRecord('elsewhere', { key: 'b/1' })
    leaveRecord('other', { bucket: 'other' })
    const { store, log } = makeStore()
    const { uploads, kept } = await sweep(store)
    expect(uploads).toMatchObject([
      {
        bucket: 'bucket',
        key: 'a/one',
        uploadId: 'id-one',
        isOurs: true,
        stored: { parts: 1, bytes: 7 },
        outcome: 'aborted',
        error: undefined,
      },
    ])
    expect(kept).toEqual({ recent: 0, held: 0 })
    expect(log.filter((line) => line.startsWith('abort'))).toEqual(['abort id-one'])
    expect(existsSync(path)).toBe(false)
    expect(existsSync(recordPath(directory(), 'elsewhere'))).toBe(true)
  })

  it('is left alone while an engine holds it, even by those who take any', async () => {
    leaveRecord('one', { isHeld: true })
    const upload = { key: 'a/one', uploadId: 'id-one', initiatedAt: ago(2 * DAY) }
    const { store, log } = makeStore(listing(upload))
    expect(await sweep(store, { any: true })).toEqual({
      uploads: [],
      kept: { recent: 0, held: 1 },
    })
    expect(log).toEqual([])
  })

  it('is forgotten when its store has it no more, and kept if it may be of another', async () => {
    const here = leaveRecord('here')
    const there = leaveRecord('there', { origin: 'https://elsewhere' })
    const { store } = makeStore({
      listParts: () => Promise.reject(refused('ERR_UPLOAD_NOT_FOUND')),
    })
    await sweep(store, { dryRun: true })
    expect([existsSync(here), existsSync(there)]).toEqual([true, true])
    expect((await sweep(store)).uploads).toEqual([])
    expect([existsSync(here), existsSync(there)]).toEqual([false, true])
  })
})

describe('an upload that the engine itself holds', () => {
  it('is left alone though it is not noted, until it is given up', async () => {
    const openUploads = new OpenUploads({ stateDir: directory(), recordUploads: false })
    const upload = { bucket: 'bucket', key: 'a/1', uploadId: '1', token: 't' }
    openUploads.opened({ ...upload, origin: async () => ROUTE.origin })
    const { store, log } = makeStore(listing({ ...upload, initiatedAt: ago(2 * DAY) }))
    const options = { any: true, olderThanMs: 0 }
    expect(await sweep(store, options, 'a/', openUploads)).toEqual({
      uploads: [],
      kept: { recent: 0, held: 1 },
    })
    expect(log).toEqual([])
    openUploads.givenUp('t')
    const { uploads } = await sweep(store, options, 'a/', openUploads)
    expect(uploads).toMatchObject([{ uploadId: '1', outcome: 'aborted' }])
  })
})

describe('the bucket of a record', () => {
  it('that is gone takes the record along, unless it may be of another store', async () => {
    const here = leaveRecord('here')
    const there = leaveRecord('there', { origin: 'https://elsewhere' })
    const { store } = makeStore({
      listParts: () => Promise.reject(refused('ERR_BUCKET_NOT_FOUND')),
    })
    expect((await sweep(store)).uploads).toEqual([])
    expect([existsSync(here), existsSync(there)]).toEqual([false, true])
  })
})

describe('a record that was made for another address of the store', () => {
  it('stays, and nothing is aborted, when it cannot be seen what is here', async () => {
    const path = leaveRecord('moved', { origin: 'https://bucket.elsewhere' })
    const { store, log } = makeStore({
      listParts: () => Promise.reject(refused('ERR_ACCESS_DENIED')),
    })
    expect((await sweep(store)).uploads).toMatchObject([
      { outcome: 'failed', error: { code: 'ERR_ACCESS_DENIED' } },
    ])
    expect(log.filter((line) => line.startsWith('abort'))).toEqual([])
    expect(existsSync(path)).toBe(true)
  })

  it('goes with its upload, which was found here', async () => {
    const path = leaveRecord('moved', { origin: 'https://bucket.elsewhere' })
    const { store } = makeStore()
    expect((await sweep(store)).uploads).toMatchObject([{ outcome: 'aborted' }])
    expect(existsSync(path)).toBe(false)
  })
})

describe('any upload', () => {
  it('is taken from the listing, beside those recorded, each once', async () => {
    leaveRecord('one')
    const { store, log } = makeStore(
      listing(
        { key: 'a/one', uploadId: 'id-one', initiatedAt: ago(2 * DAY) },
        { key: 'a/one', uploadId: 'theirs', initiatedAt: ago(2 * DAY) },
      ),
    )
    const { uploads } = await sweep(store, { any: true })
    expect(uploads.map(({ uploadId, isOurs }) => [uploadId, isOurs])).toEqual([
      ['id-one', true],
      ['theirs', false],
    ])
    expect(log.filter((line) => line.startsWith('abort'))).toHaveLength(2)
  })

  it('of which the store does not say when it began counts as recent', async () => {
    const { store } = makeStore(listing({ key: 'a/1', uploadId: '1', initiatedAt: undefined }))
    expect(await sweep(store, { any: true, olderThanMs: 0 })).toMatchObject({
      uploads: [],
      kept: { recent: 1 },
    })
  })
})

describe('age', () => {
  it('counts from the beginning, or from the last part if that came later', async () => {
    leaveRecord('young', { startedAt: ago(HOUR) })
    leaveRecord('busy')
    leaveRecord('old')
    const { store, log } = makeStore({
      listParts: (_object, uploadId) =>
        log.includes(`abort ${uploadId}`)
          ? Promise.resolve([])
          : Promise.resolve([part(ago(uploadId === 'id-busy' ? HOUR : 2 * DAY))]),
    })
    const { uploads, kept } = await sweep(store)
    expect(uploads.map(({ key }) => key)).toEqual(['a/old'])
    expect(uploads[0]?.idleMs).toBeGreaterThanOrEqual(2 * DAY)
    expect(kept.recent).toBe(2)
  })

  it('is measured by the clock of the store', async () => {
    const route = () => Promise.resolve({ ...ROUTE, clockOffsetMs: -2 * DAY })
    const upload = { key: 'a/1', uploadId: '1', initiatedAt: ago(2 * DAY) }
    const { store } = makeStore({ ...listing(upload), route })
    expect(await sweep(store, { any: true })).toMatchObject({ uploads: [], kept: { recent: 1 } })
  })

  it.each<ErrorCode>(['ERR_NOT_SUPPORTED', 'ERR_ACCESS_DENIED', 'ERR_REQUEST_REFUSED'])(
    'of a recorded one counts from the beginning where parts cannot be seen (%s)',
    async (code) => {
      leaveRecord('one')
      let looks = 0
      const { store } = makeStore({
        listParts: () => {
          looks += 1
          const error = looks === 1 ? refused(code) : refused('ERR_UPLOAD_NOT_FOUND')
          return Promise.reject(error)
        },
      })
      expect((await sweep(store)).uploads).toMatchObject([
        { outcome: 'aborted', stored: undefined },
      ])
    },
  )
})

describe('an upload of another tool', () => {
  it.each<ErrorCode>(['ERR_NOT_SUPPORTED', 'ERR_ACCESS_DENIED', 'ERR_REQUEST_REFUSED'])(
    'is not aborted where it cannot be seen whether it gets parts (%s)',
    async (code) => {
      const { store, log } = makeStore({
        ...listing({ key: 'a/1', uploadId: '1', initiatedAt: ago(2 * DAY) }),
        listParts: () => Promise.reject(refused(code)),
      })
      expect((await sweep(store, { any: true })).uploads).toMatchObject([
        { outcome: 'failed', stored: undefined, error: { code } },
      ])
      expect(log.filter((line) => line.startsWith('abort'))).toEqual([])
    },
  )
})

describe('a dry run', () => {
  it('shows what would go, and changes nothing', async () => {
    const path = leaveRecord('one')
    const { store, log } = makeStore()
    const { uploads } = await sweep(store, { dryRun: true })
    expect(uploads).toMatchObject([{ key: 'a/one', outcome: 'would-abort' }])
    expect(log).toEqual(['list id-one'])
    expect(existsSync(path)).toBe(true)
  })
})

describe('an upload that resists', () => {
  it.each<[string, Partial<ObjectStore>, ErrorCode]>([
    [
      'the abort is refused',
      { abortMultipartUpload: () => Promise.reject(refused('ERR_ACCESS_DENIED')) },
      'ERR_ACCESS_DENIED',
    ],
    ['parts stay', { listParts: () => Promise.resolve([part(undefined)]) }, 'ERR_CONFLICT'],
    [
      'the store does not answer',
      { listParts: () => Promise.reject(refused('ERR_CONNECT')) },
      'ERR_CONNECT',
    ],
  ])('is reported when %s, its record stays, and the others go on', async (_, methods, code) => {
    const paths = [leaveRecord('one'), leaveRecord('two')]
    const { store } = makeStore(methods)
    const { uploads } = await sweep(store)
    expect(uploads.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ['failed', code],
      ['failed', code],
    ])
    expect(paths.map((path) => existsSync(path))).toEqual([true, true])
  })
})

describe('a store that takes too long to remove an upload', () => {
  it('is reported, and is no abort of the sweep', async () => {
    leaveRecord('one')
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort())
    const { store } = makeStore({
      abortMultipartUpload: () => Promise.reject(refused('ERR_ABORTED')),
    })
    const { uploads } = await sweep(store)
    timeout.mockRestore()
    expect(uploads).toMatchObject([{ outcome: 'failed', error: { code: 'ERR_STORE_UNAVAILABLE' } }])
  })
})

describe('a sweep', () => {
  it('ends when its signal says so, before it touches the next upload', async () => {
    for (let n = 0; n < 30; n += 1) leaveRecord(`n${n}`)
    const controller = new AbortController()
    const { store, log } = makeStore()
    const ended = sweep(store, {
      signal: controller.signal,
      onUpload: () => controller.abort(new Error('enough')),
    })
    await expect(ended).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(log.filter((line) => line.startsWith('abort')).length).toBeLessThan(30)
  })

  it('fails when the notes cannot be read, before anything is aborted', async () => {
    writeFileSync(dirname(recordPath(directory(), 'x')), 'no directory')
    const upload = { key: 'a/1', uploadId: '1', initiatedAt: ago(2 * DAY) }
    const { store, log } = makeStore(listing(upload))
    await expect(sweep(store, { any: true })).rejects.toMatchObject({
      code: 'ERR_SOURCE_UNREADABLE',
      message: expect.stringContaining(directory()),
    })
    expect(log).toEqual([])
  })

  it('fails with the listing', async () => {
    const { store } = makeStore({
      listMultipartUploads: () => Promise.reject(refused('ERR_ACCESS_DENIED')),
    })
    await expect(sweep(store, { any: true })).rejects.toMatchObject({ code: 'ERR_ACCESS_DENIED' })
  })

  it.each<[string, object, string]>([
    ['an unknown option', { older: 1 }, 'ERR_OPTION_UNKNOWN'],
    ['a negative age', { olderThanMs: -1 }, 'ERR_OPTION_INVALID'],
    ['an age that is a text', { olderThanMs: '1d' }, 'ERR_OPTION_INVALID'],
    ['any that is no boolean', { any: 'yes' }, 'ERR_OPTION_INVALID'],
    ['a dry run that is no boolean', { dryRun: 1 }, 'ERR_OPTION_INVALID'],
    ['a signal that is none', { signal: {} }, 'ERR_OPTION_INVALID'],
    ['a listener that is none', { onUpload: 1 }, 'ERR_OPTION_INVALID'],
  ])('refuses %s', (_, options, code) => {
    expect(() => checkCleanupOptions(options)).toThrow(expect.objectContaining({ code }))
  })
})
