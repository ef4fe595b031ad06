import { createHash } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  GetBucketAclCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startLocalStore } from '../../src/testing.ts'
import type { LocalStore } from '../../src/testing.ts'
import { refusal, sdkClient } from '../helpers/sdk-client.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const Bucket = 'test'
const KiB = 1024
let store: LocalStore
let client: S3Client

beforeAll(async () => {
  store = await startLocalStore({ buckets: [Bucket], minPartSize: 64 * KiB })
  client = sdkClient(store)
})
beforeEach(() => store.reset())
afterAll(async () => {
  client.destroy()
  await store.close()
})

async function put(Key: string, Body: Buffer | string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket, Key, Body }))
}

async function get(Key: string, Range?: string): Promise<Buffer> {
  const got = await client.send(new GetObjectCommand({ Bucket, Key, Range }))
  return Buffer.from((await got.Body?.transformToByteArray()) ?? [])
}

/** Uploads parts of these bytes; the parts as Complete wants them. */
async function uploadParts(
  Key: string,
  parts: readonly Buffer[],
  create: Partial<ConstructorParameters<typeof CreateMultipartUploadCommand>[0]> = {},
): Promise<{ UploadId: string; Parts: CompletedPart[] }> {
  const created = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...create }))
  const UploadId = created.UploadId ?? ''
  const Parts: CompletedPart[] = []
  for (const [at, Body] of parts.entries()) {
    const PartNumber = at + 1
    const done = await client.send(
      new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }),
    )
    Parts.push({ PartNumber, ETag: done.ETag, ChecksumCRC32: done.ChecksumCRC32 })
  }
  return { UploadId, Parts }
}

describe('binding', () => {
  it('refuses every host that is not loopback', async () => {
    await expect(startLocalStore({ host: '0.0.0.0' })).rejects.toThrow(/loopback only/)
    await expect(startLocalStore({ host: '::' })).rejects.toThrow(/loopback only/)
    await expect(startLocalStore({ host: '127.0.0.2' })).rejects.toThrow(/loopback only/)
  })

  it('listens on ::1 when asked', async () => {
    await using other = await startLocalStore({ host: '::1', buckets: [Bucket] })
    expect(other.endpoint).toMatch(/^http:\/\/\[::1\]:\d+$/)
    const six = sdkClient(other)
    await six.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'six' }))
    six.destroy()
    expect(other.objects(Bucket)[0]?.bytes().toString()).toBe('six')
  })

  it('rejects when the port is taken', async () => {
    await expect(startLocalStore({ port: store.port })).rejects.toThrow(/EADDRINUSE/)
  })
})

it('ends every connection when it is closed, idle ones included', async () => {
  const other = await startLocalStore({ buckets: [Bucket] })
  const idle = sdkClient(other)
  await idle.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }))
  expect(other.connections).toEqual({ open: 1, total: 1 })
  await other.close()
  expect(other.connections.open).toBe(0)
  idle.destroy()
})

describe('buckets', () => {
  it('creates, lists and deletes, but not while an object is inside', async () => {
    await client.send(new CreateBucketCommand({ Bucket: 'second' }))
    const listed = await client.send(new ListBucketsCommand({}))
    expect(listed.Buckets?.map(({ Name }) => Name)).toEqual(['second', Bucket])
    await put('a', 'x')
    const refused = await refusal(client.send(new DeleteBucketCommand({ Bucket })))
    expect(refused).toMatchObject({ name: 'BucketNotEmpty', status: 409 })
    await client.send(new DeleteBucketCommand({ Bucket: 'second' }))
    expect((await client.send(new ListBucketsCommand({}))).Buckets).toHaveLength(1)
  })

  it('answers 501 to operations it does not have', async () => {
    const refused = await refusal(client.send(new GetBucketAclCommand({ Bucket })))
    expect(refused).toMatchObject({ name: 'NotImplemented', status: 501 })
  })
})

