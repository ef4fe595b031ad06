/** Going on with a transfer by its name alone: as the same call would, at the same store, or not at all. */

import { GetObjectTaggingCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { appendFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { EngineOptions, Transfer, TransferEngine, UploadOptions } from 'transfer-engine'
import { startLocalStore } from 'transfer-engine/testing'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import { run, storeEnvironment, type Outcome } from './cli-command.ts'

const BYTES = testBytes(38 * MiB + 7)
const TARGET = `s3://${BUCKET}/object`
const ATTRIBUTES: UploadOptions = {
  contentType: 'text/x-odd',
  metadata: { origin: 'here' },
  tags: { a: 'b c' },
  expires: '2031-01-02T03:04:05.000Z',
  checksumAlgorithm: 'CRC32C',
}

const bed = sharedBed({ engine: { maxInFlight: 2, resume: 'always' } })
afterEach(() => bed().store.reset())

/** Starts a transfer, pauses it after three parts, and returns its token. */
async function paused(
  start: (engine: TransferEngine) => Transfer<unknown>,
  options: EngineOptions = {},
): Promise<string> {
  const engine = bed().another(options)
  let arrived = 0
  let pausing: Promise<string | undefined> | undefined
  engine.on('part', () => {
    arrived += 1
    if (arrived === 3) pausing = transfer.pause()
  })
  const transfer = start(engine)
  expect((await failureOf(transfer)).code).toBe('ERR_PAUSED')
  const token = await pausing
  await engine.close()
  if (token === undefined) throw new Error('a pause of a transfer in parts has a token')
  return token
}

async function pausedUpload(path: string, options: UploadOptions = {}): Promise<string> {
  return paused((engine) => engine.upload(path, TARGET, options))
}

async function pausedDownload(name: string): Promise<{ id: string; path: string }> {
  const path = join(bed().dir, name)
  await bed().engine.upload(BYTES, TARGET)
  await writeFile(path, 'old')
  const id = await paused((engine) => engine.download(TARGET, path))
  expect(await readFile(path, 'utf8')).toBe('old')
  return { id, path }
}

async function journals(): Promise<string[]> {
  return readdir(join(bed().stateDir, 'journals'))
}

function command(...argv: string[]): Promise<Outcome> {
  const { store, stateDir } = bed()
  const env = storeEnvironment(store)
  return run(['resume', '--state-dir', stateDir, '--workers', '1', ...argv], { env })
}

describe('a transfer by its token', () => {
  test('goes on with an upload as it was asked for, and sends only what is missing', async () => {
    const path = await bed().file('by-token', BYTES)
    const id = await pausedUpload(path, { ...ATTRIBUTES, partSize: 6 * MiB })
    // Other wishes of this engine change nothing; nor does it matter that it resumes nothing by itself.
    const engine = bed().another({ resume: 'off', checksumAlgorithm: 'SHA256', partSize: 9 * MiB })
    const result = await engine.resume(id)
    await engine.close()
    expect(result).toMatchObject({ resumed: true, verified: 'checksum', parts: 7 })
    expect(result.checksum?.algorithm).toBe('CRC32C')
    expect(result.keptBytes).toBeGreaterThan(0)
    expect(differenceOf(storedBytes(bed().store, 'object'), BYTES)).toBeUndefined()
    expect(bed().store.requests.entries({ operation: 'UploadPart', status: 200 })).toHaveLength(7)
    expect(await journals()).toEqual([])
  })

  test('begins an upload anew with the same attributes when its file has changed', async () => {
    const path = await bed().file('changed', BYTES)
    const id = await pausedUpload(path, ATTRIBUTES)
    await appendFile(path, 'more')
    const result = await bed().engine.resume(id)
    expect(result).toMatchObject({ resumed: false, verified: 'checksum', size: BYTES.length + 4 })
    const object = { Bucket: BUCKET, Key: 'object' }
    const head = await bed().sdk.send(new HeadObjectCommand(object))
    expect(head).toMatchObject({
      ContentType: 'text/x-odd',
      Metadata: { origin: 'here' },
      ExpiresString: 'Thu, 02 Jan 2031 03:04:05 GMT',
    })
    const { TagSet } = await bed().sdk.send(new GetObjectTaggingCommand(object))
    expect(TagSet).toEqual([{ Key: 'a', Value: 'b c' }])
    expect(bed().store.uploads()).toEqual([])
    expect(await journals()).toEqual([])
  })

  test('goes on with a download', async () => {
    const { id, path } = await pausedDownload('down')
    const result = await bed().engine.resume(id)
    expect(result).toMatchObject({ resumed: true, verified: 'checksum' })
    expect(differenceOf(await readFile(path), BYTES)).toBeUndefined()
    expect(await journals()).toEqual([])
  })

  test('can be paused again, and then has the same token', async () => {
    const path = await bed().file('again', BYTES)
    const id = await pausedUpload(path)
    expect(await paused((engine) => engine.resume(id))).toBe(id)
    await bed().engine.resume(id)
    expect(differenceOf(storedBytes(bed().store, 'object'), BYTES)).toBeUndefined()
  })

  test('needs the customer key it was begun with, which is written down nowhere', async () => {
    const sseCustomerKey = Buffer.alloc(32, 7).toString('base64')
    const path = await bed().file('key', BYTES)
    const id = await pausedUpload(path, { sseCustomerKey })
    const text = await readFile(join(bed().stateDir, 'journals', `${id}.journal`), 'latin1')
    expect(text).not.toContain(sseCustomerKey.slice(0, 20))
    const without = await failureOf(bed().engine.resume(id))
    expect(without).toMatchObject({ code: 'ERR_OPTION_INVALID' })
    expect(without.message).toContain('sseCustomerKey')
    expect(await bed().engine.resume(id, { sseCustomerKey })).toMatchObject({ resumed: true })
    const other = await pausedUpload(path)
    const given = await failureOf(bed().engine.resume(other, { sseCustomerKey }))
    expect(given.message).toMatch(/without a customer key/)
    await bed().engine.resume(other)
  })

  test('is refused by an engine that goes to another store, and nothing is sent there', async () => {
    const path = await bed().file('elsewhere', BYTES)
    const id = await pausedUpload(path)
    const other = await startLocalStore({ buckets: [BUCKET] })
    const { endpoint, region, credentials } = other
    const engine = bed().another({ endpoint, region, credentials })
    const error = await failureOf(engine.resume(id))
    await engine.close()
    const { length } = other.requests.entries()
    await other.close()
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'endpoint' } })
    expect(error.message).toContain(bed().store.endpoint)
    expect(length).toBe(0)
    await bed().engine.resume(id)
  })

  test.each(['', 'nonsense', '../../etc/passwd', '0'.repeat(32)])(
    'is not found by the name %j',
    async (id) => {
      const error = await failureOf(bed().engine.resume(id))
      expect(error.code).toBe('ERR_JOURNAL_NOT_FOUND')
    },
  )

  test('takes no option of another time', async () => {
    const options = { partSize: 8 * MiB } as object
    const error = await failureOf(bed().engine.resume('0'.repeat(32), options))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID' })
  })
})

