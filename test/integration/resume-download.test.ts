import { PutObjectCommand } from '@aws-sdk/client-s3'
import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DownloadOptions, EngineOptions, TransferEvents } from 'transfer-engine'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, fileBytes, MiB, sharedBed, temporaryFiles } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const BYTES = testBytes(38 * MiB + 7)
const RANGES = 8
const SOURCE = `s3://${BUCKET}/object`

const bed = sharedBed({ engine: { maxInFlight: 2, resume: 'always' } })
beforeEach(async () => {
  await bed().engine.upload(BYTES, SOURCE)
})
afterEach(() => bed().store.reset())

/** How many ranges were asked for. */
function rangesSent(): number {
  const sent = bed().store.requests.entries({ operation: 'GetObject' })
  return sent.filter(({ range, outcome }) => range !== undefined && outcome === 'answered').length
}

/** Begins a download and pauses it after some ranges. Returns how many have arrived. */
async function pausedDownload(path: string, options: DownloadOptions = {}): Promise<number> {
  const engine = bed().another({})
  const transfer = engine.download(SOURCE, path, options)
  let arrived = 0
  let pausing: Promise<string | undefined> | undefined
  engine.on('part', () => {
    arrived += 1
    if (arrived === 3) pausing = transfer.pause()
  })
  expect((await failureOf(transfer)).code).toBe('ERR_PAUSED')
  const token = await pausing
  await engine.close()
  expect(await readdir(join(bed().stateDir, 'journals'))).toEqual([`${token}.journal`])
  expect(await temporaryFiles(bed().dir)).toHaveLength(1)
  return arrived
}

interface Resumed {
  readonly result: Awaited<ReturnType<ReturnType<typeof bed>['engine']['download']>>
  readonly event: TransferEvents['resume'] | undefined
  readonly fetched: number
}

async function downloadAgain(
  path: string,
  options: DownloadOptions = {},
  changes: EngineOptions = {},
): Promise<Resumed> {
  const before = rangesSent()
  const engine = bed().another(changes)
  let event: TransferEvents['resume'] | undefined
  engine.on('resume', (told) => (event = told))
  const result = await engine.download(SOURCE, path, options)
  await engine.close()
  expect(await readdir(join(bed().stateDir, 'journals'))).toEqual([])
  expect(await temporaryFiles(bed().dir)).toEqual([])
  return { result, event, fetched: rangesSent() - before }
}

async function temporaryFile(): Promise<string> {
  const [name = ''] = await temporaryFiles(bed().dir)
  return bed().path(name)
}

describe('a download that was paused', () => {
  test('goes on with the next call, and fetches only what is missing', async () => {
    const path = await bed().file('paused', Buffer.from('old'))
    const arrived = await pausedDownload(path)
    expect((await readFile(path)).toString()).toBe('old')
    const { result, event, fetched } = await downloadAgain(path)
    expect(differenceOf(await fileBytes(path), BYTES)).toBeUndefined()
    expect(result).toMatchObject({ resumed: true, verified: 'checksum', parts: RANGES })
    expect(result.keptBytes).toBe(arrived * 5 * MiB)
    expect(fetched).toBe(RANGES - arrived)
    expect(event).toMatchObject({ resumed: true, keptBytes: arrived * 5 * MiB })
  })

  test('keeps its range size when the default is another one', async () => {
    const path = bed().path('sizes')
    const arrived = await pausedDownload(path)
    const { result, fetched } = await downloadAgain(path, {}, { partSize: undefined })
    expect(result).toMatchObject({ resumed: true, parts: RANGES })
    expect(fetched).toBe(RANGES - arrived)
  })

  test('begins anew when the object is another one', async () => {
    const path = bed().path('changed')
    await pausedDownload(path)
    const other = testBytes(BYTES.length, 2)
    const put = { Bucket: BUCKET, Key: 'object', Body: other, ChecksumAlgorithm: 'CRC32' } as const
    await bed().sdk.send(new PutObjectCommand(put))
    const { result, event } = await downloadAgain(path)
    expect(result).toMatchObject({ resumed: false, keptBytes: 0 })
    expect(event?.reason).toMatch(/^The object changed since: .*ETag/)
    expect(differenceOf(await fileBytes(path), other)).toBeUndefined()
  })

  test('begins anew when other ranges are asked for', async () => {
    const path = bed().path('ranges')
    await pausedDownload(path)
    const { event } = await downloadAgain(path, { partSize: 8 * MiB })
    expect(event?.reason).toMatch(/^Ranges of 8388608 bytes/)
  })

  test('begins anew when its file is gone', async () => {
    const path = bed().path('gone')
    await pausedDownload(path)
    await rm(await temporaryFile())
    const { event } = await downloadAgain(path)
    expect(event?.reason).toMatch(/^Its temporary file is gone/)
  })

  test('begins anew, and leaves alone what is not its file', async () => {
    const path = bed().path('foreign')
    await pausedDownload(path)
    const temporary = await temporaryFile()
    await rename(temporary, `${temporary}.moved`)
    await writeFile(temporary, 'somebody else’s')
    const before = rangesSent()
    const result = await bed().engine.download(SOURCE, path)
    expect(result.resumed).toBe(false)
    expect(rangesSent() - before).toBe(RANGES)
    expect(await readFile(temporary, 'utf8')).toBe('somebody else’s')
    await rm(temporary)
    await rm(`${temporary}.moved`)
  })

  test('fetches again with `recheck` what is not on the disk as it was', async () => {
    const path = bed().path('damaged')
    const arrived = await pausedDownload(path)
    const file = await open(await temporaryFile(), 'r+')
    await file.write(Buffer.alloc(100, 7), 0, 100, 1000)
    await file.close()
    const { result, fetched } = await downloadAgain(path, {}, { recheck: true })
    expect(differenceOf(await fileBytes(path), BYTES)).toBeUndefined()
    expect(result).toMatchObject({ resumed: true, verified: 'checksum' })
    expect(result.keptBytes).toBe((arrived - 1) * 5 * MiB)
    expect(fetched).toBe(RANGES - arrived + 1)
  })

  test('that is aborted then leaves nothing', async () => {
    const path = bed().path('aborted')
    await pausedDownload(path)
    const engine = bed().another({})
    const transfer = engine.download(SOURCE, path)
    engine.on('part', () => void transfer.abort())
    expect((await failureOf(transfer)).code).toBe('ERR_ABORTED')
    expect(await readdir(join(bed().stateDir, 'journals'))).toEqual([])
    expect(await temporaryFiles(bed().dir)).toEqual([])
  })
})

describe('a download with `resume` off', () => {
  test('keeps nothing when it is paused', async () => {
    const engine = bed().another({ resume: 'off' })
    const transfer = engine.download(SOURCE, bed().path('off'))
    const pausing = new Promise((resolve) => {
      engine.on('part', () => resolve(transfer.pause()))
    })
    expect((await failureOf(transfer)).code).toBe('ERR_PAUSED')
    expect(await pausing).toBeUndefined()
  })
})

describe('two downloads of one object into one file at once', () => {
  test('both succeed: the second does without a journal', async () => {
    const path = bed().path('twice')
    const { engine } = bed()
    await Promise.all([engine.download(SOURCE, path), engine.download(SOURCE, path)])
    expect(differenceOf(await fileBytes(path), BYTES)).toBeUndefined()
  })
})