describe('objects', () => {
  it('gives back the bytes, their MD5 as ETag and every header of the PUT', async () => {
    const Body = testBytes(300 * KiB)
    const sent = await client.send(
      new PutObjectCommand({
        Bucket,
        Key: 'dir/a b+c%2F.bin',
        Body,
        ContentType: 'text/x-test',
        CacheControl: 'no-cache',
        ContentDisposition: 'attachment',
        ContentEncoding: 'identity',
        ContentLanguage: 'de',
        Expires: new Date(1_800_000_000_000),
        Metadata: { one: '1', two: 'zwei' },
        StorageClass: 'STANDARD_IA',
        Tagging: 'k=v&l=w',
        ServerSideEncryption: 'AES256',
        ACL: 'private',
      }),
    )
    const md5 = createHash('md5').update(Body).digest('hex')
    expect(sent.ETag).toBe(`"${md5}"`)
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'dir/a b+c%2F.bin' }))
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true)
    expect(got).toMatchObject({
      ETag: `"${md5}"`,
      ContentLength: Body.length,
      ContentType: 'text/x-test',
      CacheControl: 'no-cache',
      ContentDisposition: 'attachment',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      Metadata: { one: '1', two: 'zwei' },
      StorageClass: 'STANDARD_IA',
      TagCount: 2,
      ServerSideEncryption: 'AES256',
      ChecksumCRC32: sent.ChecksumCRC32,
      ChecksumType: 'FULL_OBJECT',
    })
  })

  it.each([
    'a/../b',
    '..',
    './x',
    '/leading',
    'double//slash',
    'trailing/',
    'a?b#c&d=e',
    'smile 😀',
    'nfd e\u0301',
    'control\u0001\u007f',
    'x'.repeat(1024),
  ])('keeps the key %j byte for byte', async (key) => {
    await put(key, key)
    expect((await get(key)).toString()).toBe(key)
    expect(store.objects(Bucket).map((object) => object.key)).toEqual([key])
  })

  it('gives ETags that cannot be taken for an MD5 when MD5 is off', async () => {
    await using fast = await startLocalStore({ buckets: [Bucket], md5: false })
    const quick = sdkClient(fast)
    const sent = await quick.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }))
    quick.destroy()
    expect(sent.ETag).toMatch(/^"[^"]+"$/)
    expect(sent.ETag).not.toMatch(/^"[0-9a-f]{32}(-\d+)?"$/)
  })

  it('refuses a key of 1025 bytes', async () => {
    const refused = await refusal(put('ä'.repeat(512) + 'x', 'x'))
    expect(refused).toMatchObject({ name: 'KeyTooLongError', status: 400 })
  })

  it('computes CRC64NVME when the client sends no checksum', async () => {
    const quiet = sdkClient(store, { requestChecksumCalculation: 'WHEN_REQUIRED' })
    await quiet.send(new PutObjectCommand({ Bucket, Key: 'c', Body: '123456789' }))
    quiet.destroy()
    const head = await client.send(
      new HeadObjectCommand({ Bucket, Key: 'c', ChecksumMode: 'ENABLED' }),
    )
    // Source: check value ae8b14860a799888 of CRC-64/NVME over "123456789".
    expect(head.ChecksumCRC64NVME).toBe(Buffer.from('ae8b14860a799888', 'hex').toString('base64'))
  })

  it('cuts ranges as HTTP says and refuses those outside', async () => {
    await put('r', '0123456789')
    expect((await get('r', 'bytes=2-4')).toString()).toBe('234')
    expect((await get('r', 'bytes=7-')).toString()).toBe('789')
    expect((await get('r', 'bytes=-3')).toString()).toBe('789')
    expect((await get('r', 'bytes=8-100')).toString()).toBe('89')
    const refused = await refusal(get('r', 'bytes=10-'))
    expect(refused).toMatchObject({ name: 'InvalidRange', status: 416 })
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'r', Range: 'bytes=1-2' }))
    expect(head).toMatchObject({ ContentLength: 2, ContentRange: 'bytes 1-2/10' })
  })

  it('has no checksum on a ranged GET', async () => {
    await put('r', '0123456789')
    const got = await client.send(
      new GetObjectCommand({ Bucket, Key: 'r', Range: 'bytes=0-4', ChecksumMode: 'ENABLED' }),
    )
    await got.Body?.transformToByteArray()
    expect(got.ChecksumCRC32).toBeUndefined()
  })

  it('honours conditions on GET and on PUT', async () => {
    await put('c', 'one')
    const { ETag } = await client.send(new HeadObjectCommand({ Bucket, Key: 'c' }))
    const wrong = new GetObjectCommand({ Bucket, Key: 'c', IfMatch: '"00"' })
    expect((await refusal(client.send(wrong))).status).toBe(412)
    const same = new GetObjectCommand({ Bucket, Key: 'c', IfNoneMatch: ETag })
    expect((await refusal(client.send(same))).status).toBe(304)
    const again = new PutObjectCommand({ Bucket, Key: 'c', Body: 'two', IfNoneMatch: '*' })
    expect((await refusal(client.send(again))).status).toBe(412)
    await client.send(new PutObjectCommand({ Bucket, Key: 'c', Body: 'two', IfMatch: ETag }))
    expect((await get('c')).toString()).toBe('two')
    const gone = new PutObjectCommand({ Bucket, Key: 'new', Body: 'x', IfMatch: ETag })
    expect((await refusal(client.send(gone))).status).toBe(404)
  })

  it('demands the customer key that the object was stored with', async () => {
    const ssec = (fill: number) => ({
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: Buffer.alloc(32, fill).toString('base64'),
      SSECustomerKeyMD5: createHash('md5').update(Buffer.alloc(32, fill)).digest('base64'),
    })
    await client.send(new PutObjectCommand({ Bucket, Key: 's', Body: 'secret', ...ssec(1) }))
    expect((await refusal(get('s'))).status).toBe(400)
    const other = new GetObjectCommand({ Bucket, Key: 's', ...ssec(2) })
    expect((await refusal(client.send(other))).status).toBe(403)
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 's', ...ssec(1) }))
    expect(await got.Body?.transformToString()).toBe('secret')
    expect(got.ETag).not.toMatch(/^"[0-9a-f]{32}"$/)
  })

  it('refuses more than 2 KB of metadata and the wrong account', async () => {
    const large = { Bucket, Key: 'm', Body: 'x', Metadata: { big: 'y'.repeat(2100) } }
    const refused = await refusal(client.send(new PutObjectCommand(large)))
    expect(refused.name).toBe('MetadataTooLarge')
    const other = { Bucket, Key: 'm', Body: 'x', ExpectedBucketOwner: '999999999999' }
    expect((await refusal(client.send(new PutObjectCommand(other)))).status).toBe(403)
    expect(store.objects(Bucket)).toEqual([])
  })

  it('changes tags without changing the object', async () => {
    await put('t', 'x')
    const TagSet = [{ Key: 'a', Value: '<&>' }]
    await client.send(new PutObjectTaggingCommand({ Bucket, Key: 't', Tagging: { TagSet } }))
    const got = await client.send(new GetObjectTaggingCommand({ Bucket, Key: 't' }))
    expect(got.TagSet).toEqual(TagSet)
    expect((await get('t')).toString()).toBe('x')
  })

  it('copies with and without new metadata and keeps the bytes of a deleted source', async () => {
    await client.send(
      new PutObjectCommand({ Bucket, Key: 'src', Body: 'body', Metadata: { a: '1' } }),
    )
    const CopySource = `${Bucket}/src`
    await client.send(new CopyObjectCommand({ Bucket, Key: 'kept', CopySource }))
    await client.send(
      new CopyObjectCommand({
        Bucket,
        Key: 'replaced',
        CopySource,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
      }),
    )
    const stale = new CopyObjectCommand({ Bucket, Key: 'x', CopySource, CopySourceIfMatch: '"0"' })
    expect((await refusal(client.send(stale))).status).toBe(412)
    await put('src', 'other')
    const objects = Object.fromEntries(store.objects(Bucket).map((object) => [object.key, object]))
    expect(objects['kept']?.metadata).toEqual({ a: '1' })
    expect(objects['replaced']?.metadata).toEqual({ b: '2' })
    expect((await get('kept')).toString()).toBe('body')
  })
})

