import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { patternBytes, startLocalStore } from '../../src/testing.ts'
import type { LocalStore, LocalStoreOptions } from '../../src/testing.ts'
import { compileStore } from './compiled-store.ts'
import type { CompiledStore } from './compiled-store.ts'
import { refusal, sdkClient } from '../helpers/sdk-client.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const Bucket = 'test'
const KiB = 1024
const MiB = 1024 * KiB

async function readAll(client: S3Client, Key: string, Range?: string): Promise<Buffer> {
  const got = await client.send(new GetObjectCommand({ Bucket, Key, Range }))
  return Buffer.from((await got.Body?.transformToByteArray()) ?? [])
}

async function sendParts(
  client: S3Client,
  upload: { Bucket: string; Key: string; UploadId: string | undefined },
  parts: readonly Buffer[],
  first = 1,
): Promise<CompletedPart[]> {
  const done: CompletedPart[] = []
  for (const [at, Body] of parts.entries()) {
    const PartNumber = first + at
    const sent = await client.send(new UploadPartCommand({ ...upload, PartNumber, Body }))
    done.push({ PartNumber, ETag: sent.ETag })
  }
  return done
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
}

describe('disk', () => {
  let compiled: CompiledStore
  let dir: string
  let child: ChildProcess | undefined
  const credentials = { accessKeyId: 'DISKTEST', secretAccessKey: 'disk-test-secret' }

  beforeAll(() => {
    compiled = compileStore()
  })
  afterAll(() => compiled.remove())
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'store-disk-'))
  })
  afterEach(() => {
    child?.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })

  /** Starts a store in a process of its own; the endpoint it listens at. */
  async function startChild(): Promise<string> {
    const options: LocalStoreOptions = { dir, credentials, buckets: [Bucket], minPartSize: KiB }
    const script = `import { startLocalStore } from ${JSON.stringify(compiled.url)}
      const store = await startLocalStore(${JSON.stringify(options)})
      console.log(store.endpoint)`
    child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const [line] = (await once(lines, 'line')) as [string]
    return line
  }

  async function killChild(): Promise<void> {
    const gone = once(child as ChildProcess, 'exit')
    child?.kill('SIGKILL')
    await gone
  }

  it('keeps objects and open uploads through kill -9', async () => {
    const parts = [testBytes(70 * KiB, 1), testBytes(70 * KiB, 2), testBytes(KiB, 3)]
    let endpoint = await startChild()
    let client = sdkClient({ endpoint, region: 'us-east-1', credentials })
    const Metadata = { kind: 'kept' }
    const key = 'dir/../😀\u0001'
    await client.send(new PutObjectCommand({ Bucket, Key: key, Body: 'object', Metadata }))
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'm' }))
    const upload = { Bucket, Key: 'm', UploadId }
    const Parts = await sendParts(client, upload, parts.slice(0, 2))
    await killChild()
    client.destroy()

    endpoint = await startChild()
    client = sdkClient({ endpoint, region: 'us-east-1', credentials })
    expect((await readAll(client, key)).toString()).toBe('object')
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: key }))
    expect(head.Metadata).toEqual(Metadata)
    Parts.push(...(await sendParts(client, upload, parts.slice(2), 3)))
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })
    const done = await client.send(complete)
    await killChild()
    client.destroy()

    endpoint = await startChild()
    client = sdkClient({ endpoint, region: 'us-east-1', credentials })
    expect(await readAll(client, 'm')).toEqual(Buffer.concat(parts))
    expect((await client.send(complete)).ETag).toBe(done.ETag)
    client.destroy()
  })

  it('leaves no file behind for what was deleted, replaced or refused', async () => {
    const store = await startLocalStore({ dir, buckets: [Bucket] })
    const client = sdkClient(store)
    const Body = testBytes(100 * KiB)
    for (const Key of ['a', 'b']) await client.send(new PutObjectCommand({ Bucket, Key, Body }))
    await client.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/a` }))
    await client.send(new PutObjectCommand({ Bucket, Key: 'b', Body: Buffer.alloc(0) }))
    const blobs = join(dir, 'blobs')
    expect(filesBelow(blobs)).toHaveLength(1)
    for (const Key of ['a', 'b', 'c']) await client.send(new DeleteObjectCommand({ Bucket, Key }))
    expect(filesBelow(blobs)).toEqual([])
    const wrong = new PutObjectCommand({ Bucket, Key: 'w', Body, ChecksumCRC32: 'AAAAAA==' })
    expect((await refusal(client.send(wrong))).name).toBe('BadDigest')
    expect(filesBelow(blobs)).toEqual([])
    client.destroy()
    await store.close()
  })

  it('removes on start what a crash left without a record', async () => {
    const first = await startLocalStore({ dir, buckets: [Bucket] })
    const client = sdkClient(first)
    await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'kept' }))
    client.destroy()
    await first.close()
    const { writeFileSync } = await import('node:fs')
    writeFileSync(join(dir, 'blobs/00/00ffffffffffffffffffffffffffffff'), 'orphan')
    writeFileSync(join(dir, 'records/version/torn.json.1234.new'), '{"torn":')
    const second = await startLocalStore({ dir, buckets: [Bucket] })
    expect(filesBelow(join(dir, 'blobs'))).toHaveLength(1)
    expect(second.objects(Bucket).map((object) => object.bytes().toString())).toEqual(['kept'])
    await second.close()
  })

  it('goes on with versions where it stopped', async () => {
    const first = await startLocalStore({ dir, buckets: [Bucket], credentials })
    let client = sdkClient(first)
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    const one = await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'one' }))
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))
    client.destroy()
    await first.close()
    const second = await startLocalStore({ dir, buckets: [Bucket], credentials })
    client = sdkClient(second)
    expect((await refusal(readAll(client, 'k'))).status).toBe(404)
    const { VersionId } = one
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'k', VersionId }))
    expect(await got.Body?.transformToString()).toBe('one')
    client.destroy()
    await second.close()
  })

  it('refuses a directory without the disk back end and the other way round', async () => {
    await expect(startLocalStore({ backend: 'disk' })).rejects.toThrow(/needs `dir`/)
    await expect(startLocalStore({ backend: 'memory', dir })).rejects.toThrow(/needs `dir`/)
  })
})

describe('a GET that has begun', () => {
  it.each(['memory', 'disk'] as const)(
    'ends with the old bytes when the object is replaced meanwhile (%s)',
    async (backend) => {
      const dir = backend === 'disk' ? mkdtempSync(join(tmpdir(), 'store-get-')) : undefined
      const store = await startLocalStore({ backend, dir, buckets: [Bucket], minPartSize: KiB })
      const client = sdkClient(store)
      const parts = [testBytes(12 * MiB, 1), testBytes(12 * MiB, 2)]
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }))
      const upload = { Bucket, Key: 'k', UploadId }
      const Parts = await sendParts(client, upload, parts)
      await client.send(
        new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }),
      )
      const got = await client.send(new GetObjectCommand({ Bucket, Key: 'k' }))
      await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'new' }))
      const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? [])
      expect(bytes.equals(Buffer.concat(parts))).toBe(true)
      expect((await readAll(client, 'k')).toString()).toBe('new')
      client.destroy()
      await store.close()
      const left = dir === undefined ? 1 : filesBelow(join(dir, 'blobs')).length
      if (dir !== undefined) rmSync(dir, { recursive: true })
      expect(left).toBe(1)
    },
  )
})

describe('pattern', () => {
  let store: LocalStore
  let client: S3Client

  beforeAll(async () => {
    store = await startLocalStore({ backend: 'pattern', buckets: [Bucket], minPartSize: KiB })
    client = sdkClient(store)
  })
  beforeEach(() => store.reset())
  afterAll(async () => {
    client.destroy()
    await store.close()
  })

  it('makes the same bytes whole and in pieces, others for another key or place', () => {
    const whole = patternBytes('k', 0, 1000)
    for (const [from, to] of [
      [0, 16],
      [1, 2],
      [15, 33],
      [500, 1000],
    ] as const) {
      expect(patternBytes('k', from, to - from)).toEqual(whole.subarray(from, to))
    }
    const far = 2 ** 40 + 5
    expect(patternBytes('k', far, 100).subarray(20)).toEqual(patternBytes('k', far + 20, 80))
    expect(patternBytes('k', 16, 16)).not.toEqual(patternBytes('k', 0, 16))
    expect(patternBytes('l', 0, 16)).not.toEqual(patternBytes('k', 0, 16))
    expect(patternBytes('k', 2 ** 36, 16)).not.toEqual(patternBytes('k', 0, 16))
  })

  it('serves an object of any size that was never uploaded', async () => {
    const size = 5 * 2 ** 40
    store.putPatternObject(Bucket, 'huge', size)
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'huge' }))
    expect(head.ContentLength).toBe(size)
    const end = await readAll(client, 'huge', 'bytes=-1000')
    expect(end).toEqual(patternBytes('huge', size - 1000, 1000))
  })

  it('has the right digests for a small object, which the SDK verifies', async () => {
    store.putPatternObject(Bucket, 'small', 100_001)
    expect(await readAll(client, 'small')).toEqual(patternBytes('small', 0, 100_001))
  })

  it('refuses an object that announces the pattern and is not', async () => {
    const Body = patternBytes('p', 0, 200 * KiB)
    const Metadata = { pattern: 'verify' }
    await client.send(new PutObjectCommand({ Bucket, Key: 'p', Body, Metadata }))
    Body[150_000] = (Body[150_000] ?? 0) ^ 1
    const wrong = new PutObjectCommand({ Bucket, Key: 'p', Body, Metadata })
    expect((await refusal(client.send(wrong))).name).toBe('BadDigest')
    expect(await readAll(client, 'p')).toEqual(patternBytes('p', 0, 200 * KiB))
  })

  /** Uploads announced parts of 5000, 5001 and 7 bytes in this order; Complete's promise. */
  async function completeInOrder(order: readonly number[]): Promise<string | undefined> {
    const sizes = [5000, 5001, 7]
    const starts = [0, 5000, 10_001]
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'm', Metadata: { pattern: 'verify' } }),
    )
    const upload = { Bucket, Key: 'm', UploadId }
    const parts = order.map((at) => patternBytes('m', starts[at] ?? 0, sizes[at] ?? 0))
    const MultipartUpload = { Parts: await sendParts(client, upload, parts) }
    const command = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload })
    return (await client.send(command)).ChecksumCRC64NVME
  }

  it('recomputes the checksum of announced parts from the pattern', async () => {
    const checksum = await completeInOrder([0, 1, 2])
    const Body = patternBytes('m', 0, 10_008)
    await client.send(
      new PutObjectCommand({ Bucket, Key: 'n', Body, ChecksumAlgorithm: 'CRC64NVME' }),
    )
    expect(store.objects(Bucket)[1]?.checksum?.value).toBe(checksum)
    expect(await readAll(client, 'm')).toEqual(Body)
  })

  it('refuses announced parts that lie where other bytes belong', async () => {
    expect((await refusal(completeInOrder([1, 0, 2]))).name).toBe('BadDigest')
    expect(store.objects(Bucket)).toEqual([])
  })

  it('keeps only the length of what is not announced', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'u', Body: testBytes(5000) }))
    const bytes = await readAll(client, 'u', 'bytes=0-4999')
    expect(bytes).toEqual(patternBytes('u', 0, 5000))
  })

  it('copies runs of a pattern as they were', async () => {
    store.putPatternObject(Bucket, 'source', 50_000)
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'copy' }),
    )
    const upload = { Bucket, Key: 'copy', UploadId }
    const part = await client.send(
      new UploadPartCopyCommand({
        ...upload,
        PartNumber: 1,
        CopySource: `${Bucket}/source`,
        CopySourceRange: 'bytes=1000-30000',
      }),
    )
    const Parts = [{ PartNumber: 1, ETag: part.CopyPartResult?.ETag }]
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }))
    expect(await readAll(client, 'copy')).toEqual(patternBytes('source', 1000, 29_001))
  })
})

it('keeps memory flat while a large body goes out', async () => {
  await using store = await startLocalStore({ backend: 'pattern', buckets: [Bucket], md5: false })
  const client = sdkClient(store)
  const size = 256 * MiB
  store.putPatternObject(Bucket, 'big', size)
  const before = process.memoryUsage.rss()
  let peak = before
  const got = await client.send(new GetObjectCommand({ Bucket, Key: 'big' }))
  let received = 0
  for await (const chunk of got.Body as AsyncIterable<Buffer>) {
    received += chunk.length
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  client.destroy()
  expect(received).toBe(size)
  expect(peak - before).toBeLessThan(128 * MiB)
})
