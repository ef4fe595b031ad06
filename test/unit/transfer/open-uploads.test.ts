import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OpenUploads } from '../../../src/transfer/open-uploads.ts'
import { readRecords, recordPath, SIGN_OF_LIFE_MS } from '../../../src/transfer/upload-records.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const UPLOAD = { token: 'token-1', bucket: 'bucket', key: 'a/ü', uploadId: 'id-1' }
const opened = (token = UPLOAD.token) => ({
  ...UPLOAD,
  token,
  origin: async () => 'https://store',
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

function make(recordUploads = true, stateDir = join(directory(), 'state')): OpenUploads {
  return new OpenUploads({ recordUploads, stateDir })
}

describe('an open upload', () => {
  it('is noted with what finds it again, for this user only, until it has ended', async () => {
    const uploads = make()
    uploads.opened(opened())
    await uploads.settled()
    const path = recordPath(uploads.stateDirectory, 'token-1')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await readRecords(uploads.stateDirectory)).toEqual([
      { ...UPLOAD, origin: 'https://store', startedAt: expect.any(Number), isHeld: true },
    ])
    uploads.ended('token-1')
    await uploads.settled()
    expect(existsSync(path)).toBe(false)
  })

  it('is removed in order, however quickly it ends', async () => {
    const uploads = make()
    uploads.opened(opened())
    uploads.ended('token-1')
    await uploads.settled()
    expect(readdirSync(join(uploads.stateDirectory, 'uploads'))).toEqual([])
  })

  it('is nobody’s at once when it is given up', async () => {
    const uploads = make()
    uploads.opened(opened())
    uploads.givenUp('token-1')
    await uploads.settled()
    expect(await readRecords(uploads.stateDirectory)).toMatchObject([{ isHeld: false }])
  })

  it('is noted without the place when that cannot be told', async () => {
    const uploads = make()
    uploads.opened({ ...opened(), origin: () => Promise.reject(new Error('no route')) })
    await uploads.settled()
    expect(await readRecords(uploads.stateDirectory)).toMatchObject([{ origin: undefined }])
  })

  it('is not asked where it is when nothing is noted', () => {
    const origin = vi.fn<() => Promise<string>>(() =>
      Promise.reject(new Error('nobody would hear of this')),
    )
    make(false).opened({ ...opened(), origin })
    expect(origin).not.toHaveBeenCalled()
  })

  it('is held as long as its engine gives signs of life', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const uploads = make()
    uploads.opened(opened())
    await vi.waitUntil(() => existsSync(recordPath(uploads.stateDirectory, 'token-1')))
    const old = new Date(Date.now() - 3_600_000)
    utimesSync(recordPath(uploads.stateDirectory, 'token-1'), old, old)
    expect(await readRecords(uploads.stateDirectory)).toMatchObject([{ isHeld: false }])
    vi.advanceTimersByTime(SIGN_OF_LIFE_MS)
    const touched = (): boolean =>
      Date.now() - statSync(recordPath(uploads.stateDirectory, 'token-1')).mtimeMs < 60_000
    await vi.waitUntil(touched)
    uploads.ended('token-1')
    expect(vi.getTimerCount()).toBe(0)
    await uploads.settled()
  })
})

describe('a directory that cannot be written', () => {
  it('is told once, and harms nothing', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
    const blocked = join(directory(), 'a-file')
    writeFileSync(blocked, '')
    const uploads = make(true, blocked)
    for (const token of ['1', '2']) uploads.opened(opened(token))
    await uploads.settled()
    uploads.opened(opened('3'))
    for (const token of ['1', '2', '3']) uploads.ended(token)
    await uploads.settled()
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0]).toMatchObject([
      expect.stringContaining('stateDir'),
      { code: 'STATE_UNWRITABLE' },
    ])
  })
})

describe('a failure that may pass', () => {
  it('is told once, and the next uploads are noted', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
    const uploads = make()
    // A name too long for a file stands for a full disk: this one fails, the next does not.
    for (const token of ['1'.repeat(300), '2'.repeat(300), '3']) uploads.opened(opened(token))
    await uploads.settled()
    expect(warn).toHaveBeenCalledTimes(1)
    expect(await readRecords(uploads.stateDirectory)).toMatchObject([{ token: '3' }])
    uploads.opened(opened('4'))
    await uploads.settled()
    expect(await readRecords(uploads.stateDirectory)).toHaveLength(2)
  })
})

describe('an engine that is told not to', () => {
  it('notes nothing', async () => {
    const uploads = make(false)
    uploads.opened(opened())
    await uploads.settled()
    expect(existsSync(uploads.stateDirectory)).toBe(false)
  })
})

describe('records', () => {
  it('that are none are left out', async () => {
    const uploads = make()
    uploads.opened(opened())
    await uploads.settled()
    const put = (name: string, text: string): void =>
      writeFileSync(join(uploads.stateDirectory, 'uploads', name), text)
    put(
      'half.json',
      readFileSync(recordPath(uploads.stateDirectory, 'token-1'), 'utf8').slice(0, 9),
    )
    put('list.json', '[]')
    put('null.json', 'null')
    put('other.json', '{"bucket":"b","key":7,"uploadId":"u","startedAt":1}')
    put('time.json', '{"bucket":"b","key":"k","uploadId":"u","startedAt":1e300}')
    put('huge.json', `{"bucket":"b","key":"k","uploadId":"u","startedAt":1}${' '.repeat(70_000)}`)
    mkdirSync(join(uploads.stateDirectory, 'uploads', 'directory.json'))
    execFileSync('mkfifo', [join(uploads.stateDirectory, 'uploads', 'pipe.json')])
    put('notes.txt', 'hello')
    expect((await readRecords(uploads.stateDirectory)).map(({ token }) => token)).toEqual([
      'token-1',
    ])
    expect(await readRecords(join(directory(), 'nowhere'))).toEqual([])
  })
})
