/** Where our `Upload` differs from that of lib-storage on purpose, and what is ours alone. */

import { createReadStream, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { isTransferError } from 'transfer-engine'
import { engineOf, Upload } from 'transfer-engine/lib-storage'
import type { Options } from '@aws-sdk/lib-storage'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { runScript, type ScriptResult } from '../helpers/child-script.ts'
import { failureOf, until } from '../helpers/failure.ts'
import { loadedScripts, packagesOf } from '../helpers/loaded-scripts.ts'
import { sdkClient } from '../helpers/sdk-client.ts'
import { BUCKET, MiB, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import { progressOf, textBytes } from './lib-storage-cases.ts'

const PART = 5 * MiB
const LARGE = textBytes(3 * PART + 1)

const bed = sharedBed()
beforeAll(async () => {
  const { sdk, stateDir } = bed()
  await engineOf(sdk, { stateDir, workers: 2, retryDelayMs: 10 })
})
afterEach(() => bed().store.reset())
afterAll(async () => (await engineOf(bed().sdk)).close())

function begin(Body: Options['params']['Body'], options: Partial<Options> = {}): Upload {
  const params = { Bucket: BUCKET, Key: 'key', ...(Body === undefined ? {} : { Body }) }
  return new Upload({ client: bed().sdk, partSize: PART, params, ...options })
}

function stallParts(): void {
  const fault = { kind: 'stall-request', afterBytes: 1 * MiB } as const
  bed().store.faults.add({ match: { operation: 'UploadPart' }, fault })
}

describe('abort()', () => {
  test('cuts what is under way, and resolves when nothing of it is left', async () => {
    stallParts()
    const upload = begin(LARGE)
    const failure = failureOf(upload.done())
    await until(() => bed().store.uploads().length === 1, 'it is open')
    await upload.abort()
    expect(bed().store.uploads()).toEqual([])
    const error = await failure
    expect(error).toMatchObject({ name: 'AbortError', code: 'ERR_ABORTED' })
    expect(error.context.leftBehind).toBeUndefined()
  })

  test('leaves the listeners of a signal alone', async () => {
    const abortController = new AbortController()
    let heard = 0
    abortController.signal.onabort = () => (heard += 1)
    stallParts()
    const upload = begin(LARGE, { abortController })
    const failure = failureOf(upload.done())
    await until(() => bed().store.uploads().length === 1, 'it is open')
    await upload.abort()
    expect((await failure).name).toBe('AbortError')
    expect(heard).toBe(1)
  })
})

describe('a failure', () => {
  test('is a TransferError that also bears what the SDK says', async () => {
    const fault = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    bed().store.faults.add({ match: { operation: 'PutObject' }, fault })
    const error = await failureOf(begin('small').done())
    expect(isTransferError(error)).toBe(true)
    expect(error).toMatchObject({
      name: 'AccessDenied',
      code: 'ERR_ACCESS_DENIED',
      $metadata: { httpStatusCode: 403, requestId: error.context.requestId },
    })
    expect(error.context.requestId).toEqual(expect.any(String))
  })

  test('of one request is tried again', async () => {
    const fault = { kind: 'answer', status: 503, code: 'SlowDown' } as const
    bed().store.faults.add({ match: { operation: 'UploadPart' }, fault, times: 2 })
    await begin(LARGE).done()
    expect(storedBytes(bed().store, 'key').equals(LARGE)).toBe(true)
  })
})

describe('progress', () => {
  test('is heard by every kind of listener, and one that throws does no harm', async () => {
    const warnings: string[] = []
    const onWarning = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', onWarning)
    const upload = begin(LARGE)
    const heard: string[] = []
    upload.addListener('httpUploadProgress', () => heard.push('added'))
    upload.once('httpUploadProgress', () => heard.push('once'))
    const events = progressOf(upload)
    upload.on('httpUploadProgress', () => {
      throw new Error('in a listener')
    })
    await upload.done()
    await until(() => warnings.length > 0, 'there is a warning')
    process.off('warning', onWarning)
    expect(heard.filter((each) => each === 'added')).toHaveLength(4)
    expect(heard.filter((each) => each === 'once')).toHaveLength(1)
    expect(events).toHaveLength(4)
    expect(warnings.join()).toContain('in a listener')
  })

  test('ends with all bytes where the answer to the only request was lost', async () => {
    const match = { operation: 'PutObject' } as const
    const fault = { kind: 'drop', at: 'after-operation' } as const
    bed().store.faults.add({ match, fault, times: 1 })
    const params = { Bucket: BUCKET, Key: 'key', Body: 'small', IfNoneMatch: '*' }
    const upload = new Upload({ client: bed().sdk, params })
    const events = progressOf(upload)
    await upload.done()
    expect(events).toEqual([{ loaded: 5, total: 5, part: 1, Bucket: BUCKET, Key: 'key' }])
  })
})

test('the checksum is that of the whole object, and tags are there from the beginning', async () => {
  const upload = begin(LARGE, { tags: [{ Key: 'a', Value: 'b' }] })
  const output = await upload.done()
  const [stored] = bed().store.objects(BUCKET)
  expect(stored?.checksum).toEqual({
    algorithm: 'CRC32',
    type: 'FULL_OBJECT',
    value: output.ChecksumCRC32,
  })
  expect(output.ChecksumType).toBe('FULL_OBJECT')
  expect(bed().store.requests.entries({ operation: 'PutObjectTagging' })).toEqual([])
})

test('without `partSize` objects below 16 MiB go in one request', async () => {
  const params = { Bucket: BUCKET, Key: 'key', Body: textBytes(15 * MiB) }
  const upload = new Upload({ client: bed().sdk, params })
  await upload.done()
  expect(upload.uploadId).toBeUndefined()
})

test('`queueSize` is the most parts in flight', async () => {
  const fault = { kind: 'delay', ms: 50, at: 'after-operation' } as const
  bed().store.faults.add({ match: { operation: 'UploadPart' }, fault })
  await begin(LARGE, { queueSize: 1 }).done()
  const parts = bed().store.requests.entries({ operation: 'UploadPart' })
  expect(parts.map(({ partNumber }) => partNumber)).toEqual([1, 2, 3, 4])
  const overlaps = parts.filter(({ startedAt }, index) => {
    const before = parts[index - 1]
    return startedAt < Math.floor((before?.startedAt ?? 0) + (before?.durationMs ?? 0))
  })
  expect(overlaps).toEqual([])
})

describe('a file stream', () => {
  test('nobody has read from is read by the workers, and closed', async () => {
    const stream = createReadStream(await bed().file('whole', LARGE))
    await begin(stream).done()
    expect(storedBytes(bed().store, 'key').equals(LARGE)).toBe(true)
    expect([stream.bytesRead, stream.destroyed]).toEqual([0, true])
    expect((await bed().engine.resumable()).jobs).toEqual([])
  })

  test('of which only a range is wanted gives that range', async () => {
    const path = await bed().file('range', LARGE)
    for (const [start, end] of [
      [7, PART * 2],
      [0, 99],
      [PART, undefined],
    ] as const) {
      const upload = begin(createReadStream(path, { start, ...(end === undefined ? {} : { end }) }))
      const events = progressOf(upload)
      await upload.done()
      const wanted = LARGE.subarray(start, end === undefined ? undefined : end + 1)
      expect(storedBytes(bed().store, 'key').equals(wanted)).toBe(true)
      expect(events.at(-1)).toMatchObject({ loaded: wanted.length, total: wanted.length })
    }
  })

  test('others listen to goes the way of every stream', async () => {
    const stream = createReadStream(await bed().file('watched', LARGE))
    let ended = 0
    stream.on('end', () => (ended += 1))
    await begin(stream).done()
    expect(storedBytes(bed().store, 'key').equals(LARGE)).toBe(true)
    expect([stream.bytesRead, ended]).toEqual([LARGE.length, 1])
  })

  test('whose path leads to another file by now gives its own bytes', async () => {
    const path = await bed().file('moved', LARGE)
    const stream = createReadStream(path)
    await new Promise((resolve) => stream.once('open', resolve))
    await rename(await bed().file('other', Buffer.from('other')), path)
    await begin(stream).done()
    expect(storedBytes(bed().store, 'key').equals(LARGE)).toBe(true)
  })

  test('of a descriptor goes on where that stands', async () => {
    await using file = await open(await bed().file('open', LARGE))
    await file.read(Buffer.alloc(7), 0, 7)
    await begin(file.createReadStream({ autoClose: false })).done()
    expect(storedBytes(bed().store, 'key').equals(LARGE.subarray(7))).toBe(true)
  })

  test('of what claims to be empty gives what it has', async () => {
    await begin(createReadStream('/proc/self/cmdline')).done()
    expect(storedBytes(bed().store, 'key')).toEqual(readFileSync('/proc/self/cmdline'))
  })
})

/** What a program without types might say. */
interface Changes {
  readonly params?: object
  readonly [name: string]: unknown
}

describe('refused is', () => {
  test.each<[string, Changes, string, string]>([
    ['an unknown option', { partsize: PART }, 'ERR_OPTION_UNKNOWN', 'partsize'],
    [
      'a parameter nobody knows',
      { params: { contentType: 'x' } },
      'ERR_OPTION_UNKNOWN',
      'contentType',
    ],
    [
      'one that cannot be kept',
      { params: { ContentMD5: 'x' } },
      'ERR_OPTION_UNKNOWN',
      'ContentMD5',
    ],
    ['a bad value', { params: { Metadata: { a: 'ü' } } }, 'ERR_OPTION_INVALID', 'metadata'],
    ['a part size', { partSize: 1 }, 'ERR_OPTION_INVALID', 'partSize'],
    ['no body', { params: { Body: undefined } }, 'ERR_OPTION_INVALID', 'Body'],
    ['another length', { params: { ContentLength: 9 } }, 'ERR_OPTION_INVALID', 'ContentLength'],
    ['a polyfill', { abortController: { signal: {} } }, 'ERR_OPTION_INVALID', 'abortController'],
  ])(
    '%s, by the constructor',
    (_name, { params: more = {}, ...changes }: Changes, code, option) => {
      const params = { Bucket: BUCKET, Key: 'key', Body: 'body', ...more }
      const options = { client: bed().sdk, ...changes, params } as unknown as Options
      expect(() => new Upload(options)).toThrow(
        expect.objectContaining({ code, context: { option } }),
      )
    },
  )
})

describe('the engine of a client', () => {
  test('is one for all its uploads, and takes options before the first', async () => {
    const { sdk } = bed()
    const engine = await engineOf(sdk)
    const before = engine.stats().pool.requests
    await Promise.all([begin('a').done(), begin('b').done()])
    expect(await engineOf(sdk)).toBe(engine)
    expect(engine.stats().pool.requests - before).toBe(2)
    const late = await failureOf(engineOf(sdk, { workers: 1 }))
    expect(late).toMatchObject({ code: 'ERR_OPTION_INVALID' })
  })

  test('refuses uploads once it was closed', async () => {
    const client = sdkClient(bed().store)
    const engine = await engineOf(client)
    await engine.close()
    const upload = begin('late', { client })
    expect(await failureOf(upload.done())).toMatchObject({ code: 'ERR_CLOSED' })
    expect(storedKeys(bed().store)).toEqual([])
  })

  test('that could not be made is made anew', async () => {
    const client = sdkClient(bed().store)
    const made = engineOf(client, { memoryLimit: 1 })
    expect(await failureOf(made)).toMatchObject({ code: 'ERR_OPTION_INVALID' })
    const engine = await engineOf(client, { workers: 0 })
    await begin('small', { client }).done()
    await engine.close()
  })

  test('asks the client for fresh keys when the store calls them expired', async () => {
    const { accessKeyId, secretAccessKey } = bed().store.credentials
    let asked = 0
    const credentials = async (): Promise<{ accessKeyId: string; secretAccessKey: string }> => {
      asked += 1
      return { accessKeyId, secretAccessKey }
    }
    const client = sdkClient(bed().store, { credentials })
    const fault = { kind: 'answer', status: 400, code: 'ExpiredToken' } as const
    bed().store.faults.add({ match: { operation: 'PutObject' }, fault, times: 1 })
    await begin('small', { client }).done()
    expect(asked).toBe(2)
    await (await engineOf(client)).close()
  })

  test('sends no checksum for a client that wants none', async () => {
    const client = sdkClient(bed().store, { requestChecksumCalculation: 'WHEN_REQUIRED' })
    const output = await begin('small', { client }).done()
    expect(bed().store.objects(BUCKET)[0]?.checksum?.algorithm).not.toBe('CRC32')
    expect(Object.keys(output).filter((name) => name.startsWith('Checksum'))).toEqual([])
    await (await engineOf(client)).close()
  })
})

describe('a script', () => {
  /** Finds `Upload`, `engineOf`, `client()` and `BUCKET`. */
  function run(
    body: string,
    nodeArguments: readonly string[] = [],
    more: Readonly<Record<string, string>> = {},
  ): Promise<ScriptResult> {
    const { store, stateDir } = bed()
    const { endpoint, region, credentials } = store
    const dist = new URL('../../dist/src/lib-storage.js', import.meta.url).href
    const script = `
      import { Upload, engineOf } from '${dist}'
      import { S3Client } from '${import.meta.resolve('@aws-sdk/client-s3')}'
      const BUCKET = '${BUCKET}'
      const client = () => new S3Client({ ...argument, forcePathStyle: true })
      const upload = (client, Key, Body) =>
        new Upload({ client, params: { Bucket: BUCKET, Key, Body } })
      ${body}`
    const argument = { endpoint, region, credentials }
    const env = { XDG_STATE_HOME: stateDir, ...more }
    return runScript(script, { engine: {}, argument, nodeArguments, env })
  }

  test('that uses only Upload ends by itself', async () => {
    const result = await run(`
      const one = client()
      await upload(one, 'small', 'small').done()
      await upload(one, 'large', Buffer.alloc(${17 * MiB})).done()
      console.log('done')`)
    expect(result).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' })
    expect(result.elapsedMs).toBeLessThan(10_000)
    expect(storedKeys(bed().store)).toEqual(['large', 'small'])
  })

  test('does not load lib-storage, which may be absent', async () => {
    const { main } = await loadedScripts(async (probe) => {
      const result = await run(`await upload(client(), 'key', 'small').done()`, [], probe)
      expect(result).toMatchObject({ code: 0, stderr: '' })
    })
    expect([...packagesOf(main)]).toContain('@aws-sdk/client-s3')
    expect([...packagesOf(main)]).not.toContain('@aws-sdk/lib-storage')
  })

  test('that awaits abort() need not look at done()', async () => {
    const result = await run(`
      const one = upload(client(), 'key', Buffer.alloc(${17 * MiB}))
      one.done()
      await one.abort()
      console.log('aborted')`)
    expect(result).toMatchObject({ code: 0, stdout: 'aborted\n', stderr: '' })
    expect(storedKeys(bed().store)).toEqual([])
  })

  test('that makes a client for each upload does not keep the threads of each', async () => {
    const result = await run(
      `
      const engines = []
      async function once(key) {
        const one = client()
        engines.push(await engineOf(one))
        await upload(one, key, 'small').done()
      }
      for (const key of ['a', 'b', 'c']) await once(key)
      const codes = async () => Promise.all(engines.map(async (engine) => {
        try {
          await engine.ready()
          return 'open'
        } catch (error) {
          return error.code
        }
      }))
      for (let round = 0; round < 100; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        globalThis.gc()
        if ((await codes()).every((code) => code === 'ERR_CLOSED')) break
      }
      console.log((await codes()).join())`,
      ['--expose-gc'],
    )
    expect(result).toMatchObject({ code: 0, stdout: 'ERR_CLOSED,ERR_CLOSED,ERR_CLOSED\n' })
  })
})
