/**
 * Goal: a program that used `Upload` of lib-storage can use ours. Method: one suite, which both
 * classes pass; where ours differs on purpose is in `lib-storage-own.test.ts`.
 */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { GetObjectTaggingCommand } from '@aws-sdk/client-s3'
import { Upload as Theirs, type Options } from '@aws-sdk/lib-storage'
import { engineOf, Upload as Ours } from 'transfer-engine/lib-storage'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../helpers/failure.ts'
import { differenceOf } from '../helpers/test-bytes.ts'
import { BUCKET, MiB, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import {
  BODIES,
  headOf,
  progressOf,
  rejectionOf,
  textBytes,
  type UploadClass,
  type UploadLike,
} from './lib-storage-cases.ts'

const PART = 5 * MiB
const CLASSES: readonly (readonly [string, UploadClass])[] = [
  ['of lib-storage', Theirs],
  ['of ours', Ours],
]

function fail(): never {
  throw new Error('there is no such kind of body')
}

describe.each(CLASSES)('an Upload %s', (_name, Upload) => {
  const bed = sharedBed()
  beforeAll(async () => {
    const { sdk, stateDir } = bed()
    await engineOf(sdk, { stateDir, workers: 2, retryDelayMs: 10 })
  })
  afterEach(() => bed().store.reset())
  afterAll(async () => (await engineOf(bed().sdk)).close())

  type Changes = Partial<Options['params']>

  function begin(params: Changes, options: Partial<Options> = {}): UploadLike {
    const all = { Bucket: BUCKET, Key: 'key', Body: textBytes(2 * PART + 3), ...params }
    return new Upload({ client: bed().sdk, partSize: PART, params: all, ...options })
  }

  function slowParts(ms: number): void {
    const fault = { kind: 'delay', ms, at: 'after-operation' } as const
    bed().store.faults.add({ match: { operation: 'UploadPart' }, fault })
  }

  function refusePart(partNumber: number): void {
    bed().store.faults.add({
      match: { operation: 'UploadPart', partNumber },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied', message: 'not you' },
    })
  }

  describe.each(Object.keys(BODIES))('of %s', (kind) => {
    test.each([0, 1, PART - 1, PART, PART + 1, 2 * PART + 3])('stores %i bytes', async (size) => {
      const bytes = textBytes(size)
      const upload = begin({ Body: await (BODIES[kind] ?? fail)(bytes, bed()) })
      const output = await upload.done()
      const [stored] = bed().store.objects(BUCKET)
      expect(differenceOf(storedBytes(bed().store, 'key'), bytes)).toBeUndefined()
      expect(output).toMatchObject({ Bucket: BUCKET, Key: 'key', ETag: `"${stored?.etag}"` })
      expect(output.$metadata.httpStatusCode).toBe(200)
      // A stream that ends with its first part is one part to some and one request to others.
      if (size !== PART) expect(upload.uploadId === undefined).toBe(size < PART)
      if (size !== PART)
        expect(stored?.parts).toBe(size < PART ? undefined : Math.ceil(size / PART))
    })
  })

  test('says where the object is', async () => {
    const { store } = bed()
    const location = `${store.endpoint}/${BUCKET}/a%20folder/%C3%BC%2B(1).txt`
    for (const Body of ['small', textBytes(PART + 1)]) {
      const { Location = '' } = await begin({ Key: 'a folder/ü+(1).txt', Body }).done()
      const normal = (url: string): string => decodeURIComponent(new URL(url).href)
      expect(normal(Location)).toBe(normal(location))
    }
  })

  test('without sizes of its own stores small and large objects', async () => {
    const bytes = textBytes(17 * MiB)
    await begin({ Body: bytes }, { partSize: 0, queueSize: 0 }).done()
    expect(differenceOf(storedBytes(bed().store, 'key'), bytes)).toBeUndefined()
    await begin({ Key: 'small', Body: 'small' }, { partSize: 0 }).done()
    expect(storedBytes(bed().store, 'small').toString()).toBe('small')
  })

  describe('progress', () => {
    test.each([0, 7, 2 * PART + 3])('of %i bytes rises to all, by whole parts', async (size) => {
      const upload = begin({ Body: textBytes(size) })
      const [first, second] = [progressOf(upload), progressOf(upload)]
      await upload.done()
      const loaded = first.map((event) => event.loaded ?? -1)
      expect(loaded).toEqual(loaded.toSorted((a, b) => a - b))
      expect(loaded.at(-1)).toBe(size)
      const parts = first.map(({ part = 0 }) => part).sort((a, b) => a - b)
      expect(parts).toEqual(Array.from({ length: Math.ceil(size / PART) || 1 }, (_, n) => n + 1))
      for (const { total, Bucket, Key } of first) {
        expect({ total, Bucket, Key }).toEqual({ total: size, Bucket: BUCKET, Key: 'key' })
      }
      expect(second).toEqual(first)
    })

    test('of a stream has no total until its end is known', async () => {
      const upload = begin({ Body: Readable.from([textBytes(PART), textBytes(3)]) })
      const events = progressOf(upload)
      await upload.done()
      expect(events.map(({ total }) => total)).toEqual([undefined, undefined])
      expect(events.at(-1)?.loaded).toBe(PART + 3)
      const short = begin({ Body: Readable.from([textBytes(3)]) })
      const [only] = [progressOf(short)]
      await short.done()
      expect(only).toMatchObject([{ loaded: 3, total: 3, part: 1 }])
    })

    test('has the length that was announced as its total', async () => {
      const Body = Readable.from([textBytes(PART), textBytes(3)])
      const upload = begin({ Body, ContentLength: PART + 3 })
      const events = progressOf(upload)
      await upload.done()
      expect(events.map(({ total }) => total)).toEqual([PART + 3, PART + 3])
    })
  })

  describe('abort', () => {
    const ABORTED = { name: 'AbortError' }

    test('before done() leaves nothing to do', async () => {
      const upload = begin({})
      await upload.abort()
      expect(await rejectionOf(upload.done())).toMatchObject(ABORTED)
      expect(storedKeys(bed().store)).toEqual([])
      expect(bed().store.uploads()).toEqual([])
    })

    test.each(['abort()', 'abortController'])('in the middle, by %s, removes it', async (how) => {
      slowParts(300)
      const abortController = new AbortController()
      const upload = begin({}, { abortController })
      const rejection = rejectionOf(upload.done())
      await until(() => bed().store.uploads().length === 1, 'it is open')
      if (how === 'abort()') await upload.abort()
      else abortController.abort()
      expect(abortController.signal.aborted).toBe(true)
      expect(await rejection).toMatchObject(ABORTED)
      await until(() => bed().store.uploads().length === 0, 'it is gone')
      expect(storedKeys(bed().store)).toEqual([])
    })

    test('after the end changes nothing', async () => {
      const upload = begin({})
      await upload.done()
      await upload.abort()
      expect(storedKeys(bed().store)).toEqual(['key'])
    })

    test('with a controller that was aborted before begins nothing', async () => {
      const abortController = new AbortController()
      abortController.abort()
      expect(await rejectionOf(begin({}, { abortController }).done())).toMatchObject(ABORTED)
      expect(storedKeys(bed().store)).toEqual([])
    })
  })

  describe('a failure', () => {
    const REFUSED = {
      name: 'AccessDenied',
      message: expect.stringContaining('not you'),
      status: 403,
    }

    test('of a part removes the others', async () => {
      refusePart(2)
      const upload = begin({}, { queueSize: 1 })
      expect(await rejectionOf(upload.done())).toMatchObject(REFUSED)
      expect(upload.uploadId).toEqual(expect.any(String))
      expect(bed().store.uploads()).toEqual([])
      expect(storedKeys(bed().store)).toEqual([])
    })

    test('of a part leaves the others with `leavePartsOnError`', async () => {
      refusePart(2)
      const upload = begin({}, { leavePartsOnError: true, queueSize: 1 })
      expect(await rejectionOf(upload.done())).toMatchObject(REFUSED)
      expect(bed().store.uploads()).toMatchObject([{ uploadId: upload.uploadId, key: 'key' }])
      expect(bed().store.uploads()[0]?.parts).toBeGreaterThan(0)
      bed().store.faults.clear()
      const all = { any: true, olderThanMs: 0 }
      await (await engineOf(bed().sdk)).cleanup(`s3://${BUCKET}/`, all)
      expect(bed().store.uploads()).toEqual([])
    })

    test.each([1, PART + 1])('says that there is no such bucket, for %i bytes', async (size) => {
      const upload = begin({ Bucket: 'no-such-bucket', Body: textBytes(size) })
      const rejection = await rejectionOf(upload.done())
      expect(rejection).toMatchObject({ name: 'NoSuchBucket', status: 404 })
    })

    test.each([1, PART + 1])('tells that `IfNoneMatch` was not met, for %i bytes', async (size) => {
      await begin({ Body: 'first' }).done()
      const upload = begin({ Body: textBytes(size), IfNoneMatch: '*' })
      const rejection = await rejectionOf(upload.done())
      expect(rejection).toMatchObject({ name: 'PreconditionFailed', status: 412 })
      expect(storedBytes(bed().store, 'key').toString()).toBe('first')
      expect(bed().store.uploads()).toEqual([])
    })

    test('of the stream tells what it said', async () => {
      const Body = Readable.from(
        (async function* () {
          yield textBytes(PART + 1)
          await Promise.resolve()
          throw new Error('the disk is gone')
        })(),
      )
      expect((await rejectionOf(begin({ Body }).done())).message).toContain('the disk is gone')
      await until(() => bed().store.uploads().length === 0, 'it is gone')
    })

    test('of a file that is missing names it', async () => {
      const { createReadStream } = await import('node:fs')
      const upload = begin({ Body: createReadStream(bed().path('nothing.bin')) })
      expect((await rejectionOf(upload.done())).message).toContain('nothing.bin')
    })

    test('is a length that is not that of the body', async () => {
      const wrong = async (): Promise<unknown> =>
        begin({ Body: textBytes(2 * PART + 3), ContentLength: 3 * PART + 1 }).done()
      await rejectionOf(wrong())
      expect(storedKeys(bed().store)).toEqual([])
    })
  })

  describe('what is said of the object', () => {
    const SAID: Changes = {
      CacheControl: 'no-cache',
      ContentDisposition: 'attachment',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      ContentType: 'text/plain; charset=utf-8',
      Expires: new Date('2030-01-02T03:04:05Z'),
      Metadata: { 'made-by': 'a test' },
      ServerSideEncryption: 'AES256',
      StorageClass: 'STANDARD_IA',
      WebsiteRedirectLocation: '/elsewhere',
    }

    test.each([1, PART + 1])('is kept with %i bytes', async (size) => {
      await begin({ Body: textBytes(size), ...SAID, ACL: 'private' }).done()
      const { Expires, ...kept } = SAID
      const head = await headOf(bed(), 'key')
      expect(head).toMatchObject(kept)
      expect(new Date(head.ExpiresString ?? '')).toEqual(Expires)
    })

    test('leaves the media type open where none is given', async () => {
      await begin({ Key: 'page.html', Body: '<p>' }).done()
      expect((await headOf(bed(), 'page.html')).ContentType).toBe('application/octet-stream')
    })

    test.each(['bytes', 'text', 'base64'])('keeps to a customer key given as %s', async (form) => {
      const text = 'a key of thirty-two bytes, really'.slice(0, 32)
      const bytes = Buffer.from(text)
      const keys: Readonly<Record<string, string | Uint8Array>> = {
        bytes,
        text,
        base64: bytes.toString('base64'),
      }
      const SSECustomerKey = keys[form] as string
      const SSECustomerKeyMD5 = createHash('md5').update(bytes).digest('base64')
      const customer = { SSECustomerAlgorithm: 'AES256', SSECustomerKey, SSECustomerKeyMD5 }
      const upload = begin({ Body: textBytes(PART + 1), ...customer })
      // A customer key may not travel without TLS, says S3; the local store does not mind.
      await upload.done()
      const proof = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: bytes.toString('base64') }
      expect(await headOf(bed(), 'key', proof)).toMatchObject({ SSECustomerKeyMD5 })
    })

    test.each([1, PART + 1])('has its tags, with %i bytes', async (size) => {
      const tags = [
        { Key: 'a', Value: '1 & 2' },
        { Key: 'ü', Value: '' },
      ]
      const tagsOf = async (Key: string): Promise<unknown> => {
        const command = new GetObjectTaggingCommand({ Bucket: BUCKET, Key })
        const { TagSet = [] } = await bed().sdk.send(command)
        return TagSet.sort((a, b) => (String(a.Key) < String(b.Key) ? -1 : 1))
      }
      const Body = textBytes(size)
      await begin({ Body }, { tags }).done()
      expect(await tagsOf('key')).toEqual(tags)
      await begin({ Key: 'by-param', Body, Tagging: 'a=1%20%26%202&%C3%BC=' }).done()
      expect(await tagsOf('by-param')).toEqual(tags)
      await begin({ Key: 'both', Body, Tagging: 'b=2' }, { tags }).done()
      expect(await tagsOf('both')).toEqual(tags)
    })

    test.each([
      ['CRC32C', 'ChecksumCRC32C'],
      ['SHA256', 'ChecksumSHA256'],
    ] as const)('is proved by %s, which the result tells', async (ChecksumAlgorithm, name) => {
      for (const size of [1, PART + 1]) {
        const output = await begin({ Body: textBytes(size), ChecksumAlgorithm }).done()
        const [stored] = bed().store.objects(BUCKET)
        expect(stored?.checksum?.algorithm).toBe(ChecksumAlgorithm)
        expect(output[name]).toBe(stored?.checksum?.value)
        expect(output.ChecksumType).toBe(stored?.checksum?.type)
      }
    })
  })

  describe('refuses', () => {
    test.each([
      [{ partSize: PART - 1 }, 'EntityTooSmall'],
      [{ queueSize: -1 }, 'Queue size'],
      [{ params: undefined }, 'InputError'],
      [{ client: undefined }, 'InputError'],
    ])('%j', (options, message) => {
      expect(() => begin({}, options as unknown as Partial<Options>)).toThrow(message)
    })

    test.each([undefined, null, 7, {}])('to upload %j', async (Body) => {
      const params = { Body } as unknown as Changes
      await rejectionOf((async () => begin(params).done())())
      expect(storedKeys(bed().store)).toEqual([])
    })

    test('to be done twice', async () => {
      const upload = begin({ Body: 'once' })
      await upload.done()
      const { message } = await rejectionOf(upload.done())
      expect(message).toContain('already executed .done()')
    })
  })
})