describe('what an earlier process left of a transfer that takes one request now', () => {
  test('is removed when a file has shrunk, and the file goes up', async () => {
    const path = await bed().file('shrunk', BYTES)
    await pausedUpload(path)
    await truncate(path, 100)
    const engine = bed().another({ resume: 'auto' })
    let reason: string | undefined
    engine.on('resume', (event) => (reason = event.reason))
    expect(await engine.upload(path, TARGET)).toMatchObject({ size: 100, resumed: false })
    await engine.close()
    expect(reason).toMatch(/one request now/)
    expect(storedBytes(bed().store, 'object')).toEqual(BYTES.subarray(0, 100))
    expect(bed().store.uploads()).toEqual([])
    expect(await journals()).toEqual([])
  })

  test.each([0, 100])(
    'is removed when an object has %i bytes now, and it comes down',
    async (size) => {
      const { path } = await pausedDownload(`less-${size}`)
      await bed().engine.upload(BYTES.subarray(0, size), TARGET)
      const engine = bed().another({ resume: 'auto' })
      expect(await engine.download(TARGET, path)).toMatchObject({ size, resumed: false })
      await engine.close()
      expect(await readFile(path)).toEqual(BYTES.subarray(0, size))
      const names = await readdir(bed().dir)
      expect(names.filter((name) => name.includes('.part'))).toEqual([])
      expect(await journals()).toEqual([])
    },
  )
})

