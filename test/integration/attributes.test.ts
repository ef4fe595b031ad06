import { createHash } from 'node:crypto'
import {
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import {
  BUCKET,
  fileBytes,
  MiB,
  readAll,
  sharedBed,
  storedBytes,
  storedKeys,
} from '../helpers/test-bed.ts'
import { startWireTap } from '../helpers/wire-tap.ts'

const SHAPES = [
  ['one PUT', testBytes(1000)],
  ['parts', testBytes(11 * MiB)],
] as const

describe.each(SHAPES)('uploaded in %s', (_, bytes) => {
  const bed = sharedBed()

  test('everything said of an object is stored with it', async () => {
    const { engine, sdk } = bed()
    const expires = new Date('2031-01-02T03:04:05Z')
    const until = new Date('2032-01-02T03:04:05Z')
    await engine.upload(bytes, `s3://${BUCKET}/full`, {
      contentType: 'text/x-test; charset=utf-8',
      cacheControl: 'max-age=60',
      contentDisposition: 'attachment; filename="a b.txt"',
      contentEncoding: 'br',
      contentLanguage: 'de',
      expires,
      metadata: { Colour: 'blue', 'two-words': 'a  b' },
      tags: { project: 'x y', 'a+b': 'ü&=' },
      storageClass: 'STANDARD_IA',
      acl: 'bucket-owner-full-control',
      websiteRedirectLocation: '/elsewhere',
      serverSideEncryption: 'aws:kms',
      sseKmsKeyId: 'key-1',
      bucketKeyEnabled: true,
      objectLockMode: 'GOVERNANCE',
      objectLockRetainUntil: until,
      objectLockLegalHold: true,
      requestPayer: 'requester',
    })
    const head = await sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'full' }))
    expect(head).toMatchObject({
      ContentLength: bytes.length,
      ContentType: 'text/x-test; charset=utf-8',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment; filename="a b.txt"',
      ContentEncoding: 'br',
      ContentLanguage: 'de',
      StorageClass: 'STANDARD_IA',
      WebsiteRedirectLocation: '/elsewhere',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: 'key-1',
      BucketKeyEnabled: true,
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockLegalHoldStatus: 'ON',
    })
    expect(head.ExpiresString).toBe(expires.toUTCString())
    expect(head.ObjectLockRetainUntilDate).toEqual(until)
    expect(head.Metadata).toMatchObject({ colour: 'blue', 'two-words': 'a  b' })
    const tags = await sdk.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key: 'full' }))
    expect(tags.TagSet).toEqual(
      expect.arrayContaining([
        { Key: 'project', Value: 'x y' },
        { Key: 'a+b', Value: 'ü&=' },
      ]),
    )
  })

  test("the customer's key goes with every request and opens the object again", async () => {
    const { another, store, path } = bed()
    await using tap = await startWireTap(store.port)
    const engine = another({ endpoint: tap.endpoint })
    const sseCustomerKey = Buffer.alloc(32, 7)
    const object = `s3://${BUCKET}/secret`
    await engine.upload(bytes, object, { sseCustomerKey })
    await engine.download(object, path('plain'), { sseCustomerKey })
    expect(differenceOf(await fileBytes(path('plain')), bytes)).toBeUndefined()
    expect(differenceOf(await readAll(engine.read(object, { sseCustomerKey })), bytes)).toBe(
      undefined,
    )
    const md5 = createHash('md5').update(sseCustomerKey).digest('base64')
    for (const { method, target, headers } of tap.requests) {
      expect(headers, `${method} ${target}`).toMatchObject({
        'x-amz-server-side-encryption-customer-key': sseCustomerKey.toString('base64'),
        'x-amz-server-side-encryption-customer-key-md5': md5,
      })
    }
    const without = await failureOf(engine.download(object, path('none')))
    expect(without.code).toBe('ERR_REQUEST_REFUSED')
    const wrong = { sseCustomerKey: Buffer.alloc(32, 8) }
    const error = await failureOf(engine.download(object, path('none'), wrong))
    expect(['ERR_ACCESS_DENIED', 'ERR_REQUEST_REFUSED']).toContain(error.code)
    await engine.close()
  })

  test('If-None-Match keeps what is there, and leaves no upload behind', async () => {
    const { engine, store } = bed()
    const object = `s3://${BUCKET}/once`
    const { etag } = await engine.upload(bytes, object, { ifNoneMatch: '*' })
    const other = testBytes(bytes.length, 2)
    const error = await failureOf(engine.upload(other, object, { ifNoneMatch: '*' }))
    expect(error).toMatchObject({ code: 'ERR_PRECONDITION_FAILED', context: { status: 412 } })
    expect(differenceOf(storedBytes(store, 'once'), bytes)).toBeUndefined()
    expect(store.uploads()).toEqual([])

    const replaced = await engine.upload(other, object, { ifMatch: etag })
    expect(replaced.etag).not.toBe(etag)
    const late = await failureOf(engine.upload(bytes, object, { ifMatch: etag }))
    expect(late.code).toBe('ERR_PRECONDITION_FAILED')
    expect(differenceOf(storedBytes(store, 'once'), other)).toBeUndefined()
    expect(store.uploads()).toEqual([])
  })

  test('the type is guessed from the name, and what the caller says counts more', async () => {
    const { engine, sdk, file } = bed()
    const typeOf = async (key: string): Promise<string | undefined> =>
      (await sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key }))).ContentType
    await engine.upload(await file('page.html', bytes))
    expect(await typeOf('page.html')).toMatch(/^text\/html/)
    await engine.upload(bytes, `s3://${BUCKET}/data.json`)
    expect(await typeOf('data.json')).toBe('application/json')
    await engine.upload(bytes, `s3://${BUCKET}/own.json`, { contentType: 'text/x-own' })
    expect(await typeOf('own.json')).toBe('text/x-own')
    await engine.upload(bytes, `s3://${BUCKET}/no-extension`)
    expect(await typeOf('no-extension')).toMatch(/octet-stream/)
  })
})

