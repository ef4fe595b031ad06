import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startBenchServer, type BenchServer } from '../../../bench/server/bench-server.ts'
import { verifyFile, writeContentFile } from '../../../bench/server/content-file.ts'
import { contentSlices, crcOf } from '../../../bench/server/content.ts'
import { answerControl } from '../../../bench/server/control.ts'
import { TransferEngine, type EngineOptions } from '../../../src/index.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

const MiB = 1024 * 1024
const PART = 5 * MiB
const Bucket = 'bench'

const directory = useTemporaryDirectory()
let server: BenchServer
let client: S3Client

beforeAll(async () => {
  server = await startBenchServer()
  const { endpoint, region, credentials } = server.address
  client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
})
beforeEach(() => {
  server.catalog.forget('')
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

function content(key: string, size: number): Buffer {
  return Buffer.concat(contentSlices(key, 0, size))
}

async function read(sdk: S3Client, key: string): Promise<Buffer> {
  const { Body } = await sdk.send(new GetObjectCommand({ Bucket, Key: key }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

describe('the AWS SDK at the server of the benchmark', () => {
  it('puts an object, and finds its metadata, checksum and bytes again', async () => {
    const Key = 'one/ü +&.bin'
    const Body = content(Key, 70_000)
    await client.send(new PutObjectCommand({ Bucket, Key, Body, Metadata: { token: 'abc' } }))
    const found = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crcOf(Key, Body.length))
    expect(found).toMatchObject({
      ContentLength: Body.length,
      Metadata: { token: 'abc' },
      ChecksumCRC32: sum.toString('base64'),
      ChecksumType: 'FULL_OBJECT',
    })
    expect((await read(client, Key)).equals(Body)).toBe(true)
  })

  it('uploads in parts of a stream, whose CRC32 is that of the whole', async () => {
    const Key = 'parts'
    const Body = content(Key, 2 * PART + 17)
    await new Upload({ client, params: { Bucket, Key, Body }, partSize: PART }).done()
    const control = answerControl(server, { id: 7, kind: 'received', prefix: 'par' })
    const crc32 = crcOf(Key, Body.length)
    expect(control).toEqual({ id: 7, objects: [{ key: Key, size: Body.length, crc32 }] })
  })

  it('lists and aborts an upload', async () => {
    const Key = 'open'
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const upload = { Bucket, Key, UploadId }
    await client.send(new UploadPartCommand({ ...upload, PartNumber: 2, Body: 'two' }))
    const { Parts } = await client.send(new ListPartsCommand(upload))
    expect(Parts).toMatchObject([{ PartNumber: 2, Size: 3 }])
    await client.send(new AbortMultipartUploadCommand(upload))
    await expect(client.send(new ListPartsCommand(upload))).rejects.toThrow('NoSuchUpload')
  })

  it('cannot read back bytes the server does not have', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'foreign', Body: 'not its content' }))
    await expect(read(client, 'foreign')).rejects.toThrow('not the content of its key')
  })

  it('lists published objects page by page, with and without a delimiter', async () => {
    answerControl(server, { id: 1, kind: 'publish', prefix: 'many/', count: 250, size: 10 })
    const keys: (string | undefined)[] = []
    const pages = paginateListObjectsV2({ client, pageSize: 60 }, { Bucket, Prefix: 'many/' })
    for await (const { Contents } of pages) keys.push(...(Contents ?? []).map(({ Key }) => Key))
    expect(keys).toHaveLength(250)
    expect(keys.every((key, at) => at === 0 || (keys[at - 1] ?? '') < (key ?? ''))).toBe(true)
    const below = await client.send(
      new ListObjectsCommand({ Bucket, Prefix: 'many/', Delimiter: '/', MaxKeys: 2 }),
    )
    expect(below.CommonPrefixes).toEqual([{ Prefix: 'many/00/' }, { Prefix: 'many/01/' }])
    const rest = await client.send(
      new ListObjectsCommand({ Bucket, Prefix: 'many/', Delimiter: '/', Marker: below.NextMarker }),
    )
    expect(rest.CommonPrefixes).toEqual([{ Prefix: 'many/02/' }])
    expect(
      (await read(client, 'many/02/000249.bin')).equals(content('many/02/000249.bin', 10)),
    ).toBe(true)
  })

  it('lists from any place, with the time that was asked for, until it is cleared', async () => {
    server.catalog.publish('timed/', 150, 0, 1_700_000_000_000)
    const where = { Bucket, Prefix: 'timed/01/' }
    const { Contents } = await client.send(new ListObjectsV2Command(where))
    expect(Contents).toHaveLength(50)
    const behind = { Bucket, Prefix: 'timed/', StartAfter: Contents?.at(-2)?.Key, MaxKeys: 10 }
    const rest = await client.send(new ListObjectsV2Command(behind))
    expect(rest.Contents).toMatchObject([
      { Key: 'timed/01/000149.bin', Size: 0, LastModified: new Date(1_700_000_000_000) },
    ])
    server.catalog.clear('timed/')
    expect((await client.send(new ListObjectsV2Command(where))).KeyCount).toBe(0)
  })

  it('deletes several objects at a time', async () => {
    for (const Key of ['gone & lost', 'kept']) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
    }
    const Delete = { Objects: [{ Key: 'gone & lost' }] }
    const { Deleted } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }))
    expect(Deleted).toEqual([{ Key: 'gone & lost' }])
    expect(server.catalog.received('').map(({ key }) => key)).toEqual(['kept'])
  })

  it('reads over TLS, trusting the certificate by its file', async (context) => {
    const { secureEndpoint, caFile, region, credentials } = server.address
    if (secureEndpoint === undefined || caFile === undefined) return context.skip()
    server.catalog.publish('secure', 1, 3 * MiB)
    const secure = new S3Client({
      endpoint: secureEndpoint,
      region,
      credentials,
      forcePathStyle: true,
      requestHandler: { httpsAgent: new Agent({ ca: readFileSync(caFile) }) },
    })
    expect((await read(secure, 'secure')).equals(content('secure', 3 * MiB))).toBe(true)
    secure.destroy()
  })
})

describe('our engine at the server of the benchmark', () => {
  const options = (): EngineOptions => ({
    target: `s3://${Bucket}/`,
    endpoint: server.address.endpoint,
    region: server.address.region,
    credentials: server.address.credentials,
    workers: 0,
    partSize: PART,
    multipartThreshold: 2 * PART,
  })

  it.each([100, 2 * PART + 1])('uploads and downloads %d bytes, verified', async (size) => {
    const key = `engine-${size}`
    const source = join(directory(), 'source')
    writeContentFile(source, key, size)
    await using engine = new TransferEngine(options())
    const uploaded = await engine.upload(source, { bucket: Bucket, key })
    expect(uploaded).toMatchObject({ size, verified: 'checksum' })
    expect(server.catalog.received('')).toEqual([{ key, size, crc32: crcOf(key, size) }])
    const target = join(directory(), 'target')
    const downloaded = await engine.download({ bucket: Bucket, key }, target)
    expect(downloaded).toMatchObject({ size, verified: 'checksum' })
    verifyFile(target, key, size)
  })
})