describe('transfer-engine resume', () => {
  test('lists what there is, for people and as JSON', async () => {
    expect(await command('--list')).toMatchObject({
      code: 0,
      out: '',
      err: 'nothing to go on with\n',
    })
    const path = await bed().file('listed', BYTES)
    const id = await pausedUpload(path)
    const { code, out } = await command('--list')
    expect(code).toBe(0)
    expect(out).toContain(id.slice(0, 8))
    expect(out).toMatch(new RegExp(`38\\.0 MiB.* ${path} to ${TARGET}`))
    const { events } = await command('--list', '--json')
    expect(events).toEqual([
      expect.objectContaining({ event: 'job', id, source: path, target: TARGET, isRunning: false }),
    ])
    expect(Number(events[0]?.['bytesDone'])).toBeGreaterThanOrEqual(10 * MiB)
    await bed().engine.resume(id)
  })

  test('goes on with one by the first digits of its ID', async () => {
    const id = await pausedUpload(await bed().file('digits', BYTES))
    const { code, err } = await command(id.slice(0, 6))
    expect(code).toBe(0)
    expect(err).toMatch(/goes on, .* are there/)
    expect(differenceOf(storedBytes(bed().store, 'object'), BYTES)).toBeUndefined()
    expect(await journals()).toEqual([])
  })

  test('goes on with all, to the store of then, and past one that fails', async () => {
    const gone = await bed().file('gone', BYTES)
    await pausedUpload(gone)
    const other = await bed().file('other', BYTES)
    await paused((engine) => engine.upload(other, `s3://${BUCKET}/other`))
    await rm(gone)
    const { store, stateDir } = bed()
    const { AWS_ENDPOINT_URL_S3: _, ...env } = storeEnvironment(store)
    const argv = ['resume', '--all', '--json', '--state-dir', stateDir, '--workers', '1']
    const { code, events } = await run(argv, { env })
    expect(code).toBe(1)
    expect(events.filter(({ event }) => event === 'error')).toMatchObject([
      { code: 'ERR_SOURCE_NOT_FOUND' },
    ])
    expect(events.filter(({ event }) => event === 'result')).toMatchObject([
      { resumed: true, target: `s3://${BUCKET}/other` },
    ])
    expect(differenceOf(storedBytes(store, 'other'), BYTES)).toBeUndefined()
    // That it may come back is why it is kept.
    expect(await journals()).toHaveLength(1)
    await writeFile(gone, BYTES)
    expect((await command('--all')).code).toBe(0)
    expect(await journals()).toEqual([])
  })

  test('keeps what was moved when it is interrupted', async () => {
    const id = await pausedUpload(await bed().file('ctrl-c', BYTES))
    const { store, stateDir } = bed()
    const argv = ['resume', id, '--state-dir', stateDir, '--max-bandwidth', '2MiB', '--json']
    const { code } = await run([...argv, '--workers', '1'], {
      env: storeEnvironment(store),
      during: (child) => {
        child.stdout?.on('data', (chunk: Buffer) => {
          if (chunk.toString().includes('"start"')) child.kill('SIGINT')
        })
      },
    })
    expect(code).toBe(130)
    expect(await journals()).toEqual([`${id}.journal`])
    expect(store.uploads()).toHaveLength(1)
    expect((await command(id)).code).toBe(0)
  })

  test.each([
    [[], /Say which/],
    [['--all', 'abc'], /not both/],
    [['abcdef'], /can be gone on with/],
    [['--list', '--part-size', '8MiB'], /part-size/],
  ])('is refused with %j', async (argv, message) => {
    const { code, err } = await command(...argv)
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })
})