describe('versions', () => {
  const bed = sharedBed()

  test('each upload makes one, and each can be downloaded by its id', async () => {
    const { engine, sdk, path } = bed()
    await sdk.send(
      new PutBucketVersioningCommand({
        Bucket: BUCKET,
        VersioningConfiguration: { Status: 'Enabled' },
      }),
    )
    const object = `s3://${BUCKET}/many`
    for (const [first, second] of [
      [testBytes(1000), testBytes(1000, 2)],
      [testBytes(11 * MiB), testBytes(11 * MiB, 2)],
    ] as const) {
      const old = await engine.upload(first, object)
      const current = await engine.upload(second, object)
      expect(old.versionId).toBeTypeOf('string')
      expect(current.versionId).not.toBe(old.versionId)
      const down = await engine.download(object, path('old'), { versionId: old.versionId })
      expect(down.object.versionId).toBe(old.versionId)
      expect(differenceOf(await fileBytes(path('old')), first)).toBeUndefined()
      expect(differenceOf(await readAll(engine.read(object)), second)).toBeUndefined()
      const read = engine.read({ bucket: BUCKET, key: 'many', versionId: old.versionId })
      expect(differenceOf(await readAll(read), first)).toBeUndefined()
    }
    const error = await failureOf(engine.download(object, path('none'), { versionId: 'nothing' }))
    expect(['ERR_OBJECT_NOT_FOUND', 'ERR_REQUEST_REFUSED']).toContain(error.code)
  })
})

describe('an object', () => {
  const bed = sharedBed()

  test('that looks like an error document comes back byte for byte', async () => {
    const { engine, sdk, path } = bed()
    const body = '<?xml version="1.0"?>\n<Error><Code>SlowDown</Code></Error>\n'
    await sdk.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'error.xml', Body: body }))
    await engine.download(`s3://${BUCKET}/error.xml`, path('error.xml'))
    expect((await fileBytes(path('error.xml'))).toString()).toBe(body)
    expect(storedKeys(bed().store)).toContain('error.xml')
  })

  test('stored with a content encoding comes back as it is stored', async () => {
    const { engine, path } = bed()
    const bytes = testBytes(3000)
    await engine.upload(bytes, `s3://${BUCKET}/packed.gz`, { contentEncoding: 'gzip' })
    await engine.download(`s3://${BUCKET}/packed.gz`, path('packed.gz'))
    expect(await fileBytes(path('packed.gz'))).toEqual(bytes)
  })
})