describe('multipart uploads', () => {
  const parts = [testBytes(64 * KiB, 1), testBytes(64 * KiB, 2), testBytes(100, 3)]
  const whole = Buffer.concat(parts)

  it('joins the parts under an ETag of their MD5s and answers a repeated Complete alike', async () => {
    const { UploadId, Parts } = await uploadParts('m', parts, { ChecksumAlgorithm: 'CRC32' })
    const command = new CompleteMultipartUploadCommand({
      Bucket,
      Key: 'm',
      UploadId,
      MultipartUpload: { Parts },
    })
    const done = await client.send(command)
    const md5s = parts.map((part) => createHash('md5').update(part).digest())
    const md5 = createHash('md5').update(Buffer.concat(md5s)).digest('hex')
    expect(done.ETag).toBe(`"${md5}-3"`)
    expect(done).toMatchObject({ ChecksumCRC32: expect.stringMatching(/-3$/) as string })
    expect(await get('m')).toEqual(whole)
    expect((await get('m', 'bytes=65530-65545')).equals(whole.subarray(65_530, 65_546))).toBe(true)
    const again = await client.send(command)
    expect(again.ETag).toBe(done.ETag)
    expect(store.uploads()).toEqual([])
  })

  it('serves single parts and counts them', async () => {
    const { UploadId, Parts } = await uploadParts('m', parts, { ChecksumAlgorithm: 'CRC32' })
    await client.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: 'm',
        UploadId,
        MultipartUpload: { Parts },
      }),
    )
    const part = await client.send(
      new GetObjectCommand({ Bucket, Key: 'm', PartNumber: 2, ChecksumMode: 'ENABLED' }),
    )
    expect(Buffer.from((await part.Body?.transformToByteArray()) ?? [])).toEqual(parts[1])
    expect(part).toMatchObject({ PartsCount: 3, ChecksumCRC32: Parts[1]?.ChecksumCRC32 })
    const beyond = new HeadObjectCommand({ Bucket, Key: 'm', PartNumber: 4 })
    expect((await refusal(client.send(beyond))).status).toBe(416)
    const attributes = await client.send(
      new GetObjectAttributesCommand({
        Bucket,
        Key: 'm',
        ObjectAttributes: ['ObjectParts', 'Checksum', 'ObjectSize'],
        MaxParts: 2,
      }),
    )
    expect(attributes.ObjectSize).toBe(whole.length)
    expect(attributes.ObjectParts).toMatchObject({ TotalPartsCount: 3, IsTruncated: true })
    expect(attributes.ObjectParts?.Parts?.map(({ Size }) => Size)).toEqual([64 * KiB, 64 * KiB])
  })

  it('verifies a full-object CRC against the bytes and lists no parts for it', async () => {
    const { UploadId, Parts } = await uploadParts('f', parts, {
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    })
    const complete = (ChecksumCRC32: string) =>
      client.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key: 'f',
          UploadId,
          MultipartUpload: { Parts },
          ChecksumType: 'FULL_OBJECT',
          ChecksumCRC32,
        }),
      )
    expect((await refusal(complete('AAAAAA=='))).name).toBe('BadDigest')
    expect(store.uploads()).toHaveLength(1)
    await put('reference', whole)
    const reference = store.objects(Bucket).find(({ key }) => key === 'reference')
    const done = await complete(reference?.checksum?.value ?? '')
    expect(done).toMatchObject({ ChecksumType: 'FULL_OBJECT' })
    const attributes = await client.send(
      new GetObjectAttributesCommand({ Bucket, Key: 'f', ObjectAttributes: ['ObjectParts'] }),
    )
    expect(attributes.ObjectParts?.TotalPartsCount).toBe(3)
    expect(attributes.ObjectParts?.Parts).toBeUndefined()
  })

  it('computes CRC64NVME of the whole when the upload has no checksum', async () => {
    const quiet = sdkClient(store, { requestChecksumCalculation: 'WHEN_REQUIRED' })
    const { UploadId } = await quiet.send(new CreateMultipartUploadCommand({ Bucket, Key: 'n' }))
    const Parts: CompletedPart[] = []
    for (const [at, Body] of parts.entries()) {
      const PartNumber = at + 1
      const part = { Bucket, Key: 'n', UploadId, PartNumber, Body }
      Parts.push({ PartNumber, ETag: (await quiet.send(new UploadPartCommand(part))).ETag })
    }
    const MultipartUpload = { Parts }
    const done = await quiet.send(
      new CompleteMultipartUploadCommand({ Bucket, Key: 'n', UploadId, MultipartUpload }),
    )
    await quiet.send(new PutObjectCommand({ Bucket, Key: 'reference', Body: whole }))
    quiet.destroy()
    const reference = store.objects(Bucket).find(({ key }) => key === 'reference')
    expect(done.ChecksumCRC64NVME).toBe(reference?.checksum?.value)
    expect(reference?.checksum?.algorithm).toBe('CRC64NVME')
  })

  it.each([
    [
      'a wrong ETag',
      'InvalidPart',
      (p: CompletedPart[]) => [{ ...p[0], ETag: '"00"' }, p[1], p[2]],
    ],
    [
      'a part never sent',
      'InvalidPart',
      (p: CompletedPart[]) => [...p, { ...p[2], PartNumber: 4 }],
    ],
    ['parts out of order', 'InvalidPartOrder', (p: CompletedPart[]) => [p[1], p[0], p[2]]],
    ['a part twice', 'InvalidPartOrder', (p: CompletedPart[]) => [p[0], p[0], p[1]]],
    ['a gap, with checksums', 'InvalidPartOrder', (p: CompletedPart[]) => [p[0], p[2]]],
    ['no parts', 'MalformedXML', () => []],
  ])('refuses a Complete with %s and leaves the upload open', async (_what, name, change) => {
    const { UploadId, Parts } = await uploadParts('bad', parts, { ChecksumAlgorithm: 'CRC32' })
    const changed = change(Parts) as CompletedPart[]
    const refused = await refusal(
      client.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key: 'bad',
          UploadId,
          MultipartUpload: { Parts: changed },
        }),
      ),
    )
    expect(refused.name).toBe(name)
    expect(store.uploads()).toMatchObject([{ key: 'bad', parts: 3 }])
    expect(store.objects(Bucket)).toEqual([])
  })

  it('refuses a small part that is not the last, and a wrong object size', async () => {
    const small = await uploadParts('s', [testBytes(64 * KiB - 1), testBytes(10)])
    const complete = ({ UploadId, Parts }: typeof small, Key: string, MpuObjectSize?: number) =>
      refusal(
        client.send(
          new CompleteMultipartUploadCommand({
            Bucket,
            Key,
            UploadId,
            MultipartUpload: { Parts },
            MpuObjectSize,
          }),
        ),
      )
    expect((await complete(small, 's')).name).toBe('EntityTooSmall')
    const sized = await uploadParts('z', parts)
    expect((await complete(sized, 'z', whole.length + 1)).name).toBe('InvalidRequest')
  })

  it('joins parts with gaps when the upload has no checksum', async () => {
    const { UploadId, Parts } = await uploadParts('gaps', parts)
    const MultipartUpload = { Parts: [Parts[0], Parts[2]] as CompletedPart[] }
    await client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key: 'gaps', UploadId, MultipartUpload }),
    )
    expect(await get('gaps')).toEqual(Buffer.concat([parts[0], parts[2]] as Buffer[]))
  })

  it('refuses a part without the checksum that a composite upload was created with', async () => {
    const quiet = sdkClient(store, { requestChecksumCalculation: 'WHEN_REQUIRED' })
    const { UploadId } = await quiet.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'q', ChecksumAlgorithm: 'SHA256' }),
    )
    const part = new UploadPartCommand({ Bucket, Key: 'q', UploadId, PartNumber: 1, Body: 'x' })
    expect((await refusal(quiet.send(part))).name).toBe('InvalidRequest')
    quiet.destroy()
  })

  it('lets If-None-Match on Complete lose against an object that came first', async () => {
    const { UploadId, Parts } = await uploadParts('race', parts)
    await put('race', 'first')
    const late = new CompleteMultipartUploadCommand({
      Bucket,
      Key: 'race',
      UploadId,
      MultipartUpload: { Parts },
      IfNoneMatch: '*',
    })
    expect((await refusal(client.send(late))).status).toBe(412)
    expect((await get('race')).toString()).toBe('first')
  })

  it('forgets an aborted upload', async () => {
    const { UploadId } = await uploadParts('gone', parts)
    const upload = { Bucket, Key: 'gone', UploadId }
    await client.send(new AbortMultipartUploadCommand(upload))
    expect((await refusal(client.send(new ListPartsCommand(upload)))).name).toBe('NoSuchUpload')
    const late = new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' })
    expect((await refusal(client.send(late))).name).toBe('NoSuchUpload')
  })

  it('takes parts from other objects, whole and by range', async () => {
    await put('source', whole)
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'copy', ChecksumAlgorithm: 'CRC32' }),
    )
    const CopySource = `${Bucket}/source`
    const base = { Bucket, Key: 'copy', UploadId, CopySource }
    const first = await client.send(new UploadPartCopyCommand({ ...base, PartNumber: 1 }))
    const CopySourceRange = 'bytes=10-99'
    const second = await client.send(
      new UploadPartCopyCommand({ ...base, PartNumber: 2, CopySourceRange }),
    )
    const stale = { ...base, PartNumber: 3, CopySourceIfMatch: '"0"' }
    expect((await refusal(client.send(new UploadPartCopyCommand(stale)))).status).toBe(412)
    const Parts = [first, second].map(({ CopyPartResult }, at) => ({
      PartNumber: at + 1,
      ETag: CopyPartResult?.ETag,
      ChecksumCRC32: CopyPartResult?.ChecksumCRC32,
    }))
    const MultipartUpload = { Parts }
    await client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key: 'copy', UploadId, MultipartUpload }),
    )
    expect(await get('copy')).toEqual(Buffer.concat([whole, whole.subarray(10, 100)]))
  })

  it.each([0, 10_001])('refuses part number %i', async (PartNumber) => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'p' }))
    const part = new UploadPartCommand({ Bucket, Key: 'p', UploadId, PartNumber, Body: 'x' })
    expect((await refusal(client.send(part))).name).toBe('InvalidArgument')
  })
})

