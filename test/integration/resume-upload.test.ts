import { UploadPartCommand } from '@aws-sdk/client-s3'
import { appendFile, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { EngineOptions, TransferEvents, UploadOptions } from 'transfer-engine'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const BYTES = testBytes(38 * MiB + 7)
const PARTS = 8
const TARGET = `s3://${BUCKET}/object`

const bed = sharedBed({ engine: { maxInFlight: 2, resume: 'always' } })
afterEach(() => bed().store.reset())

/** Numbers of the parts the store was sent whole, in ascending order. */
function partsSent(): number[] {
  const sent = bed().store.requests.entries({ operation: 'UploadPart', status: 200 })
  return sent.map((entry) => entry.partNumber ?? 0).sort((a, b) => a - b)
}

/** Begins the upload of a file and pauses it after some parts. Returns the token. */
async function pausedUpload(path: string, options: UploadOptions = {}): Promise<string> {
  const engine = bed().another({})
  const transfer = engine.upload(path, TARGET, options)
  let arrived = 0
  let pausing: Promise<string | undefined> | undefined
  engine.on('part', () => {
    arrived += 1
    if (arrived === 3) pausing = transfer.pause()
  })
  const error = await failureOf(transfer)
  expect(error.code).toBe('ERR_PAUSED')
  const token = await pausing
  if (token === undefined) throw new Error('a pause of an upload in parts has a token')
  await engine.close()
  expect(await readdir(join(bed().stateDir, 'journals'))).toEqual([`${token}.journal`])
  expect(bed().store.uploads()).toHaveLength(1)
  return token
}

interface Resumed {
  readonly result: Awaited<ReturnType<ReturnType<typeof bed>['engine']['upload']>>
  readonly event: TransferEvents['resume'] | undefined
}

async function uploadAgain(
  path: string,
  options: UploadOptions = {},
  changes: EngineOptions = {},
): Promise<Resumed> {
  const engine = bed().another(changes)
  let event: TransferEvents['resume'] | undefined
  engine.on('resume', (told) => (event = told))
  const result = await engine.upload(path, TARGET, options)
  await engine.close()
  expect(bed().store.uploads()).toEqual([])
  expect(await readdir(join(bed().stateDir, 'journals'))).toEqual([])
  return { result, event }
}

describe('an upload that was paused', () => {
  test('goes on with the next call, and sends only what is missing', async () => {
    const path = await bed().file('paused', BYTES)
    await pausedUpload(path)
    const before = partsSent()
    expect(before.length).toBeLessThan(PARTS)
    const { result, event } = await uploadAgain(path)
    expect(differenceOf(storedBytes(bed().store, 'object'), BYTES)).toBeUndefined()
    expect(result).toMatchObject({ resumed: true, verified: 'checksum', parts: PARTS })
    expect(partsSent()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(result.keptBytes).toBe(before.length * 5 * MiB)
    expect(event).toMatchObject({ resumed: true, reason: undefined })
  })

  test('keeps its part size when the default is another one', async () => {
    const path = await bed().file('sizes', BYTES)
    await pausedUpload(path)
    const { result } = await uploadAgain(path, {}, { partSize: undefined })
    expect(result).toMatchObject({ resumed: true, parts: PARTS })
    expect(partsSent()).toHaveLength(PARTS)
  })

  test.each([
    ['other parts are asked for', { partSize: 8 * MiB }, /^Parts of 8388608 bytes/],
    ['another checksum is asked for', { checksumAlgorithm: 'SHA256' }, /^Another checksum/],
    ['other attributes are asked for', { cacheControl: 'no-store' }, /^Other attributes/],
  ] as const)('begins anew when %s, and leaves nothing behind', async (_, options, reason) => {
    const path = await bed().file('other', BYTES)
    await pausedUpload(path)
    const { result, event } = await uploadAgain(path, options)
    expect(result).toMatchObject({ resumed: false, keptBytes: 0, verified: 'checksum' })
    expect(event?.reason).toMatch(reason)
    expect(differenceOf(storedBytes(bed().store, 'object'), BYTES)).toBeUndefined()
  })

  test('begins anew when the file has changed', async () => {
    const path = await bed().file('changed', BYTES)
    await pausedUpload(path)
    await appendFile(path, 'more')
    const { result, event } = await uploadAgain(path)
    expect(result.resumed).toBe(false)
    expect(event?.reason).toMatch(/^The file changed since: size/)
    const expected = Buffer.concat([BYTES, Buffer.from('more')])
    expect(differenceOf(storedBytes(bed().store, 'object'), expected)).toBeUndefined()
  })

  test('begins anew when only the time of the file is another one', async () => {
    const path = await bed().file('touched', BYTES)
    await pausedUpload(path)
    await utimes(path, 1, 1)
    const { event } = await uploadAgain(path)
    expect(event?.reason).toMatch(/modification time/)
  })

  test('begins anew when its upload was aborted meanwhile', async () => {
    const path = await bed().file('gone', BYTES)
    await pausedUpload(path)
    const { store } = bed()
    const other = bed().another({ stateDir: join(bed().dir, 'none') })
    await other.cleanup(`s3://${BUCKET}`, { any: true, olderThanMs: 0 })
    expect(store.uploads()).toEqual([])
    const { result, event } = await uploadAgain(path)
    expect(result).toMatchObject({ resumed: false, verified: 'checksum' })
    expect(event?.reason).toMatch(/^The upload is gone/)
  })

  test('is left alone by `cleanup` while it is young', async () => {
    const path = await bed().file('young', BYTES)
    await pausedUpload(path)
    const swept = await bed().engine.cleanup(`s3://${BUCKET}`)
    expect(swept).toMatchObject({ uploads: [], kept: { held: 1 } })
    expect((await uploadAgain(path)).result.resumed).toBe(true)
  })

  test('sends a part again that the store does not list as it was', async () => {
    const path = await bed().file('lost', BYTES)
    await pausedUpload(path)
    const before = partsSent().length
    const [upload] = bed().store.uploads()
    // Somebody else has put other bytes in the place of the first part.
    await bed().sdk.send(
      new UploadPartCommand({
        Bucket: BUCKET,
        Key: 'object',
        UploadId: upload?.uploadId,
        PartNumber: 1,
        Body: testBytes(5 * MiB, 9),
      }),
    )
    const { result } = await uploadAgain(path)
    expect(differenceOf(storedBytes(bed().store, 'object'), BYTES)).toBeUndefined()
    expect(result.keptBytes).toBe((before - 1) * 5 * MiB)
  })
})

describe('an upload whose Complete was sent', () => {
  test('is found done when only the answer was lost, and nothing is sent again', async () => {
    const path = await bed().file('done', BYTES)
    const { store } = bed()
    store.faults.add({
      match: { operation: 'CompleteMultipartUpload' },
      fault: { kind: 'delay', ms: 60_000, at: 'after-operation' },
      times: 1,
    })
    const engine = bed().another({})
    const transfer = engine.upload(path, TARGET)
    await expect
      .poll(() => store.objects(BUCKET).map(({ key }) => key), { timeout: 10_000 })
      .toEqual(['object'])
    const token = await transfer.pause()
    expect(token).toBeDefined()
    expect((await failureOf(transfer)).code).toBe('ERR_PAUSED')
    await engine.close()
    const { result, event } = await uploadAgain(path)
    expect(result).toMatchObject({
      resumed: true,
      keptBytes: BYTES.length,
      attempts: 0,
      verified: 'checksum',
    })
    expect(event?.keptBytes).toBe(BYTES.length)
    expect(partsSent()).toHaveLength(PARTS)
    expect(store.requests.entries({ operation: 'CreateMultipartUpload' })).toHaveLength(1)
  })
})

describe('a pause', () => {
  test('of a stream keeps nothing, and leaves nothing', async () => {
    const engine = bed().another({})
    const transfer = engine.upload(new Blob([BYTES]), TARGET)
    const pausing = new Promise((resolve) => {
      engine.on('part', () => resolve(transfer.pause()))
    })
    expect((await failureOf(transfer)).code).toBe('ERR_PAUSED')
    expect(await pausing).toBeUndefined()
    expect(bed().store.uploads()).toEqual([])
  })

  test('keeps nothing with `resume` off', async () => {
    const path = await bed().file('off', BYTES)
    const engine = bed().another({ resume: 'off' })
    const transfer = engine.upload(path, TARGET)
    const pausing = new Promise((resolve) => {
      engine.on('part', () => resolve(transfer.pause()))
    })
    expect((await failureOf(transfer)).code).toBe('ERR_PAUSED')
    expect(await pausing).toBeUndefined()
    expect(bed().store.uploads()).toEqual([])
  })

  test('after the end changes nothing', async () => {
    const transfer = bed().engine.upload(testBytes(10), TARGET)
    await transfer
    expect(await transfer.pause()).toBeUndefined()
  })
})

describe('two uploads of one file to one key at once', () => {
  test('both succeed: the second does without a journal', async () => {
    const path = await bed().file('twice', BYTES)
    const results = await Promise.all([
      bed().engine.upload(path, TARGET),
      bed().engine.upload(path, TARGET),
    ])
    expect(results.map(({ resumed }) => resumed)).toEqual([false, false])
    expect(differenceOf(storedBytes(bed().store, 'object'), BYTES)).toBeUndefined()
  })
})