describe('the wire', () => {
  it('refuses wrong secrets and anonymous requests', async () => {
    const { accessKeyId } = store.credentials
    const wrong = sdkClient({
      ...store,
      endpoint: store.endpoint,
      region: store.region,
      credentials: { accessKeyId, secretAccessKey: 'not the secret' },
    })
    const refused = await refusal(wrong.send(new ListBucketsCommand({})))
    wrong.destroy()
    expect(refused).toMatchObject({ name: 'SignatureDoesNotMatch', status: 403 })
    const anonymous = await fetch(`${store.endpoint}/${Bucket}/x`)
    expect(anonymous.status).toBe(403)
    expect(await anonymous.text()).toMatch(/<Code>AccessDenied<\/Code>.*<RequestId>/s)
  })

  it('finds the bucket in the host name', async () => {
    // Not every resolver knows the names below `localhost`.
    const httpAgent = new Agent({
      lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    })
    const virtual = sdkClient(store, {
      endpoint: `http://s3.localhost:${store.port}`,
      forcePathStyle: false,
      requestHandler: { httpAgent },
    })
    await virtual.send(new PutObjectCommand({ Bucket, Key: 'v/1', Body: 'virtual' }))
    virtual.destroy()
    expect((await get('v/1')).toString()).toBe('virtual')
  })

  it('sends 100 Continue only after the signature was found good', async () => {
    const waiting = httpRequest(`${store.endpoint}/${Bucket}/early`, {
      method: 'PUT',
      headers: { expect: '100-continue', 'content-length': '5' },
    })
    let continued = false
    waiting.on('continue', () => {
      continued = true
    })
    waiting.flushHeaders()
    const status = await new Promise<number | undefined>((resolve, reject) => {
      waiting.on('error', reject)
      waiting.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
    })
    waiting.destroy()
    expect({ status, continued }).toEqual({ status: 403, continued: false })
  })

  it('logs each request as data', async () => {
    const Body = testBytes(64 * KiB)
    const { UploadId } = await uploadParts('logged', [Body])
    await refusal(get('absent', 'bytes=5-9'))
    expect(store.requests.entries({ operation: 'UploadPart' })).toMatchObject([
      {
        bucket: Bucket,
        key: 'logged',
        uploadId: UploadId,
        partNumber: 1,
        status: 200,
        bytesIn: Body.length,
      },
    ])
    const [missed] = store.requests.entries({ operation: 'GetObject' })
    expect(missed).toMatchObject({ range: 'bytes=5-9', status: 404, code: 'NoSuchKey' })
  })

  it('lets a scripted fault strike once and then works again', async () => {
    const fault = { kind: 'answer', status: 503, code: 'SlowDown' } as const
    store.faults.add({ match: { operation: 'PutObject' }, fault, times: 1 })
    expect((await refusal(put('f', 'x'))).name).toBe('SlowDown')
    expect(store.objects(Bucket)).toEqual([])
    await put('f', 'x')
    expect((await get('f')).toString()).toBe('x')
  })
})
